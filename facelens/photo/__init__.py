"""Decode a photo to an upright RGB array, within limits of size, memory and time."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from facelens.errors import PhotoError, printable
from facelens.photo.decoding import decode, is_quick, kind_of
from facelens.photo.helper import decode_apart
from facelens.photo.limits import HEAVY, MAX_BYTES, MAX_PIXELS, SCRAMBLED, UnreadableError
from facelens.photo.source import from_array, from_image, read_file, read_stream

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Photo", "kind_of", "printable", "read_photo"]


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo.

    `pixels`: uint8 (height, width, 3), RGB, with the EXIF orientation applied. Grey, RGBA and
    floats from 0 to 1 are converted to that.
    `hints`: sentences that say why answers about this photo are less reliable; empty if none.

    Raises:
        PhotoError: the pixels are no picture.
    """

    pixels: np.ndarray
    name: str = "photo"
    hints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.dtype == np.uint8 and self.pixels.shape[2:] == (3,):
            return
        try:
            object.__setattr__(self, "pixels", from_array(self.pixels))
        except UnreadableError as error:
            raise PhotoError(f"{printable(self.name)} {error}") from None

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


def read_photo(
    source: "bytes | str | os.PathLike[str] | IO[bytes] | Image.Image | np.ndarray",
    *,
    name: str | None = None,
    seconds: float | None = None,
) -> Photo:
    """Read a photo, upright and in sRGB.

    JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF, and HEIC if pillow-heif is installed; of several pictures
    in a file the first. They are recognised by their first bytes, not by their names. A damaged
    photo that still shows something comes with a hint.

    Args:
        source: the bytes of a photo, its path, a file opened in binary mode, an image of Pillow's,
            or an array: grey, RGB or RGBA, of whole numbers (8 or 16 bits) or floats from 0 to 1.
        name: the photo's name in messages; by default the file name.
        seconds: how long decoding may take. A photo that might take long is then decoded by another
            process, which is ended after this time.

    Raises:
        PhotoError: it cannot be read, is not a photo, is damaged or exceeds the limits.

    Example:
        >>> read_photo("me.jpg").pixels.shape  # doctest: +SKIP
        (480, 640, 3)
    """
    path: Any = source
    if not isinstance(source, str | os.PathLike):
        path = getattr(source, "name", "") or getattr(source, "filename", "")
    path = path if isinstance(path, str | os.PathLike) else ""
    shown = printable(name or str(path) or "The photo")
    try:
        pixels, scrambled = _pixels(source, seconds)
    except UnreadableError as error:
        raise PhotoError(f"{shown} {error}") from None
    return Photo(pixels, name or Path(path).name or "photo", (SCRAMBLED,) if scrambled else ())


def _pixels(source: Any, seconds: float | None) -> tuple[np.ndarray, bool]:
    if isinstance(source, np.ndarray):
        return from_array(source), False
    if isinstance(source, str | os.PathLike):
        data = read_file(Path(source))
    elif isinstance(source, bytes | bytearray | memoryview):
        if memoryview(source).nbytes > MAX_BYTES:
            raise UnreadableError(HEAVY)
        data = bytes(source)
    elif hasattr(source, "read"):
        data = read_stream(source)
    elif hasattr(source, "convert"):
        return from_image(source), False
    else:
        kinds = "bytes, a path, an open file, a Pillow image or an array"
        raise UnreadableError(f"cannot be a {type(source).__name__}; use {kinds}.")
    if not data:
        raise UnreadableError("is empty; choose a photo.")
    if is_quick(data, seconds):
        return decode(data)
    return decode_apart(data, seconds)
