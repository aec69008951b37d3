"""Aligned faces of many people, embedded: what curves and figures are measured on."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facelens.data import parquet
from facelens.data.people import numbered
from facelens.errors import DataError, printable
from facelens.faces import CROP_HEIGHT, CROP_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facelens.tasks.identity.model import Recogniser

_AT_ONCE = 64


def read_faces(
    source: Path,
    recogniser: "Recogniser",
    limit: int | None = None,
    *,
    labels: tuple[str, ...] = (),
) -> tuple[np.ndarray, ...]:
    """Embed the aligned faces of parquet: unit float32 (n, d), and who is on each, int64 (n,).

    Args:
        source: a file or a folder of them, with the columns image and celeb_id.
        recogniser: what embeds them.
        limit: the first so many faces.
        labels: yes/no columns to return too, bool (n, labels).

    Raises:
        DataError: no two faces are of one person, or a picture is no aligned crop.
    """
    rows = parquet.images(source, ["celeb_id", *labels])
    found, people, known = [], [], []
    for batch in _batches(islice(rows, limit) if limit else rows):
        crops = np.stack([_pixels(row, source) for row in batch])
        found.append(recogniser.embed(crops))
        people += [row.values["celeb_id"] for row in batch]
        known += [[bool(row.values[label]) for label in labels] for row in batch]
    who = numbered(people) if people else np.zeros(0, np.int64)
    if len(np.unique(who)) == len(who):
        raise DataError(f"{source} has no two faces of one person: there is nothing to compare.")
    table = np.array(known, bool).reshape(len(who), len(labels))
    return (np.concatenate(found), who, *([table] if labels else []))


def _batches(rows: "Iterator[parquet.Row]") -> "Iterator[list[parquet.Row]]":
    while batch := list(islice(rows, _AT_ONCE)):
        yield batch


def _pixels(row: "parquet.Row", source: Path) -> np.ndarray:
    pixels = row.pixels(source)
    if pixels.shape != (CROP_HEIGHT, CROP_WIDTH, 3):
        raise DataError(
            f"{printable(row.path)} is {pixels.shape[1]}x{pixels.shape[0]}, not a 178x218 crop."
        )
    return pixels
