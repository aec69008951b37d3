"""Train and export a network that finds fifteen keypoints: the ladder, its runs, bundles."""
