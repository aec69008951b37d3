"""Where a network looks: its activation maps, the same ones finer, and a check by covering.

The check needs no inner view: it hides a part of the face and sees how the score falls.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from facelens.faces import CROP_HEIGHT, CROP_WIDTH

if TYPE_CHECKING:
    from facelens.tasks.classifier import Classifier

Way = Literal["map", "finer", "finest", "occlusion"]
TIMES = {"finer": 2, "finest": 4}
# A patch of a fifth of the crop's height hides an eye or a mouth, not both.
PATCH = 44
ROWS, COLUMNS = 10, 8


@dataclass(frozen=True, eq=False)
class Evidence:
    """Signed evidence for every attribute, field by field over the crop.

    `values`: float32 (attributes, h, w); positive speaks for the attribute, negative against.
    `passes`: how often the network looked.
    """

    way: Way
    values: np.ndarray
    passes: int


def finer(
    model: "Classifier", crop: np.ndarray, way: Literal["finer", "finest"] = "finer"
) -> Evidence:
    """The same maps with fields two or four times as close.

    The face is moved by fractions of a field and the maps are put together field by field
    ("shift-and-stitch" of Long et al., 2015): as fine as if the body took no last strides, at
    the size of face that it was trained on.

    Args:
        crop: uint8 (218, 178, 3).
    """
    times = TIMES[way]
    height, width = _maps(model, [crop]).shape[2:]
    down, across = (
        [round((i - (times - 1) / 2) * step / times) for i in range(times)]
        for step in _field(model, height, width)
    )
    moved = np.stack([_moved(crop, dy, dx) for dy in down for dx in across])
    maps = _maps(model, moved)
    # (down, across, attribute, row, column) to (attribute, row and down, column and across)
    maps = maps.reshape(times, times, *maps.shape[1:]).transpose(2, 3, 0, 4, 1)
    values = maps.reshape(len(maps), height * times, width * times)
    return Evidence(way, np.ascontiguousarray(values), times * times)


def occlusion(model: "Classifier", crop: np.ndarray) -> Evidence:
    """How far each score falls when a square of the face is covered with the crop's mean colour.

    Args:
        crop: uint8 (218, 178, 3).
    """
    step = (CROP_HEIGHT / ROWS, CROP_WIDTH / COLUMNS)
    covered = np.repeat(crop[None], ROWS * COLUMNS + 1, axis=0)
    for i in range(ROWS * COLUMNS):
        y, x = (i // COLUMNS + 0.5) * step[0], (i % COLUMNS + 0.5) * step[1]
        top, left = (max(0, round(middle - PATCH / 2)) for middle in (y, x))
        bottom, right = (round(middle + PATCH / 2) for middle in (y, x))
        covered[i, top:bottom, left:right] = crop.mean((0, 1))
    logits = np.stack([prediction.logits for prediction in model.predict(covered)])
    values = (logits[-1] - logits[:-1]).T.reshape(-1, ROWS, COLUMNS)
    return Evidence("occlusion", np.ascontiguousarray(values), len(covered))


def _field(model: "Classifier", height: int, width: int) -> tuple[float, float]:
    """How far apart two fields look at the crop, down and across, in its pixels."""
    tall, wide = model.config.input_size
    # Strides halve and round up: 114 pixels to 8 fields are steps of 16.
    down, across = (2 ** round(math.log2(a / b)) for a, b in ((tall, height), (wide, width)))
    return down * CROP_HEIGHT / tall, across * CROP_WIDTH / wide


def _moved(crop: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """The crop moved up by `dy` and left by `dx`, its edge repeated."""
    rows = np.clip(np.arange(crop.shape[0]) + dy, 0, crop.shape[0] - 1)
    columns = np.clip(np.arange(crop.shape[1]) + dx, 0, crop.shape[1] - 1)
    return crop[rows[:, None], columns]


def _maps(model: "Classifier", crops: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Activation maps of crops, float32 (n, names, h, w)."""
    found = [prediction.maps for prediction in model.predict(crops, maps=True)]
    return np.stack([maps for maps in found if maps is not None])
