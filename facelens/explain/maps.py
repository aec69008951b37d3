"""Evidence maps: class activation maps, the same at a finer resolution, and occlusion.

Occlusion checks the maps from outside: it hides a patch of the face and measures the drop in the
logits.
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
# A patch of a fifth of the crop's height occludes an eye or the mouth, not both.
PATCH = 44
ROWS, COLUMNS = 10, 8


@dataclass(frozen=True, eq=False)
class Evidence:
    """Signed evidence for every attribute on a grid over the crop.

    `values`: float32 (attributes, h, w); positive for the attribute, negative against.
    `passes`: number of crops that went through the network.
    """

    way: Way
    values: np.ndarray
    passes: int


def finer(
    model: "Classifier", crop: np.ndarray, way: Literal["finer", "finest"] = "finer"
) -> Evidence:
    """Compute activation maps of two or four times the resolution by shift-and-stitch.

    The crop is shifted by fractions of a map cell and the maps are interleaved (Long et al., 2015):
    as fine as without the body's last strides, at the face size that it was trained on.

    Args:
        crop: uint8 (218, 178, 3).
    """
    times = TIMES[way]
    height, width = _maps(model, [crop]).shape[2:]
    down, across = (
        [round((i - (times - 1) / 2) * step / times) for i in range(times)]
        for step in _stride(model, height, width)
    )
    shifted = np.stack([_shift(crop, dy, dx) for dy in down for dx in across])
    maps = _maps(model, shifted)
    # (down, across, attribute, row, column) to (attribute, row and down, column and across)
    maps = maps.reshape(times, times, *maps.shape[1:]).transpose(2, 3, 0, 4, 1)
    values = maps.reshape(len(maps), height * times, width * times)
    return Evidence(way, np.ascontiguousarray(values), times * times)


def occlusion(model: "Classifier", crop: np.ndarray) -> Evidence:
    """Occlusion sensitivity: the drop in each logit when a patch is replaced by the mean colour.

    The colour is the crop's mean; the patches slide over the crop (Zeiler & Fergus, 2014).

    Args:
        crop: uint8 (218, 178, 3).
    """
    step = (CROP_HEIGHT / ROWS, CROP_WIDTH / COLUMNS)
    occluded = np.repeat(crop[None], ROWS * COLUMNS + 1, axis=0)
    for i in range(ROWS * COLUMNS):
        y, x = (i // COLUMNS + 0.5) * step[0], (i % COLUMNS + 0.5) * step[1]
        top, left = (max(0, round(middle - PATCH / 2)) for middle in (y, x))
        bottom, right = (round(middle + PATCH / 2) for middle in (y, x))
        occluded[i, top:bottom, left:right] = crop.mean((0, 1))
    logits = np.stack([prediction.logits for prediction in model.predict(occluded)])
    values = (logits[-1] - logits[:-1]).T.reshape(-1, ROWS, COLUMNS)
    return Evidence("occlusion", np.ascontiguousarray(values), len(occluded))


def _stride(model: "Classifier", height: int, width: int) -> tuple[float, float]:
    """Stride of the map's cells, down and across, in pixels of the crop."""
    tall, wide = model.config.input_size
    # Each stride halves and rounds up: from 114 pixels to 8 cells the stride is 16.
    down, across = (2 ** round(math.log2(a / b)) for a, b in ((tall, height), (wide, width)))
    return down * CROP_HEIGHT / tall, across * CROP_WIDTH / wide


def _shift(crop: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Shift a crop up by `dy` and left by `dx`, replicating its edge."""
    rows = np.clip(np.arange(crop.shape[0]) + dy, 0, crop.shape[0] - 1)
    columns = np.clip(np.arange(crop.shape[1]) + dx, 0, crop.shape[1] - 1)
    return crop[rows[:, None], columns]


def _maps(model: "Classifier", crops: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Activation maps of crops, float32 (n, names, h, w)."""
    found = [prediction.maps for prediction in model.predict(crops, maps=True)]
    return np.stack([maps for maps in found if maps is not None])
