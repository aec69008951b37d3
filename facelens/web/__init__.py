"""The page without a server: its files, and the command that writes them."""
