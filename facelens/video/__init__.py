"""Video: films and the camera."""
