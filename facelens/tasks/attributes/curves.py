"""Precision and recall at 101 thresholds, measured on validation faces."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from facelens.errors import BundleError
from facelens.files import write_text

GRID = np.linspace(0, 1, 101)

# A shift of the face by one pixel moves a calibrated logit near 0 by about this, root mean square:
# `benchmarks/shift.py`, to one digit, of the embedded network that moves most.
NEAR = 0.2


@dataclass(frozen=True, eq=False)
class Curves:
    """What each of 101 thresholds means, measured on validation faces.

    Per attribute and threshold, float32 (attributes, 101), NaN if undefined: precision, recall and
    false-positive rate with 95 % intervals; `doubt_low` and `doubt_high` bound the probabilities
    whose true rate does not differ significantly from the threshold. Per attribute, float32
    (attributes,): prevalence, average precision, expected calibration error.
    """

    names: tuple[str, ...]
    precision: np.ndarray
    precision_low: np.ndarray
    precision_high: np.ndarray
    recall: np.ndarray
    recall_low: np.ndarray
    recall_high: np.ndarray
    fpr: np.ndarray
    fpr_low: np.ndarray
    fpr_high: np.ndarray
    doubt_low: np.ndarray
    doubt_high: np.ndarray
    prevalence: np.ndarray
    ap: np.ndarray
    ece: np.ndarray

    @property
    def thresholds(self) -> np.ndarray:
        """The 101 thresholds, from 0 to 1."""
        return GRID

    def save(self, path: Path) -> None:
        """Write `curves.json`."""
        text = json.dumps({"names": self.names, "attributes": curves_for_page(self, digits=4)})
        write_text(path, text + "\n")

    @classmethod
    def read(cls, data: bytes) -> "Curves":
        """Read `curves.json`."""
        try:
            values = json.loads(data)
            names = tuple(values["names"])
            columns = {
                column: _column([values["attributes"][name][column] for name in names])
                for column in _COLUMNS
            }
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
            raise BundleError("The bundle's curves.json cannot be read.") from error
        for column, table in columns.items():
            wanted = (len(names),) if column in _SCALARS else (len(names), len(GRID))
            if table.shape != wanted:
                raise BundleError(f"The bundle's curves.json has a {column} of another length.")
            if ((table < 0) | (table > 1)).any():
                raise BundleError(f"The bundle's curves.json has a {column} not from 0 to 1.")
        return cls(names, **columns)


_COLUMNS = tuple(f.name for f in fields(Curves) if f.name != "names")

_SCALARS = ("prevalence", "ap", "ece")


def _column(rows: list[Any]) -> np.ndarray:
    def number(value: float | None) -> float:
        return np.nan if value is None else value

    with np.errstate(over="ignore"):  # too large for float32: infinite, which is refused
        return np.array(
            [[number(v) for v in row] if isinstance(row, list) else number(row) for row in rows],
            np.float32,
        )


def curves_for_page(curves: Curves, *, digits: int = 3) -> dict[str, dict[str, Any]]:
    """The curves for JSON: by attribute, then by column, rounded; null if undefined."""

    def plain(values: np.ndarray) -> Any:
        if values.ndim == 0:
            return None if np.isnan(values) else round(float(values), digits)
        return [plain(value) for value in values]

    return {
        name: {column: plain(getattr(curves, column)[i]) for column in _COLUMNS}
        for i, name in enumerate(curves.names)
    }


def doubt_bands(curves: Curves) -> tuple[np.ndarray, np.ndarray]:
    """The doubtful probabilities of each threshold, low and high float32 (attributes, 101).

    `doubt_low` to `doubt_high`, which may begin or end right at the threshold, widened if needed
    to the probabilities on both sides whose logit differs from the threshold's by at most `NEAR`.
    """
    inner = GRID[1:-1]
    logit = np.log(inner / (1 - inner))
    low, high = GRID.copy(), GRID.copy()
    low[1:-1], high[1:-1] = 1 / (1 + np.exp(NEAR - logit)), 1 / (1 + np.exp(-NEAR - logit))
    # Four digits, as in curves.json, so that the page decides by the same numbers.
    return (
        np.fmin(curves.doubt_low, np.round(low, 4)).astype(np.float32),
        np.fmax(curves.doubt_high, np.round(high, 4)).astype(np.float32),
    )


def separation(curves: Curves) -> np.ndarray:
    """Youden's J of each attribute, float32 (attributes,): 0 is guessing, 1 is always right.

    The maximum over all thresholds of the true-positive rate minus the false-positive rate; NaN if
    there were no faces to measure it on.
    """
    gain = curves.recall - curves.fpr
    known = np.isfinite(gain).any(1)
    best = np.where(np.isfinite(gain), gain, -np.inf).max(1)
    return np.where(known, best, np.nan).astype(np.float32)
