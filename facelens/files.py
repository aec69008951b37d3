"""Atomic writes, checksums, the cache folder, and a lock for one run at a time."""

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelens.errors import MissingExtraError, OutputError, printable

if TYPE_CHECKING:
    import numpy as np

# Called during long work with how much is done and how much there is in all.
Progress = Callable[[int, int], None]

TABLES = (".csv", ".parquet")


# a file, a folder


@contextmanager
def writing(
    out: Path, *, advice: str = "", failures: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn an OSError, or other libraries' `failures`, into a sentence about `out`."""
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
    """Yield a draft next to `path`, which replaces `path` once it is complete and on disk.

    Every writer has its own draft, and it is removed if writing fails; that of a process that was
    killed is removed by the next one that writes into the folder.

    Args:
        keep_suffix: give the draft the suffix of `path`, for an encoder that depends on it.
        advice, failures: as for `writing`.

    Raises:
        OutputError: the system refuses, or the writer raises one of `failures`.
    """
    mark = f"{_unique()}.draft"
    name = f"{path.stem}.{mark}{path.suffix.lower()}" if keep_suffix else f"{path.name}.{mark}"
    draft = path.with_name(name)
    remove_left(path.parent)
    with writing(path, advice=advice, failures=failures):
        try:
            draft.touch()  # fail before the work if this cannot be written
            yield draft
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder, which replaces `path` once it is complete.

    Its parent is temporary and is removed in any case, with anything else in it.

    Raises:
        OutputError: the system refuses.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with folder_aside(path.parent, f".{path.name}") as aside:
            draft, before = aside / "draft", aside / _BEFORE
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


@contextmanager
def folder_aside(parent: Path, name: str = "facelens") -> Iterator[Path]:
    """Yield an empty folder in `parent`, which is removed in the end; as for drafts if killed."""
    aside = new_folder_aside(parent, name)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def new_folder_aside(parent: Path, name: str = "facelens") -> Path:
    """Make an empty folder in `parent`, private to this process, which removes it."""
    _remove_left.cache_clear()  # folders are made seldom, so it costs nothing to look again
    remove_left(parent)
    folder = parent / f"{name}.{_unique()}.aside"
    folder.mkdir(mode=0o700)
    return folder


# what a killed process leaves

_BEFORE = "before"
_LEFT = re.compile(r"(?P<name>.+)\.(?P<where>\w{6})-(?P<pid>\d+)-\w{8}\.(draft(\.\w+)?|aside)")
_FORGOTTEN = 7 * 24 * 3600  # seconds after which another machine's process no longer writes


def _unique() -> str:
    """A mark that tells this process from others, and where it runs from elsewhere."""
    return f"{_where()}-{os.getpid()}-{os.urandom(4).hex()}"


@cache
def _where() -> str:
    """Six digits for this machine since it was started, or this container: where pids count."""
    here = platform.node()
    try:
        here += Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        here += str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        pass  # another system than Linux
    return hashlib.sha256(here.encode()).hexdigest()[:6]


def remove_left(folder: Path) -> None:
    """Remove the drafts of ended processes in `folder`; it is looked at once in a process."""
    _remove_left(folder.absolute(), os.getpid())


@cache
def _remove_left(folder: Path, _process: int) -> None:
    try:
        with os.scandir(folder) as entries:
            left = list(filter(None, (_LEFT.fullmatch(entry.name) for entry in entries)))
        for found in left:
            path = folder / found[0]
            if _is_forgotten(path, found):
                _remove_one(path, folder / found["name"].removeprefix("."))
    except OSError:
        return  # a folder that is missing or read only is told by who writes there


def _is_forgotten(path: Path, found: re.Match[str]) -> bool:
    if found["where"] == _where() and os.name == "posix":
        return not _lives(int(found["pid"]))
    return time.time() - path.stat().st_mtime > _FORGOTTEN


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _remove_one(left: Path, target: Path) -> None:
    if left.suffix != ".aside":
        left.unlink(missing_ok=True)
        return
    if (left / _BEFORE).exists() and not target.exists():
        (left / _BEFORE).rename(target)  # killed between two renames: the old folder is whole
    shutil.rmtree(left, ignore_errors=True)


# whole files


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


def read_file(path: Path, most: int) -> bytes:
    """Read a regular file of at most `most` bytes; never wait for a pipe or a device.

    Raises:
        OSError: it cannot be read, is something else, or is larger.
    """
    # Non-blocking: without a writer, opening a pipe would wait for one. The system ignores it for
    # regular files.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "It is a pipe or a device, not a file", str(path))
        data = b"" if status.st_size > most else file.read(most + 1)
    if status.st_size > most or len(data) > most:
        raise OSError(errno.EFBIG, f"It is larger than {most:,} bytes", str(path))
    return data


# checks, the lock, the cache


def check_out(
    out: Path,
    kinds: Mapping[str, tuple[str, ...]] | None = None,
    *,
    source: Path | None = None,
    force: bool,
) -> None:
    """Refuse an output file that cannot be written, or exists already.

    Args:
        out: the output file.
        kinds: the suffixes allowed for each kind of output; by default those of a table.
        source: the input, which must not be overwritten.
        force: overwrite another existing file.

    Raises:
        OutputError: it may not be written.
        MissingExtraError: it is parquet, and pyarrow is missing.
    """
    kinds = kinds or {"table": TABLES}
    suffix, shown = out.suffix.lower(), printable(str(out))
    if not any(suffix in endings for endings in kinds.values()):
        raise OutputError(f"{printable(out.name)} does not end in {_choice(kinds)}; change it.")
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
    """E.g. ".csv or .parquet (a table) or in .avi (a film)"; a single kind's name is omitted."""
    parts = []
    for kind, endings in kinds.items():
        *most, last = endings
        listed = f"{', '.join(most)} or {last}" if most else last
        parts.append(f"{listed} (a {kind})" if len(kinds) > 1 else listed)
    return " or in ".join(parts)


def need_pyarrow() -> None:
    """Say how to install pyarrow if it is missing."""
    try:
        import pyarrow.parquet  # noqa: F401 - only checks that it is installed
    except ImportError:
        raise MissingExtraError(
            "Reading and writing parquet needs pyarrow: pip install 'facelens[bulk]'."
        ) from None


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Lock `folder` against a second run.

    The system releases the lock when the process ends, even if it is killed; a leftover file does
    not lock. On Windows the file cannot be removed before the block ends.

    Raises:
        OutputError: another process, or another thread of this one, is running there.
    """
    from filelock import FileLock, Timeout

    try:
        lock = FileLock(folder / "lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise OutputError(f"Another facelens is running in {printable(str(folder))}.") from None
    try:
        yield
    finally:
        lock.release()


def cache_folder() -> Path:
    """Return the folder in which downloads are cached.

    FACELENS_CACHE if set, else the folder facelens in the system's cache: XDG_CACHE_HOME or
    ~/.cache on Linux, ~/Library/Caches on macOS, %LOCALAPPDATA% on Windows.
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
    """The checksum of bytes, concatenated."""
    digest = hashlib.sha256()
    for each in data:
        digest.update(each)
    return digest.hexdigest()
