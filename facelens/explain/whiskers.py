"""Whiskers: how far each probability moves when the picture of a face changes a little.

The sixteen changes are fixed: every combination of a shift left or right and up or down by `SHIFT`,
a scale down or up by `SCALE` and a light down or up by `LIGHT`, and half of them mirrored, the
sign of the mirror being the product of the other four. That is a half fraction of a two-level
factorial design (Box & Hunter, 1961): no two effects are confused, and no view is there twice for
a network that averages over the mirror image.
"""

from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from facelens.faces import CROP_HEIGHT, align

if TYPE_CHECKING:
    from facelens.faces import Face
    from facelens.tasks.classifier import Classifier, Prediction

# As far as alignment errs: the eyes by 1 pixel in half of the faces and by 2.6 in one of twenty,
# the size by 3 % (standard deviation): benchmarks/results/faces-loose.csv.
SHIFT = 1.5  # pixels of the 178x218 template, across and down
SCALE = 0.03  # share of the size, about the middle of the face
# Half of what training varies it by.
LIGHT = 0.1  # share of the brightness

# How far outside the crop a view reaches at most, in pixels of the template.
REACH = 4 + SHIFT + SCALE * CROP_HEIGHT


@dataclass(frozen=True)
class Change:
    """One small change: `dx`, `dy` in pixels of the template, `scale` and `light` as factors."""

    dx: float
    dy: float
    scale: float
    light: float
    mirrored: bool


CHANGES = tuple(
    Change(x * SHIFT, y * SHIFT, 1 + s * SCALE, 1 + b * LIGHT, mirrored=prod((x, y, s, b)) < 0)
    for x, y, s, b in product((-1, 1), repeat=4)
)


@dataclass(frozen=True, eq=False)
class Whiskers:
    """The range of each probability over the answer itself and the sixteen changed pictures.

    `low`, `high`: float32 (names,), the least and the greatest, so that a whisker always holds the
    answer. `answers`: float32 (16, names), in the order of `CHANGES`.
    """

    low: np.ndarray
    high: np.ndarray
    answers: np.ndarray


def whiskers(
    model: "Classifier", face: "Face", answer: "Prediction", photo: np.ndarray | None = None
) -> Whiskers:
    """Measure how far each probability of `answer` moves when the picture changes a little.

    Args:
        photo: uint8 (height, width, 3), the photo that `face.warp` is of: each view is cut from it
            anew. Without it the crop itself is moved, and its edge pixels are repeated.
    """
    views = changed(face.crop) if photo is None else changed(photo, face.warp)
    answers = np.stack([each.probabilities for each in model.predict(views)])
    seen = np.vstack([answer.probabilities[None], answers])
    return Whiskers(seen.min(0), seen.max(0), answers)


def with_spread(
    model: "Classifier", face: "Face", answer: "Prediction", photo: np.ndarray
) -> "Prediction":
    """`answer` with its whiskers as `spread`; arguments as in `whiskers`."""
    found = whiskers(model, face, answer, photo)
    return replace(answer, spread=np.stack([found.low, found.high]))


def changed(pixels: np.ndarray, warp: np.ndarray | None = None) -> np.ndarray:
    """The sixteen changed crops, uint8 (16, 218, 178, 3), of a photo and a face's warp.

    Without a warp `pixels` are a crop.
    """
    if warp is None:
        warp = np.eye(2, 3, dtype=np.float32)
    pixels, warp = align.reduce(pixels, warp, margin=REACH)  # once for all
    return np.stack([_view(pixels, warp, change) for change in CHANGES])


def _view(pixels: np.ndarray, warp: np.ndarray, change: Change) -> np.ndarray:
    x, y = align.TEMPLATE_BOX.centre
    k = change.scale
    move = np.array([[k, 0, x - k * x + change.dx], [0, k, y - k * y + change.dy]], np.float32)
    crop = align.sample(pixels, align.compose(move, warp)) * np.float32(change.light)
    crop = np.clip(np.rint(crop), 0, 255).astype(np.uint8)
    return crop[:, ::-1] if change.mirrored else crop
