"""Voilà: started, its kernels, and the networks that a visitor may choose."""
