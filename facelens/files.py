"""A file whole or not at all: atomic writes, checksums, the cache folder, one run at a time."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.errors import MissingExtraError, OutputError, printable

if TYPE_CHECKING:
    import numpy as np

# What is told of work that goes on: how much is done, and how much there is in all.
Progress = Callable[[int, int], None]

TABLES = (".csv", ".parquet")


# a file, a folder


@contextmanager
def writing(
    out: Path, *, advice: str = "", failures: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Make a sentence about `out` of an OSError, or of what other libraries raise: `failures`."""
    caught: tuple[type[Exception], ...] = (OSError, *failures)
    try:
        yield
    except caught as error:
        why = f"{error.strerror or error}." if isinstance(error, OSError) else "is the disk full?"
        sentence = f"{printable(str(out))} cannot be written: {why}"
        raise OutputError(f"{sentence} {advice}".rstrip()) from error


@contextmanager
def atomic_write(
    path: Path,
    *,
    keep_suffix: bool = False,
    advice: str = "",
    failures: tuple[type[Exception], ...] = (),
) -> Iterator[Path]:
    """Give a draft beside `path`, which becomes `path` when it is whole and on the disk.

    No two writers share a draft, and none is left where writing fails.

    Args:
        keep_suffix: the draft ends as `path` does, for an encoder that goes by it.
        advice, failures: as for `writing`.

    Raises:
        OutputError: the system refuses, or the writer raises one of `failures`.
    """
    mark = f"{_unique()}.draft"
    name = f"{path.stem}.{mark}{path.suffix.lower()}" if keep_suffix else f"{path.name}.{mark}"
    draft = path.with_name(name)
    with writing(path, advice=advice, failures=failures):
        try:
            draft.touch()  # what cannot be written is said before the work
            yield draft
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _unique() -> str:
    return os.urandom(8).hex()


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder, which takes the place of `path` when it is whole.

    What lies beside it, in the folder that holds it, goes in any case.

    Raises:
        OutputError: the system refuses.
    """
    import tempfile

    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as aside:
            draft, before = Path(aside) / "draft", Path(aside) / "before"
            draft.mkdir()
            yield draft
            if path.exists():
                path.rename(before)
            try:
                draft.rename(path)
            except OSError:
                if before.exists():
                    before.rename(path)
                raise


def write_bytes(path: Path, data: bytes) -> None:
    with atomic_write(path) as draft:
        draft.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, values: Any) -> None:
    write_text(path, json.dumps(values, indent=1) + "\n")


def write_array(path: Path, values: "np.ndarray") -> None:
    """Write an .npy file."""
    import numpy as np

    with atomic_write(path, keep_suffix=True) as draft:
        np.save(draft, values)


# whether, where and by whom


def check_out(
    out: Path,
    kinds: Mapping[str, tuple[str, ...]] | None = None,
    *,
    source: Path | None = None,
    force: bool,
) -> None:
    """Refuse a file that cannot be written, or is there already.

    Args:
        out: the file that is to be written.
        kinds: what it may be and how its name then ends; a table if not given.
        source: what is read for it, which it must not replace.
        force: it may replace another.

    Raises:
        OutputError: it may not be written.
        MissingExtraError: it is parquet, and pyarrow is missing.
    """
    kinds = kinds or {"table": TABLES}
    suffix, shown = out.suffix.lower(), printable(str(out))
    if not any(suffix in endings for endings in kinds.values()):
        raise OutputError(f"{printable(out.name)} does not end in {_choice(kinds)}; name it so.")
    if suffix == ".parquet":
        need_pyarrow()
    if not out.parent.is_dir():
        raise OutputError(f"There is no folder {printable(str(out.parent))}; make it first.")
    if out.is_dir():
        raise OutputError(f"{shown} is a folder; name a file.")
    if source and out.exists() and source.exists() and out.samefile(source):
        raise OutputError(f"{printable(out.name)} is read for this; name another file to write.")
    if out.exists() and not force:
        raise OutputError(f"{shown} exists; name another file, or give --force to overwrite it.")


def _choice(kinds: Mapping[str, tuple[str, ...]]) -> str:
    """E.g. ".csv or .parquet (a table) or in .avi (a film)"; of one kind the name is left out."""
    parts = []
    for kind, endings in kinds.items():
        *most, last = endings
        listed = f"{', '.join(most)} or {last}" if most else last
        parts.append(f"{listed} (a {kind})" if len(kinds) > 1 else listed)
    return " or in ".join(parts)


def need_pyarrow() -> None:
    """Say how to get pyarrow where it is missing."""
    try:
        import pyarrow.parquet  # noqa: F401 - only whether it is there
    except ImportError:
        raise MissingExtraError(
            "Reading and writing parquet needs pyarrow: pip install 'facelens[bulk]'."
        ) from None


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Refuse a second run in `folder`.

    The system frees the lock when the process ends, however it does; a file left behind locks
    nothing. On Windows the file cannot be removed before the block ends.

    Raises:
        OutputError: another process, or another thread of this one, is at work there.
    """
    from filelock import FileLock, Timeout

    try:
        lock = FileLock(folder / "lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise OutputError(f"Another facelens is at work in {printable(str(folder))}.") from None
    try:
        yield
    finally:
        lock.release()


def cache_folder() -> Path:
    """Name the folder that downloads are kept in.

    FACELENS_CACHE if it is set, else the system's place: XDG_CACHE_HOME or ~/.cache on Linux,
    ~/Library/Caches on macOS, %LOCALAPPDATA% on Windows, and there the folder facelens.
    """
    if chosen := os.environ.get("FACELENS_CACHE"):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("facelens", appauthor=False, opinion=False)


# checksums


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(*data: bytes) -> str:
    """The checksum of bytes, one after the other."""
    digest = hashlib.sha256()
    for each in data:
        digest.update(each)
    return digest.hexdigest()
