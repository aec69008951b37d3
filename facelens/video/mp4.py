"""The display matrix of an MP4 or MOV film: OpenCV applies its rotation, and knows no mirroring."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

# Boxes read before a file is given up; an ordinary film has about fifty above its samples.
_MOST = 2000

# Where the matrix lies in the body of a box, by the box's version (ISO/IEC 14496-12, 8.2.2, 8.3.2).
_MATRIX = {b"mvhd": (36, 48), b"tkhd": (40, 52)}

_Box = tuple[bytes, int, int]


@dataclass(frozen=True)
class Mirrored:
    """How a mirrored film's frames are shown: swap rows and columns, then flip."""

    transposed: bool
    left_right: bool
    upside_down: bool

    def upright(self, pixels: np.ndarray) -> np.ndarray:
        """Show a frame (h, w, 3) as a player does."""
        if self.transposed:
            pixels = pixels.swapaxes(0, 1)
        pixels = pixels[:: -1 if self.upside_down else 1, :: -1 if self.left_right else 1]
        return np.ascontiguousarray(pixels)


def mirrored(path: Path) -> Mirrored | None:
    """How to show the frames of an MP4 or MOV film, if its display matrix mirrors them."""
    try:
        with path.open("rb") as file:
            matrix = _matrix(file)
    except (OSError, struct.error):
        return None
    if matrix is None or np.linalg.det(matrix) >= 0:
        return None
    (a, c), (b, d) = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Mirrored(False, bool(a < 0), bool(d < 0))
    return Mirrored(True, bool(c < 0), bool(b < 0))


def _matrix(file: BinaryIO) -> np.ndarray | None:
    """The display matrix of the first video track, float64 (2, 2), from x, y to shown x, y."""
    end = file.seek(0, 2)
    # The movie's matrix applies after the track's.
    whole, track = np.eye(2), None
    for kind, start, stop in islice(_film(file, end), _MOST):
        if kind == b"mvhd":
            whole = _linear(file, kind, start, stop)
        elif kind == b"tkhd":
            track = _linear(file, kind, start, stop)
        elif kind == b"hdlr" and track is not None:
            file.seek(start + 8)
            if file.read(4) == b"vide":
                return whole @ track
    return None


def _film(file: BinaryIO, end: int) -> Iterator[_Box]:
    """The boxes of the film's header, and of each track's."""
    for kind, start, stop in _boxes(file, 0, end):
        if kind != b"moov":
            continue
        for inner, first, last in _boxes(file, start, stop):
            yield inner, first, last
            if inner == b"trak":
                for own in _boxes(file, first, last):
                    yield own
                    if own[0] == b"mdia":
                        yield from _boxes(file, *own[1:])


def _boxes(file: BinaryIO, start: int, stop: int) -> Iterator[_Box]:
    """Each box from `start` to `stop`: its type, and from where to where its body reaches."""
    while start + 8 <= stop:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            head = 16
        after = start + size if size else stop
        if not start + head <= after <= stop:
            return
        yield kind, start + head, after
        start = after


def _linear(file: BinaryIO, kind: bytes, start: int, stop: int) -> np.ndarray:
    """The part of a box's matrix that turns and mirrors: [[a, c], [b, d]]."""
    file.seek(start)
    version = file.read(1)
    at = _MATRIX[kind][version == b"\x01"]
    if start + at + 20 > stop:
        return np.eye(2)
    file.seek(start + at)
    a, b, _, c, d = struct.unpack(">5i", file.read(20))
    return np.array([[a, c], [b, d]]) / 65536
