"""Track the faces of a film: write a table of them, or a copy with boxes and answers."""

import difflib
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelens.errors import BundleError, OutputError, PhotoError, many
from facelens.files import TABLES, Progress, check_out
from facelens.photo import Photo, printable
from facelens.tables import row_writer
from facelens.tasks import DEFAULT, TASKS, load_model
from facelens.tasks.base import Model, State, Style, Table
from facelens.video.annotate import Annotator
from facelens.video.film import Film, need_text, open_film, refuse_photo
from facelens.video.stopwatch import Stopwatch
from facelens.video.stream import LivePredictor, Observation
from facelens.video.writer import FILMS, film_writer

COLUMNS = ("frame", "seconds", "face", "confidence", "x", "y", "w", "h")
KINDS = {"table": TABLES, "film": tuple(FILMS)}
# More rows next to a face would hide the film.
MOST = 8
Write = Callable[[int, float, np.ndarray, list[Observation]], None]


@dataclass(frozen=True)
class TrackedFilm:
    """The result of `track_film`.

    `tracks`: faces that got a number, which may be more than there are people; `rows`: faces in all
    frames. `lost`: frames that the file's header counts and that could not be read. `start`: where
    the film's own clock starts, in seconds; `seconds`: how long it lasts. `table`: the task's
    columns, if it is a table.
    """

    out: Path
    frames: int
    seconds: float
    tracks: int
    rows: int
    lost: int
    start: float = 0.0
    table: Table | None = None

    def __str__(self) -> str:
        film = f"{many(self.frames, 'frame')} ({self.seconds:,.1f} seconds)"
        faces = many(self.tracks, "tracked face")
        out = printable(str(self.out))
        if not self.tracks:
            nothing = "no rows" if self.table else "no boxes"
            text = f"No face was found in {film}; {out} has {nothing}."
        elif self.table:
            text = f"{out} has {many(self.rows, 'row')} of {faces} in {film}."
        else:
            text = f"{out} shows {faces} in {film}, without sound."
        if self.start:
            text += f" Its clock starts at {self.start:,.2f} seconds."
        if self.lost:
            text += (
                f" The film's header counts {many(self.frames + self.lost, 'frame')}: "
                f"{self.lost:,} {'is' if self.lost == 1 else 'are'} damaged, missing or not meant "
                "to be shown."
            )
        return text


def track_film(
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
    judgements: bool = True,
) -> TrackedFilm:
    """Write a table with a row for every face of every frame, or a copy of the film with boxes.

    Args:
        source: a video file.
        out: a table, .csv or .parquet; or a film, .mp4, .webm or .avi, which has no sound.
        model: as for `load_model`.
        detector: as for `find_faces`.
        task: a key of `TASKS`.
        attributes: names of the attributes drawn next to a face of a film; none if empty. By
            default a few everyday ones. A table has all of them.
        threshold: an operating point or a number, for a film's verdicts; by default "half". A
            table has none.
        force: overwrite `out`.
        progress: called with the frames done and all frames, 0 if that is unknown.
        judgements: include a table's columns that are judgements about people; a film shows those
            among `attributes`.

    Raises:
        PhotoError: `source` is missing, or not a film that can be read.
        BundleError: the model has no such attribute.
        OutputError: `out` exists or cannot be written.
    """
    for name in (source, out):
        if not str(name).strip():
            raise OutputError("A name is empty; name the film, and the file to write.")
    source, out = Path(source).absolute(), Path(out).absolute()
    _check_out(source, out, attributes, threshold, force=force)
    is_table = out.suffix.lower() in TABLES
    if not is_table and not judgements:
        raise OutputError("A film shows what --attributes names; leave --no-judgements to tables.")
    with open_film(source) as film:
        network, chosen = load_model(model, task=task), TASKS[task]
        table = Table.of(chosen, network, judgements=judgements) if is_table else None
        style = Style(threshold or "half", _chosen(network, attributes), brief=True)
        network.check_style(style)
        annotator = Annotator(lambda face, answer: chosen.words(network, face, answer, style))
        predictor = LivePredictor(network, detector, task=chosen)
        frames, rows, seconds, numbers = 0, 0, 0.0, set[int]()
        with _writing(out, film, annotator, table, chosen.state) as write:
            for seconds, pixels in film.frames():
                seen = predictor.predict(Photo(pixels, source.name), seconds)
                write(frames, seconds, pixels, seen)
                frames, rows = frames + 1, rows + len(seen)
                numbers.update(each.number for each in seen)
                if progress:
                    progress(frames, film.expected if film.expected > frames else 0)
            if frames <= 1:
                refuse_photo(source)
            if not frames:
                raise PhotoError(f"{printable(source.name)} has no frame that can be read.")
    if progress:
        progress(frames, frames)
    end = seconds + 1 / film.rate
    lost = film.lost(frames, end)
    return TrackedFilm(out, frames, end - film.start, len(numbers), rows, lost, film.start, table)


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
        raise OutputError("A table has all answers; choose some only for a film.")
    if kind in TABLES and threshold is not None:
        raise OutputError("A table has no verdicts; give a threshold only for a film.")
    check_out(out, KINDS, source=source, force=force)
    if kind in FILMS:
        need_text(out, OutputError)


def _chosen(model: Model, names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The attributes to draw next to a face, in the given order; None is the task's choice."""
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
            raise BundleError(f"{model.title} has no answer {printable(name)!r}; {hint}.")
        chosen.append(known[_plain(name)])
    chosen = list(dict.fromkeys(chosen))
    if len(chosen) > MOST:
        raise OutputError(
            f"{len(chosen)} answers next to a face hide the film; choose at most {MOST}, or "
            "write a table, which has all."
        )
    return tuple(chosen)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


# the outputs


def _writing(
    out: Path, film: Film, annotator: Annotator, table: Table | None, state: State | None
) -> AbstractContextManager[Write]:
    return _table(out, table, state) if table else _film(out, film.rate, annotator)


@contextmanager
def _table(out: Path, table: Table, state: State | None) -> Generator[Write, None, None]:
    """Yield a function that adds a frame's faces to the table."""
    watch = Stopwatch(state) if state else None
    columns = (*COLUMNS, *([state.column] if state else []))
    with row_writer(out, (*columns, *table.columns)) as add:

        def write(number: int, seconds: float, _: np.ndarray, seen: list[Observation]) -> None:
            if watch:
                watch.note(seconds, seen)
            for each in seen:
                face = each.face
                place = [round(float(side), 1) for side in face.box]
                place += [round(watch.spent(each.number), 3)] if watch else []
                add((
                    number, round(seconds, 3), each.number, round(float(face.confidence), 4),
                    *place, *table.row(face, each.answer),
                ))  # fmt: skip

        yield write


@contextmanager
def _film(out: Path, rate: float, annotator: Annotator) -> Generator[Write, None, None]:
    """Yield a function that adds an annotated frame to the copy, which has a constant rate."""
    with film_writer(out, rate) as copy:

        def write(_: int, seconds: float, pixels: np.ndarray, seen: list[Observation]) -> None:
            copy.add(annotator.draw(pixels, seconds, seen), seconds)

        yield write
