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
from facelens.tasks.attributes.model import Attributes
from facelens.tasks.base import Answers
from facelens.tasks.keypoints.model import Keypoints

ATTRIBUTES, KEYPOINTS = "attributes", "keypoints"  # what a table may be about

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
    """What every worker has to know; absolute paths, since workers start elsewhere."""

    source: str
    parts: str
    kind: str
    model: str
    detector: str | None
    aligned: bool
    task: str = ATTRIBUTES


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
        answers = open_answers(job.task, job.model)
    rows: list[tuple[Any, ...]] = []
    errors: list[tuple[str, str]] = []
    for batch in _batches(_found(job, chunk, errors)):
        rows += answers.rows(batch)
    failed = part_path(job.parts, chunk.index, ".errors.csv")
    write_table(failed, errors, ERROR_COLUMNS, header=False)
    # The part comes last: where it is, its errors are.
    part = part_path(job.parts, chunk.index, job.kind)
    write_table(part, rows, answers.columns, header=False)
    return chunk.photos


@lru_cache(maxsize=1)
def open_answers(task: str, name: str) -> Answers:
    return Keypoints(name) if task == KEYPOINTS else Attributes(name)


def _found(job: Job, chunk: Chunk, errors: list[tuple[str, str]]) -> Iterator[tuple[str, int, Any]]:
    """Every face of a chunk with its photo's name and its number there; `errors` are filled."""
    for path, photo in _sources(job, chunk):
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


def _sources(job: Job, chunk: Chunk) -> Iterator[tuple[str, bytes | Path]]:
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
    answers = open_answers(job.task, job.model)
    if (photo.width, photo.height) != (answers.width, answers.height):
        raise PhotoError(
            f"{printable(name)} has {photo.width} x {photo.height} pixels; a crop has "
            f"{answers.width} x {answers.height}."
        )
    return [answers.crop(photo.pixels)]


def _text(name: str) -> str:
    """A path as text: stray bytes of old file systems are escaped."""
    return name.encode(errors="backslashreplace").decode()
