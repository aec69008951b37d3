"""Many photos: a folder in, a table out, on one machine or on a Dask cluster.

The photos are cut into chunks; each chunk writes files of its own into FILE.parts/, moved into
place when complete. So a killed run goes on where it stopped, and a chunk done twice is no harm.
"""

import csv
import hashlib
import io
import json
import logging
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from facelens import __version__, parquet
from facelens.errors import (
    DataError,
    FacelensError,
    MissingExtraError,
    OutputError,
    PhotoError,
)
from facelens.session import BATCH

if TYPE_CHECKING:
    import numpy as np

CHUNK = 128  # photos at most: a second or so of work, which is what a killed worker loses
_LEAST_CHUNK = 16
_CHUNKS = 256  # where photos are few, rather than large ones: all cores end at about the same time
_PARTS_AT_ONCE = 64
_PATIENCE = 10  # seconds
SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".heic", ".heif",
}  # fmt: skip
FACE_COLUMNS = ("photo", "face", "confidence", "x", "y", "w", "h")
ERROR_COLUMNS = ("photo", "reason")
ATTRIBUTES, KEYPOINTS = "attributes", "keypoints"  # what a table may be about
Progress = Callable[[int, int], None]

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
    task: str = ATTRIBUTES,
) -> Labelled:
    """Write a table with a row for every face of every photo of `source`.

    Args:
        source: a folder of photos, or parquet in the Hub's layout.
        out: a .csv or .parquet file. What has no face or cannot be read goes to OUT.errors.csv.
        model: as for `load_model`.
        detector: as for `find_faces`.
        aligned: the photos are CelebA's 178x218 crops already; no face is looked for.
        workers: how many processes; each fills one core and brings its own copy of the network.
        scheduler: the address of a Dask scheduler, whose workers do it instead. They must see
            `source` and the folder of `out` under the same paths.
        force: write over a finished `out`.
        progress: called with the photos done and all photos.
        task: "attributes", or "keypoints" for the table of `facelens.locate`.

    Raises:
        DataError: there is nothing to label at `source`.
        OutputError: `out` exists, cannot be written, or a worker died.
    """
    source, out = Path(source).absolute(), Path(out).absolute()
    check_out(out, force=force)
    model, detector = _same_everywhere(model, detector, aligned=aligned, task=task)
    chunks, listing = _chunks(source, out)
    parts = out.with_name(out.name + ".parts")
    job = Job(str(source), str(parts), out.suffix.lower(), model, detector, aligned, task)
    with _writing(out):
        _open_parts(parts, _plan(job, listing), force=force)
        with _only_one(parts):
            if not (parts / "merged.json").is_file():
                _run(job, chunks, workers, scheduler, progress)
                _merge(parts, len(chunks), job.kind, _open_answers(task, model).columns)
            return _move_into_place(parts, out, sum(chunk.photos for chunk in chunks))


# before the work


def check_out(out: Path, *, force: bool) -> None:
    """Refuse a table that cannot be written, or is there already."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise OutputError(f"{out.name} ends neither in .csv nor in .parquet; name the table so.")
    if out.suffix.lower() == ".parquet":
        parquet.need_pyarrow()
    if not out.parent.is_dir():
        raise OutputError(f"There is no folder {out.parent}; make it first.")
    if out.is_dir():
        raise OutputError(f"{out} is a folder; name a file.")
    if out.exists() and not force:
        raise OutputError(f"{out} exists; name another file, or give --force to write over it.")


def _same_everywhere(
    model: str | None, detector: str | None, *, aligned: bool, task: str = ATTRIBUTES
) -> tuple[str, str | None]:
    """Settle what the environment decides, so that every worker decides the same."""
    from facelens.faces.detect import resolve
    from facelens.model.find import find_bundle

    # An embedded network has the name of its task, but for the one that answers by default.
    bundle = find_bundle(model if task == ATTRIBUTES else model or task)
    model = str(bundle.folder.absolute())
    _open_answers(task, model)  # one that cannot be used is refused before anything is written
    if aligned:
        return model, None
    name, file = resolve(detector)
    return model, f"{name}:{file.absolute()}" if file else name


def _chunks(source: Path, out: Path) -> tuple[list[Chunk], str]:
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
        "model": hashlib.sha256(manifest.read_bytes()).hexdigest(),
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
    _write_text(settled, json.dumps(plan))


@contextmanager
def _only_one(parts: Path) -> Iterator[None]:
    """Refuse a second run on the same parts; the lock goes with the process that holds it."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (parts / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(f"Another facelens is at work in {parts}.") from None
        yield


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"{out} could not be written: {why}.") from error


def _write_text(path: Path, text: str) -> None:
    with _complete(path) as draft:
        draft.write_text(text, encoding="utf-8")


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    """A draft that becomes `path` when it is whole; two writers never share one."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.draft")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _part(parts: str | Path, index: int, suffix: str) -> Path:
    return Path(parts) / f"part-{index:07d}{suffix}"


# the work


def _run(
    job: Job,
    chunks: list[Chunk],
    workers: int,
    scheduler: str | None,
    progress: Progress | None,
) -> None:
    open_chunks = [c for c in chunks if not _part(job.parts, c.index, job.kind).is_file()]
    total = sum(chunk.photos for chunk in chunks)
    done = total - sum(chunk.photos for chunk in open_chunks)
    processes = min(workers, len(open_chunks))
    if scheduler:
        finished = _on_cluster(job, open_chunks, scheduler)
    elif processes > 1:
        finished = _in_processes(job, open_chunks, processes)
    else:
        finished = _here(job, open_chunks)
    # Closed whatever happens, so that no worker outlives a run that is broken off.
    with closing(finished):
        for photos in finished:
            done += photos
            if progress:
                progress(done, total)


def work(job: Job, chunk: Chunk) -> int:
    """Label one chunk and leave its part and its errors in the job's parts."""
    with _opening:
        answers = _open_answers(job.task, job.model)
    rows: list[tuple[Any, ...]] = []
    errors: list[tuple[str, str]] = []
    for batch in _batches(_found(job, chunk, errors)):
        rows += answers.rows(batch)
    with _complete(_part(job.parts, chunk.index, ".errors.csv")) as draft:
        _write_csv(draft, errors)
    # The part comes last: where it is, its errors are.
    with _complete(_part(job.parts, chunk.index, job.kind)) as draft:
        if job.kind == ".csv":
            _write_csv(draft, rows)
        else:
            _write_parquet(draft, rows, answers.columns)
    return chunk.photos


class _Answers(Protocol):
    """What a table holds: its columns, the size of crops, and the rows of some faces."""

    columns: tuple[str, ...]
    width: int
    height: int

    def crop(self, pixels: "np.ndarray") -> "np.ndarray":
        """What is asked about of a photo that is a crop, uint8 (height, width, 3)."""

    def rows(self, batch: list[tuple[str, int, Any]]) -> list[tuple[Any, ...]]:
        """A row for each face: its photo's name, its number there, itself, crop or found."""


class _Attributes:
    def __init__(self, name: str) -> None:
        from facelens.faces import CROP_HEIGHT, CROP_WIDTH
        from facelens.model import load_model

        self._model = load_model(name)
        self.columns = (*FACE_COLUMNS, *self._model.names)
        self.width, self.height = CROP_WIDTH, CROP_HEIGHT

    def crop(self, pixels: "np.ndarray") -> "np.ndarray":
        return pixels

    def rows(self, batch: list[tuple[str, int, Any]]) -> list[tuple[Any, ...]]:
        predictions = self._model.predict([face for _, _, face in batch])
        return [
            (name, number, *_place(face), *prediction.probabilities.tolist())
            for (name, number, face), prediction in zip(batch, predictions, strict=True)
        ]


class _Keypoints:
    def __init__(self, name: str) -> None:
        from facelens.keypoints import COLUMNS, SIDE
        from facelens.model.keypoints import load_keypoints

        self._model = load_keypoints(name)
        self.columns = ("photo", *COLUMNS)
        self.width = self.height = SIDE

    def crop(self, pixels: "np.ndarray") -> "np.ndarray":
        from facelens.keypoints import grey

        return grey(pixels)

    def rows(self, batch: list[tuple[str, int, Any]]) -> list[tuple[Any, ...]]:
        import numpy as np

        faces = [face for _, _, face in batch]
        found = hasattr(faces[0], "crop")
        points = self._model.locate(faces) if found else self._model.predict(np.stack(faces))
        return [
            (name, *where.ravel().tolist())
            for (name, _, _), where in zip(batch, points, strict=True)
        ]


@lru_cache(maxsize=1)
def _open_answers(task: str, name: str) -> _Answers:
    return _Keypoints(name) if task == KEYPOINTS else _Attributes(name)


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
    answers = _open_answers(job.task, job.model)
    if (photo.width, photo.height) != (answers.width, answers.height):
        raise PhotoError(
            f"{printable(name)} has {photo.width} x {photo.height} pixels; a crop has "
            f"{answers.width} x {answers.height}."
        )
    return [answers.crop(photo.pixels)]


def _place(face: Any) -> tuple[float | None, ...]:
    """Confidence, x, y, w, h; an aligned crop is the face, and nothing was looked for."""
    if hasattr(face, "box"):
        return (round(float(face.confidence), 4), *(round(float(side), 1) for side in face.box))
    return (None, 0.0, 0.0, float(face.shape[1]), float(face.shape[0]))


def _text(name: str) -> str:
    """A path as text: stray bytes of old file systems are escaped."""
    return name.encode(errors="backslashreplace").decode()


def write_table(path: Path, rows: list[tuple[Any, ...]], columns: tuple[str, ...]) -> None:
    """Write a whole table at once, in the form that its name says."""
    with _writing(path), _complete(path) as draft:
        if path.suffix.lower() == ".parquet":
            _write_parquet(draft, rows, columns)
        else:
            _write_csv(draft, [columns, *rows])


def _write_csv(path: Path, rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [f"{value:.6g}" if isinstance(value, float) else value for value in row] for row in rows
        )


def _write_parquet(path: Path, rows: list[tuple[Any, ...]], columns: tuple[str, ...]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    special = {"photo": pa.string(), "face": pa.int32()}
    kinds = [special.get(column, pa.float32()) for column in columns]
    values = list(zip(*rows, strict=True)) or [()] * len(kinds)
    arrays = [pa.array(value, kind) for value, kind in zip(values, kinds, strict=True)]
    pq.write_table(pa.table(arrays, list(columns)), path)


# who does it


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """One thread here and in processes started here: as many workers as cores fill the machine."""
    import cv2

    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "FACELENS_THREADS")
    before, threads = {name: os.environ.get(name) for name in names}, cv2.getNumThreads()
    os.environ.update(dict.fromkeys(names, "1"))
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start_worker() -> None:
    """Bound OpenCV's threads; end with the parent, even one that is killed."""
    import multiprocessing
    import signal

    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    if parent:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def _here(job: Job, chunks: list[Chunk]) -> Generator[int, None, None]:
    with _one_thread_each():
        for chunk in chunks:
            yield work(job, chunk)


def _in_processes(job: Job, chunks: list[Chunk], processes: int) -> Generator[int, None, None]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    others = set(multiprocessing.active_children())
    # Spawned, since a fork of a process with threads may hang.
    spawn = multiprocessing.get_context("spawn")
    with _one_thread_each(), ProcessPoolExecutor(processes, spawn, _start_worker) as pool:
        try:
            for future in as_completed([pool.submit(work, job, chunk) for chunk in chunks]):
                yield future.result()
        except BrokenProcessPool:
            raise OutputError(
                "A worker died, most likely for want of memory; give the same command again to "
                "go on, with fewer --workers."
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.kill()
            raise


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a library's tracebacks from the screen: what matters of them is said in a sentence."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _work_on_cluster(job: Job, chunk: Chunk) -> int:
    import cv2

    # Dask decides how many chunks a machine works on; each gets one thread.
    os.environ.setdefault("FACELENS_THREADS", "1")
    cv2.setNumThreads(1)
    return work(job, chunk)


def _on_cluster(job: Job, chunks: list[Chunk], scheduler: str) -> Generator[int, None, None]:
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError:
        raise MissingExtraError(
            "A Dask cluster needs dask: pip install 'facelens[bulk]'."
        ) from None
    try:
        client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"No Dask scheduler answers at {scheduler}; check the address."
        ) from error
    with _quiet("distributed.client"), client:
        work_on = {
            client.submit(_work_on_cluster, job, chunk, pure=False, retries=2): chunk
            for chunk in chunks
        }
        killers = []
        for future, photos in as_completed(
            work_on, loop=client.loop, with_results=True, raise_errors=False
        ):
            if future.status == "finished":
                yield photos
                continue
            if future.cancelled():
                raise OutputError(
                    f"The Dask scheduler at {scheduler} has gone; start it, and give the same "
                    "command again to go on."
                )
            failure = future.exception()
            if isinstance(failure, KilledWorker):
                # Dask has tried it on several workers; the other chunks need not suffer.
                killers.append(work_on[future])
            elif isinstance(failure.__cause__ or failure, ImportError):
                raise OutputError(
                    "The Dask scheduler or a worker cannot import facelens; install the same "
                    "version there too."
                ) from failure
            else:
                raise failure
    if killers:
        chunk = killers[0]
        first = chunk.paths[0] if chunk.paths else f"row {chunk.start} of {Path(chunk.rows).name}"
        raise OutputError(
            f"Workers died again and again over {sum(chunk.photos for chunk in killers):,} photos, "
            f"{first} and after, most likely for want of memory; give the same command again to "
            "go on, with more memory for each worker."
        )


# after the work


def _merge(parts: Path, count: int, kind: str, columns: tuple[str, ...]) -> None:
    """Put the parts together, in order, into one table and one of errors."""
    made = [_part(parts, index, kind) for index in range(count)]
    lost = [part for part in made if not part.is_file()]
    if lost:
        raise OutputError(
            f"{lost[0]} was not written; every worker must see that folder under this path."
        )
    join = _join_csv if kind == ".csv" else _join_parquet
    with _complete(parts / f"table{kind}") as draft:
        faces = join(made, draft, columns)
    with _complete(parts / "errors.csv") as draft:
        errors_made = [_part(parts, index, ".errors.csv") for index in range(count)]
        errors = _join_csv(errors_made, draft, ERROR_COLUMNS)
    _write_text(parts / "merged.json", json.dumps({"faces": faces, "errors": errors}))


def _join_csv(made: list[Path], draft: Path, header: tuple[str, ...]) -> int:
    rows = 0
    with draft.open("w", encoding="utf-8", newline="") as whole:
        csv.writer(whole, lineterminator="\n").writerow(header)
        for part in made:
            text = part.read_text(encoding="utf-8")
            rows += sum(1 for _ in csv.reader(io.StringIO(text, newline="")))
            whole.write(text)
    return rows


def _join_parquet(made: list[Path], draft: Path, _header: tuple[str, ...]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    with pq.ParquetWriter(draft, pq.read_schema(made[0])) as whole:
        for start in range(0, len(made), _PARTS_AT_ONCE):
            table = pa.concat_tables(map(pq.read_table, made[start : start + _PARTS_AT_ONCE]))
            whole.write_table(table)
            rows += table.num_rows
    return rows


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
    shutil.rmtree(parts)
    return Labelled(out, errors_out, photos, counts["faces"], counts["errors"])
