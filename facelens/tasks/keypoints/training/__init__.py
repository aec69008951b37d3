"""Train and export a network that finds fifteen keypoints: the ladder, its runs, bundles."""

import facelens.training  # noqa: F401 - before torch: how its threads wait
