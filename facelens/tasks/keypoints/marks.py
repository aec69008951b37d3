"""Fifteen keypoints of a face: their names, marked faces, errors, Kaggle's files.

Points are float (n, 15, 2), x and y in pixels of the 96x96 picture, from the centre of its first
pixel; NaN if a point is not marked. Left is the person's left, which is right in the picture.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from facelens.data import parquet
from facelens.data.people import NOBODY, identities
from facelens.data.rows import read_rows
from facelens.errors import DataError
from facelens.files import sha256_of
from facelens.metrics import interval, resample_people
from facelens.photo import printable

SIDE = 96
MOST = 1e6  # pixels, above any coordinate: its square is finite in float32
MIDDLE = (SIDE - 1) / 2

# Kaggle's fifteen keypoints in Kaggle's order, and their labels for readers.
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


# The index of each point's counterpart in the mirrored face.
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
# Systematic offset of the marks in a file, right and down, in pixels; reading subtracts it. That of
# our parquet was measured by `python benchmarks/marks.py`, and in x also by a network trained
# without mirrored faces: its answers on faces and on the same faces mirrored are symmetric about
# 48.65, not about the picture's centre, 47.5. Kaggle counts from the corner of the first pixel.
PARQUET_OFFSET = (1.15, 1.6)
KAGGLE_OFFSET = (0.5, 0.5)
# The landmarks of CelebA's template, in its order, the viewer's left first.
TEMPLATE_FIVE = [NAMES.index(name) for name in (
    "right_eye_center", "left_eye_center", "nose_tip", "mouth_right_corner", "mouth_left_corner",
)]  # fmt: skip
_EYES = [NAMES.index("left_eye_center"), NAMES.index("right_eye_center")]


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces with their keypoints.

    `pictures`: uint8 (n, 96, 96), grey. `points`: float32 (n, 15, 2) in pixels, NaN if missing.
    `people`: str (n,), the person on each picture; unknown in Kaggle's files, so each is its own.
    """

    pictures: np.ndarray
    points: np.ndarray
    people: np.ndarray

    @property
    def digest(self) -> str:
        """A fingerprint of these faces in this order."""
        people = "\0".join(self.people).encode()
        return sha256_of(self.pictures.tobytes(), self.points.tobytes(), people)[:16]

    def __len__(self) -> int:
        return len(self.pictures)

    def take(self, rows: np.ndarray | slice) -> "Faces":
        """These rows only."""
        return Faces(self.pictures[rows], self.points[rows], self.people[rows])


def read_parquet(path: str | Path) -> Faces:
    """Read a parquet file or a folder of them: the columns `image`, `person` and the 30 of marks.

    `PARQUET_OFFSET` is subtracted from the marks.
    """
    pictures, points, people = [], [], []
    for row in parquet.images(path, COLUMNS, optional=["person"]):
        pixels = row.pixels(path)
        if pixels.shape[:2] != (SIDE, SIDE):
            raise DataError(
                f"{printable(row.path)} is {pixels.shape[1]}x{pixels.shape[0]}, not a face of "
                f"{SIDE}x{SIDE}."
            )
        pictures.append(grey(pixels))
        points.append([_coordinate(path, row, column) for column in COLUMNS])
        people.append(row.values.get("person"))
    if not pictures:
        raise DataError(f"{path} holds no faces.")
    marks = _shaped(np.array(points, np.float32), PARQUET_OFFSET)
    return Faces(np.stack(pictures), marks, identities(people, Path(path).stem)[0])


def _coordinate(path: str | Path, row: parquet.Row, column: str) -> float:
    value = row.values[column]
    if value is None:
        return math.nan
    if isinstance(value, int | float | Decimal) and not abs(float(value)) > MOST:
        return float(value)
    raise DataError(
        f"The column {column} of {path} holds {shown(repr(value))}, which is no coordinate."
    )


def grey(pixels: np.ndarray) -> np.ndarray:
    """Convert a grey picture in RGB to uint8 (h, w): its channels differ by WebP's compression."""
    return np.rint(pixels.mean(2)).astype(np.uint8)


def read_kaggle(path: str | Path) -> Faces:
    """Read Kaggle's `training.csv`, or its `test.csv`, which has no points.

    `KAGGLE_OFFSET` is subtracted from the marks.

    Raises:
        DataError: the file lacks a column, or a row is malformed; the sentence says which and how.
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
    """Mirror the faces and swap left and right points."""
    points = faces.points[:, MIRRORED].copy()
    points[..., 0] = 2 * MIDDLE - points[..., 0]
    return Faces(faces.pictures[:, :, ::-1], points, faces.people)


def mean_face(faces: Faces) -> np.ndarray:
    """The mean of each point, (15, 2): the baseline that ignores the picture.

    NaN for a point that no face has.
    """
    return _mean(faces.points, np.isfinite(faces.points), 0)


def rmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Kaggle's metric: root mean squared error of all known coordinates, in pixels.

    This and the other errors use only points with a known `truth`, and are NaN if there are none;
    a NaN in `predicted` makes them NaN.
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
    """Mean error of each face (n,), normalised by the distance between its eyes.

    NaN if the centre of an eye is unknown, or both are one point.
    """
    squares, known = _squares(predicted, truth)
    distances = np.sqrt(squares.sum(2))
    eyes = truth[:, _EYES].astype(np.float64)
    between = np.hypot(*(eyes[:, 0] - eyes[:, 1]).T)
    between[between == 0] = np.nan
    return _mean(distances, np.all(known, 2), 1) / between


def measure(predicted: np.ndarray, faces: Faces, *, draws: int = 1000) -> dict[str, Any]:
    """Compute all errors, the `rmse` with its 95 % interval by a bootstrap over people.

    `by_point`: the `point_errors` in pixels, by name.
    """
    squares, known = _squares(predicted, faces.points)
    weights = resample_people(faces.people, draws=draws)
    sums = np.where(known, squares, 0).sum((1, 2))
    with np.errstate(invalid="ignore"):
        drawn = np.sqrt((weights @ sums) / (weights @ known.sum((1, 2))))
    low, high = math.nan, math.nan
    if len(np.unique(faces.people)) > 1:
        low, high = interval(drawn)
    eyes = eye_errors(predicted, faces.points)
    return {
        "faces": len(faces),
        "people": len(np.unique(faces.people)),
        "without_identity": sum(name.startswith((NOBODY, "row ")) for name in faces.people),
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
    """Yield each row of a csv file: its position, for error messages, and its cells by column."""
    rows = read_rows(path, [name.lower() for name in needed])
    _, names = next(rows, (0, []))
    for name in needed:
        if name not in names:
            raise DataError(f"{path} has no column {name}.")
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path} has the column {shown(name)} twice.")
    for i, (_, cells) in enumerate(rows, 1):
        if len(cells) != len(names):
            more = "more" if len(cells) > len(names) else "fewer"
            raise DataError(f"{path}, row {i}: {more} cells than the {len(names)} columns.")
        yield f"{path}, row {i}", dict(zip(names, cells, strict=True))


def whole(text: str, least: int, most: float) -> int | None:
    """The whole number that `text` is, if it is one from `least` to `most`."""
    # Python refuses to read thousands of digits.
    if not text.isdecimal() or len(text) > 18 or not least <= int(text) <= most:
        return None
    return int(text)


def _picture(where: str, text: str) -> np.ndarray:
    try:
        # Several times faster than splitting the text, and as strict.
        grey = np.loadtxt([text], np.uint8, comments=None) if text.strip() else np.empty(0)
    except ValueError:
        invalid = (word for word in text.split() if whole(word, 0, 255) is None)
        raise DataError(
            f"{where}: Image holds {shown(next(invalid, text))}, not a whole number from 0 to 255."
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
    if abs(value) > MOST:
        raise DataError(f"{where}: {column} is {shown(text)}, not a number.")
    return value


def shown(text: str) -> str:
    """Quote the first characters of a cell in an error message."""
    return f"'{printable(text[:24])}'"


def _shaped(points: np.ndarray, offset: tuple[float, float]) -> np.ndarray:
    return points.reshape(-1, len(NAMES), 2) - np.array(offset, np.float32)


def _squares(predicted: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors (n, 15, 2), and which of them are known."""
    return (predicted.astype(np.float64) - truth) ** 2, np.isfinite(truth)


def _mean(values: np.ndarray, known: np.ndarray, axis: int | tuple[int, ...] | None) -> np.ndarray:
    """The mean of the known values along `axis`, NaN if there are none."""
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis) / known.sum(axis)
