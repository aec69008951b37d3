"""Many photos: a folder in, a table out, on one machine or on a Dask cluster.

The photos are cut into chunks; each chunk writes files of its own into FILE.parts/, moved into
place when complete. So a killed run goes on where it stopped, and a chunk done twice is no harm.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from facelens import __version__
from facelens.bulk.work import Chunk, Job, Labelled, part_path
from facelens.bulk.workers import here, in_processes, on_cluster
from facelens.data import parquet
from facelens.errors import DataError, OutputError
from facelens.files import Progress, check_out, only_one, sha256, write_text, writing
from facelens.tables import ERROR_COLUMNS, join
from facelens.tasks import DEFAULT, load_model

CHUNK = 128  # photos at most: a second or so of work, which is what a killed worker loses
_LEAST_CHUNK = 16
_CHUNKS = 256  # where photos are few, rather than large ones: all cores end at about the same time
SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".heic", ".heif",
}  # fmt: skip


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
) -> Labelled:
    """Write a table with a row for every face of every photo of `source`.

    Args:
        source: a folder of photos, or parquet in the Hub's layout.
        out: a .csv or .parquet file. What has no face or cannot be read goes to OUT.errors.csv.
        model: as for `load_model`.
        detector: as for `find_faces`.
        aligned: the photos are the task's crops already, CelebA's 178x218; no face is looked for.
        workers: how many processes; each fills one core and brings its own copy of the network.
        scheduler: the address of a Dask scheduler, whose workers do it instead. They must see
            `source` and the folder of `out` under the same paths.
        force: write over a finished `out`.
        progress: called with the photos done and all photos.
        task: whose columns the table has, a key of `TASKS`.
        places: whether the table says where each face is.

    Raises:
        DataError: there is nothing to label at `source`.
        OutputError: `out` exists, cannot be written, or a worker died.
    """
    source, out = Path(source).absolute(), Path(out).absolute()
    check_out(out, force=force)
    model, detector = same_everywhere(model, detector, aligned=aligned, task=task)
    chunks, listing = list_chunks(source, out)
    parts = out.with_name(out.name + ".parts")
    job = Job(str(source), str(parts), out.suffix.lower(), model, detector, aligned, task, places)
    with writing(out):
        _open_parts(parts, _plan(job, listing), force=force)
        with only_one(parts):
            if not (parts / "merged.json").is_file():
                _run(job, chunks, workers, scheduler, progress)
                _merge(parts, len(chunks), job.kind, job.columns)
            done = _move_into_place(parts, out, sum(chunk.photos for chunk in chunks))
        shutil.rmtree(parts)  # after the lock, without which Windows would keep its file
    return done


# before the work


def same_everywhere(
    model: str | None, detector: str | None, *, aligned: bool, task: str
) -> tuple[str, str | None]:
    """Settle what the environment decides, so that every worker decides the same."""
    from facelens.faces.detect import resolve

    # One that cannot be used is refused before anything is written.
    model = str(load_model(model, task=task).bundle.folder.absolute())
    if aligned:
        return model, None
    name, file = resolve(detector)
    return model, f"{name}:{file.absolute()}" if file else name


def list_chunks(source: Path, out: Path) -> tuple[list[Chunk], str]:
    """The work, and a fingerprint of the files that it is about."""
    if source.is_dir():
        paths = sorted(_photos(source, out))
        if paths:
            size = _chunk_size(len(paths))
            cut = [
                Chunk(number, tuple(paths[start : start + size]))
                for number, start in enumerate(range(0, len(paths), size))
            ]
            return cut, _fingerprint(source / path for path in paths)
        if not any(source.rglob("*.parquet")):
            raise DataError(f"{source} holds no photos.")
    elif not source.exists():
        raise DataError(f"{source} does not exist; name a folder of photos or a parquet file.")
    elif source.suffix.lower() in SUFFIXES:
        raise DataError(
            f"{source} is one photo; name the folder that it is in, or use facelens predict."
        )
    size = _chunk_size(parquet.count(source))
    cut = [
        Chunk(number, (), str(file), start, stop)
        for number, (file, start, stop) in enumerate(parquet.pieces(source, size))
    ]
    if not cut:
        raise DataError(f"{source} holds no rows.")
    return cut, _fingerprint(parquet.files(source))


def _chunk_size(photos: int) -> int:
    return min(CHUNK, max(_LEAST_CHUNK, photos // _CHUNKS))


def _photos(source: Path, out: Path) -> Iterator[str]:
    parts = out.name + ".parts"
    for folder, folders, names in os.walk(source):
        folders[:] = [name for name in folders if not name.startswith(".") and name != parts]
        for name in names:
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield (Path(folder) / name).relative_to(source).as_posix()


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
    manifest = Path(job.model) / "manifest.json"
    about = asdict(job) | {
        "photos": listing,
        "chunk": [CHUNK, _LEAST_CHUNK, _CHUNKS],
        "version": __version__,
        "model": sha256(manifest),
    }
    del about["parts"]
    return about


def _open_parts(parts: Path, plan: dict[str, Any], *, force: bool) -> None:
    """Make `parts`, or take up what an earlier run of the same plan left there."""
    settled = parts / "plan.json"
    if settled.is_file():
        if settled.read_text(encoding="utf-8") == json.dumps(plan):
            return
        if not force:
            raise OutputError(
                f"{parts} holds unfinished work on other photos, or with other settings; finish "
                "that, or give --force to start anew."
            )
        shutil.rmtree(parts)
    elif parts.exists() and any(path.suffix != ".draft" for path in parts.iterdir()):
        raise OutputError(f"{parts} is not ours to write over; move it away.")
    parts.mkdir(exist_ok=True)
    write_text(settled, json.dumps(plan))


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
    # Closed whatever happens, so that no worker outlives a run that is broken off.
    with closing(finished):
        for photos in finished:
            done += photos
            if progress:
                progress(done, total)


# who does it


# after the work


def _merge(parts: Path, count: int, kind: str, columns: tuple[str, ...]) -> None:
    """Put the parts together, in order, into one table and one of errors."""
    made = [part_path(parts, index, kind) for index in range(count)]
    lost = [part for part in made if not part.is_file()]
    if lost:
        raise OutputError(
            f"{lost[0]} was not written; every worker must see that folder under this path."
        )
    faces = join(made, parts / f"table{kind}", columns)
    errors_made = [part_path(parts, index, ".errors.csv") for index in range(count)]
    errors = join(errors_made, parts / "errors.csv", ERROR_COLUMNS)
    write_text(parts / "merged.json", json.dumps({"faces": faces, "errors": errors}))


def _move_into_place(parts: Path, out: Path, photos: int) -> Labelled:
    errors_out = out.with_name(out.name + ".errors.csv")
    counts = json.loads((parts / "merged.json").read_text(encoding="utf-8"))
    for made, place in (
        (parts / "errors.csv", errors_out),
        (parts / f"table{out.suffix.lower()}", out),
    ):
        # A run that was killed here has moved the first already.
        if made.is_file():
            made.replace(place)
    return Labelled(out, errors_out, photos, counts["faces"], counts["errors"])
