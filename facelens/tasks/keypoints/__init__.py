"""Fifteen keypoints of a face, as in Kaggle's Facial Keypoints Detection."""
