"""CelebA: download it, or a slice of it, from the Hub."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from facelens.bundles.hub import hub_errors
from facelens.data.dataset import ROW_GROUP, SPLITS
from facelens.errors import DataError, DownloadError, OutputError
from facelens.files import atomic_write, need_pyarrow, sha256, sha256_of, writing

CELEBA_REPO = "flwrlabs/celeba"
CELEBA_REVISION = "2d738f56e0e7f925ea36ae7c808ea925264aacec"
CELEBA_CONFIG = "img_align+identity+attr"
CELEBA_TERMS = "CelebA is for non-commercial research; its images may not be passed on."
CELEBA_IMAGES = 202_599
# The 21,723 images behind the project's figures: `--slice facelens`.
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
class Downloaded:
    """The result of `celeba` or `convert`; `unknown`: requested names without an image."""

    folder: Path
    rows: int
    unknown: tuple[str, ...] = ()


def celeba(folder: Path, *, names: Path | None = None, shards: int | None = None) -> Downloaded:
    """Download CelebA's aligned faces as parquet files, one after the other.

    An interrupted download resumes where it stopped. For a slice, only one of the Hub's files is on
    disk at a time.

    Args:
        folder: for train-*, valid-* and test-*.parquet.
        names: a text file with one image name per line; only these rows are kept, and each split
            becomes one file.
        shards: download only this many training files, with all of validation and test.

    Raises:
        DownloadError: the Hub cannot be reached, or a file arrived damaged.
        OutputError: there is no room, `folder` cannot be written, or holds another data set.
    """
    wanted = None if names is None else image_names(names)
    need_pyarrow()
    listed = _shards()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if wanted is not None:
            return _slice(listed, folder, wanted)
        check_alone(folder, {shard.name for shard in listed})
        chosen = _first(listed, shards)
        missing = [shard for shard in chosen if not _is_whole(folder / shard.name, shard)]
        _check_room(folder, sum(shard.size for shard in missing))
        for shard in missing:
            _download(shard, folder).replace(folder / shard.name)
        _drop_drafts(folder)
        return Downloaded(folder, _count(folder / shard.name for shard in chosen))


def need(folder: Path, *, names: Path | None = None, shards: int | None = None) -> str:
    """Describe the download into `folder`: its size, how long it takes, and the space it needs."""
    count = 0 if names is None else len(image_names(names))
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
            f"{_gigabytes(kept + 2 * max(shard.size for shard in listed))} during the download"
        )
    return (
        f"CelebA: {_gigabytes(size)} to download, about {_minutes(size, 10)} at 10 Mbit/s and "
        f"{_minutes(size, 100)} at 100; {room}. An interrupted download resumes where it stopped. "
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


def _download(shard: Shard, folder: Path) -> Path:
    """Download one file to a draft in `folder`; a partial download is resumed."""
    from huggingface_hub import hf_hub_download

    with hub_errors(shard.name, "download"):
        path = hf_hub_download(
            CELEBA_REPO,
            shard.path,
            repo_type="dataset",
            revision=CELEBA_REVISION,
            local_dir=_drafts(folder),
        )
    file = Path(path)
    if not _is_whole(file, shard) or shard.sha256 not in (None, sha256(file)):
        file.unlink()
        raise DownloadError(f"{shard.name} arrived damaged; give the same command again.")
    return file


def _is_whole(path: Path, shard: Shard) -> bool:
    return path.is_file() and path.stat().st_size == shard.size


def _drafts(folder: Path) -> Path:
    return folder / ".download"


def _drop_drafts(folder: Path) -> None:
    shutil.rmtree(_drafts(folder), ignore_errors=True)


def check_alone(folder: Path, names: set[str]) -> None:
    """Refuse a folder with files of another slice: together they would have duplicate faces."""
    for split in SPLITS:
        found = sorted(path.name for path in folder.glob(f"{split}-*.parquet"))
        others = [name for name in found if name not in names]
        if others:
            raise OutputError(
                f"{folder} holds {others[0]}, of another data set or another part of this one; "
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


def image_names(path: Path) -> frozenset[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise DataError(
            f"{path} cannot be read; give a text file with one image name per line."
        ) from None
    names = frozenset(line.strip() for line in text.splitlines() if line.strip())
    if not names:
        raise DataError(f"{path} names no image.")
    return names


def _slice(shards: list[Shard], folder: Path, wanted: frozenset[str]) -> Downloaded:
    import pyarrow.parquet as pq

    check_alone(folder, {only_file(split) for split in SPLITS})
    _check_room(folder, 2 * max(shard.size for shard in shards))
    # Another list of names must not resume from this one's parts.
    digest = sha256_of("\n".join(sorted(wanted)).encode())[:16]
    kept = _drafts(folder) / f"slice-{digest}"
    kept.mkdir(parents=True, exist_ok=True)
    found: set[str] = set()
    for shard in shards:
        part = kept / shard.name
        if not part.is_file():
            file = _download(shard, folder)
            _filter(file, part, wanted)
            file.unlink()
        found.update(_paths(part))
    rows = 0
    for split in SPLITS:
        parts = [kept / shard.name for shard in shards if shard.split == split]
        if parts:
            whole, schema = folder / only_file(split), pq.read_schema(parts[0])
            with atomic_write(whole) as draft, pq.ParquetWriter(draft, schema) as writer:
                for part in parts:
                    writer.write_table(pq.read_table(part), row_group_size=ROW_GROUP)
            rows += _count([whole])
    _drop_drafts(folder)
    return Downloaded(folder, rows, tuple(sorted(wanted - found)))


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


def only_file(split: str) -> str:
    """The Hub's name for the file of a split with only one."""
    return f"{split}-00000-of-00001.parquet"
