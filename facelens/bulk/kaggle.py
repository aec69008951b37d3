"""Fifteen keypoints of many faces, from a folder, a parquet file or Kaggle's csv, as a table."""

import math
from pathlib import Path

import numpy as np

from facelens.bulk.label import Progress, label
from facelens.bulk.work import Labelled
from facelens.errors import DataError, OutputError
from facelens.files import check_out
from facelens.tables import ERROR_COLUMNS, write_table
from facelens.tasks import load_model
from facelens.tasks.keypoints import NAME
from facelens.tasks.keypoints.marks import COLUMNS, SIDE, csv_rows, read_kaggle, shown, whole

_LOOKUP = ("RowId", "ImageId", "FeatureName", "Location")


def locate(
    source: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    detector: str | None = None,
    cropped: bool = False,
    workers: int = 1,
    force: bool = False,
    progress: Progress | None = None,
) -> Labelled:
    """Write a row for every face of every photo: the photo, then x and y of each keypoint.

    Args:
        source: a folder of photos, parquet in the Hub's layout, or Kaggle's csv.
        out: a .csv or .parquet file; photos without a face, or unreadable, go to OUT.errors.csv.
        model: as for `load_model`.
        detector: as for `find_faces`.
        cropped: the photos are 96x96 face crops; the keypoints are in pixels of these.
        workers, force, progress: as for `label`.

    Raises:
        DataError: there are no photos at `source`.
        OutputError: `out` exists, or cannot be written.
    """
    if Path(source).suffix.lower() == ".csv":
        if detector is not None:
            raise DataError(f"{source} holds faces that are cropped already: no --detector.")
        return _of_kaggle(Path(source), Path(out), model=model, force=force)
    return label(
        source, out, model=model, detector=detector, aligned=cropped, workers=workers, force=force,
        progress=progress, task=NAME, places=False,
    )  # fmt: skip


def hand_in(
    source: str | Path,
    out: str | Path,
    lookup: str | Path,
    *,
    model: str | None = None,
    force: bool = False,
) -> int:
    """Write Kaggle's submission for its `test.csv`, and return the number of rows.

    Args:
        source: that file.
        out: the submission.
        lookup: Kaggle's `IdLookupTable.csv`, which lists the requested coordinates.
        model: as for `load_model`.
        force: overwrite `out`.
    """
    if Path(source).suffix.lower() != ".csv":
        raise DataError(f"{source} is not Kaggle's test.csv, which an IdLookupTable.csv refers to.")
    _check_inputs(out, source, lookup)
    check_out(Path(out).absolute(), force=force)
    if Path(out).suffix.lower() != ".csv":
        raise OutputError(f"Kaggle takes a .csv, which {Path(out).name} is not; name another file.")
    return write_submission(_answers(read_kaggle(source).pictures, model), lookup, out)


def _check_inputs(out: str | Path, *inputs: str | Path) -> None:
    """Refuse to overwrite an input."""
    if any(Path(out).resolve() == Path(path).resolve() for path in inputs):
        raise OutputError(f"{out} is read for this; name another file to write.")


def _of_kaggle(source: Path, out: Path, *, model: str | None, force: bool) -> Labelled:
    _check_inputs(out, source)
    check_out(out.absolute(), force=force)
    faces = read_kaggle(source)
    points = _answers(faces.pictures, model).reshape(-1, len(COLUMNS))
    rows = [(name, *row) for name, row in zip(faces.people, points.tolist(), strict=True)]
    errors = out.with_name(f"{out.name}.errors.csv")
    write_table(errors, [], ERROR_COLUMNS)
    write_table(out, rows, ("photo", *COLUMNS))
    return Labelled(out, errors, len(rows), len(rows), 0)


def _answers(pictures: np.ndarray, model: str | None) -> np.ndarray:
    """Predict keypoints float (n, 15, 2) on pictures, with the data set's own offset."""
    network = load_model(model, task=NAME)
    return np.stack([network.as_marked(each.points) for each in network.predict(pictures)])


def write_submission(predicted: np.ndarray, lookup: str | Path, out: str | Path) -> int:
    """Write the rows that `IdLookupTable.csv` requests, and return their number.

    Args:
        predicted: (n, 15, 2) in pixels, in the order of test.csv.
        lookup: that table: RowId, ImageId from 1, FeatureName, Location.
        out: the submission: RowId, Location.
    """
    lines = []
    for where, row in csv_rows(Path(lookup), _LOOKUP):
        for column, most in (("RowId", math.inf), ("ImageId", len(predicted))):
            if whole(row[column], 1, most) is None:
                wanted = f"1 to {most}" if most < math.inf else "a number from 1"
                raise DataError(f"{where}: {column} is {shown(row[column])}, not {wanted}.")
        feature = row["FeatureName"].strip()
        if feature not in COLUMNS:
            raise DataError(f"{where}: there is no point {shown(feature)}.")
        point, axis = divmod(COLUMNS.index(feature), 2)
        value = predicted[int(row["ImageId"]) - 1, point, axis]
        if not np.isfinite(value):
            raise DataError(f"{where}: nothing was predicted for {feature}.")
        lines.append((int(row["RowId"]), f"{np.clip(value, 0, SIDE):.4f}"))
    write_table(Path(out), lines, ("RowId", "Location"))
    return len(lines)
