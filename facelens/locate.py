"""Fifteen points of many faces: a folder, a parquet file or Kaggle's csv in, a table out."""

from pathlib import Path

from facelens.errors import DataError, OutputError
from facelens.label import (
    ERROR_COLUMNS,
    KEYPOINTS,
    Labelled,
    Progress,
    check_out,
    label,
    write_table,
)


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
        source: a folder of photos, parquet in the Hub's layout, or Kaggle's csv.
        out: a .csv or .parquet file. What has no face or cannot be read goes to OUT.errors.csv.
        model: as for `load_keypoints`.
        detector: as for `find_faces`.
        cropped: the photos are faces of 96x96 already; the points are in pixels of these.
        workers, force, progress: as for `label`.

    Raises:
        DataError: there is nothing at `source`.
        OutputError: `out` exists, or cannot be written.
    """
    if Path(source).suffix.lower() == ".csv":
        if detector is not None:
            raise DataError(f"{source} holds faces that are cropped already: no --detector.")
        return _of_kaggle(Path(source), Path(out), model=model, force=force)
    return label(
        source, out, model=model, detector=detector, aligned=cropped, workers=workers, force=force,
        progress=progress, task=KEYPOINTS,
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

    if Path(source).suffix.lower() != ".csv":
        raise DataError(f"{source} is not Kaggle's test.csv, which an IdLookupTable.csv is about.")
    _spare(out, source, lookup)
    check_out(Path(out).absolute(), force=force)
    if Path(out).suffix.lower() != ".csv":
        raise OutputError(f"Kaggle takes a .csv; {Path(out).name} does not end so.")
    answers = load_keypoints(model).predict(read_kaggle(source).pictures)
    return write_submission(answers, lookup, out)


def _spare(out: str | Path, *read: str | Path) -> None:
    """Refuse to write over what is read."""
    if any(Path(out).resolve() == Path(path).resolve() for path in read):
        raise OutputError(f"{out} is read for this; name another file to write.")


def _of_kaggle(source: Path, out: Path, *, model: str | None, force: bool) -> Labelled:
    from facelens.keypoints import COLUMNS, read_kaggle
    from facelens.model.keypoints import load_keypoints

    _spare(out, source)
    check_out(out.absolute(), force=force)
    network = load_keypoints(model)
    faces = read_kaggle(source)
    points = network.predict(faces.pictures).reshape(-1, len(COLUMNS))
    rows = [(who, *where) for who, where in zip(faces.people, points.tolist(), strict=True)]
    errors = out.with_name(f"{out.name}.errors.csv")
    write_table(errors, [], ERROR_COLUMNS)
    write_table(out, rows, ("photo", *COLUMNS))
    return Labelled(out, errors, len(rows), len(rows), 0)
