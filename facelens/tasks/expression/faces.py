"""Pictures with an expression: Kaggle's fer2013.csv, and parquet in the layout of the Hub.

Pictures are uint8 (n, 48, 48), grey. A picture stands in FER2013 up to twelve times, and in
training and test at once; `repeat` marks those that stand earlier, as an honest figure leaves them
out.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facelens.data import parquet
from facelens.data.rows import read_rows
from facelens.errors import DataError, printable
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.files import sha256_of
from facelens.tasks.expression.model import FRAME, SIDE, cut
from facelens.tasks.expression.names import NAMES

# Kaggle's names of the splits.
USAGES = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
COLUMNS = ("emotion", "pixels", "usage")
_CODES = {str(code): code for code in range(len(NAMES))}


@dataclass(frozen=True, eq=False)
class Faces:
    """Pictures and what they show.

    `pictures`: uint8 (n, 48, 48). `labels`: int64 (n,), places in `NAMES`. `repeat`: bool (n,).
    `people`: int64 (n,), of films; -1 if unknown.
    """

    pictures: np.ndarray
    labels: np.ndarray
    repeat: np.ndarray
    people: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray | slice) -> "Faces":
        """Those of the given rows."""
        return Faces(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @property
    def digest(self) -> str:
        """A checksum of pictures and labels."""
        return sha256_of(self.pictures.tobytes(), self.labels.tobytes())[:12]


def read(path: Path, split: str | None = None) -> Faces:
    """Read pictures of a split, of a file or of a directory.

    Args:
        path: Kaggle's csv, a .parquet file, or a directory of train-*.parquet or with fer2013.csv.
        split: "train", "valid" or "test"; by default all that the file holds.

    Raises:
        DataError: there is no such data, or it is damaged; the sentence names the row.
    """
    path = Path(path)
    if path.is_dir() and not any(path.glob("*.parquet")) and (path / "fer2013.csv").is_file():
        path = path / "fer2013.csv"
    if path.suffix.lower() in (".csv", ".txt"):
        faces = read_csv(path, split)
    elif path.is_dir() and split:
        files = sorted(path.glob(f"{split}-*.parquet"))
        if not files:
            raise DataError(f"{path} holds no {split}-*.parquet and no fer2013.csv.")
        faces = _joined([read_parquet(file) for file in files])
    else:
        faces = _joined([read_parquet(file) for file in parquet.files(path)])
    if not len(faces):
        raise DataError(f"{path} holds no picture{f' of {split}' if split else ''}.")
    return faces


def read_csv(path: Path, split: str | None = None) -> Faces:
    """Read Kaggle's csv of the columns emotion, pixels and Usage.

    A picture is a repeat if it stands earlier, Training before PublicTest before PrivateTest.
    """
    rows = read_rows(path, COLUMNS)
    header = [name.lower() for name in next(rows, (0, []))[1]]
    if not {"emotion", "pixels"} <= set(header):
        raise DataError(f"{path} needs the columns emotion, pixels and Usage of Kaggle's fer2013.")
    places = [header.index(name) if name in header else None for name in COLUMNS]
    pictures, labels, usages = [], [], []
    known = list(USAGES.values())
    for number, row in rows:
        where = f"{path}, line {number}"
        if len(row) != len(header):
            raise DataError(f"{where}: {len(row)} fields, not {len(header)}.")
        emotion, pixels, usage = ("" if place is None else row[place] for place in places)
        if emotion not in _CODES:
            raise DataError(
                f"{where}: the expression is {emotion[:40]!r}; it must be a number from 0 to 6."
            )
        if places[2] is not None and usage not in known:
            raise DataError(f"{where}: Usage is {usage[:40]!r}, none of {', '.join(known)}.")
        pictures.append(_pixels(pixels, where))
        labels.append(_CODES[emotion])
        usages.append(known.index(usage) if usage else -1)
    if not pictures:
        return _none()
    stack, of = np.stack(pictures).reshape(-1, SIDE, SIDE), np.array(usages)
    faces = Faces(stack, np.array(labels), repeats(stack, of), np.full(len(of), -1))
    if split is None or places[2] is None:
        return faces
    return faces.take(of == known.index(USAGES[split]))


def _pixels(text: str, where: str) -> np.ndarray:
    """The 2,304 grey values of a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy only warns of what is no number
        try:
            values = np.fromstring(text, np.int64, sep=" ")
        except (ValueError, DeprecationWarning):
            raise DataError(f"{where}: the pixels are not whole numbers.") from None
    if len(values) != SIDE * SIDE:
        raise DataError(f"{where}: {len(values):,} pixels, not {SIDE * SIDE:,}.")
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel is not from 0 to 255.")
    return values.astype(np.uint8)


def repeats(pictures: np.ndarray, usage: np.ndarray) -> np.ndarray:
    """Whether the same picture stands earlier, in the order of `usage` and then of the rows."""
    seen: set[bytes] = set()
    repeat = np.zeros(len(pictures), bool)
    for i in np.argsort(usage, kind="stable"):
        data = pictures[i].tobytes()
        repeat[i] = data in seen
        seen.add(data)
    return repeat


def read_parquet(file: Path) -> Faces:
    """Read a file of pictures of 48x48 or of aligned crops, of which the same part is cut out.

    Its column `expression` holds the name. `repeat` is taken from the file if it is there, and
    the person from `celeb_id`.
    """
    rows = parquet.images(file, ["expression"], optional=["repeat", "celeb_id"])
    pictures, labels, repeat, people = [], [], [], []
    for number, row in enumerate(rows, 1):
        where = f"{file}, row {number}"
        name = row.values["expression"]
        if name not in NAMES:
            raise DataError(
                f"{where}: the expression is {printable(str(name))!r}, none of {', '.join(NAMES)}."
            )
        pictures.append(_grey(row.pixels(file), where))
        labels.append(NAMES.index(str(name)))
        repeat.append(row.values.get("repeat"))
        person = row.values.get("celeb_id")
        people.append(-1 if person is None else int(str(person)))
    if not pictures:
        return _none()
    stack = np.stack(pictures)
    known = None not in repeat
    marked = np.array(repeat, bool) if known else repeats(stack, np.zeros(len(stack)))
    return Faces(stack, np.array(labels), marked, np.array(people))


def _grey(pixels: np.ndarray, where: str) -> np.ndarray:
    if pixels.shape[:2] == (SIDE, SIDE):
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if pixels.shape[:2] == (CROP_HEIGHT, CROP_WIDTH):
        return cut(pixels, FRAME)
    height, width = pixels.shape[:2]
    raise DataError(
        f"{where}: a picture of {width}x{height}; it must be 48x48, or an aligned crop of "
        f"{CROP_WIDTH}x{CROP_HEIGHT}."
    )


def _joined(parts: list[Faces]) -> Faces:
    fields = Faces.__dataclass_fields__
    return Faces(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


def _none() -> Faces:
    empty = np.zeros(0, np.int64)
    return Faces(np.zeros((0, SIDE, SIDE), np.uint8), empty, np.zeros(0, bool), empty)


def splits(path: Path) -> Iterator[tuple[str, Faces]]:
    """The splits that there are at `path`, by name."""
    for split in USAGES:
        try:
            yield split, read(path, split)
        except DataError:
            if split == "train":
                raise
