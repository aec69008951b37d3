"""What trainings of detectors have in common: a network of boxes and its loss."""
