"""Find the faces in a photo and lay them straight."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from facelens.photo import Photo

CROP_HEIGHT, CROP_WIDTH = 218, 178


class Box(NamedTuple):
    """An upright rectangle in pixels of the upright photo; may reach over its edge."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a photo, found and straightened.

    `points`: float32 (5, 2), x and y in photo pixels: the eye and mouth corner on the viewer's
    left come before those on the right: left eye, right eye, nose tip, left mouth, right mouth.
    `warp`: float32 (2, 3), takes photo coordinates to the 178x218 CelebA template.
    `crop`: uint8 (218, 178, 3) RGB, the photo under `warp`.
    `hints`: sentences that say why an answer about this face is worth less; empty if none.
    """

    box: Box
    confidence: float
    points: np.ndarray
    warp: np.ndarray
    crop: np.ndarray
    detector: str
    hints: tuple[str, ...] = ()


def find_faces(photo: Photo, *, detector: str | None = None) -> list[Face]:
    raise NotImplementedError
