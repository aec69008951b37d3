"""Data sets of photos with labelled boxes, in three layouts: parquet, Pascal VOC, YOLO's text.

A box is x1, y1, x2, y2 in pixels of the upright photo. A set that comes without splits is split
here: a tenth of the photos is for testing, and photos that look alike stay on one side.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from facelens.data import parquet
from facelens.data.alike import folds
from facelens.data.boxed import BoxedPhoto, as_array, check_box, check_label, number_of
from facelens.data.voc import LISTS, is_voc, read_lists, read_voc, write_voc
from facelens.data.yolo import is_yolo, read_yolo, write_yolo
from facelens.errors import DataError, OutputError, printable
from facelens.files import atomic_folder, atomic_write, need_pyarrow

__all__ = ["LAYOUTS", "BoxedPhoto", "boxed_photos", "convert", "folds", "read_splits", "write"]

Layout = Literal["parquet", "voc", "yolo"]
LAYOUTS: tuple[Layout, ...] = ("parquet", "voc", "yolo")
SPLITS = ("train", "valid", "test")
_TENTHS = 10
# What `write` writes into a directory, besides .parquet files.
_OURS = {"images", "annotations", "ImageSets", "labels", "data.yaml"}


def boxed_photos(
    path: str | Path,
    split: str | None = None,
    classes: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> list[BoxedPhoto]:
    """Read the photos of a data set, each with its boxes; those without a box too.

    A box may reach one pixel over an edge, as VOC's counting from 1 makes it, and is clipped.

    Args:
        path: a parquet file (with any `split` all of it), a directory of train-, valid- and
            test-*.parquet, a Pascal VOC folder, or a YOLO text folder.
        split: "train", "valid" or "test"; by default everything.
        classes: the labels that may occur; by default any.
        seed: of the split, if the data come without.

    Raises:
        DataError: there is no such data, or it is wrong; the sentence names file and line or row.
    """
    path = Path(path)
    if path.is_file():
        return _read_parquet(path, classes)
    if split and path.is_dir() and any(path.glob("*.parquet")):
        files = sorted(path.glob(f"{split}-*.parquet"))
        if not files:
            raise DataError(f"{path} holds no {split}-*.parquet.")
        return [photo for file in files for photo in _read_parquet(file, classes)]
    splits = read_splits(path, classes)
    if split and "" in splits:
        whole = splits.pop("")
        fold = folds(whole, _TENTHS, seed)
        for name, there in (("train", fold < _TENTHS - 1), ("test", fold == _TENTHS - 1)):
            splits[name] = [photo for photo, of in zip(whole, there, strict=True) if of]
    if split and not splits.get(split):
        raise DataError(f"{path} holds no photo of {split}.")
    return [photo for name in ([split] if split else splits) for photo in splits[name]]


def read_splits(path: Path, classes: Sequence[str] | None = None) -> dict[str, list[BoxedPhoto]]:
    """Read a data set by split; all of it under "" if it comes without splits.

    Raises:
        DataError: as `boxed_photos`.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist; name a directory of photos with boxes.")
    if path.is_dir() and is_voc(path):
        return _listed(path, read_voc(path, classes))
    if path.is_dir() and not any(path.glob("*.parquet")) and is_yolo(path):
        found = read_yolo(path, classes)
    elif path.is_file() or any(path.rglob("*.parquet")):
        found = {}
        for file in parquet.files(path):
            prefix = file.name.partition("-")[0]
            name = prefix if prefix in SPLITS else ""
            found.setdefault(name, []).extend(_read_parquet(file, classes))
    else:
        raise DataError(
            f"{path} holds no photos with boxes: neither .parquet files, nor images/ with "
            "annotations/ (Pascal VOC) or labels/ (YOLO)."
        )
    if not any(found.values()):
        raise DataError(f"{path} holds no photo.")
    return {name: found[name] for name in (*SPLITS, "") if name in found}


def _listed(path: Path, photos: list[BoxedPhoto]) -> dict[str, list[BoxedPhoto]]:
    """Photos of a VOC folder by the splits that it lists."""
    if not photos:
        raise DataError(f"{path} holds no annotations/*.xml.")
    lists = read_lists(path)
    if not lists:
        return {"": photos}
    found: dict[str, list[BoxedPhoto]] = {split: [] for split in lists}
    for photo in photos:
        splits = [split for split, names in lists.items() if Path(photo.name).stem in names]
        if len(splits) != 1:
            which = f"both {splits[0]} and {splits[1]}" if splits else "no split"
            raise DataError(
                f"{path / LISTS}: {printable(photo.name)} is in {which}; it must be in one."
            )
        found[splits[0]].append(photo)
    return found


def _read_parquet(file: Path, classes: Sequence[str] | None = None) -> list[BoxedPhoto]:
    """Read the columns image, boxes ([x, y, width, height] each) and labels of a file."""
    photos = []
    rows = parquet.images(file, ["boxes", "labels"], optional=["difficult"])
    for number, row in enumerate(rows, 1):
        where = f"{file}, row {number}"
        boxes, labels = row.values["boxes"] or [], row.values["labels"] or []
        if not isinstance(boxes, list) or not isinstance(labels, list):
            raise DataError(f"{where}: boxes and labels must be lists.")
        if len(boxes) != len(labels):
            raise DataError(f"{where}: {len(boxes)} boxes and {len(labels)} labels.")
        height, width = row.pixels(file).shape[:2]
        checked = []
        for place, (box, label) in enumerate(zip(boxes, labels, strict=True), 1):
            at = f"{where}, box {place}"
            if not isinstance(box, list) or len(box) != 4:
                raise DataError(f"{at}: it must be x, y, width and height.")
            x, y, w, h = (number_of(value, at) for value in box)
            checked.append(check_box((x, y, x + w, y + h), (width, height), at))
            check_label(label, classes, at)
        hard = row.values.get("difficult") or []
        if not isinstance(hard, list) or len(hard) not in (0, len(labels)):
            raise DataError(f"{where}: difficult must be a list as long as labels.")
        photos.append(
            BoxedPhoto(row.path, row.data, as_array(checked), tuple(labels), tuple(map(bool, hard)))
        )
    return photos


def convert(
    source: Path,
    out: Path,
    layout: Layout,
    *,
    classes: Sequence[str] | None = None,
    force: bool = False,
) -> list[BoxedPhoto]:
    """Write the data set at `source` in another layout; return its photos.

    Raises:
        DataError, OutputError: as `boxed_photos` and `write`.
    """
    if source.resolve() == out.resolve() or out.resolve() in source.resolve().parents:
        raise OutputError(f"{printable(str(out))} holds what is read; name another directory.")
    splits = read_splits(source, classes)
    write(out, splits, layout, force=force)
    return [photo for photos in splits.values() for photo in photos]


def write(
    out: Path, splits: dict[str, list[BoxedPhoto]], layout: Layout, *, force: bool = False
) -> None:
    """Write a data set as a directory; classes are numbered in the order of their names.

    Args:
        splits: as from `read_splits`.
        force: replace a directory that exists.

    Raises:
        OutputError: it exists, or cannot be written.
        DataError: two photos would have one name.
    """
    if out.exists() and not force:
        raise OutputError(f"{printable(str(out))} exists; name another, or give --force.")
    if out.exists():
        _check_replaceable(out)
    seen = set[str]()
    for photos in splits.values():
        for photo in photos:
            stem = Path(photo.file_name).stem
            if stem in seen:
                raise DataError(f"Two photos are called {printable(stem)}; rename one.")
            seen.add(stem)
    with atomic_folder(out) as folder:
        if layout == "voc":
            write_voc(folder, splits)
        elif layout == "yolo":
            every = (
                label for photos in splits.values() for each in photos for label in each.labels
            )
            write_yolo(folder, splits, sorted(set(every)))
        else:
            for split, photos in splits.items():
                name = f"{split}-00000-of-00001.parquet" if split else "photos.parquet"
                _write_parquet(folder / name, photos)


def _check_replaceable(out: Path) -> None:
    """Refuse to replace what is no data set with boxes."""
    if not out.is_dir():
        raise OutputError(f"{printable(str(out))} is a file; name a directory.")
    for path in out.iterdir():
        if path.name not in _OURS and path.suffix != ".parquet":
            raise OutputError(
                f"{printable(str(out))} holds {printable(path.name)}, so it is not only a data set "
                "with boxes, and is not replaced; name another directory."
            )


def _write_parquet(path: Path, photos: Sequence[BoxedPhoto]) -> None:
    need_pyarrow()
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            ("boxes", pa.list_(pa.list_(pa.float32()))),
            ("labels", pa.list_(pa.string())),
            ("path", pa.string()),
        ]
    )
    hard = any(photo.difficult for photo in photos)
    if hard:
        schema = schema.append(pa.field("difficult", pa.list_(pa.bool_())))
    rows = []
    for photo in photos:
        name = photo.file_name
        corners, sizes = photo.boxes[:, :2], photo.boxes[:, 2:] - photo.boxes[:, :2]
        row = {
            "image": {"bytes": photo.data, "path": name},
            "boxes": [
                [*map(float, [*corner, *size])] for corner, size in zip(corners, sizes, strict=True)
            ],
            "labels": list(photo.labels),
            "path": name,
        }
        rows.append(row | {"difficult": list(photo.difficult)} if hard else row)
    with atomic_write(path) as draft:
        pq.write_table(pa.Table.from_pylist(rows, schema), draft, row_group_size=100)
