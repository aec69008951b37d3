"""A video file: a table of who is to be seen when, or a copy with boxes and answers drawn on it."""

import difflib
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.errors import BundleError, OutputError, PhotoError
from facelens.files import TABLES, Progress, check_out
from facelens.photo import Photo, printable
from facelens.tables import row_writer
from facelens.tasks import DEFAULT, TASKS, load_model
from facelens.tasks.base import Model, Style, Task
from facelens.video.annotate import Annotator
from facelens.video.film import FILMS, Film, film_writer, need_text, open_film, refuse_photo
from facelens.video.stream import LivePredictor, Observation

COLUMNS = ("frame", "seconds", "face", "confidence", "x", "y", "w", "h")
KINDS = {"table": TABLES, "film": tuple(FILMS)}
# More rows beside a face than this hide the film.
MOST = 8
Write = Callable[[int, float, np.ndarray, list[Observation]], None]


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
    task: str = DEFAULT,
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
        task: what the faces are asked, a key of `TASKS`.
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
    with open_film(source) as film:
        network, asked = load_model(model, task=task), TASKS[task]
        style = Style(threshold or "half", _chosen(network, attributes))
        network.check_style(style)
        pen = Annotator(lambda face, answer: asked.words(network, face, answer, style))
        watcher = LivePredictor(network, detector)
        frames, rows, seconds, numbers = 0, 0, 0.0, set[int]()
        with _writing(out, film, pen, asked, network) as write:
            for seconds, pixels in film.frames():
                seen = watcher.see(Photo(pixels, source.name), seconds)
                write(frames, seconds, pixels, seen)
                frames, rows = frames + 1, rows + len(seen)
                numbers.update(each.number for each in seen)
                if progress:
                    progress(frames, film.count if film.count > frames else 0)
            if frames <= 1:
                refuse_photo(source)
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
    if kind in TABLES and attributes is not None:
        raise OutputError("A table has all attributes; choose some only for a film.")
    if kind in TABLES and threshold is not None:
        raise OutputError("A table has probabilities, no verdicts; give a threshold for a film.")
    check_out(out, KINDS, source=source, force=force)
    if kind in FILMS:
        need_text(out, OutputError)


def _chosen(model: Model, names: Sequence[str] | None) -> tuple[str, ...] | None:
    """What to write beside a face, in the order it was asked for; None is the task's choice."""
    if names is None:
        return None
    known = {_plain(name): name for name in model.config.names}
    known |= {_plain(model.label(name)): name for name in model.config.names}
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


# what is written


def _writing(
    out: Path, film: Film, pen: Annotator, task: Task, model: Model
) -> AbstractContextManager[Write]:
    if out.suffix.lower() in FILMS:
        return _film(out, film.rate, pen)
    return _table(out, task, model)


@contextmanager
def _table(out: Path, task: Task, model: Model) -> Generator[Write, None, None]:
    """A table that is written as the film goes on."""
    with row_writer(out, (*COLUMNS, *task.columns(model))) as add:

        def write(number: int, seconds: float, _: np.ndarray, seen: list[Observation]) -> None:
            for each in seen:
                face = each.face
                place = (round(float(side), 1) for side in face.box)
                add((
                    number, round(seconds, 3), each.number, round(float(face.confidence), 4),
                    *place, *task.row(model, face, each.answer),
                ))  # fmt: skip

        yield write


@contextmanager
def _film(out: Path, rate: float, pen: Annotator) -> Generator[Write, None, None]:
    """A copy with boxes, at an even rate: a frame that stands for long is written again."""
    with film_writer(out, rate) as copy:

        def write(_: int, seconds: float, pixels: np.ndarray, seen: list[Observation]) -> None:
            copy.add(pen.draw(pixels, seconds, seen), seconds)

        yield write
