"""A photo with labelled boxes, and the checks of every file that states some.

A box is x1, y1, x2, y2 in pixels of the upright photo, x to the right and y down, from the outer
edge of the first pixel: the whole photo is 0, 0, width, height.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.errors import DataError, printable
from facelens.files import read_file
from facelens.photo import MAX_BYTES, kind_of, read_photo

# VOC counts pixels from 1 and includes the last one, so boxes of its kind reach one too far.
OVER_THE_EDGE = 1.0
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif")
_SUFFIX = {"JPEG": ".jpg", "TIFF": ".tif"}
_MAX_TEXT = 4_000_000


@dataclass(frozen=True, eq=False)
class BoxedPhoto:
    """An encoded photo and what is boxed in it.

    `data`: the bytes of its file. `boxes`: float32 (n, 4), x1, y1, x2, y2 in pixels of the upright
    photo. `labels`: a class a box. `difficult`: of VOC, bool a box; empty if nobody said.
    """

    name: str
    data: bytes
    boxes: np.ndarray
    labels: tuple[str, ...]
    difficult: tuple[bool, ...] = ()

    @property
    def pixels(self) -> np.ndarray:
        """Decode the photo, uint8 (h, w, 3), upright.

        Raises:
            PhotoError: the bytes are not a photo.
        """
        return read_photo(self.data, name=self.name).pixels

    @property
    def file_name(self) -> str:
        """A name for a file of it: without folders, and with the suffix of what it is.

        Raises:
            DataError: it has no name that a file may have.
        """
        last = self.name.replace("\\", "/").rpartition("/")[2]
        stem = Path(last).stem if Path(last).suffix.lower() in SUFFIXES else last
        if not stem.strip(". ") or not stem.isprintable() or len(stem.encode()) > 200:
            raise DataError(f"{printable(self.name)!r} cannot be the name of a photo; rename it.")
        kind = kind_of(self.data[:64])
        return stem + _SUFFIX.get(kind, f".{kind.lower()}")


def read_picture(path: Path, where: str) -> bytes:
    """The bytes of a picture that `where` speaks of."""
    try:
        return read_file(path, MAX_BYTES)
    except FileNotFoundError:
        raise DataError(f"{where}: its picture {printable(str(path))} is missing.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{where}: {printable(str(path))} cannot be read: {why}.") from None


def read_text(path: Path) -> bytes:
    """The bytes of a text about boxes."""
    try:
        return read_file(path, _MAX_TEXT)
    except OSError as error:
        raise DataError(f"{printable(str(path))} cannot be read: {error.strerror}.") from None


def as_array(boxes: Sequence[Sequence[float]]) -> np.ndarray:
    """Boxes as float32 (n, 4), of none too."""
    return np.array(boxes, np.float32).reshape(-1, 4)


def number_of(value: object, where: str) -> float:
    """A finite number, from a number or text."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{where}: {printable(str(value)[:40])!r} is not a number.")
    return number


def check_box(
    box: tuple[float, float, float, float], size: tuple[int, int], where: str
) -> tuple[float, float, float, float]:
    """Clip a box that reaches at most one pixel over an edge of a photo of (width, height).

    Raises:
        DataError: it reaches farther, or has no area.
    """
    x1, y1, x2, y2 = box
    width, height = size
    if x2 <= x1 or y2 <= y1:
        raise DataError(f"{where}: its size is {x2 - x1:g} x {y2 - y1:g}; both must be over 0.")
    low, high = min(x1, y1), max(x2 - width, y2 - height)
    clipped = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    empty = clipped[2] <= clipped[0] or clipped[3] <= clipped[1]
    if low < -OVER_THE_EDGE or high > OVER_THE_EDGE or empty:
        raise DataError(
            f"{where}: {x1:g}, {y1:g} to {x2:g}, {y2:g} lies outside of its picture of "
            f"{width}x{height}."
        )
    return clipped


def check_label(label: object, classes: Sequence[str] | None, where: str) -> str:
    """A label, which must be a name, and one of `classes` if these are given."""
    if not isinstance(label, str) or not label or not label.isprintable():
        raise DataError(f"{where}: its label {printable(str(label)[:40])!r} is not a name.")
    if classes is not None and label not in classes:
        raise DataError(
            f"{where}: {printable(label[:40])!r} is none of the classes {', '.join(classes)}."
        )
    return label
