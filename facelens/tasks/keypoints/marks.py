"""Fifteen keypoints of a face: their names, faces that carry them, errors, Kaggle's files.

Points are float (n, 15, 2), x and y in pixels of the 96x96 picture, counted from the middle of its
first pixel; NaN where nobody has marked a point. Left is the left of the person, right in the
picture.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facelens.data import parquet
from facelens.errors import DataError
from facelens.files import sha256_of
from facelens.metrics import interval, resample_people
from facelens.photo import printable, read_photo

SIDE = 96
MIDDLE = (SIDE - 1) / 2

# Kaggle's fifteen in Kaggle's order, and what a reader calls them.
PLAIN = {
    "left_eye_center": "middle of the left eye",
    "right_eye_center": "middle of the right eye",
    "left_eye_inner_corner": "inner corner of the left eye",
    "left_eye_outer_corner": "outer corner of the left eye",
    "right_eye_inner_corner": "inner corner of the right eye",
    "right_eye_outer_corner": "outer corner of the right eye",
    "left_eyebrow_inner_end": "inner end of the left eyebrow",
    "left_eyebrow_outer_end": "outer end of the left eyebrow",
    "right_eyebrow_inner_end": "inner end of the right eyebrow",
    "right_eyebrow_outer_end": "outer end of the right eyebrow",
    "nose_tip": "tip of the nose",
    "mouth_left_corner": "left corner of the mouth",
    "mouth_right_corner": "right corner of the mouth",
    "mouth_center_top_lip": "middle of the upper lip",
    "mouth_center_bottom_lip": "middle of the lower lip",
}
NAMES = tuple(PLAIN)
COLUMNS = tuple(f"{name}_{axis}" for name in NAMES for axis in "xy")


def _other_side(name: str) -> str:
    swapped = {"left": "right", "right": "left"}
    return "_".join(swapped.get(word, word) for word in name.split("_"))


# Which point each becomes when the face is mirrored.
MIRRORED = np.array([NAMES.index(_other_side(name)) for name in NAMES])

# The six specialists of the original study.
SPECIALISTS = {
    "eye centres": ("left_eye_center", "right_eye_center"),
    "nose tip": ("nose_tip",),
    "mouth corners and top": ("mouth_left_corner", "mouth_right_corner", "mouth_center_top_lip"),
    "mouth bottom": ("mouth_center_bottom_lip",),
    "eye corners": tuple(name for name in NAMES if name.endswith("_corner") and "eye" in name),
    "eyebrows": tuple(name for name in NAMES if "eyebrow" in name),
}
# How far right of what they mark, and below, the marks in a file lie, in pixels; reading takes it
# off. Those of our parquet by `python benchmarks/marks.py`, and in x by a network that never saw a
# mirrored face: it answers on faces and on these mirrored as if the mirror stood at 48.65, not at
# the picture's middle, 47.5. The original study counts from the corner of the first pixel.
PARQUET_OFFSET = (1.15, 1.6)
KAGGLE_OFFSET = (0.5, 0.5)
# The five of CelebA's template, in its order, the viewer's left first.
TEMPLATE_FIVE = [NAMES.index(name) for name in (
    "right_eye_center", "left_eye_center", "nose_tip", "mouth_right_corner", "mouth_left_corner",
)]  # fmt: skip
_EYES = [NAMES.index("left_eye_center"), NAMES.index("right_eye_center")]


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces with their points.

    `pictures`: uint8 (n, 96, 96), grey. `points`: float32 (n, 15, 2) in pixels, NaN where missing.
    `people`: str (n,), who is on each picture; in Kaggle's files nobody knows, so each its own.
    """

    pictures: np.ndarray
    points: np.ndarray
    people: np.ndarray

    @property
    def digest(self) -> str:
        """What tells these faces from others, or from the same in another order."""
        people = "\0".join(self.people).encode()
        return sha256_of(self.pictures.tobytes(), self.points.tobytes(), people)[:16]

    def __len__(self) -> int:
        return len(self.pictures)

    def take(self, rows: np.ndarray | slice) -> "Faces":
        """These rows only."""
        return Faces(self.pictures[rows], self.points[rows], self.people[rows])


def read_parquet(path: str | Path) -> Faces:
    """Read a parquet file or a folder of them: a column `image`, `person`, and the 30 columns.

    The marks come back without their `PARQUET_OFFSET`.
    """
    pictures, points, people = [], [], []
    for row in parquet.images(path, ["person", *COLUMNS]):
        pixels = read_photo(row.data, name=row.path).pixels
        if pixels.shape[:2] != (SIDE, SIDE):
            raise DataError(
                f"{printable(row.path)} is {pixels.shape[1]}x{pixels.shape[0]}, not a face of "
                f"{SIDE}x{SIDE}."
            )
        pictures.append(grey(pixels))
        points.append([row.values[column] for column in COLUMNS])
        people.append(str(row.values["person"]))
    if not pictures:
        raise DataError(f"{path} holds no faces.")
    # A null becomes NaN.
    marks = _shaped(np.array(points, np.float32), PARQUET_OFFSET)
    return Faces(np.stack(pictures), marks, np.array(people))


def grey(pixels: np.ndarray) -> np.ndarray:
    """A grey picture that came as RGB, uint8 (h, w): its channels differ by what WebP has lost."""
    return np.rint(pixels.mean(2)).astype(np.uint8)


def read_kaggle(path: str | Path) -> Faces:
    """Read Kaggle's `training.csv`, or its `test.csv`, whose points are all missing.

    The marks come back without their `KAGGLE_OFFSET`.

    Raises:
        DataError: the file lacks a column, or a row is broken; the sentence says which and how.
    """
    pictures, points = [], []
    for i, (where, row) in enumerate(csv_rows(Path(path), ["Image"]), 1):
        given = [column for column in COLUMNS if column in row]
        if missing := [column for column in COLUMNS if given and column not in row]:
            raise DataError(f"{path} has no column {missing[0]}.")
        # `write_submission` counts on it.
        if not given and row.get("ImageId", str(i)).strip() != str(i):
            raise DataError(f"{where}: ImageId is {shown(row['ImageId'])}, not {i}.")
        pictures.append(_picture(where, row["Image"]))
        points.append([_number(where, c, row[c]) for c in given] or [math.nan] * len(COLUMNS))
    if not pictures:
        raise DataError(f"{path} holds no faces.")
    stacked = np.stack(pictures).reshape(-1, SIDE, SIDE)
    people = np.array([f"row {i}" for i in range(1, len(pictures) + 1)])
    return Faces(stacked, _shaped(np.array(points, np.float32), KAGGLE_OFFSET), people)


def mirror(faces: Faces) -> Faces:
    """The faces as a mirror shows them: what was the left eye is the right one."""
    points = faces.points[:, MIRRORED].copy()
    points[..., 0] = 2 * MIDDLE - points[..., 0]
    return Faces(faces.pictures[:, :, ::-1], points, faces.people)


def mean_face(faces: Faces) -> np.ndarray:
    """Where each point lies on average, (15, 2): the answer of who looks at no picture.

    NaN for a point that no face has.
    """
    return _mean(faces.points, np.isfinite(faces.points), 0)


def rmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Kaggle's figure: root of the mean squared error of all known coordinates, in pixels.

    This and the other errors look only where `truth` is known, and are NaN where nothing is; a
    NaN in `predicted` is no excuse and makes them NaN.
    """
    return float(np.sqrt(_mean(*_squares(predicted, truth), None)))


def scaled_mse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error on the scale of the original study: coordinates over 48, minus 1."""
    return (rmse(predicted, truth) / (SIDE / 2)) ** 2


def point_errors(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The `rmse` of each point (15,) in pixels."""
    return np.sqrt(_mean(*_squares(predicted, truth), (0, 2)))


def face_errors(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The `rmse` of each face (n,) in pixels."""
    return np.sqrt(_mean(*_squares(predicted, truth), (1, 2)))


def eye_errors(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance of each face's points (n,) from the truth, as a share of its eyes' distance.

    NaN where an eye's middle is unknown.
    """
    squares, known = _squares(predicted, truth)
    distances = np.sqrt(squares.sum(2))
    eyes = truth[:, _EYES].astype(np.float64)
    return _mean(distances, np.all(known, 2), 1) / np.hypot(*(eyes[:, 0] - eyes[:, 1]).T)


def measure(predicted: np.ndarray, faces: Faces, *, draws: int = 1000) -> dict[str, Any]:
    """Every figure of these answers, the `rmse` with its 95 % interval by a bootstrap over people.

    `by_point`: the `point_errors` in pixels, by name.
    """
    squares, known = _squares(predicted, faces.points)
    weights = resample_people(faces.people, draws=draws)
    sums = np.where(known, squares, 0).sum((1, 2))
    with np.errstate(invalid="ignore"):
        low, high = interval(np.sqrt((weights @ sums) / (weights @ known.sum((1, 2)))))
    eyes = eye_errors(predicted, faces.points)
    return {
        "faces": len(faces),
        "people": len(np.unique(faces.people)),
        "rmse_px": rmse(predicted, faces.points),
        "low_px": low,
        "high_px": high,
        "study_mse": scaled_mse(predicted, faces.points),
        "eye_error": float(_mean(eyes, np.isfinite(eyes), None)),
        "by_point": dict(
            zip(NAMES, map(float, point_errors(predicted, faces.points)), strict=True)
        ),
    }


def csv_rows(
    path: Path, needed: list[str] | tuple[str, ...]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Where each row of a csv file is, for a sentence, and its cells by column."""
    i = 0
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or ())
            for name in needed:
                if name not in names:
                    raise DataError(f"{path} has no column {name}.")
            for name in names:
                if names.count(name) > 1:
                    raise DataError(f"{path} has the column {shown(name)} twice.")
            for i, row in enumerate(reader, 1):
                cells = list(row.values())
                if None in row or None in cells:
                    more = "more" if None in row else "fewer"
                    raise DataError(f"{path}, row {i}: {more} cells than the {len(names)} columns.")
                yield f"{path}, row {i}", row
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}, after row {i}: not comma-separated text.") from error


def _picture(where: str, text: str) -> np.ndarray:
    try:
        # Several times as fast as splitting the text, and as strict.
        grey = np.loadtxt([text], np.uint8, comments=None) if text.strip() else np.empty(0)
    except ValueError:
        odd = (word for word in text.split() if not word.isdecimal() or int(word) > 255)
        raise DataError(
            f"{where}: Image holds {shown(next(odd, text))}, not a whole number from 0 to 255."
        ) from None
    if grey.size != SIDE * SIDE:
        raise DataError(f"{where}: Image has {grey.size} grey values, not {SIDE * SIDE}.")
    return grey


def _number(where: str, column: str, text: str) -> float:
    if not text.strip():
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise DataError(f"{where}: {column} is {shown(text)}, not a number.")
    return value


def shown(text: str) -> str:
    """A few characters of what stood in a file."""
    return f"'{printable(text[:24])}'"


def _shaped(points: np.ndarray, offset: tuple[float, float]) -> np.ndarray:
    return points.reshape(-1, len(NAMES), 2) - np.array(offset, np.float32)


def _squares(predicted: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors (n, 15, 2), and which of them are known."""
    return (predicted.astype(np.float64) - truth) ** 2, np.isfinite(truth)


def _mean(values: np.ndarray, known: np.ndarray, axis: int | tuple[int, ...] | None) -> np.ndarray:
    """The mean of what is known along `axis`, NaN where nothing is."""
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis) / known.sum(axis)
