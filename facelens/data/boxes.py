"""Photos with labelled boxes: parquet as we keep it, Pascal VOC folders, YOLO's text folders.

A box is x1, y1, x2, y2 in pixels of the upright photo, x to the right and y down, from the outer
edge of the first pixel: the whole photo is 0, 0, width, height.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.data import parquet
from facelens.errors import DataError, printable
from facelens.photo import read_photo

# VOC counts pixels from 1 and includes the last one, so boxes of its kind reach one too far.
OVER_THE_EDGE = 1.0


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


def boxed_photos(
    path: str | Path, split: str | None = None, classes: Sequence[str] | None = None
) -> list[BoxedPhoto]:
    """Read the photos of a data set, each with its boxes; those without a box too.

    A box may reach one pixel over an edge, as VOC's counting from 1 makes it, and is clipped.

    Args:
        path: a parquet file, or a directory of train-, valid- and test-*.parquet.
        split: "train", "valid" or "test"; by default everything.
        classes: the labels that may occur; by default any.

    Raises:
        DataError: there is no such data, or it is wrong; the sentence names file and row.
    """
    path = Path(path)
    files = parquet.files(path)
    if path.is_dir() and split:
        files = [file for file in files if file.name.startswith(f"{split}-")]
        if not files:
            raise DataError(f"{path} holds no {split}-*.parquet.")
    return [photo for file in files for photo in read_parquet(file, classes)]


def read_parquet(file: Path, classes: Sequence[str] | None = None) -> list[BoxedPhoto]:
    """Read the columns image, boxes ([x, y, width, height] each) and labels of a file."""
    photos = []
    for number, row in enumerate(parquet.images(file, ["boxes", "labels"]), 1):
        where = f"{file}, row {number}"
        boxes, labels = row.values["boxes"] or [], row.values["labels"] or []
        if not isinstance(boxes, list) or not isinstance(labels, list):
            raise DataError(f"{where}: boxes and labels must be lists.")
        if len(boxes) != len(labels):
            raise DataError(f"{where}: {len(boxes)} boxes and {len(labels)} labels.")
        height, width = row.pixels(file).shape[:2]
        checked = []
        for place, (box, label) in enumerate(zip(boxes, labels, strict=True), 1):
            at = f"{where}, box {place}"
            if not isinstance(box, list) or len(box) != 4:
                raise DataError(f"{at}: it must be x, y, width and height.")
            x, y, w, h = (number_of(value, at) for value in box)
            checked.append(check_box((x, y, x + w, y + h), (width, height), at))
            check_label(label, classes, at)
        photos.append(BoxedPhoto(row.path, row.data, as_array(checked), tuple(map(str, labels))))
    return photos


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


def check_label(label: object, classes: Sequence[str] | None, where: str) -> None:
    """Refuse a label that is none of `classes`, or no text."""
    if not isinstance(label, str) or not label:
        raise DataError(f"{where}: it has no label.")
    if classes is not None and label not in classes:
        raise DataError(
            f"{where}: {printable(label[:40])!r} is none of the classes {', '.join(classes)}."
        )
