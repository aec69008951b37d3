"""What a threshold of a detector means: precision and recall of the boxes drawn from it on.

A box is drawn from a confidence on, as its most probable class. Of the boxes of a class the
precision is the share that lie on a face of that class, at an IoU of one half; the recall is the
share of such faces that have a box of the class.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from facelens.errors import BundleError
from facelens.files import write_text

GRID = np.linspace(0, 1, 101)
DIGITS = 4
MOST_BOXES = 10**9


@dataclass(frozen=True, eq=False)
class BoxCurves:
    """Precision and recall of each class at 101 thresholds, with 95 % intervals.

    `photos`: on which they were measured. `boxes`: the true ones of each class, int (classes,).
    The rest float32 (classes, 101), NaN where no box is drawn, or there is no true one.
    """

    names: tuple[str, ...]
    photos: int
    boxes: np.ndarray
    precision: np.ndarray
    precision_low: np.ndarray
    precision_high: np.ndarray
    recall: np.ndarray
    recall_low: np.ndarray
    recall_high: np.ndarray

    @classmethod
    def of(
        cls,
        found: Mapping[str, Mapping[str, Any]],
        *,
        photos: int,
        boxes: Mapping[str, int],
    ) -> "BoxCurves":
        """What `mask.figures.curves` has found, with the true boxes of each class."""
        tables = {
            column: np.array([found[name][column] for name in found], np.float32)
            for column in COLUMNS
        }
        counts = np.array([boxes.get(name, 0) for name in found], np.int64)
        return cls(tuple(found), photos, counts, **tables)

    def save(self, path: Path) -> None:
        """Write `curves.json`."""
        write_text(path, json.dumps(self.for_page()) + "\n")

    def for_page(self) -> dict[str, Any]:
        """The curves for JSON, rounded; null where undefined."""
        tables = {column: _plain(getattr(self, column)) for column in COLUMNS}
        boxes = self.boxes.tolist()
        return {"names": list(self.names), "photos": self.photos, "boxes": boxes, **tables}

    @classmethod
    def read(cls, data: bytes) -> "BoxCurves":
        """Read `curves.json`."""
        try:
            values = json.loads(data)
            names = tuple(map(str, values["names"]))
            photos = int(values["photos"])
            boxes = np.array([int(count) for count in values["boxes"]], np.int64)
            tables = {column: _table(values[column]) for column in COLUMNS}
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
            raise BundleError("The bundle's curves.json cannot be read.") from error
        counts = [photos, len(boxes), *boxes.tolist()]
        if len(boxes) != len(names) or not all(0 <= count <= MOST_BOXES for count in counts):
            raise BundleError("The bundle's curves.json has counts that cannot be.")
        for column, table in tables.items():
            if table.shape != (len(names), len(GRID)):
                raise BundleError(f"The bundle's curves.json has a {column} of another length.")
            if ((table < 0) | (table > 1)).any():
                raise BundleError(f"The bundle's curves.json has a {column} not from 0 to 1.")
        return cls(names, photos, boxes, **tables)


COLUMNS = tuple(f.name for f in fields(BoxCurves) if f.name not in ("names", "photos", "boxes"))


def _plain(table: np.ndarray) -> list[list[float | None]]:
    return [[None if v != v else round(float(v), DIGITS) for v in row] for row in table]  # noqa: PLR0124 - NaN


def _table(rows: Any) -> np.ndarray:
    with np.errstate(over="ignore"):  # too large for float32: infinite, which is refused
        return np.array(
            [[np.nan if v is None else float(v) for v in row] for row in rows], np.float32
        )
