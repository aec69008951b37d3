"""Boxes, detections and aligned faces."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

CROP_HEIGHT, CROP_WIDTH = 218, 178
# Below this score the landmark network sees no face.
MIN_SCORE = 0.5
# 99.3 % of CelebA's validation faces score more, and 7 % of those with a mask drawn on them.
SURE_SCORE = 0.99


class Box(NamedTuple):
    """An axis-aligned rectangle in pixels of the upright photo; it may extend over the edge."""

    x: float
    y: float
    w: float
    h: float

    def __repr__(self) -> str:
        sides = (f"{name}={value:.1f}" for name, value in self._asdict().items())
        return f"Box({', '.join(sides)})"

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2

    def holds(self, point: tuple[float, float]) -> bool:
        """Whether a point lies in the box."""
        return 0 <= point[0] - self.x <= self.w and 0 <= point[1] - self.y <= self.h


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a photo, detected and aligned.

    `confidence`: the detector's score, 0 to 1.
    `landmarks`: float32 (5, 2), x and y in photo pixels: left eye, right eye, nose tip, left and
    right mouth corner, where left is the viewer's left.
    `warp`: float32 (2, 3), takes photo coordinates to the 178x218 CelebA template.
    `crop`: uint8 (218, 178, 3) RGB, the photo under `warp`.
    `hints`: sentences that say why an answer about this face is less reliable; empty if none.
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
    `score`: 0 to 1. `fit`: the landmark network's score for what `warp` shows, 0 to 1.
    """

    warp: np.ndarray
    landmarks: np.ndarray
    score: float
    fit: float = 1.0
