"""CelebA: downloaded from the Hub, whole or a slice of it, or made of the original files."""

import csv
import io
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from facelens.bundles.hub import hub_errors
from facelens.data.dataset import ROW_GROUP, SPLITS, Sample, write_split
from facelens.errors import DataError, DownloadError, OutputError
from facelens.files import Progress, atomic_write, need_pyarrow, sha256, sha256_of, writing

CELEBA_REPO = "flwrlabs/celeba"
CELEBA_REVISION = "2d738f56e0e7f925ea36ae7c808ea925264aacec"
CELEBA_CONFIG = "img_align+identity+attr"
CELEBA_TERMS = "CelebA is for non-commercial research; its images may not be passed on."
CELEBA_IMAGES = 202_599
# The 21,723 images that the project's figures are about; `--slice facelens` names it.
OUR_SLICE = Path(__file__).with_name("celeba_slice.txt")


@dataclass(frozen=True)
class Shard:
    """One parquet file of the data set on the Hub."""

    path: str
    size: int
    sha256: str | None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def split(self) -> str:
        return self.name.partition("-")[0]


@dataclass(frozen=True)
class Fetched:
    """What `celeba` or `convert` left in a folder; `unknown` are names that had no picture."""

    folder: Path
    rows: int
    unknown: tuple[str, ...] = ()


def celeba(folder: Path, *, names: Path | None = None, shards: int | None = None) -> Fetched:
    """Fetch CelebA's aligned faces as parquet files, one file after the other.

    A call that was broken off goes on where it stopped. With a slice only one of the Hub's files
    is on the disk at a time.

    Args:
        folder: where train-*, valid-* and test-*.parquet go.
        names: a text file with one image name a line; only these rows are kept, and each split
            becomes one file.
        shards: fetch only the first so many training files, with all of validation and test.

    Raises:
        DownloadError: the Hub cannot be reached, or a file arrived damaged.
        OutputError: there is no room, `folder` cannot be written, or holds another data set.
    """
    wanted = None if names is None else _names(names)
    need_pyarrow()
    listed = _shards()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if wanted is not None:
            return _slice(listed, folder, wanted)
        _check_alone(folder, {shard.name for shard in listed})
        chosen = _first(listed, shards)
        missing = [shard for shard in chosen if not _is_whole(folder / shard.name, shard)]
        _check_room(folder, sum(shard.size for shard in missing))
        for shard in missing:
            _fetch(shard, folder).replace(folder / shard.name)
        _drop_drafts(folder)
        return Fetched(folder, _count(folder / shard.name for shard in chosen))


def need(folder: Path, *, names: Path | None = None, shards: int | None = None) -> str:
    """Say how much is going to be fetched into `folder`, how long that takes and what it fills."""
    count = 0 if names is None else len(_names(names))
    listed = _shards()
    if names is None:
        chosen = _first(listed, shards)
        size = sum(s.size for s in chosen if not _is_whole(folder / s.name, s))
        room = f"{_gigabytes(sum(s.size for s in chosen))} on disk in {len(chosen)} files"
    else:
        size = sum(shard.size for shard in listed)
        kept = size * count // CELEBA_IMAGES
        room = (
            f"about {_gigabytes(kept)} on disk for {count:,} images, "
            f"{_gigabytes(kept + 2 * max(shard.size for shard in listed))} on the way"
        )
    return (
        f"CelebA: {_gigabytes(size)} to fetch, about {_minutes(size, 10)} at 10 Mbit/s and "
        f"{_minutes(size, 100)} at 100; {room}. Broken off, it goes on where it stopped. "
        f"{CELEBA_TERMS}"
    )


def _minutes(size: int, megabits: int) -> str:
    minutes = max(1, round(8 * size / megabits / 60e6))
    return f"{minutes} {'minute' if minutes == 1 else 'minutes'}"


def _first(shards: list[Shard], count: int | None) -> list[Shard]:
    """The first `count` training files, and all of validation and test."""
    train = [shard for shard in shards if shard.split == "train"]
    return train[:count] + [shard for shard in shards if shard.split != "train"]


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _shards() -> list[Shard]:
    from huggingface_hub import HfApi

    with hub_errors("the list of CelebA's files", "download"):
        info = HfApi().dataset_info(
            CELEBA_REPO, revision=CELEBA_REVISION, files_metadata=True, timeout=30
        )
    shards = [
        Shard(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else None)
        for file in info.siblings or []
        if file.rfilename.startswith(f"{CELEBA_CONFIG}/") and file.rfilename.endswith(".parquet")
    ]
    if not shards:
        raise DownloadError(f"{CELEBA_REPO} on the Hub has no {CELEBA_CONFIG} in parquet.")
    return sorted(shards, key=lambda shard: shard.name)


def _fetch(shard: Shard, folder: Path) -> Path:
    """Fetch one file to a place below `folder`; a part that is there is gone on with."""
    from huggingface_hub import hf_hub_download

    with hub_errors(shard.name, "download"):
        path = hf_hub_download(
            CELEBA_REPO,
            shard.path,
            repo_type="dataset",
            revision=CELEBA_REVISION,
            local_dir=_drafts(folder),
        )
    fetched = Path(path)
    if not _is_whole(fetched, shard) or shard.sha256 not in (None, sha256(fetched)):
        fetched.unlink()
        raise DownloadError(f"{shard.name} arrived damaged; give the same command again.")
    return fetched


def _is_whole(path: Path, shard: Shard) -> bool:
    return path.is_file() and path.stat().st_size == shard.size


def _drafts(folder: Path) -> Path:
    return folder / ".download"


def _drop_drafts(folder: Path) -> None:
    shutil.rmtree(_drafts(folder), ignore_errors=True)


def _check_alone(folder: Path, names: set[str]) -> None:
    """Refuse a folder with files of another cut: together they would hold faces twice."""
    for split in SPLITS:
        others = sorted(path.name for path in folder.glob(f"{split}-*.parquet"))
        odd = [name for name in others if name not in names]
        if odd:
            raise OutputError(
                f"{folder} holds {odd[0]}, of another data set or another part of this one; "
                "name another folder."
            )


def _check_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise OutputError(
            f"{_gigabytes(size)} are needed and {_gigabytes(free)} are free in {folder}; "
            "make room or name another folder."
        )


# a slice


def _names(path: Path) -> frozenset[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise DataError(
            f"{path} cannot be read; give a text file with an image name a line."
        ) from None
    names = frozenset(line.strip() for line in text.splitlines() if line.strip())
    if not names:
        raise DataError(f"{path} names no image.")
    return names


def _slice(shards: list[Shard], folder: Path, wanted: frozenset[str]) -> Fetched:
    import pyarrow.parquet as pq

    _check_alone(folder, {_only(split) for split in SPLITS})
    _check_room(folder, 2 * max(shard.size for shard in shards))
    # Another list of names must not take up this one's parts.
    digest = sha256_of("\n".join(sorted(wanted)).encode())[:16]
    kept = _drafts(folder) / f"slice-{digest}"
    kept.mkdir(parents=True, exist_ok=True)
    found: set[str] = set()
    for shard in shards:
        part = kept / shard.name
        if not part.is_file():
            fetched = _fetch(shard, folder)
            _filter(fetched, part, wanted)
            fetched.unlink()
        found.update(_paths(part))
    rows = 0
    for split in SPLITS:
        parts = [kept / shard.name for shard in shards if shard.split == split]
        if parts:
            whole, schema = folder / _only(split), pq.read_schema(parts[0])
            with atomic_write(whole) as draft, pq.ParquetWriter(draft, schema) as writer:
                for part in parts:
                    writer.write_table(pq.read_table(part), row_group_size=ROW_GROUP)
            rows += _count([whole])
    _drop_drafts(folder)
    return Fetched(folder, rows, tuple(sorted(wanted - found)))


def _filter(source: Path, part: Path, wanted: frozenset[str]) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with (
        pq.ParquetFile(source) as shard,
        atomic_write(part) as draft,
        pq.ParquetWriter(draft, shard.schema_arrow) as writer,
    ):
        for batch in shard.iter_batches(256):
            paths = pc.struct_field(batch.column("image"), "path")
            mask = pa.array([path in wanted for path in paths.to_pylist()])
            writer.write_batch(batch.filter(mask))


def _paths(part: Path) -> list[str]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(part) as file:
        column = file.read(columns=["image.path"]).column("image")
    return [image["path"] for image in column.to_pylist()]


def _count(paths: Iterable[Path]) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in paths)


def _only(split: str) -> str:
    """What the Hub calls a split's file where there is only one."""
    return f"{split}-00000-of-00001.parquet"


# the original files


def convert(
    source: Path, folder: Path, *, names: Path | None = None, progress: Progress | None = None
) -> Fetched:
    """Write CelebA as its authors give it out, in the parquet layout of the Hub's copy.

    Args:
        source: a folder that holds, at any depth, img_align_celeba/, list_attr_celeba and
            list_eval_partition (.txt, or .csv as Kaggle has them) and, where people matter,
            identity_CelebA.txt. The bytes of the images stay as they are.
        folder: where train-*, valid-* and test-*.parquet go.
        names: a text file with one image name a line; only these rows are written.
        progress: called with the images done and all images.

    Raises:
        DataError: a table or the images are missing, or a table is not what it should be.
        OutputError: `folder` cannot be written, or holds another data set.
    """
    wanted = None if names is None else _names(names)
    need_pyarrow()
    tables, images = _original(source)
    attributes, answers = _labels(tables["list_attr_celeba"])
    partition = _numbers(tables["list_eval_partition"], allowed=range(3))
    people = _numbers(tables["identity_CelebA"]) if "identity_CelebA" in tables else None
    for other in (answers, people):
        lost = next((name for name in partition if other is not None and name not in other), None)
        if lost:
            raise DataError(
                f"The tables in {source} differ: not all name {lost}; fetch them again."
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
        _check_alone(folder, {_only(split) for split in SPLITS})
        for index, split in enumerate(SPLITS):
            rows += write_split(folder / _only(split), samples(index), attributes, people=people)
    if not rows:
        raise DataError(f"{images} holds none of the images that the tables name.")
    return Fetched(folder, rows, tuple(missing))


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
            raise DataError(f"{source} holds no {name}.txt (or .csv); fetch it to there.")
    if images is None:
        raise DataError(
            f"{source} holds no folder img_align_celeba with .jpg files; unpack "
            "img_align_celeba.zip there."
        )
    return tables, images


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line that has any, with the line's number."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path} is no text that can be read; fetch it again.") from None
    rows = (
        csv.reader(io.StringIO(text)) if path.suffix == ".csv" else map(str.split, text.split("\n"))
    )
    for number, row in enumerate(rows, 1):
        if row:
            yield number, [field.strip() for field in row]


def _labels(path: Path) -> tuple[list[str], dict[str, bytes]]:
    """The names of the attributes, and of each image a byte an attribute, 1 for yes."""
    lines = _lines(path)
    _, names = next(lines, (0, []))
    if len(names) == 1:  # the original begins with the number of images
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
                "fetch it again."
            )
        answers[image] = bytes(value == "1" for value in values)
    return names, answers


def _numbers(path: Path, allowed: range = range(1 << 62)) -> dict[str, int]:
    """What a table of two columns says of each image."""
    numbers: dict[str, int] = {}
    for number, row in _lines(path):
        if row[0] == "image_id":
            continue
        if len(row) != 2 or not row[1].isdecimal() or int(row[1]) not in allowed:
            raise DataError(
                f"{path}, line {number}: not an image's name and its number; fetch it again."
            )
        numbers[row[0]] = int(row[1])
    return numbers


def _jpeg(path: Path) -> bytes:
    """The bytes of a whole JPEG file, or none."""
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    return data if data.startswith(b"\xff\xd8") and b"\xff\xd9" in data[-64:] else b""
