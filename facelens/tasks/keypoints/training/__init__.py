"""Fifteen points: the ladder of networks that find them, its training, runs and bundles."""

from facelens.tasks.keypoints.training.augment import AUGMENTATIONS, Augmentation, augment
from facelens.tasks.keypoints.training.ladder import LADDER, Step, Trained, hold_out, predict, train

__all__ = [
    "AUGMENTATIONS",
    "LADDER",
    "Augmentation",
    "Step",
    "Trained",
    "augment",
    "hold_out",
    "predict",
    "train",
]
