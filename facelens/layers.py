"""Activation grids and class activation maps, from one forward pass."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Layer:
    """What one layer of the network computed for one face.

    `maps`: float32 (channels, height, width), raw activations.
    """

    name: str
    title: str
    caption: str
    maps: np.ndarray
