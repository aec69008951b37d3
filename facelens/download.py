"""Fetch what Facelens does not bring: the YuNet detector, and the CelebA data set."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facelens import parquet
from facelens.errors import DataError, DownloadError, OutputError

YUNET_REPO = "opencv/face_detection_yunet"
YUNET_SIZE = 232_589
YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"

CELEBA_REPO = "flwrlabs/celeba"
CELEBA_REVISION = "2d738f56e0e7f925ea36ae7c808ea925264aacec"
CELEBA_CONFIG = "img_align+identity+attr"
CELEBA_TERMS = "CelebA is for non-commercial research; its images may not be passed on."
_SPLITS = ("train", "valid", "test")


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
    """What `celeba` left in a folder; `unknown` are names that the data set does not have."""

    folder: Path
    rows: int
    unknown: tuple[str, ...] = ()


def detector() -> Path:
    """Fetch YuNet into the cache, checked, unless it is there; give its path."""
    from huggingface_hub import HfApi, hf_hub_download

    from facelens.faces.detect import YUNET_FILE, cache_folder

    path = cache_folder() / YUNET_FILE
    if path.is_file() and _sha256(path) == YUNET_SHA256:
        return path
    with _writing(path.parent), tempfile.TemporaryDirectory(dir=path.parent) as draft:
        with _fetching("YuNet"):
            # Asked first, since a download would go on trying for half a minute.
            commit = HfApi().model_info(YUNET_REPO, timeout=30).sha
            fetched = Path(
                hf_hub_download(YUNET_REPO, YUNET_FILE, revision=commit, local_dir=draft)
            )
        if fetched.stat().st_size != YUNET_SIZE or _sha256(fetched) != YUNET_SHA256:
            raise DownloadError("YuNet arrived damaged, or is another file; nothing was kept.")
        fetched.replace(path)
    return path


def celeba(folder: Path, *, names: Path | None = None) -> Fetched:
    """Fetch CelebA's aligned faces as parquet files, one file after the other.

    A call that was broken off goes on where it stopped. With a slice only one of the Hub's files
    is on the disk at a time.

    Args:
        folder: where train-*, valid-* and test-*.parquet go.
        names: a text file with one image name a line; only these rows are kept, and each split
            becomes one file.

    Raises:
        DownloadError: the Hub cannot be reached, or a file arrived damaged.
        OutputError: there is no room, or `folder` cannot be written.
    """
    wanted = None if names is None else _names(names)
    parquet.need_pyarrow()
    shards = _shards()
    with _writing(folder):
        if wanted is None:
            missing = [shard for shard in shards if not _is_whole(folder / shard.name, shard)]
            _check_room(folder, sum(shard.size for shard in missing))
            for shard in missing:
                _fetch(shard, folder).replace(folder / shard.name)
            _drop_drafts(folder)
            return Fetched(folder, _count(folder / shard.name for shard in shards))
        return _slice(shards, folder, wanted)


def need(*, names: Path | None = None) -> str:
    """Say how much is going to be fetched, and how much room it takes."""
    if names is not None:
        count = len(_names(names))
    shards = _shards()
    total, largest = sum(s.size for s in shards), max(s.size for s in shards)
    if names is None:
        room = f"{_gigabytes(total)} on disk"
    else:
        room = f"{_gigabytes(2 * largest)} on disk at a time, for {count:,} images"
    return f"CelebA: {_gigabytes(total)} to fetch, {room}. {CELEBA_TERMS}"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _shards() -> list[Shard]:
    from huggingface_hub import HfApi

    with _fetching("the list of CelebA's files"):
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

    with _fetching(shard.name):
        path = hf_hub_download(
            CELEBA_REPO,
            shard.path,
            repo_type="dataset",
            revision=CELEBA_REVISION,
            local_dir=_drafts(folder),
        )
    fetched = Path(path)
    if not _is_whole(fetched, shard) or shard.sha256 not in (None, _sha256(fetched)):
        fetched.unlink()
        raise DownloadError(f"{shard.name} arrived damaged; give the same command again.")
    return fetched


def _is_whole(path: Path, shard: Shard) -> bool:
    return path.is_file() and path.stat().st_size == shard.size


def _drafts(folder: Path) -> Path:
    return folder / ".download"


def _drop_drafts(folder: Path) -> None:
    shutil.rmtree(_drafts(folder), ignore_errors=True)


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

    _check_room(folder, 2 * max(shard.size for shard in shards))
    # Another list of names must not take up this one's parts.
    digest = hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:16]
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
    for split in _SPLITS:
        parts = [kept / shard.name for shard in shards if shard.split == split]
        if parts:
            draft = kept / f"{split}.draft"
            with pq.ParquetWriter(draft, pq.read_schema(parts[0])) as writer:
                for part in parts:
                    writer.write_table(pq.read_table(part), row_group_size=1000)
            rows += _count([draft])
            draft.replace(folder / f"{split}-00000-of-00001.parquet")
    _drop_drafts(folder)
    return Fetched(folder, rows, tuple(sorted(wanted - found)))


def _filter(source: Path, part: Path, wanted: frozenset[str]) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    draft = part.with_suffix(".draft")
    with pq.ParquetFile(source) as shard, pq.ParquetWriter(draft, shard.schema_arrow) as writer:
        for batch in shard.iter_batches(256):
            paths = pc.struct_field(batch.column("image"), "path")
            mask = pa.array([path in wanted for path in paths.to_pylist()])
            writer.write_batch(batch.filter(mask))
    draft.replace(part)


def _paths(part: Path) -> list[str]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(part) as file:
        column = file.read(columns=["image.path"]).column("image")
    return [image["path"] for image in column.to_pylist()]


def _count(paths: Any) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in paths)


# what can go wrong


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _fetching(what: str) -> Iterator[None]:
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    unreachable = f"The Hub could not be reached for {what}; try again with a network."
    try:
        yield
    except (LocalEntryNotFoundError, ConnectionError) as error:
        raise DownloadError(unreachable) from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        raise DownloadError(
            f"The Hub refused {what} ({status}); check HF_ENDPOINT, or try again later."
        ) from error
    except OSError:
        raise
    except Exception as error:  # the client's versions bring different HTTP libraries
        raise DownloadError(unreachable) from error


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{folder} could not be written: {why}.") from error
