"""Which way up a photo is, from its EXIF data."""

import struct

import numpy as np

_ORIENTATION, _SHORT = 0x0112, 3


def orientation_of(exif: bytes) -> int:
    """Read the orientation, 1 to 8 (Exif 2.32, tag 0x0112); 1 if it is missing or broken."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if not order:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for index in range(count):
            at = start + 2 + 12 * index
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, at)
            if (tag, kind) == (_ORIENTATION, _SHORT):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def upright(pixels: np.ndarray, orientation: object) -> np.ndarray:
    """Undo an EXIF orientation, 1 to 8, of uint8 pixels (h, w, 3)."""
    if orientation not in range(2, 9):
        return np.ascontiguousarray(pixels)
    # The three bytes of a pixel move as one: a third of the time.
    whole = np.ascontiguousarray(pixels).view("V3")[:, :, 0]
    if orientation in (5, 6, 7, 8):
        whole = whole.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        whole = whole[:, ::-1]
    if orientation in (3, 4, 7, 8):
        whole = whole[::-1]
    return np.ascontiguousarray(whole)[:, :, None].view(np.uint8)
