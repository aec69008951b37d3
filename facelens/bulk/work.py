"""One chunk of photos: read, detected, answered and written as a part of the table."""

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

# Where a face is, before what its task says of it.
PLACE_COLUMNS = ("face", "confidence", "x", "y", "w", "h")

_log = logging.getLogger(__name__)

_opening = threading.Lock()


@dataclass(frozen=True)
class Labelled:
    """What came of labelling: counts, the table and the table of what failed."""

    out: Path
    errors_out: Path
    photos: int
    faces: int
    errors: int


@dataclass(frozen=True)
class Job:
    """What every worker has to know; absolute paths, since workers start elsewhere.

    `places`: whether the table says where each face is.
    """

    source: str
    parts: str
    kind: str
    model: str
    detector: str | None
    aligned: bool
    task: str = DEFAULT
    places: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table."""
        own = TASKS[self.task].columns(open_model(self.task, self.model))
        return ("photo", *(PLACE_COLUMNS if self.places else ()), *own)


@dataclass(frozen=True)
class Chunk:
    """Some photos: paths below the source, or rows `start` to `stop` of the parquet file `rows`."""

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
    """Label one chunk and leave its part and its errors in the job's parts."""
    with _opening:
        model = open_model(job.task, job.model)
    rows: list[tuple[Any, ...]] = []
    errors: list[tuple[str, str]] = []
    for batch in _batches(faces_of(job, chunk, errors)):
        answers = model.predict([face for _, _, face in batch])
        for (name, number, face), answer in zip(batch, answers, strict=True):
            place = (number, *place_of(face)) if job.places else ()
            rows.append((name, *place, *TASKS[job.task].row(model, face, answer)))
    failed = part_path(job.parts, chunk.index, ".errors.csv")
    write_table(failed, errors, ERROR_COLUMNS, header=False)
    # The part comes last: where it is, its errors are.
    part = part_path(job.parts, chunk.index, job.kind)
    write_table(part, rows, job.columns, header=False)
    return chunk.photos


@lru_cache(maxsize=1)
def open_model(task: str, name: str) -> Any:
    """The model of a job, opened once in a process."""
    return load_model(name, task=task)


def faces_of(
    job: Job, chunk: Chunk, errors: list[tuple[str, str]]
) -> Iterator[tuple[str, int, Any]]:
    """Every face of a chunk with its photo's name and its number there; `errors` are filled."""
    for path, photo in sources(job, chunk):
        name = _text(path)
        faces, reason = _try(job, path, photo)
        if reason:
            errors.append((name, reason))
        for number, face in enumerate(faces, 1):
            yield name, number, face


def _batches(found: Iterator[Any]) -> Iterator[list[Any]]:
    """As many as are asked about at once, across photos, and the rest."""
    while batch := list(islice(found, BATCH)):
        yield batch


def sources(job: Job, chunk: Chunk) -> Iterator[tuple[str, bytes | Path]]:
    """Every photo of a chunk: its name, and its bytes or where it lies."""
    if chunk.paths:
        for path in chunk.paths:
            yield path, Path(job.source) / path
        return
    for row in parquet.images(chunk.rows, columns=[], start=chunk.start, stop=chunk.stop):
        yield row.path, row.data


def _try(job: Job, name: str, data: bytes | Path) -> tuple[list[Any], str]:
    """The faces of one photo, or why there are none."""
    try:
        faces = _faces(job, name, data)
    except PhotoError as error:
        return [], str(error)
    except FacelensError:
        raise
    except Exception:  # noqa: BLE001 - one odd photo must not end a run of thousands
        _log.warning("%s", name, exc_info=True)
        return [], "Something unforeseen went wrong with this photo."
    return faces, "" if faces else "No face was found."


def _faces(job: Job, name: str, data: bytes | Path) -> list[Any]:
    """The faces of one photo, or the one crop that it is."""
    from facelens.faces import find_faces
    from facelens.photo import printable, read_photo

    photo = read_photo(data, name=name)
    if not job.aligned:
        return find_faces(photo, detector=job.detector)
    model = open_model(job.task, job.model)
    height, width = model.crop_size
    if (photo.height, photo.width) != (height, width):
        raise PhotoError(
            f"{printable(name)} has {photo.width} x {photo.height} pixels; a crop has "
            f"{width} x {height}."
        )
    return [model.crop(photo.pixels)]


def place_of(face: Any) -> tuple[float | None, ...]:
    """Confidence, x, y, w, h; an aligned crop is the face, and nothing was looked for."""
    if hasattr(face, "box"):
        return (round(float(face.confidence), 4), *(round(float(side), 1) for side in face.box))
    return (None, 0.0, 0.0, float(face.shape[1]), float(face.shape[0]))


def _text(name: str) -> str:
    """A path as text: stray bytes of old file systems are escaped."""
    return name.encode(errors="backslashreplace").decode()
