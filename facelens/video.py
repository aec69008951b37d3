"""A video file: a table of who is to be seen when, or a copy with boxes and answers drawn on it."""

import csv
import difflib
import os
import secrets
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from facelens import parquet
from facelens.attributes import describe, everyday
from facelens.errors import BundleError, FacelensError, OutputError, PhotoError
from facelens.model import Model, load_model
from facelens.moving import Seen, Watcher
from facelens.pen import Pen
from facelens.photo import MAX_PIXELS, Photo, printable, read_photo
from facelens.thresholds import operating_point

COLUMNS = ("frame", "seconds", "face", "confidence", "x", "y", "w", "h")
TABLES = (".csv", ".parquet")
# What a film's name ends in, and the code by which OpenCV knows how to write it.
FILMS = {".mp4": "mp4v", ".webm": "VP80", ".avi": "MJPG"}
# More rows beside a face than this hide the film.
MOST = 8
# Frames a second that a header may state; others are a slip of whoever wrote it.
RATES = (0.1, 480.0)
_USUAL_RATE = 25.0
# A frame is not shown for longer, in seconds: its time is a slip too.
_LONGEST = 3600.0
# So many reads in a row that fail are the end of a film; fewer are a damaged stretch.
_DAMAGE = 1000
# So much of a frame may a copy be behind its time, or before it.
_SLACK = 0.75
# A parquet file's row group.
_ROWS = 8192
# Encoders take no frame that is smaller; a disk with less room than this, in bytes, is full.
_SMALLEST, _ROOM = 16, 2_000_000
Progress = Callable[[int, int], None]
Write = Callable[[int, float, np.ndarray, list[Seen]], None]


@dataclass(frozen=True)
class Watched:
    """What came of watching a film.

    `followed`: faces that got a number, which is not how many people there are; `rows`: faces in
    all frames. `lost`: frames by which the file's header counts more than could be read.
    """

    out: Path
    frames: int
    seconds: float
    followed: int
    rows: int
    lost: int

    def __str__(self) -> str:
        film = f"{_many(self.frames, 'frame')} ({self.seconds:,.1f} seconds)"
        faces = _many(self.followed, "followed face")
        out, table = printable(str(self.out)), self.out.suffix.lower() in TABLES
        if not self.followed:
            said = f"No face was found in {film}; {out} has {'no rows' if table else 'no boxes'}."
        elif table:
            said = f"{out} has {_many(self.rows, 'row')} of {faces} in {film}."
        else:
            said = f"{out} shows {faces} in {film}, without sound."
        if self.lost:
            said += (
                f" The film's header counts {self.frames + self.lost:,} frames: {self.lost:,} are "
                "damaged, missing or not meant to be shown."
            )
        return said


def _many(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"


def watch(
    source: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    detector: str | None = None,
    attributes: Sequence[str] | None = None,
    threshold: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Watched:
    """Write a table with a row for every face of every frame, or a copy of the film with boxes.

    Args:
        source: a video file.
        out: a table, .csv or .parquet; or a film, .mp4, .webm or .avi, which has no sound.
        model: as for `load_model`.
        detector: as for `find_faces`.
        attributes: what is written beside a face of a film, by name; none where it is empty. By
            default a few everyday ones. A table has all of them.
        threshold: an operating point or a number, which makes a film's verdicts; by default "half".
            A table has none.
        force: write over `out`.
        progress: called with the frames done and all frames, 0 where nobody knows how many.

    Raises:
        PhotoError: `source` is missing, or no film that can be read.
        BundleError: the model knows no such attribute.
        OutputError: `out` exists or cannot be written.
    """
    for name in (source, out):
        if not str(name).strip():
            raise OutputError("A name is empty; name the film, and the file to write.")
    source, out = Path(source).absolute(), Path(out).absolute()
    _check_out(source, out, attributes, threshold, force=force)
    with _opened(source) as film:
        network = load_model(model)
        points = operating_point(network.config, threshold or "half")
        pen = Pen(network, _chosen(network, attributes), points)
        watcher = Watcher(network, detector)
        frames, rows, seconds, numbers = 0, 0, 0.0, set[int]()
        with _draft(out) as draft, _writing(draft, film, pen, network.names) as write:
            for seconds, pixels in film.frames():
                seen = watcher.see(Photo(pixels, source.name), seconds)
                write(frames, seconds, pixels, seen)
                frames, rows = frames + 1, rows + len(seen)
                numbers.update(each.number for each in seen)
                if progress:
                    progress(frames, film.count if film.count > frames else 0)
            if frames <= 1:
                _refuse_photo(source)
            if not frames:
                raise PhotoError(f"{printable(source.name)} holds no frame that can be read.")
    if progress:
        progress(frames, frames)
    end = seconds + 1 / film.rate
    return Watched(out, frames, end, len(numbers), rows, film.lost(frames, end))


# before the work


def _check_out(
    source: Path,
    out: Path,
    attributes: Sequence[str] | None,
    threshold: str | None,
    *,
    force: bool,
) -> None:
    kind = out.suffix.lower()
    if kind not in (*TABLES, *FILMS):
        raise OutputError(
            f"{printable(out.name)} ends in none of .csv and .parquet, for a table, or .mp4, .webm "
            "and .avi, for a film; name it so."
        )
    if kind in TABLES and attributes is not None:
        raise OutputError("A table has all attributes; choose some only for a film.")
    if kind in TABLES and threshold is not None:
        raise OutputError("A table has probabilities, no verdicts; give a threshold for a film.")
    if kind == ".parquet":
        parquet.need_pyarrow()
    if not out.parent.is_dir():
        raise OutputError(f"There is no folder {printable(str(out.parent))}; make it first.")
    if out.is_dir():
        raise OutputError(f"{printable(str(out))} is a folder; name a file.")
    if out.exists() and source.exists() and out.samefile(source):
        raise OutputError(f"{printable(out.name)} is the film itself; name another file.")
    if out.exists() and not force:
        raise OutputError(
            f"{printable(str(out))} exists; name another file, or give --force to write over it."
        )
    if kind in FILMS:
        _need_text(out, OutputError)


def _need_text(path: Path, kind: type[FacelensError]) -> None:
    """Refuse a path that is no text: OpenCV crashes on one."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise kind(
            f"The name {printable(str(path))} holds bytes that are no text; name it otherwise."
        ) from None


def _chosen(model: Model, names: Sequence[str] | None) -> tuple[str, ...]:
    """The attributes to write beside a face, in the order that they were asked for."""
    if names is None:
        return everyday(model.names)
    known = {_plain(name): name for name in model.names}
    known |= {_plain(describe(name).label): name for name in model.names}
    chosen = []
    for name in names:
        if _plain(name) not in known:
            near = difflib.get_close_matches(_plain(name), known, 3, 0.5)
            almost = dict.fromkeys(known[each] for each in near)
            hint = (
                f"perhaps {' or '.join(almost)}" if almost else "facelens predict PHOTO lists them"
            )
            raise BundleError(f"{model.title} knows no attribute {printable(name)!r}; {hint}.")
        chosen.append(known[_plain(name)])
    chosen = list(dict.fromkeys(chosen))
    if len(chosen) > MOST:
        raise OutputError(
            f"{len(chosen)} attributes beside a face hide the film; choose at most {MOST}, or "
            "write a table, which has all."
        )
    return tuple(chosen)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


# the film that is read


@dataclass(frozen=True)
class _Film:
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
def _opened(path: Path) -> Iterator[_Film]:
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
    _need_text(path, PhotoError)
    with _quiet():
        source = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        try:
            width, height = (
                source.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
            )
            if not source.isOpened() or min(width, height) < 1:
                _refuse_photo(path)
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
            yield _Film(source, rate, int(count) if sane else 0, exact)
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


def _refuse_photo(path: Path) -> None:
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


# what is written


@contextmanager
def _draft(out: Path) -> Iterator[Path]:
    """A file beside `out` that takes its place when it is whole, and goes if it never is."""
    # OpenCV tells by the ending what to write.
    draft = out.with_name(f"{out.stem}.{secrets.token_hex(4)}.draft{out.suffix.lower()}")
    try:
        draft.touch()
        yield draft
        draft.replace(out)
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{printable(str(out))} could not be written: {why}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _writing(
    draft: Path, film: _Film, pen: "Pen", names: tuple[str, ...]
) -> AbstractContextManager[Write]:
    return _film(draft, film.rate, pen) if draft.suffix in FILMS else _table(draft, names)


@contextmanager
def _table(path: Path, names: tuple[str, ...]) -> Generator[Write, None, None]:
    """A table that is written as the film goes on."""
    opened = _csv_rows if path.suffix == ".csv" else _parquet_rows
    with opened(path, (*COLUMNS, *names)) as add:

        def write(number: int, seconds: float, _: np.ndarray, seen: list[Seen]) -> None:
            for each in seen:
                face = each.face
                place = (round(float(side), 1) for side in face.box)
                add((
                    number, round(seconds, 3), each.number, round(float(face.confidence), 4),
                    *place, *each.prediction.probabilities.tolist(),
                ))  # fmt: skip

        yield write


@contextmanager
def _csv_rows(path: Path, header: tuple[str, ...]) -> Iterator[Callable[[tuple[Any, ...]], None]]:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(header)
        kept = header.index("confidence")
        yield lambda row: lines.writerow([*row[:kept], *(f"{value:.6g}" for value in row[kept:])])


@contextmanager
def _parquet_rows(
    path: Path, header: tuple[str, ...]
) -> Iterator[Callable[[tuple[Any, ...]], None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"frame": pa.int32(), "seconds": pa.float64(), "face": pa.int32()}
    schema = pa.schema([(name, kinds.get(name, pa.float32())) for name in header])
    rows: list[tuple[Any, ...]] = []
    with pq.ParquetWriter(path, schema) as whole:

        def flush() -> None:
            columns = list(zip(*rows, strict=True)) or [()] * len(header)
            arrays = [
                pa.array(each, kind) for each, kind in zip(columns, schema.types, strict=True)
            ]
            whole.write_table(pa.table(arrays, schema=schema))
            rows.clear()

        def add(row: tuple[Any, ...]) -> None:
            rows.append(row)
            if len(rows) == _ROWS:
                flush()

        yield add
        flush()


@contextmanager
def _film(path: Path, rate: float, pen: "Pen") -> Generator[Write, None, None]:
    """A copy with boxes, at an even rate: a frame that stands for long is written again."""
    copy = _Copy(path, rate)

    def write(_: int, seconds: float, pixels: np.ndarray, seen: list[Seen]) -> None:
        copy.add(pen.draw(pixels, seconds, seen), seconds)

    try:
        yield write
    finally:
        copy.close()
    copy.check()


class _Copy:
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
