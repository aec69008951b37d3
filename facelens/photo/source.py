"""What a photo may be handed in as: bytes, a path, an open file, an image of Pillow's, an array."""

from pathlib import Path
from typing import IO, Any

import numpy as np

from facelens.photo.limits import HEAVY, MAX_BYTES, UnreadableError, check_size

_SHAPES = "is not a photo's array: shape (height, width), or (height, width, 1, 3 or 4)."
_VALUES = (
    "holds values that are no colours; use whole numbers from 0 to 255, 16-bit numbers, or "
    "floats from 0 to 1."
)


def read_file(path: Path) -> bytes:
    """Read a file, up to the largest photo.

    Raises:
        UnreadableError: it is missing, a folder, forbidden or too large.
    """
    try:
        with path.open("rb") as file:
            return read_stream(file)
    except FileNotFoundError:
        raise UnreadableError("does not exist; check the path.") from None
    except IsADirectoryError:
        raise UnreadableError(
            "is a folder; name one photo, or use facelens label for a folder."
        ) from None
    except PermissionError:
        raise UnreadableError("cannot be read; check its permissions.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UnreadableError(f"cannot be read: {why}.") from None


def read_stream(file: IO[bytes]) -> bytes:
    """Read an open file from where it stands to its end."""
    parts, left = [], MAX_BYTES + 1
    while left > 0 and (part := file.read(left)):
        if not isinstance(part, bytes | bytearray):
            raise UnreadableError("was opened as text; open it in binary mode, open(…, 'rb').")
        parts.append(bytes(part))
        left -= len(part)
    if left <= 0:
        raise UnreadableError(HEAVY)
    return b"".join(parts)


def from_array(array: np.ndarray) -> np.ndarray:
    """RGB pixels, uint8 (h, w, 3), of a grey, RGB or RGBA array of whole numbers or floats.

    Raises:
        UnreadableError: its shape or its values are not a picture's.
    """
    from facelens.photo.decoding import over_white

    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        raise UnreadableError(_SHAPES)
    if 0 in array.shape:
        raise UnreadableError("has no pixels.")
    check_size(array.shape[1], array.shape[0])
    pixels = _bytes(array)
    if pixels.shape[2] == 4:
        pixels = over_white(pixels[:, :, :3], pixels[:, :, 3])
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels)


def _bytes(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    whole = np.issubdtype(array.dtype, np.integer)
    if not whole and not np.issubdtype(array.dtype, np.floating):
        raise UnreadableError(_VALUES)
    most = 255 if whole else 1
    # Not a number compares as neither.
    if not (array.min() >= 0 and array.max() <= most):
        raise UnreadableError(_VALUES)
    return array.astype(np.uint8) if whole else np.rint(array * 255.0).astype(np.uint8)


def from_image(image: Any) -> np.ndarray:
    """RGB pixels of an image of Pillow's, upright and in sRGB.

    Raises:
        UnreadableError: it is damaged or too large.
    """
    from facelens.photo.decoding import pixels_of

    return pixels_of(image)
