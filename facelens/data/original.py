"""CelebA as its authors give it out, made into the parquet layout of the Hub's copy."""

import os
from collections.abc import Iterator
from pathlib import Path

from facelens.data.celeba import Downloaded, check_alone, image_names, only_file
from facelens.data.dataset import ROW_GROUP, SPLITS, Sample, write_split
from facelens.data.rows import read_rows
from facelens.errors import DataError
from facelens.files import Progress, need_pyarrow, writing


def convert(
    source: Path, folder: Path, *, names: Path | None = None, progress: Progress | None = None
) -> Downloaded:
    """Convert CelebA's original files to the parquet layout of the Hub's copy.

    Args:
        source: a folder that holds, at any depth, img_align_celeba/, list_attr_celeba and
            list_eval_partition (.txt, or .csv as on Kaggle) and optionally identity_CelebA.txt. The
            bytes of the images are copied unchanged.
        folder: for train-*, valid-* and test-*.parquet.
        names: a text file with one image name per line; only these rows are written.
        progress: called with the images done and all images.

    Raises:
        DataError: a table or the images are missing, or a table is malformed.
        OutputError: `folder` cannot be written, or holds another data set.
    """
    wanted = None if names is None else image_names(names)
    need_pyarrow()
    tables, images = _original(source)
    attributes, answers = _labels(tables["list_attr_celeba"])
    partition = _numbers(tables["list_eval_partition"], allowed=range(3))
    people = _numbers(tables["identity_CelebA"]) if "identity_CelebA" in tables else None
    for other in (answers, people):
        lost = next((name for name in partition if other is not None and name not in other), None)
        if lost:
            raise DataError(
                f"The tables in {source} differ: not all name {lost}; download them again."
            )
    listed = [name for name in partition if wanted is None or name in wanted]
    missing = [] if wanted is None else sorted(wanted - partition.keys())
    done = 0

    def samples(split: int) -> Iterator[Sample]:
        nonlocal done
        for name in listed:
            if partition[name] != split:
                continue
            done += 1
            if progress and (done % ROW_GROUP == 0 or done == len(listed)):
                progress(done, len(listed))
            data = _jpeg(images / name)
            if data:
                person = None if people is None else people[name]
                yield Sample(data, name, person, [bool(answer) for answer in answers[name]])
            else:
                missing.append(name)

    rows = 0
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        check_alone(folder, {only_file(split) for split in SPLITS})
        for index, split in enumerate(SPLITS):
            rows += write_split(
                folder / only_file(split), samples(index), attributes, people=people
            )
    if not rows:
        raise DataError(f"{images} holds none of the images that the tables name.")
    return Downloaded(folder, rows, tuple(missing))


def _original(source: Path) -> tuple[dict[str, Path], Path]:
    """The tables below `source` by name, and the folder with the aligned images."""
    tables: dict[str, Path] = {}
    images: Path | None = None
    for here, folders, files in os.walk(source):
        folders.sort()
        for name in ("list_attr_celeba", "list_eval_partition", "identity_CelebA"):
            for file in (f"{name}.txt", f"{name}.csv"):
                if file in files:
                    tables.setdefault(name, Path(here, file))
        # Kaggle's archive has the folder twice, one in the other.
        if Path(here).name == "img_align_celeba" and any(n.endswith(".jpg") for n in files):
            images = Path(here)
    for name in ("list_attr_celeba", "list_eval_partition"):
        if name not in tables:
            raise DataError(f"{source} holds no {name}.txt (or .csv); download it to there.")
    if images is None:
        raise DataError(
            f"{source} holds no folder img_align_celeba with .jpg files; unpack "
            "img_align_celeba.zip there."
        )
    return tables, images


def _labels(path: Path) -> tuple[list[str], dict[str, bytes]]:
    """The names of the attributes, and for each image one byte per attribute, 1 for yes."""
    lines = read_rows(path, ["image_id"])
    _, names = next(lines, (0, []))
    if names and names[0] == "image_id":
        names = names[1:]
    if not names or len(set(names)) < len(names):
        raise DataError(f"{path} does not begin with the names of the attributes.")
    answers: dict[str, bytes] = {}
    for number, (image, *values) in lines:
        if len(values) != len(names) or not set(values) <= {"1", "-1", "0"}:
            raise DataError(
                f"{path}, line {number}: not an image's name and {len(names)} times 1 or -1; "
                "download it again."
            )
        answers[image] = bytes(value == "1" for value in values)
    return names, answers


def _numbers(path: Path, allowed: range = range(1 << 62)) -> dict[str, int]:
    """Read a table of two columns: image and number."""
    numbers: dict[str, int] = {}
    for number, row in read_rows(path, ["image_id"]):
        if row[0] == "image_id":
            continue
        # Python refuses to read thousands of digits.
        known = len(row) == 2 and row[1].isdecimal() and len(row[1]) <= 18
        if not known or int(row[1]) not in allowed:
            raise DataError(
                f"{path}, line {number}: not an image's name and its number; download it again."
            )
        numbers[row[0]] = int(row[1])
    return numbers


def _jpeg(path: Path) -> bytes:
    """The bytes of a complete JPEG file, or none."""
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    return data if data.startswith(b"\xff\xd8") and b"\xff\xd9" in data[-64:] else b""
