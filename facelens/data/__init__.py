"""Data sets of faces to train on."""
