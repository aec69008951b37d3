"""Moving pictures: films and the camera."""
