"""CelebA's 40 attributes, or any other list of yes/no questions."""
