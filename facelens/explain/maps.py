"""Evidence maps: class activation maps, the same at a finer resolution, and occlusion.

Occlusion checks the maps from outside: it hides a patch of the face and measures the drop in the
logits.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from facelens.bundles.session import BATCH
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, align

if TYPE_CHECKING:
    from facelens.tasks.classifier import Classifier
    from facelens.tasks.config import Config

Way = Literal["map", "finer", "finest", "occlusion"]
TIMES: dict[Literal["finer", "finest"], int] = {"finer": 2, "finest": 4}
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
    """Occlusion sensitivity of one crop, uint8 (218, 178, 3), from all patches at once."""
    check = Occlusion(model, crop)
    while not check.complete:
        check.step(BATCH)
    return check.evidence()


class Occlusion:
    """Occlusion sensitivity a few patches at a time, so that a page can answer in between.

    The drop in each logit when a patch is replaced by the crop's mean colour; the patches slide
    over the crop (Zeiler & Fergus, 2014). One at a time they take no more memory than the answer.

    `crop`: uint8 (218, 178, 3).
    """

    count = ROWS * COLUMNS + 1  # the crop itself comes last

    def __init__(self, model: "Classifier", crop: np.ndarray) -> None:
        self._model, self._crop = model, crop
        self._logits: list[np.ndarray] = []

    @property
    def done(self) -> int:
        """How many crops have gone through the network."""
        return len(self._logits)

    @property
    def complete(self) -> bool:
        """Whether all patches have been tried."""
        return self.done == self.count

    def step(self, most: int = 1) -> None:
        """Try the next patches, at most `most`."""
        following = range(self.done, min(self.done + most, self.count))
        if following:
            crops = [self._covered(i) for i in following]
            self._logits += [prediction.logits for prediction in self._model.predict(crops)]

    def evidence(self) -> Evidence:
        """The map, once it is complete."""
        logits = np.stack(self._logits)
        values = (logits[-1] - logits[:-1]).T.reshape(-1, ROWS, COLUMNS)
        return Evidence("occlusion", np.ascontiguousarray(values), self.count)

    def _covered(self, patch: int) -> np.ndarray:
        """The crop with one patch covered, or as it is."""
        if patch == ROWS * COLUMNS:
            return self._crop
        covered = self._crop.copy()
        y = (patch // COLUMNS + 0.5) * CROP_HEIGHT / ROWS
        x = (patch % COLUMNS + 0.5) * CROP_WIDTH / COLUMNS
        top, left = (max(0, round(middle - PATCH / 2)) for middle in (y, x))
        bottom, right = (round(middle + PATCH / 2) for middle in (y, x))
        covered[top:bottom, left:right] = self._crop.mean((0, 1))
        return covered


def shown_first(metrics: Mapping[str, Any]) -> Literal["map", "occlusion"]:
    """Which map of a network a page shows first, by the `metrics` of its config.json.

    `metrics["pointing"]` is `{"map": share, "occlusion": share}`: of faces that get a yes, the
    share on which the map's brightest field lies where the attribute is. The exact map comes
    first only if it points better than occlusion; a network that does not say is not trusted.
    """
    match metrics.get("pointing"):
        case {"map": int() | float() as exact, "occlusion": int() | float() as check}:
            return "map" if exact > check else "occlusion"
    return "occlusion"


def area(config: "Config") -> tuple[float, float, float, float]:
    """Where in the crop a network's picture lies, and so its maps: x, y, width, height in shares.

    A network without a `frame` sees the whole crop.
    """
    if config.frame is None:
        return 0.0, 0.0, 1.0, 1.0
    tall, wide = config.input_size
    edges = np.array([[-0.5, -0.5], [wide - 0.5, tall - 0.5]], np.float32)
    shares = (align.apply(align.invert(config.frame), edges) + 0.5) / (CROP_WIDTH, CROP_HEIGHT)
    (left, top), (right, bottom) = shares.tolist()
    return left, top, right - left, bottom - top


def _stride(model: "Classifier", height: int, width: int) -> tuple[float, float]:
    """Stride of the map's cells, down and across, in pixels of the crop."""
    tall, wide = model.config.input_size
    _, _, broad, high = area(model.config)
    down, across = _step(tall, height), _step(wide, width)
    return down * high * CROP_HEIGHT / tall, across * broad * CROP_WIDTH / wide


def _step(pixels: int, cells: int) -> int:
    """Pixels of the input from one cell of a map to the next."""
    if pixels % cells == 0:
        return pixels // cells
    # Each stride halves and rounds up: from 114 pixels to 8 cells the stride is 16.
    return int(2 ** round(math.log2(pixels / cells)))


def _shift(crop: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Shift a crop up by `dy` and left by `dx`, replicating its edge."""
    rows = np.clip(np.arange(crop.shape[0]) + dy, 0, crop.shape[0] - 1)
    columns = np.clip(np.arange(crop.shape[1]) + dx, 0, crop.shape[1] - 1)
    return crop[rows[:, None], columns]


def _maps(model: "Classifier", crops: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Activation maps of crops, float32 (n, names, h, w)."""
    found = [prediction.maps for prediction in model.predict(crops, maps=True)]
    return np.stack([maps for maps in found if maps is not None])
