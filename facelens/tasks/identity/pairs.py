"""Pairs of photos, of one person or of two: who is on them, and how alike a network finds them."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facelens.errors import DataError, PhotoError, printable

if TYPE_CHECKING:
    from facelens.data.parquet import Row
    from facelens.tasks.identity.model import Recogniser

COLUMNS = ("first", "second", "same")
_ANSWERS = {"1": True, "0": False, "true": True, "false": False}
_LONGEST = 1_000_000  # pairs


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos by name, embedded.

    `embeddings`: unit float32 (n, d), zero where no face was found. `people`: int64 (n,), -1 where
    nobody says. `has_face`: bool (n,).
    """

    names: tuple[str, ...]
    embeddings: np.ndarray
    people: np.ndarray
    has_face: np.ndarray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of photos, each int or bool (n,): places in `Photos`, and whether of one person."""

    first: np.ndarray
    second: np.ndarray
    same: np.ndarray

    def __len__(self) -> int:
        return len(self.same)


def read_pairs(path: Path, names: Sequence[str]) -> Pairs:
    """Read a csv with the columns first, second and same; names are those of photos.

    Raises:
        DataError: it cannot be read, or a line has an unknown photo or answer.
    """
    place = {name: i for i, name in enumerate(names)}
    rows: list[tuple[int, int, bool]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise DataError(f"{path} has other columns than {', '.join(COLUMNS)}.")
            for row in reader:
                rows.append(_pair(path, reader.line_num, row, place))
                if len(rows) > _LONGEST:
                    raise DataError(f"{path} has more than {_LONGEST:,} pairs.")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a table that can be read.") from error
    first, second, same = (np.array(column) for column in zip(*rows, strict=True)) if rows else (
        np.zeros(0, int), np.zeros(0, int), np.zeros(0, bool),
    )  # fmt: skip
    if same.all() or not same.any():
        raise DataError(f"{path} needs pairs of one person (1) and of two people (0).")
    return Pairs(first, second, same.astype(bool))


def _pair(
    path: Path, line: int, row: dict[str, str], place: dict[str, int]
) -> tuple[int, int, bool]:
    where = f"{path}, line {line}"
    for column in COLUMNS[:2]:
        if row.get(column) not in place:
            raise DataError(
                f"{where}: there is no photo {printable(str(row.get(column)))!r} in the parquet."
            )
    if (answer := str(row.get("same")).strip().lower()) not in _ANSWERS:
        raise DataError(f"{where}: same is {printable(answer)!r}; it has to be 1 or 0.")
    return place[row["first"]], place[row["second"]], _ANSWERS[answer]


def embed_photos(
    rows: "Sequence[Row]",
    recogniser: "Recogniser",
    *,
    detector: str | None = None,
    progress: object = None,
) -> Photos:
    """Embed the largest face of each photo.

    Args:
        rows: of parquet, with `person` if it is known.
        detector: as for `find_faces`.
        progress: called with the photos done and all photos.

    Raises:
        DataError: two photos have one name.
    """
    from facelens.faces import find_faces
    from facelens.photo import read_photo

    names = [row.path for row in rows]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"Two photos are called {printable(twice)}.")
    width = len(recogniser.config.names)
    embeddings = np.zeros((len(rows), width), np.float32)
    has_face = np.zeros(len(rows), bool)
    for i, row in enumerate(rows):
        try:
            faces = find_faces(read_photo(row.data, name=row.path), detector=detector)
        except PhotoError:
            faces = []
        if faces:
            embeddings[i], has_face[i] = recogniser.embed(faces[:1])[0], True
        if callable(progress):
            progress(i + 1, len(rows))
    said = [row.values.get("person") for row in rows]
    known = {name: i for i, name in enumerate(dict.fromkeys(str(each) for each in said if each))}
    people = np.array([known[str(each)] if each else -1 for each in said], np.int64)
    return Photos(tuple(names), embeddings, people, has_face)


def similarities(photos: Photos, pairs: Pairs) -> np.ndarray:
    """The cosine of each pair, float64 (n,).

    A pair with a photo without a face counts as wrong: -1 if it is of one person, else 1.
    """
    found = np.einsum(
        "nd,nd->n", photos.embeddings[pairs.first], photos.embeddings[pairs.second]
    ).astype(np.float64)
    there = photos.has_face[pairs.first] & photos.has_face[pairs.second]
    return np.where(there, found, np.where(pairs.same, -1.0, 1.0))


def owners(photos: Photos, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """The two people int64 (n,) of each pair.

    Where nobody says who is on a photo, photos that a pair of one person joins are of one.
    """
    parent = np.arange(len(photos.names))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = int(parent[i])
        return i

    for a, b in zip(pairs.first[pairs.same], pairs.second[pairs.same], strict=True):
        parent[root(int(a))] = root(int(b))
    unnamed = len(photos.names) + np.array([root(i) for i in range(len(parent))])
    _, people = np.unique(np.where(photos.people >= 0, photos.people, unnamed), return_inverse=True)
    return people[pairs.first], people[pairs.second]
