"""Faces of known people to learn from, and faces of others to measure on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facelens.errors import DataError
from facelens.training.data import Batches, Store, pick
from facelens.training.folders import open_joined


@dataclass(frozen=True, eq=False)
class People:
    """Faces, and who is on each: `owner` int64 (n,), from 0; -1 for faces to measure on."""

    store: Store
    owner: np.ndarray

    def __len__(self) -> int:
        return len(self.store)

    @property
    def count(self) -> int:
        """How many people there are."""
        return len(np.unique(self.store.people))


def to_learn(
    folders: Sequence[Path], *, cache: Path, fewest: int, limit: int | None = None
) -> People:
    """The training faces of people with at least `fewest` photos.

    Faces of nobody known are each a person of their own, and so are left out.

    Raises:
        DataError: fewer than two people are left.
    """
    store = open_joined(folders, "train", cache=cache, limit=limit)
    _, owner, counts = np.unique(store.people, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(counts[owner] >= fewest)
    people, mine = np.unique(owner[rows], return_inverse=True)
    if len(people) < 2:
        raise DataError(
            f"{folders[0]} has {len(people)} people with {fewest} photos or more; a column "
            "celeb_id has to say who is on each."
        )
    return People(pick([store], rows), mine.astype(np.int64))


def to_measure(
    folders: Sequence[Path], split: str, *, cache: Path, limit: int | None = None
) -> People:
    """The faces of `split`.

    Raises:
        DataError: no two of them are of one person.
    """
    store = open_joined(folders, split, cache=cache, limit=limit)
    if len(np.unique(store.people)) == len(store):
        raise DataError(
            f"No two {split} faces are of one person, as far as celeb_id says: there is nothing to "
            "measure on."
        )
    return People(store, np.full(len(store), -1, np.int64))


def data_of(train: People, valid: People) -> dict[str, Any]:
    """What a run says of its faces."""
    return {
        "train": len(train), "people": train.count, "valid": len(valid),
        "valid_people": valid.count,
    }  # fmt: skip


class PeopleBatches(Batches):
    """Batches of crops, and who is on each int64."""

    def __init__(self, people: People, batch_size: int, *, shuffle: bool, seed: int = 0) -> None:
        super().__init__(people.store, batch_size, shuffle=shuffle, seed=seed)
        self.owner = people.owner

    def _targets(self, rows: np.ndarray) -> np.ndarray:
        return self.owner[rows]
