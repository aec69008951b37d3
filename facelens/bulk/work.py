"""One chunk of photos: read, detect, predict, and write a part of the table."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from facelens.bundles.session import BATCH
from facelens.data import parquet
from facelens.errors import FacelensError, PhotoError
from facelens.tables import ERROR_COLUMNS, write_table
from facelens.tasks import DEFAULT, TASKS, load_model
from facelens.tasks.base import Table
from facelens.tasks.road import answer, find

# The columns before those of the task.
PLACE_COLUMNS = ("face", "confidence", "x", "y", "w", "h")

_log = logging.getLogger(__name__)

_opening = threading.Lock()


@dataclass(frozen=True)
class Labelled:
    """The result of labelling: the table, the table of errors, and counts.

    `errors`: photos without a face, damaged or unreadable. `skipped`: what else lay in the folder.
    `table`: the task's columns in it.
    """

    out: Path
    errors_out: Path
    photos: int
    faces: int
    errors: int
    skipped: int = 0
    table: Table | None = None


@dataclass(frozen=True)
class Job:
    """The settings that every worker needs; paths are absolute, since workers run elsewhere.

    `places`: include confidence and box of each face.
    `seconds`: how long decoding one photo may take; None if as long as it wants.
    `judgements`: include the columns that are judgements about people.
    """

    source: str
    parts: str
    kind: str
    model: str
    detector: str | None
    aligned: bool
    task: str = DEFAULT
    places: bool = True
    seconds: float | None = None
    judgements: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table."""
        return ("photo", *(PLACE_COLUMNS if self.places else ()), *self.table.columns)

    @property
    def table(self) -> Table:
        """The task's columns."""
        model = open_model(self.task, self.model)
        return Table.of(TASKS[self.task], model, judgements=self.judgements)


@dataclass(frozen=True)
class Chunk:
    """Some photos: paths in the source, or rows `start` to `stop` of the parquet file `rows`."""

    index: int
    paths: tuple[str, ...] = ()
    rows: str = ""
    start: int = 0
    stop: int = 0

    @property
    def photos(self) -> int:
        return len(self.paths) or self.stop - self.start


def part_path(parts: str | Path, index: int, suffix: str) -> Path:
    return Path(parts) / f"part-{index:07d}{suffix}"


def work(job: Job, chunk: Chunk) -> int:
    """Label one chunk and write its part and its errors; return its number of photos."""
    with _opening:
        model, table = open_model(job.task, job.model), job.table
    rows: list[tuple[Any, ...]] = []
    errors: list[tuple[str, str]] = []
    for batch in _batches(faces_of(job, chunk, errors)):
        answers = answer(TASKS[job.task], model, [face for _, _, face in batch])
        for (name, number, face), answered in zip(batch, answers, strict=True):
            place = (number, *place_of(face)) if job.places else ()
            rows.append((name, *place, *table.row(face, answered)))
    failed = part_path(job.parts, chunk.index, ".errors.csv")
    write_table(failed, errors, ERROR_COLUMNS, header=False)
    # The part is written last: if it exists, so do its errors.
    part = part_path(job.parts, chunk.index, job.kind)
    write_table(part, rows, job.columns, header=False)
    return chunk.photos


@lru_cache(maxsize=1)
def open_model(task: str, name: str) -> Any:
    """Open the model of a job, once per process."""
    return load_model(name, task=task)


def faces_of(
    job: Job, chunk: Chunk, errors: list[tuple[str, str]]
) -> Iterator[tuple[str, int, Any]]:
    """Yield every face of a chunk with its photo's name and its number; append to `errors`."""
    for path, photo in sources(job, chunk):
        name = text_of(path)
        faces, reason = _try(job, path, photo)
        if reason:
            errors.append((name, reason))
        for number, face in enumerate(faces, 1):
            yield name, number, face


def _batches(found: Iterator[Any]) -> Iterator[list[Any]]:
    """Group faces into batches across photos."""
    while batch := list(islice(found, BATCH)):
        yield batch


def sources(job: Job, chunk: Chunk) -> Iterator[tuple[str, bytes | Path | PhotoError]]:
    """Every photo of a chunk: its name, and its bytes, where it lies, or why there is none."""
    if chunk.paths:
        for path in chunk.paths:
            yield path, Path(job.source) / path
        return
    for row in parquet.images(chunk.rows, columns=[], start=chunk.start, stop=chunk.stop):
        yield row.path, PhotoError(row.missing) if row.missing else row.data


def _try(job: Job, name: str, data: bytes | Path | PhotoError) -> tuple[list[Any], str]:
    """The faces of one photo, and the reason why there are none or they are less reliable."""
    if isinstance(data, PhotoError):
        return [], str(data)
    try:
        faces, hints = _faces(job, name, data)
    except PhotoError as error:
        return [], str(error)
    except FacelensError:
        raise
    except Exception:  # noqa: BLE001 - one photo must not end a run of thousands
        _log.warning("%s", name, exc_info=True)
        return [], "An unexpected error occurred with this photo."
    return faces, " ".join([*([] if faces else ["No face was found."]), *hints])


def _faces(job: Job, name: str, data: bytes | Path) -> tuple[list[Any], tuple[str, ...]]:
    """The faces of one photo, or the one crop that it is; and the photo's hints."""
    from facelens.photo import printable, read_photo

    photo = read_photo(data, name=name, seconds=job.seconds)
    model = open_model(job.task, job.model)
    if not job.aligned:
        return find(TASKS[job.task], model, photo, detector=job.detector), photo.hints
    height, width = model.crop_size
    if (photo.height, photo.width) != (height, width):
        raise PhotoError(
            f"{printable(name)} has {photo.width} x {photo.height} pixels; a crop has "
            f"{width} x {height}."
        )
    return [model.crop(photo.pixels)], photo.hints


def place_of(face: Any) -> tuple[float | None, ...]:
    """Confidence, x, y, w, h; for an aligned crop the whole crop, without a confidence."""
    if hasattr(face, "box"):
        return (round(float(face.confidence), 4), *(round(float(side), 1) for side in face.box))
    return (None, 0.0, 0.0, float(face.shape[1]), float(face.shape[0]))


def text_of(name: str) -> str:
    """A path as text, with undecodable bytes escaped."""
    return name.encode(errors="backslashreplace").decode()
