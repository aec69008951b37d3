"""The model of seven expressions: a classifier with one answer, of a part of the aligned crop."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.bundles.bundle import Bundle
from facelens.errors import BundleError, ThresholdError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.tasks.base import Style
from facelens.tasks.classifier import Classifier
from facelens.tasks.config import ClassifierConfig
from facelens.tasks.expression.names import NAMES, looks

SIDE = 48  # pixels of a picture of FER2013
GREY = 127  # around such a picture in a crop


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpressionConfig(ClassifierConfig):
    """The fields of such a bundle's `config.json`.

    `frame`: crop to picture, without rotation: both axes are scaled by one over `steps`.
    """

    frame: np.ndarray

    channels = 1

    def check(self, path: Path) -> None:
        """Refuse other expressions, an answer that is not one of seven, and an invalid frame."""
        super().check(path)
        if self.names != NAMES or self.activation != "softmax":
            raise BundleError(f"{path} is for other expressions than {', '.join(NAMES)}.")
        if self.input_size != (SIDE, SIDE) or len(set(self.temperature.tolist())) != 1:
            raise BundleError(f"{path} is for other pictures, or has several temperatures.")
        frame = self.frame
        valid = frame is not None and frame.shape == (2, 3) and bool(np.isfinite(frame).all())
        if not valid or not (frame[0, 0] == frame[1, 1] > 0) or frame[0, 1] or frame[1, 0]:
            raise BundleError(f"{path} has a frame that cannot be.")
        top, left, step = self.window
        inside = top >= 0 and left >= 0 and step >= 1
        if not inside or top + SIDE * step > CROP_HEIGHT or left + SIDE * step > CROP_WIDTH:
            raise BundleError(f"{path} has a frame that leaves the crop.")

    @property
    def window(self) -> tuple[int, int, int]:
        """First row and column of the crop that are in the picture, and crop pixels per pixel.

        All three are whole, so that a picture put into a crop comes back as it was.
        """
        step = round(1 / float(self.frame[0, 0]))
        # Of the first pixel's centre in the crop, half a step after its edge.
        first = [-float(self.frame[i, 2]) / float(self.frame[i, i]) for i in (1, 0)]
        top, left = (round(place - (step - 1) / 2) for place in first)
        return top, left, step


def frame_of(top: int, left: int, step: int) -> np.ndarray:
    """The 2x3 from crop to picture of a `window`, float32."""
    half = (step - 1) / 2
    rows = [[1 / step, 0, -(left + half) / step], [0, 1 / step, -(top + half) / step]]
    return np.array(rows, np.float32)


class ExpressionModel(Classifier):
    """A network that says which of seven expressions a face shows.

    Example:
        >>> model = facelens.load_model(task="expression")
        >>> model.predict(facelens.find_faces(photo))[0]["happy"]
        0.98
    """

    task = "expression"
    config: ExpressionConfig

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        path = bundle.folder / "config.json"
        self.config = ExpressionConfig.read(bundle.read("config.json"), path, self.task)

    @property
    def data(self) -> str:
        """The name of the data set on which it was trained and measured."""
        return str(self.config.data.get("name") or "FER2013")

    def label(self, name: str) -> str:
        """The label of the expression `name` for readers: "Looks happy"."""
        return looks(name).capitalize()

    def crops(self, pictures: np.ndarray) -> np.ndarray:
        """Put grey pictures uint8 (n, 48, 48) into crops uint8 (n, 218, 178, 3).

        The graph cuts out of such a crop the very same picture.
        """
        return embed(pictures, self.config.window)

    def check_style(self, style: Style) -> None:
        """Refuse a threshold that is neither "half" nor a number from 0 to 1."""
        threshold(style)


def embed(pictures: np.ndarray, window: tuple[int, int, int]) -> np.ndarray:
    """Put grey pictures uint8 (n, 48, 48) into the `window` of crops uint8 (n, 218, 178, 3)."""
    if pictures.shape[1:] != (SIDE, SIDE) or pictures.dtype != np.uint8:
        raise ValueError(
            f"pictures are uint8 ({SIDE}, {SIDE}), not {pictures.dtype} {pictures.shape[1:]}"
        )
    top, left, step = window
    crops = np.full((len(pictures), CROP_HEIGHT, CROP_WIDTH, 3), GREY, np.uint8)
    large = pictures.repeat(step, 1).repeat(step, 2)
    crops[:, top : top + SIDE * step, left : left + SIDE * step] = large[..., None]
    return crops


def threshold(style: Style) -> float:
    """The probability from which the most probable expression is said without doubt.

    Raises:
        ThresholdError: it is neither "half" nor a number from 0 to 1.
    """
    try:
        number = 0.5 if style.threshold == "half" else float(style.threshold)
    except ValueError:
        number = np.nan
    if not 0 <= number <= 1:
        raise ThresholdError(
            f"There is no threshold {style.threshold!r}: give half, or a number from 0 to 1."
        )
    return number
