"""Read video files frame by frame, as a player shows them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from facelens.errors import FacelensError, PhotoError, printable
from facelens.photo import read_photo
from facelens.video.mp4 import Mirrored, mirrored

# Largest frames, in pixels.
MAX_PIXELS = 50_000_000

# Plausible frames per second; a header that states others is wrong.
RATES = (0.1, 480.0)

_USUAL_RATE = 25.0

# A Matroska or WebM file begins with these bytes.
_MATROSKA = b"\x1a\x45\xdf\xa3"

# Longest plausible time between two frames, in seconds.
_LONGEST = 3600.0

# Latest plausible time at which a clock starts, in seconds: some count from 1970.
_LATEST = 1e10

# This many failed reads in a row are the end of a film; fewer are a damaged part.
_DAMAGE = 1000

# Plausible widths of a pixel, in heights; DV, DVD and anamorphic films have 0.9 to 2.2.
_ASPECTS = (0.25, 4.0)

# Films with more irregular steps than this, in number or as a share, have a variable frame rate.
_FEW, _SHARE = 3, 0.01


@dataclass
class Film:
    """An opened video file.

    `rate`: frames per second. `count`: frames by its header, 0 if unknown; `exact`: the header
    states it, and OpenCV has not estimated it from the duration. `ends`: that duration is the time
    at which the film ends, whenever it starts. `aspect`: width of a pixel as shown, in heights.
    `mirrored`: how to show frames that are. Known from the first frame on: `start`, the time in
    seconds at which the film's own clock starts, and `gaps`, the longer steps so far.
    """

    source: Any
    rate: float
    count: int
    exact: bool
    ends: bool = False
    aspect: float = 1.0
    mirrored: Mirrored | None = None
    start: float = field(default=0.0, init=False)
    gaps: int = field(default=0, init=False)

    @property
    def expected(self) -> int:
        """Number of frames that the header promises, 0 if unknown."""
        return max(0, self.count - round(self.start * self.rate)) if self.ends else self.count

    def frames(self) -> Iterator[tuple[float, np.ndarray]]:
        """Yield each frame's time in seconds, and its pixels: uint8 (h, w, 3), RGB, as shown.

        Frames are upright and their pixels square. Damaged frames are skipped.

        Raises:
            PhotoError: a frame is too large.
        """
        last, failed, begun = -1 / self.rate, 0, False
        while failed < _DAMAGE:
            there, pixels = self.source.read()
            if not there:
                failed += 1
                continue
            failed = 0
            before, last = last, self._time(last)
            if not begun:
                begun, self.start = True, self._start(last)
            self.gaps += last - before > 1.5 / self.rate
            yield self.start + last, self._shown(pixels)

    def _time(self, last: float) -> float:
        """Time of the frame just read, from the first one's on: by its timestamp, or the rate."""
        import cv2

        stamp = self.source.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return max(0.0, stamp if last < stamp <= last + _LONGEST else last + 1 / self.rate)

    def _start(self, first: float) -> float:
        """Time of the film's own clock at which OpenCV's is 0; `first`: that of the first frame."""
        import cv2

        # OpenCV tells its own clock in seconds, and the film's only in frames.
        rate = self.source.get(cv2.CAP_PROP_FPS)
        start = self.source.get(cv2.CAP_PROP_PTS) / rate - first if rate > 0 else 0.0
        return start if 0 < start < _LATEST else 0.0

    def _shown(self, pixels: np.ndarray) -> np.ndarray:
        """Show a decoded frame, BGR, as a player does, in RGB."""
        import cv2

        if self.mirrored:
            pixels = self.mirrored.upright(pixels)
        height, width = pixels.shape[:2]
        # As browsers do it: pixels become wider or higher, so that nothing is lost.
        shown = round(width * max(1, self.aspect)), round(height * max(1, 1 / self.aspect))
        if shown[0] * shown[1] > MAX_PIXELS:
            raise PhotoError(_too_large("The film", *shown))
        if shown != (width, height):
            pixels = cv2.resize(pixels, shown, interpolation=cv2.INTER_LINEAR)
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)

    def lost(self, frames: int, end: float) -> int:
        """Number of frames in the header that could not be read; `end`: of the film, in seconds."""
        missing = max(0, self.expected - frames)
        if self.exact:
            return missing
        # A duration times a mean rate is not exact, so a small difference does not count; with a
        # variable frame rate only an early end does.
        early = round(self.expected - (end - self.start) * self.rate)
        if self.gaps > max(_FEW, _SHARE * frames):
            return min(missing, early) if early > self.rate else 0
        return missing if missing > max(2, self.count // 100) or early > self.rate else 0


@contextmanager
def open_film(path: Path) -> Iterator[Film]:
    """Open a video file; OpenCV applies its rotation.

    Raises:
        PhotoError: it is missing, is no film that can be read, or has too large frames.
    """
    import cv2

    shown = printable(path.name)
    if path.is_dir():
        raise PhotoError(f"{shown} is a folder; name one film.")
    if path.exists() and not path.is_file():
        raise PhotoError(f"{shown} is not a file; name a film.")
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
                raise PhotoError(_too_large(shown, width, height))
            matrix = mirrored(path)
            if matrix:  # OpenCV would take it for a rotation
                source.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
            rate, known = _rate(path, source)
            exact = head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and known)
            count = source.get(cv2.CAP_PROP_FRAME_COUNT)
            # Without a count in the header OpenCV returns arbitrary numbers, even negative ones.
            sane = 0 < count < 1e9 and (exact or known)
            yield Film(
                source, rate, int(count) if sane else 0, exact,
                head[:4] == _MATROSKA, _aspect(source, matrix), matrix,
            )  # fmt: skip
        finally:
            source.release()


def _too_large(shown: str, width: float, height: float) -> str:
    return (
        f"{shown} has frames of {width:,.0f} x {height:,.0f}, which is more than "
        f"{MAX_PIXELS // 1_000_000} million pixels; save it smaller."
    )


def _aspect(source: Any, matrix: Mirrored | None) -> float:
    """Width of a pixel as it is shown, in heights; 1 if the film states none that is plausible."""
    import cv2

    wide, high = (source.get(side) for side in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN))
    if not (wide > 0 and high > 0 and _ASPECTS[0] <= wide / high <= _ASPECTS[1]):
        return 1.0
    turned = source.get(cv2.CAP_PROP_ORIENTATION_META) in (90, 270)
    lies = matrix.transposed if matrix else turned
    return float(high / wide if lies else wide / high)


def _rate(path: Path, source: Any) -> tuple[float, bool]:
    """Frames per second and whether the header states it; else estimated, or the usual rate."""
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
    """Refuse a file that is a photo: OpenCV opens it as a film of one frame."""
    try:
        read_photo(path)
    except PhotoError:
        return
    raise PhotoError(f"{printable(path.name)} is a photo, not a film; use facelens predict.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings of OpenCV and FFmpeg about damaged files."""
    import cv2

    # FFmpeg reads this once, at the first film.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


def need_text(path: Path, kind: type[FacelensError]) -> None:
    """Refuse a path that is not valid text, on which OpenCV crashes."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise kind(
            f"The name {printable(str(path))} has bytes that are not text; rename it."
        ) from None
