"""A file whole or not at all: atomic writes, checksums, the cache folder, one run at a time."""

import hashlib
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facelens.data import parquet
from facelens.errors import OutputError


def cache_folder() -> Path:
    """Name the folder that downloads are kept in; FACELENS_CACHE moves it."""
    if chosen := os.environ.get("FACELENS_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "facelens"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "facelens"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facelens"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A draft that becomes `path` when it is whole; two writers never share one."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.draft")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{out} could not be written: {why}.") from error


def write_text(path: Path, text: str) -> None:
    with atomic_write(path) as draft:
        draft.write_text(text, encoding="utf-8")


def check_out(out: Path, *, force: bool) -> None:
    """Refuse a table that cannot be written, or is there already."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise OutputError(f"{out.name} ends neither in .csv nor in .parquet; name the table so.")
    if out.suffix.lower() == ".parquet":
        parquet.need_pyarrow()
    if not out.parent.is_dir():
        raise OutputError(f"There is no folder {out.parent}; make it first.")
    if out.is_dir():
        raise OutputError(f"{out} is a folder; name a file.")
    if out.exists() and not force:
        raise OutputError(f"{out} exists; name another file, or give --force to write over it.")


@contextmanager
def only_one(parts: Path) -> Iterator[None]:
    """Refuse a second run on the same parts; the lock goes with the process that holds it."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (parts / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(f"Another facelens is at work in {parts}.") from None
        yield


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
