"""A face, its box, and a detection before it is aligned."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

CROP_HEIGHT, CROP_WIDTH = 218, 178
# Below this the network that refines landmarks sees no face.
MIN_SCORE = 0.5


class Box(NamedTuple):
    """An upright rectangle in pixels of the upright photo; may reach over its edge."""

    x: float
    y: float
    w: float
    h: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a photo, detected and aligned.

    `landmarks`: float32 (5, 2), x and y in photo pixels: the eye and mouth corner on the viewer's
    left come before those on the right: left eye, right eye, nose tip, left mouth, right mouth.
    `warp`: float32 (2, 3), takes photo coordinates to the 178x218 CelebA template.
    `crop`: uint8 (218, 178, 3) RGB, the photo under `warp`.
    `hints`: sentences that say why an answer about this face is worth less; empty if none.
    """

    box: Box
    confidence: float
    landmarks: np.ndarray
    warp: np.ndarray
    crop: np.ndarray
    detector: str
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Detection:
    """A face in a photo before it is aligned.

    `warp`: float32 (2, 3), photo to template. `landmarks`: float32 (5, 2), in photo pixels.
    """

    warp: np.ndarray
    landmarks: np.ndarray
    confidence: float
