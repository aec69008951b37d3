"""What people would use instead of Facelens, and how to time one way alone."""
