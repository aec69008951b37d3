"""Several folders of faces as one set, split by split."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from facelens.data import parquet
from facelens.data.people import NOBODY, identities, numbered
from facelens.errors import DataError
from facelens.training.data import Store, open_store, pick, split_files

log = logging.getLogger(__name__)


def open_joined(
    folders: Sequence[Path], split: str, *, cache: Path, limit: int | None = None
) -> Store:
    """Open `split` of all `folders` that have it as one, in their order.

    Columns may be in another order; a person is known again by `celeb_id`, in whichever folder.
    """
    folders = _having(folders, split)
    first, *others = [open_store(folder, split, cache=cache, limit=limit) for folder in folders]
    if not others:
        return first
    for folder, store in zip(folders[1:], others, strict=True):
        if set(store.names) != set(first.names):
            odd = min(set(store.names) ^ set(first.names))
            raise DataError(
                f"{folders[0]} and {folder} answer different questions: only one of them has {odd}."
            )
    joined = pick(
        [first, *(store.only(first.names) for store in others)],
        np.arange(sum(map(len, [first, *others])))[:limit],
    )
    people = numbered(
        [who for folder in folders for who in identities_in(folder, split, limit)][: len(joined)]
    )
    return replace(joined, people=people)


def _having(folders: Sequence[Path], split: str) -> list[Path]:
    """The folders that have `split`; the first if none has, whose sentence is then shown."""
    having = [folder for folder in folders if any(Path(folder).rglob(f"{split}-*.parquet"))]
    return having or list(folders[:1])


def identities_in(folder: Path, split: str, limit: int | None = None) -> list[object]:
    """The `celeb_id` of each face of a split, None where there is none."""
    found: list[object] = []
    for file in split_files(folder, split):
        found += parquet.column(file, "celeb_id")
    return found[:limit]


def check_apart(folders: Sequence[Path], *, limit: int | None = None) -> None:
    """Warn if a person is among the training faces and the validation faces."""
    seen = []
    for split in ("train", "valid"):
        values = [who for folder in _having(folders, split)
                  for who in identities_in(folder, split, limit)]  # fmt: skip
        seen.append({name for name in identities(values)[0] if not name.startswith(NOBODY)})
    both = sorted(seen[0] & seen[1])
    if both:
        log.warning(
            "%s of %s validation people are among the training faces too (%s is one): validation "
            "then flatters. Put all faces of a person into one split.",
            f"{len(both):,}", f"{len(seen[1]):,}", both[0],
        )  # fmt: skip
