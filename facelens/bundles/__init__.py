"""Bundles: what they hold, how they are found, run and fetched from the Hub."""
