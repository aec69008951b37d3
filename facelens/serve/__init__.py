"""Serve the page with Voilà: its start, its kernels, and the networks that a visitor may choose."""
