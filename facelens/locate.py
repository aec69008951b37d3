"""Fifteen points of many faces: a folder, a parquet file or Kaggle's csv in, a table out."""

from pathlib import Path

from facelens.errors import DataError, OutputError
from facelens.label import KEYPOINTS, Labelled, Progress, tabulate


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
    """Write a row for every face of every photo: the photo, then the 30 columns.

    Args:
        source: a folder of photos, or parquet in the Hub's layout.
        out: a .csv or .parquet file. What has no face or cannot be read goes to OUT.errors.csv.
        model: as for `load_keypoints`.
        detector: as for `find_faces`.
        cropped: the photos are faces of 96x96 already; the points are in pixels of these.
        workers, force, progress: as for `label`.

    Raises:
        DataError: there is nothing at `source`.
        OutputError: `out` exists, or cannot be written.
    """
    return tabulate(
        KEYPOINTS, source, out, model=model, detector=detector, aligned=cropped, workers=workers,
        force=force, progress=progress,
    )  # fmt: skip


def hand_in(
    source: str | Path,
    out: str | Path,
    lookup: str | Path,
    *,
    model: str | None = None,
    force: bool = False,
) -> int:
    """Answer Kaggle's `test.csv` as Kaggle wants it, and return how many rows that are.

    Args:
        source: that file.
        out: the file to hand in.
        lookup: Kaggle's `IdLookupTable.csv`, which says what is asked.
        model: as for `load_keypoints`.
        force: write over `out`.
    """
    from facelens.keypoints import read_kaggle, write_submission
    from facelens.model.keypoints import load_keypoints

    out = Path(out)
    if Path(source).suffix.lower() != ".csv":
        raise DataError(f"{source} is not Kaggle's test.csv, which an IdLookupTable.csv is about.")
    if out.is_dir() or (out.exists() and not force):
        raise OutputError(f"{out} exists; name another file, or give --force to write over it.")
    faces = read_kaggle(source)
    return write_submission(load_keypoints(model).predict(faces.pictures), lookup, out)
