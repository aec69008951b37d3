"""What the notebooks show, one file a lesson."""
