"""Label many photos: a folder in, a table out, on one machine or on a Dask cluster.

The photos are split into chunks; each chunk writes its own files into FILE.parts/ atomically. An
interrupted run resumes where it stopped; redoing a chunk is harmless.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from facelens import __version__
from facelens.bulk.listing import SUFFIXES, beside_tables, is_photo_file, list_folder
from facelens.bulk.work import Chunk, Job, Labelled, part_path, text_of
from facelens.bulk.workers import here, in_processes, on_cluster
from facelens.bundles.bundle import MANIFEST
from facelens.data import parquet
from facelens.errors import DataError, OutputError, printable
from facelens.files import Progress, check_out, only_one, sha256, write_text, writing
from facelens.tables import ERROR_COLUMNS, join, write_table
from facelens.tasks import DEFAULT, TASKS, load_model
from facelens.tasks.road import finder

CHUNK = 128  # photos at most: about a second of work, which is what a killed worker loses
_MIN_CHUNK = 16
_CHUNKS = 256  # smaller chunks if photos are few, so that all cores finish at about the same time
SECONDS = 30.0  # that decoding a photo may take; an ordinary one takes a tenth of one


def label(
    source: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    detector: str | None = None,
    aligned: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
    task: str = DEFAULT,
    places: bool = True,
    seconds: float = SECONDS,
    judgements: bool = True,
) -> Labelled:
    """Write a table with a row for every face of every photo of `source`.

    Args:
        source: a folder of photos, or parquet in the Hub's layout.
        out: a .csv or .parquet file; photos without a face, damaged or unreadable, and whatever
            else lies in the folder, go to OUT.errors.csv, each with the reason.
        model: as for `load_model`.
        detector: as for `find_faces`.
        aligned: the photos are already the task's crops, such as CelebA's 178x218; no detection.
        workers: number of processes; each uses one core and has its own copy of the network.
        scheduler: address of a Dask scheduler, whose workers are used instead. They must see
            `source` and the folder of `out` under the same paths.
        force: overwrite a finished `out`.
        progress: called with the photos done and all photos.
        task: a key of `TASKS`; it defines the table's columns.
        places: include confidence and box of each face.
        seconds: how long decoding one photo may take.
        judgements: include the columns that are judgements about people.

    Raises:
        DataError: there is nothing to label at `source`.
        OutputError: `out` exists, cannot be written, or a worker died.
    """
    source, out = Path(source).absolute(), Path(out).absolute()
    parts = out.with_name(out.name + ".parts")
    _remove_if_ended(parts, out)
    check_out(out, force=force)
    model, detector = same_everywhere(model, detector, aligned=aligned, task=task)
    work = list_work(source, out)
    kind = out.suffix.lower()
    job = Job(
        str(source), str(parts), kind, model, detector, aligned, task, places, seconds, judgements
    )
    with writing(out):
        _open_parts(parts, _plan(job, work.fingerprint), force=force)
        with only_one(parts):
            if not (parts / "merged.json").is_file():
                _run(job, work.chunks, workers, scheduler, progress)
                _merge(parts, work, job.kind, job.columns)
            done = _move_into_place(parts, out, sum(chunk.photos for chunk in work.chunks))
        _remove(parts)  # after the lock is released: Windows cannot remove its file before
    return replace(done, table=job.table)


# before the work


def same_everywhere(
    model: str | None, detector: str | None, *, aligned: bool, task: str
) -> tuple[str, str | None]:
    """Resolve model and detector here, so that every worker uses the same."""
    from facelens.faces.detect import resolve

    # A model that cannot be used is refused before anything is written.
    opened = load_model(model, task=task)
    model = str(opened.place.absolute())
    if not aligned:
        finder(TASKS[task], opened, detector)  # refuses one that does not fit the task
    if aligned and TASKS[task].sees == "photo":
        raise DataError(f"The task {task} takes whole photos, not aligned crops: leave --aligned.")
    if aligned or TASKS[task].sees == "photo":
        return model, None
    name, file = resolve(detector)
    return model, f"{name}:{file.absolute()}" if file else name


@dataclass(frozen=True)
class Work:
    """The photos in chunks, what is passed over with its reason, a fingerprint of the photos."""

    chunks: list[Chunk]
    skipped: list[tuple[str, str]]
    fingerprint: str


def list_work(source: Path, out: Path) -> Work:
    """List the photos of a folder, or the rows of parquet, and split them into chunks."""
    skipped: list[tuple[str, str]] = []
    if source.is_dir():
        found = list_folder(source, out)
        if paths := found.photos:
            size = _chunk_size(len(paths))
            chunks = [
                Chunk(number, tuple(paths[start : start + size]))
                for number, start in enumerate(range(0, len(paths), size))
            ]
            return Work(chunks, found.skipped, _fingerprint(source / path for path in paths))
        if not any(source.rglob("*.parquet")):
            raise DataError(f"{source} holds no photos.{_first(found.skipped)}")
        skipped = beside_tables(found, parquet.files(source), source)
    elif not source.exists():
        raise DataError(f"{source} does not exist; name a folder of photos or a parquet file.")
    elif not source.is_file():
        raise DataError(f"{source} is neither a folder nor a file; name a folder of photos.")
    elif source.suffix.lower() in SUFFIXES or is_photo_file(source):
        raise DataError(
            f"{source} is one photo; name the folder that it is in, or use facelens predict."
        )
    size = _chunk_size(parquet.count(source))
    chunks = [
        Chunk(number, (), str(file), start, stop)
        for number, (file, start, stop) in enumerate(parquet.pieces(source, size))
    ]
    if not chunks:
        raise DataError(f"{source} holds no rows.")
    return Work(chunks, skipped, _fingerprint(parquet.files(source)))


def _chunk_size(photos: int) -> int:
    return min(CHUNK, max(_MIN_CHUNK, photos // _CHUNKS))


def _first(skipped: list[tuple[str, str]]) -> str:
    """Why nothing is left of a folder: the first reason."""
    if not skipped:
        return ""
    name, reason = skipped[0]
    if len(skipped) == 1:
        return f" 1 entry was skipped, {printable(name)}: {reason}"
    return f" {len(skipped):,} entries were skipped, the first, {printable(name)}: {reason}"


def _fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        try:
            stat = path.stat()
            size, changed = stat.st_size, stat.st_mtime_ns
        except OSError:
            size = changed = -1
        digest.update(f"{path}\0{size}\0{changed}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


# FILE.parts/


def _plan(job: Job, listing: str) -> dict[str, Any]:
    model = Path(job.model)
    about = asdict(job) | {
        "photos": listing,
        "chunk": [CHUNK, _MIN_CHUNK, _CHUNKS],
        "version": __version__,
        "model": sha256(model if model.is_file() else model / MANIFEST),
    }
    del about["parts"]
    return about


def _open_parts(parts: Path, plan: dict[str, Any], *, force: bool) -> None:
    """Create `parts`, or resume what an earlier run with the same plan left there."""
    path = parts / "plan.json"
    if path.is_file():
        if path.read_text(encoding="utf-8") == json.dumps(plan):
            return
        if not force:
            raise OutputError(
                f"{parts} holds unfinished work on other photos, or with other settings; finish "
                "that, or give --force to start over."
            )
        _remove(parts)
    elif parts.exists() and any(file.suffix != ".draft" for file in parts.iterdir()):
        raise OutputError(f"{parts} was not written by facelens; move it away.")
    parts.mkdir(exist_ok=True)
    write_text(path, json.dumps(plan))


# the work


def _run(
    job: Job,
    chunks: list[Chunk],
    workers: int,
    scheduler: str | None,
    progress: Progress | None,
) -> None:
    open_chunks = [c for c in chunks if not part_path(job.parts, c.index, job.kind).is_file()]
    total = sum(chunk.photos for chunk in chunks)
    done = total - sum(chunk.photos for chunk in open_chunks)
    processes = min(workers, len(open_chunks))
    if scheduler:
        finished = on_cluster(job, open_chunks, scheduler)
    elif processes > 1:
        finished = in_processes(job, open_chunks, processes)
    else:
        finished = here(job, open_chunks)
    # Always closed, so that no worker outlives an interrupted run.
    with closing(finished):
        for photos in finished:
            done += photos
            if progress:
                progress(done, total)


# after the work


def _merge(parts: Path, work: Work, kind: str, columns: tuple[str, ...]) -> None:
    """Join the parts, in order, into one table of faces and one of errors."""
    count = len(work.chunks)
    made = [part_path(parts, index, kind) for index in range(count)]
    lost = [part for part in made if not part.is_file()]
    if lost:
        raise OutputError(
            f"{lost[0]} was not written; every worker must see that folder under this path."
        )
    faces = join(made, parts / f"table{kind}", columns)
    errors_made = [part_path(parts, index, ".errors.csv") for index in range(count)]
    skipped = parts / "skipped.csv"
    lines = [(text_of(name), reason) for name, reason in work.skipped]
    write_table(skipped, lines, ERROR_COLUMNS, header=False)
    errors = join([*errors_made, skipped], parts / "errors.csv", ERROR_COLUMNS) - len(lines)
    counts = {"faces": faces, "errors": errors, "skipped": len(lines)}
    write_text(parts / "merged.json", json.dumps(counts))


def _move_into_place(parts: Path, out: Path, photos: int) -> Labelled:
    errors_out = out.with_name(out.name + ".errors.csv")
    counts = json.loads((parts / "merged.json").read_text(encoding="utf-8"))
    for made, place in (
        (parts / "errors.csv", errors_out),
        (parts / f"table{out.suffix.lower()}", out),
    ):
        # A run that was killed here may have moved the first already.
        if made.is_file():
            made.replace(place)
    return Labelled(out, errors_out, photos, **counts)


def _remove(parts: Path) -> None:
    """Remove the folder of a run; what tells whose it is goes last, in case this is cut short."""
    last = [parts / "merged.json", parts / "plan.json"]
    for path in parts.iterdir():
        if path not in last:
            path.unlink(missing_ok=True)
    for path in last:
        path.unlink(missing_ok=True)
    shutil.rmtree(parts)  # with what a worker of a cluster that came too late has written


def _remove_if_ended(parts: Path, out: Path) -> None:
    """Remove what a run left that was killed after its table had been moved into place."""
    if not (out.is_file() and (parts / "plan.json").is_file()):
        return
    with writing(out):
        left = {path.name for path in parts.iterdir()}
        table = f"table{out.suffix.lower()}"
        if ("merged.json" in left and table not in left) or left <= {"plan.json", "lock"}:
            with only_one(parts):
                pass
            _remove(parts)
