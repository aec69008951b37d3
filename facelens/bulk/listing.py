"""List the photos of a folder, and the reason why anything else in it is passed over.

Every entry is one or the other, so that nothing is left out of the tables without a word.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from facelens.errors import DataError

# Files with these endings are read without a look at their first bytes.
SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff",
    ".avif", ".heic", ".heif", ".hif",
}  # fmt: skip
# Raw files begin as TIFF does, with a thumbnail.
RAW = {
    ".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".nef", ".nrw",
    ".orf", ".pef", ".rw2", ".sr2", ".srf", ".srw",
}  # fmt: skip
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")  # and HEIC, without Pillow
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1")
_HEAD = 16  # bytes, which Pillow too tells a photo by
# Does not wait for a pipe that has taken a file's place.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass
class Listing:
    """What a folder holds: `photos` to read, and `skipped`, each with its reason.

    Names are relative to the folder, with forward slashes; a skipped folder's ends in one.
    """

    photos: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def list_folder(source: Path, out: Path) -> Listing:
    """List everything in `source` and the folders within, except for `out` and what belongs to it.

    Links to files are read, links to folders are not followed: neither loops nor twice the same.

    Raises:
        DataError: the folder cannot be read.
    """
    found = Listing()
    root = os.path.realpath(source)
    aside = os.path.join(os.path.realpath(out.parent), out.name)  # noqa: PTH118 - as `root` is
    ours = {aside, f"{aside}.errors.csv", f"{aside}.parts"}
    folders = [(root, "")]
    while folders:
        folder, prefix = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.path not in ours:
                        _sort(entry, prefix, found, folders)
        except OSError as error:
            if not prefix:
                raise DataError(f"{source} cannot be read: {error.strerror or error}.") from None
            found.skipped.append((prefix, f"This folder {_refused(error)}"))
    found.photos.sort()
    found.skipped.sort()
    return found


def _sort(
    entry: os.DirEntry[str], prefix: str, found: Listing, folders: list[tuple[str, str]]
) -> None:
    """Put one entry among the photos, the skipped ones or the folders that are still to be read."""
    name = prefix + entry.name
    try:
        is_folder, is_file = entry.is_dir(), entry.is_file()
        linked = entry.is_symlink() or (is_folder and _is_junction(entry))
        if linked:
            entry.stat()  # raises if it leads nowhere
    except OSError as error:
        found.skipped.append((name, f"This link {_refused(error)}"))
        return
    if is_folder:
        name += "/"
    if reason := _why_not(entry, is_folder=is_folder, is_file=is_file, linked=linked):
        found.skipped.append((name, reason))
    elif is_folder:
        folders.append((entry.path, name))
    else:
        found.photos.append(name)


def _why_not(entry: os.DirEntry[str], *, is_folder: bool, is_file: bool, linked: bool) -> str:
    """The reason to pass over an entry; empty if it is a photo, or a folder to look into."""
    if entry.name.startswith("."):
        return "It is hidden: its name begins with a dot."
    if is_folder:
        return _why_not_into(entry, linked=linked)
    if not is_file:
        return "It is a pipe, a socket or a device, not a file."
    ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - a Path costs as much as all else
    if ending in SUFFIXES:
        return ""
    if ending in RAW:
        return "It is a camera's raw file; save it as JPEG or TIFF."
    return _no_photo(entry.path)


def _why_not_into(folder: os.DirEntry[str], *, linked: bool) -> str:
    if linked:
        return "Links to folders are not followed; label that folder too."
    if folder.name.endswith(".parts") and Path(folder.path, "plan.json").is_file():
        return "It is the unfinished work of another facelens label."
    return ""


def is_photo(head: bytes) -> bool:
    """Whether a file that begins with these 16 bytes is a photo."""
    return (head[4:8] == b"ftyp" and head[8:12] in _HEIC) or any(
        accepts(head) for accepts in _openers()
    )


@cache
def _openers() -> tuple[Callable[[bytes], object], ...]:
    from PIL import Image

    Image.init()
    return tuple(accepts for name in _FORMATS if (accepts := Image.OPEN[name][1]))


def is_photo_file(path: Path) -> bool:
    """Whether a file is a photo by its first bytes."""
    return not _no_photo(str(path))


def _no_photo(path: str) -> str:
    """Why a file is no photo by its first bytes; empty if it is one."""
    try:
        file = os.open(path, _READ)
        try:
            head = os.read(file, _HEAD)
        finally:
            os.close(file)
    except OSError as error:
        return f"It {_refused(error)}"
    if not head:
        return "It is empty."
    return "" if is_photo(head) else "It is not a photo by its first bytes."


def _refused(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "cannot be read; check its permissions."
    return f"cannot be read: {error.strerror or error}."


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Whether it is one of Windows' links between folders."""
    try:
        return bool(getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0))
    except OSError:
        return False


def beside_tables(found: Listing, tables: Iterable[Path], source: Path) -> list[tuple[str, str]]:
    """What is skipped if the folder's parquet files are read."""
    read = {path.relative_to(source).as_posix() for path in tables}
    return [(name, reason) for name, reason in found.skipped if name not in read]
