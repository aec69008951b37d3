"""Write video files frame by frame, at a constant rate."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from facelens.errors import OutputError
from facelens.files import atomic_write

# Suffixes of films that can be written, and OpenCV's codec for each.
FILMS = {".mp4": "mp4v", ".webm": "VP80", ".avi": "MJPG"}

# Drift of a copy, in frames, before one is dropped or repeated.
_SLACK = 0.75

# Encoders refuse smaller frames, in pixels; a disk with less free space, in bytes, counts as full.
_SMALLEST, _ROOM = 16, 2_000_000

# From this rate on, frames per second, two decimals are kept: MPEG-4 states a rate as a fraction
# whose numerator is below 65,536.
_FAST = 65.0

# A frame that is shown for long is repeated; a copy has at most this many frames for each of the
# film's on average, and this many more. A clock that asks for more is wrong.
_REPEATS, _MORE = 1_000, 10_000


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Discard stderr, to which some codecs write whatever the log level."""
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def film_writer(out: Path, rate: float) -> Iterator["FilmWriter"]:
    """Write the film `out` at `rate` frames per second; it is complete when the block ends.

    Raises:
        OutputError: the system refuses, or OpenCV does.
    """
    with atomic_write(out, keep_suffix=True) as draft:
        writer = FilmWriter(draft, rate)
        try:
            yield writer
        finally:
            writer.close()
        writer.check()


class FilmWriter:
    """Write frames to a film at a constant rate."""

    def __init__(self, path: Path, rate: float) -> None:
        self._path, self._rate = path, round(rate, 2) if rate > _FAST else rate
        self._writer: Any = None
        self._size = (0, 0)
        self._added = self._written = 0
        self._start = 0.0
        self._last = np.zeros(0, np.uint8)

    def add(self, pixels: np.ndarray, seconds: float) -> None:
        """Write a frame uint8 (h, w, 3), RGB, shown from `seconds` on; drop or repeat if needed."""
        if self._writer is None:
            self._open(*pixels.shape[1::-1])
            self._start = seconds
        # How far the copy lags behind, in frames; less than one is not visible.
        behind = (seconds - self._start) * self._rate - self._written
        self._added += 1
        if behind < -_SLACK:
            return
        if behind > _SLACK:
            if self._written + behind > _MORE + _REPEATS * self._added:
                raise OutputError(
                    f"The film's clock jumps to {seconds:,.0f} seconds, which would be a copy of "
                    "millions of equal frames; write a table, .csv or .parquet, instead."
                )
            for _ in range(round(behind)):
                self._put()
        self._last = _fit(pixels, self._size)
        self._put()

    def _open(self, width: int, height: int) -> None:
        import cv2

        self._size = (max(_SMALLEST, width + width % 2), max(_SMALLEST, height + height % 2))
        code = cv2.VideoWriter_fourcc(*FILMS[self._path.suffix])  # type: ignore[attr-defined]
        with _no_stderr():
            self._writer = cv2.VideoWriter(
                str(self._path), cv2.CAP_FFMPEG, code, self._rate, self._size
            )
        if not self._writer.isOpened():
            raise OutputError(
                f"OpenCV cannot write a {self._path.suffix} film of {width} x {height} pixels "
                "here; name one of another kind: .mp4, .webm or .avi."
            )

    def _put(self) -> None:
        # The writer itself does not report a full disk.
        if shutil.disk_usage(self._path.parent).free < _ROOM:
            raise OutputError("The film does not fit on the disk; make room, or name another.")
        self._writer.write(self._last)
        self._written += 1

    def close(self) -> None:
        if self._writer is not None:
            self._writer.release()

    def check(self) -> None:
        """Check that all of it was written: the writer does not report errors."""
        import cv2

        if not self._written:
            return
        # If the film did not fit, this does not either, and the system says why.
        with self._path.open("ab") as file:
            end = file.tell()
            file.write(bytes(_ROOM))
            file.flush()
            file.truncate(end)
        written = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        count = written.get(cv2.CAP_PROP_FRAME_COUNT)
        written.release()
        if not abs(count - self._written) <= 1:
            raise OutputError(
                "The film could not be written completely; most likely the disk is full."
            )


def _fit(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Fit a frame to the film's size, BGR, as writers take it.

    The edge is replicated by the few pixels that a codec needs; a frame of another size is scaled
    to fit, with black borders.
    """
    import cv2

    wide, tall = size
    height, width = pixels.shape[:2]
    edge = cv2.BORDER_REPLICATE
    if not 0 <= wide - width < _SMALLEST or not 0 <= tall - height < _SMALLEST:
        scale = min(wide / width, tall / height)
        to = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, to, interpolation=cv2.INTER_AREA)
        width, height, edge = *to, cv2.BORDER_CONSTANT
    right, below = wide - width, tall - height
    if edge == cv2.BORDER_CONSTANT:
        left, above = right // 2, below // 2
    else:
        left, above = 0, 0
    pixels = cv2.copyMakeBorder(pixels, above, below - above, left, right - left, edge)
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
