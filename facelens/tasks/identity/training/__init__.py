"""Training of the embedding network: needs the extra `train`."""
