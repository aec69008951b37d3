"""Video files: read frame by frame, written frame by frame."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from facelens.errors import FacelensError, OutputError, PhotoError
from facelens.files import atomic_write
from facelens.photo import MAX_PIXELS, printable, read_photo

# What a film's name ends in, and the code by which OpenCV knows how to write it.
FILMS = {".mp4": "mp4v", ".webm": "VP80", ".avi": "MJPG"}

# Frames a second that a header may state; others are a slip of whoever wrote it.
RATES = (0.1, 480.0)

_USUAL_RATE = 25.0

# A frame is not shown for longer, in seconds: its time is a slip too.
_LONGEST = 3600.0

# So many reads in a row that fail are the end of a film; fewer are a damaged stretch.
_DAMAGE = 1000

# So much of a frame may a copy be behind its time, or before it.
_SLACK = 0.75

# Encoders take no frame that is smaller; a disk with less room than this, in bytes, is full.
_SMALLEST, _ROOM = 16, 2_000_000


@dataclass(frozen=True)
class Film:
    """An opened video file.

    `rate`: frames a second. `count`: frames by its header, 0 where it does not say; `exact`: it
    says so itself, and OpenCV has not worked it out from how long the film is.
    """

    source: Any
    rate: float
    count: int
    exact: bool

    def frames(self) -> Iterator[tuple[float, np.ndarray]]:
        """The second at which each frame is shown, and its pixels: uint8 (h, w, 3), RGB, upright.

        Damaged frames are left out.
        """
        import cv2

        last, failed = -1 / self.rate, 0
        while failed < _DAMAGE:
            there, pixels = self.source.read()
            if not there:
                failed += 1
                continue
            failed = 0
            last = self._time(last)
            yield last, cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)

    def _time(self, last: float) -> float:
        """When the frame is shown that was read: the container knows, or else the rate does."""
        import cv2

        stamp = self.source.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return max(0.0, stamp if last < stamp <= last + _LONGEST else last + 1 / self.rate)

    def lost(self, frames: int, end: float) -> int:
        """How many frames the header promised that did not come; `end`: of the film, in seconds."""
        missing = self.count - frames
        if self.exact:
            return max(0, missing)
        # A length times a mean rate is not to the frame. So a little less is none the less whole.
        early = (self.count / self.rate - end) * self.rate
        return max(0, missing) if missing > max(2, self.count // 100) or early > self.rate else 0


@contextmanager
def open_film(path: Path) -> Iterator[Film]:
    """Open a video file; OpenCV turns it upright by itself."""
    import cv2

    shown = printable(path.name)
    if path.is_dir():
        raise PhotoError(f"{shown} is a folder; name one film.")
    if path.exists() and not path.is_file():
        raise PhotoError(f"{shown} is no file; name a film.")
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except FileNotFoundError:
        raise PhotoError(f"{printable(str(path))} does not exist; check the path.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise PhotoError(f"{shown} cannot be read: {why}.") from None
    if not head:
        raise PhotoError(f"{shown} is empty; choose a film.")
    need_text(path, PhotoError)
    with _quiet():
        source = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        try:
            width, height = (
                source.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
            )
            if not source.isOpened() or min(width, height) < 1:
                refuse_photo(path)
                raise PhotoError(
                    f"{shown} is not a film that can be read; it may be damaged or cut short. Use "
                    "MP4, MOV, WebM, MKV or AVI."
                )
            if width * height > MAX_PIXELS:
                raise PhotoError(
                    f"{shown} has frames of {width:,.0f} x {height:,.0f}, which is more than "
                    f"{MAX_PIXELS // 1_000_000} million pixels; save it smaller."
                )
            rate, known = _rate(path, source)
            exact = head[4:8] == b"ftyp" or head[:4] == b"RIFF"
            count = source.get(cv2.CAP_PROP_FRAME_COUNT)
            # OpenCV gives odd numbers, negative ones too, where a header says nothing.
            sane = 0 < count < 1e9 and (exact or known)
            yield Film(source, rate, int(count) if sane else 0, exact)
        finally:
            source.release()


def _rate(path: Path, source: Any) -> tuple[float, bool]:
    """Frames a second, and whether the header says so; else by the first frames, or as usual."""
    import cv2

    low, high = RATES
    rate = float(source.get(cv2.CAP_PROP_FPS))
    if low <= rate <= high:
        return rate, True
    other = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    stamps: list[float] = []
    while len(stamps) < 50 and other.grab():
        stamps.append(other.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    other.release()
    steps = [after - before for before, after in pairwise(stamps) if after > before]
    rate = 1 / float(np.median(steps)) if steps else 0.0
    return (rate if low <= rate <= high else _USUAL_RATE), False


def refuse_photo(path: Path) -> None:
    """Say it if a file is a photo: OpenCV takes it for a film of one frame."""
    try:
        read_photo(path)
    except PhotoError:
        return
    raise PhotoError(f"{printable(path.name)} is a photo, not a film; use facelens predict.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what OpenCV and FFmpeg say of odd files from the screen."""
    import cv2

    # FFmpeg asks once, at the first film.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Keep from the screen what is written to it whatever has been set."""
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
    """Write the film `out`, which is there once the block has ended, at `rate` frames a second.

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
    """A film on its way to the disk."""

    def __init__(self, path: Path, rate: float) -> None:
        self._path, self._rate = path, rate
        self._writer: Any = None
        self._size = (0, 0)
        self._written = 0
        self._start = 0.0
        self._last = np.zeros(0, np.uint8)

    def add(self, pixels: np.ndarray, seconds: float) -> None:
        """Write uint8 (h, w, 3), RGB, as what is seen from `seconds` on."""
        if self._writer is None:
            self._open(*pixels.shape[1::-1])
            self._start = seconds
        # How far behind its time the copy is, in frames; less than one is not seen.
        behind = (seconds - self._start) * self._rate - self._written
        if behind < -_SLACK:
            return
        if behind > _SLACK:
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
        # The writer itself does not say that a disk is full.
        if shutil.disk_usage(self._path.parent).free < _ROOM:
            raise OutputError("The film does not fit on the disk; make room, or name another.")
        self._writer.write(self._last)
        self._written += 1

    def close(self) -> None:
        if self._writer is not None:
            self._writer.release()

    def check(self) -> None:
        """Find out whether all of it was written: the writer says nothing of what went wrong."""
        import cv2

        if not self._written:
            return
        # Where the film did not fit, this does not either, and the system says why.
        with self._path.open("ab") as file:
            end = file.tell()
            file.write(bytes(_ROOM))
            file.flush()
            file.truncate(end)
        written = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        count = written.get(cv2.CAP_PROP_FRAME_COUNT)
        written.release()
        if not abs(count - self._written) <= 1:
            raise OutputError("The film could not be written whole; most likely the disk is full.")


def _fit(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Make a frame the film's size, BGR, as writers have it.

    The edge is repeated by the pixel or two that a codec needs; a frame of another size is fitted
    in, with black beside it.
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


def need_text(path: Path, kind: type[FacelensError]) -> None:
    """Refuse a path that is no text: OpenCV crashes on one."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise kind(
            f"The name {printable(str(path))} holds bytes that are no text; name it otherwise."
        ) from None
