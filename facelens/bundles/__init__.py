"""Bundles: their files, how to find and run them, and downloads from the Hub."""
