"""Train, calibrate, export and describe a network for attributes."""
