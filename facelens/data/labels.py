"""Yes/no columns of a data set in parquet, whatever their type."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facelens.data.parquet import Row, column_names, images
from facelens.data.yesno import check_no, code
from facelens.errors import DataError, printable


def code_of(path: Path, row: Row, name: str) -> int | None:
    """The `code` of a row's column; a `DataError` if it is neither yes nor no."""
    value = row.values[name]
    try:
        return code(value)
    except ValueError:
        raise DataError(
            f"The column {name!r} of {path} holds more than yes and no: "
            f"{printable(repr(value)[:40])}."
        ) from None


def as_array(codes: Sequence[Sequence[int | None]]) -> np.ndarray:
    """int8, 1 for yes, 0 for no, -1 for a blank."""
    return np.array([[-1 if c is None else c == 1 for c in row] for row in codes], np.int8)


def read_labels(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read yes/no columns, int8 (n,): 1 for yes, 0 for no, -1 for a blank.

    Raises:
        DataError: a column is missing, or holds something else.
    """
    there = column_names(path)
    for name in names:
        if name not in there:
            raise DataError(f"{path} has no column {name!r} to split by.")
    codes = [[code_of(path, row, name) for name in names] for row in images(path, names)]
    check_no(str(path), names, codes)
    return dict(zip(names, as_array(codes).reshape(-1, len(names)).T, strict=True))
