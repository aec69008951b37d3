"""The model of seven expressions: a classifier with one answer, of a part of the aligned crop."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.bundles.bundle import Bundle
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, align
from facelens.tasks.base import Style
from facelens.tasks.classifier import Classifier
from facelens.tasks.config import ClassifierConfig
from facelens.tasks.expression.names import NAMES, looks

SIDE = 48  # pixels of a picture of FER2013
_AT_ONCE = 256  # pictures
_PASSES = 6
GREY = 127  # around such a picture in a crop
# Where FER2013's frame lies in CelebA's crop: the x and y of its middle, and how many pixels of the
# crop are one of the picture. `python benchmarks/expressions.py DATA --frame` measures it.
MIDDLE_AND_STEP = (88.676, 123.735, 2.183)
# ITU-R BT.601, as OpenCV and Pillow convert.
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpressionConfig(ClassifierConfig):
    """The fields of such a bundle's `config.json`.

    `frame`: crop to picture, without rotation, both axes scaled alike.
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
        if not valid or frame[0, 0] != frame[1, 1] or frame[0, 1] or frame[1, 0]:
            raise BundleError(f"{path} has a frame that cannot be.")
        if not 0.2 < frame[0, 0] <= 1:
            raise BundleError(f"{path} has a frame that is too large or too small.")
        first, last = (align.apply(align.invert(frame), np.array([[at, at]]))[0] for at in _EDGES)
        if (first < -0.51).any() or (last > np.array([CROP_WIDTH, CROP_HEIGHT]) - 0.49).any():
            raise BundleError(f"{path} has a frame that leaves the crop.")


_EDGES = (-0.5, SIDE - 0.5)


def frame_of(x: float, y: float, step: float) -> np.ndarray:
    """The 2x3 from crop to picture, float32, of the middle in the crop and the step."""
    half = (SIDE - 1) / 2
    rows = [[1 / step, 0, half - x / step], [0, 1 / step, half - y / step]]
    return np.array(rows, np.float32)


FRAME = frame_of(*MIDDLE_AND_STEP)


def filters(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What averages a crop to the picture in it: float32 (48, 218) for rows, (48, 178) for columns.

    Picture = rows @ grey crop @ columns.T: each pixel is the mean of the area that it covers.
    """
    return (
        _filter(float(frame[1, 1]), float(frame[1, 2]), CROP_HEIGHT),
        _filter(float(frame[0, 0]), float(frame[0, 2]), CROP_WIDTH),
    )


def _filter(scale: float, shift: float, size: int) -> np.ndarray:
    edges = (np.arange(SIDE + 1) - 0.5 - shift) / scale  # of the picture's pixels, in the crop
    pixels = np.arange(size)
    low = np.maximum(edges[:-1, None], pixels - 0.5)
    high = np.minimum(edges[1:, None], pixels + 0.5)
    covered = np.maximum(high - low, 0)
    return (covered / covered.sum(1, keepdims=True)).astype(np.float32)


def cut(pixels: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The grey picture uint8 (..., 48, 48) in crops uint8 (..., 218, 178, 3)."""
    rows, columns = filters(frame)
    return np.rint(rows @ (pixels @ np.array(LUMA, np.float32)) @ columns.T).astype(np.uint8)


def embed(pictures: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Put grey pictures uint8 (n, 48, 48) into crops uint8 (n, 218, 178, 3), grey around.

    What `cut` makes of the crops is the pictures again, but for rounding: `filters` inverted by
    least squares, several times where that would leave the range of a pixel.
    """
    if pictures.shape[1:] != (SIDE, SIDE) or pictures.dtype != np.uint8:
        raise ValueError(
            f"pictures are uint8 ({SIDE}, {SIDE}), not {pictures.dtype} {pictures.shape[1:]}"
        )
    wanted, (rows, columns) = pictures.astype(np.float32), filters(frame)
    back, across = np.linalg.pinv(rows), np.linalg.pinv(columns).T
    large = np.full((len(pictures), CROP_HEIGHT, CROP_WIDTH), GREY, np.float32)
    for _ in range(_PASSES):
        large += back @ (wanted - rows @ large @ columns.T) @ across
        large = np.clip(large, 0, 255)
    return np.repeat(np.rint(large).astype(np.uint8)[..., None], 3, -1)


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
        return embed(pictures, self.config.frame)

    def check_style(self, style: Style) -> None:
        """Refuse a threshold that is neither "half" nor a number from 0 to 1."""
        _ = style.sure


def probabilities(model: ExpressionModel, pictures: np.ndarray) -> np.ndarray:
    """What a model says of pictures uint8 (n, 48, 48): float64 (n, 7)."""
    several = []
    for start in range(0, len(pictures), _AT_ONCE):  # crops are fifty times as large
        crops = model.crops(pictures[start : start + _AT_ONCE])
        several += [each.probabilities for each in model.predict(crops)]
    return np.array(several, np.float64).reshape(len(pictures), len(NAMES))
