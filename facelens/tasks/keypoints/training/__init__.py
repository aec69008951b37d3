"""Fifteen points: the ladder of networks that find them, its training, runs and bundles."""
