"""How near does `facelens label` come to what the machine can do, and what do many photos take?

    python benchmarks/bulk.py DATA [--limit N]

DATA holds celeba/. Times the network at several batch sizes, then each stage by itself; then
labels N aligned crops (20,000) and a twentieth as many photos in which a face has to be found,
by one process, by two, and by two workers of a Dask cluster on this machine; and calculates from
that what 100 million photos would take. Writes benchmarks/results/batch.csv and bulk.csv; needs
the extra `bulk`. The limit of a machine is what the stages would give if nothing else took time:
the cores over the sum of the stages, as one process measures them alone.
"""

import argparse
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from measure import QUICK, in_turns, share_of_memory, write

from facelens import load_model
from facelens.bulk import label as labelling
from facelens.bulk.label import CHUNK, label
from facelens.bulk.work import Chunk, Job, faces_of, place_of
from facelens.bulk.work import sources as photos_of
from facelens.bulk.workers import one_thread_each, start_worker
from facelens.bundles.session import BATCH
from facelens.data import parquet, synthetic
from facelens.photo import read_photo
from facelens.tables import write_table
from facelens.tasks import DEFAULT, TASKS

SIZES = (1, 2, 4, 8, 16, 32, 64)
PHOTOS = 100_000_000
CLUSTER = 100  # cores
GIGABIT = 125_000_000  # bytes a second
ROW_GROUP = 1000  # as in CelebA's own files
ALONE = 0.3  # of the crops: what one process labels, since it takes twice as long
Row = dict[str, Any]


def row(what: str, input_: str, way: str, value: float, unit: str) -> Row:
    shown = f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
    return {"what": what, "input": input_, "way": way, "value": shown, "unit": unit}


# what is labelled


def crops(data: Path, folder: Path, limit: int) -> Path:
    """Up to `limit` aligned crops of all splits, in one file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted((data / "celeba").glob("*.parquet"), key=lambda file: file.name[:2] != "tr")
    whole = pa.concat_tables(pq.read_table(file, columns=["image"]) for file in files)
    pq.write_table(whole.slice(0, limit), folder / "crops.parquet", row_group_size=ROW_GROUP)
    return folder / "crops.parquet"


def first_of(file: Path, rows: int) -> Path:
    import pyarrow.parquet as pq

    part = file.with_name("first.parquet")
    pq.write_table(pq.read_table(file).slice(0, rows), part, row_group_size=ROW_GROUP)
    return part


def photos(file: Path, folder: Path, count: int) -> Path:
    """The first crops, framed loosely, as JPEG files."""
    from PIL import Image

    folder.mkdir()
    for index, crop in enumerate(parquet.images(file, [], stop=count)):
        canvas = synthetic.place_on_canvas(read_photo(crop.data).pixels, 0, index).canvas
        Image.fromarray(canvas).save(folder / f"{index:05}.jpg", quality=90)
    return folder


def job_of(source: Path, folder: Path, *, aligned: bool) -> Job:
    model, detector = labelling.same_everywhere(None, None, aligned=aligned, task=DEFAULT)
    return Job(str(source), str(folder), ".csv", model, detector, aligned)


# the stages, in a process like label's own


def batches(job: Job, chunk: Chunk) -> dict[int, float]:
    """Seconds a crop at each batch size, all in turns."""
    model = load_model(job.model)
    found = [face for _, _, face in faces_of(job, chunk, [])][: max(SIZES)]

    def in_batches(size: int) -> Callable[[], None]:
        def run() -> None:
            for start in range(0, len(found), size):
                model.predict(found[start : start + size])

        return run

    taken = in_turns({str(size): in_batches(size) for size in SIZES}, turns=5, warm=1)
    return {size: taken[str(size)] / len(found) for size in SIZES}


def stages(job: Job, chunk: Chunk) -> dict[str, float]:
    """Seconds a face of each stage, by itself."""
    model = load_model(job.model)
    sources = list(photos_of(job, chunk))
    reading = Job(job.source, job.parts, job.kind, job.model, None, aligned=True)
    pixels = [read_photo(data, name=path) for path, data in sources]
    found = list(faces_of(job, chunk, []))
    faces = [face for _, _, face in found]
    one = TASKS[job.task].row(model, faces[0], model.predict(faces[:1])[0])
    rows = [(name, n, *place_of(face), *one) for name, n, face in found]
    table = Path(job.parts) / f"{os.getpid()}.csv"

    def read() -> None:
        for path, data in photos_of(reading, chunk):
            read_photo(data, name=path)

    def find() -> None:
        from facelens.faces import find_faces

        for photo in pixels:
            find_faces(photo, detector=job.detector)

    def network() -> None:
        for start in range(0, len(faces), BATCH):
            model.predict(faces[start : start + BATCH])

    ways = {"read and decode": read, "find and straighten": find, "network": network,
            "write": lambda: write_table(table, rows, job.columns, header=False)}  # fmt: skip
    if job.aligned:
        del ways["find and straighten"]
    taken = in_turns(ways, turns=5, warm=1)
    return {name: seconds / len(faces) for name, seconds in taken.items()}


def by_themselves(work: Callable[..., Any], job: Job, chunk: Chunk, processes: int) -> list[Any]:
    """Do `work` in so many processes at once, each on one thread as label's own are."""
    spawn = multiprocessing.get_context("spawn")
    with (
        one_thread_each(),
        spawn.Pool(processes, start_worker) as pool,
    ):
        return pool.starmap(work, [(job, chunk)] * processes, chunksize=1)


# label itself


class Watch:
    """What `label` reports as it goes on: when it began and ended work, its workers' memory."""

    def __init__(self, pids: Callable[[], list[int]]) -> None:
        self.pids = pids
        self.first = self.last = 0
        self.worked = time.perf_counter()

    def __call__(self, done: int, total: int) -> None:
        if done >= total / 10 and not self.first:
            self.first = self.memory()
        if done >= total * 0.9:
            self.last = max(self.last, self.memory())
        self.worked = time.perf_counter()

    def memory(self) -> int:
        pids = self.pids()
        return share_of_memory(pids) // max(len(pids), 1)


def children() -> list[int]:
    return [child.pid or 0 for child in multiprocessing.active_children()]


def ourselves() -> list[int]:
    return [os.getpid()]


def one_run(
    source: Path, out: Path, pids: Callable[[], list[int]], way: str, limit: float, **how: Any
) -> tuple[list[Row], float]:
    """Label once: rows about it, and faces a second."""
    kind = kind_of(aligned=how["aligned"])
    watch, start = Watch(pids), time.perf_counter()
    done = label(source, out, progress=watch, **how)
    end = time.perf_counter()
    rate = done.faces / (end - start)
    rows = [
        row("faces labelled", kind, way, done.faces, "faces"),
        row("speed", kind, way, rate, "faces/s"),
        row("share of the limit", kind, way, rate / limit, "ratio"),
        row("joining the parts", kind, way, 1000 * (end - watch.worked) / done.faces, "ms/face"),
        row("memory of a worker after a tenth", kind, way, watch.first / 1e6, "MB"),
        row("memory of a worker at the end", kind, way, watch.last / 1e6, "MB"),
        row("table", kind, way, done.out.stat().st_size / done.faces, "bytes/face"),
    ]
    done.out.unlink()
    done.errors_out.unlink()
    return rows, rate


def kind_of(*, aligned: bool) -> str:
    return "aligned crops" if aligned else "photos of 640 x 480"


@contextmanager
def cluster() -> Iterator[tuple[str, Callable[[], list[int]]]]:
    """Two Dask workers on this machine: the scheduler's address, and the workers' processes."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as workers:
        yield workers.scheduler_address, lambda: [w.pid for w in workers.workers.values()]


def measured(source: Path, alone: Path, folder: Path, *, aligned: bool) -> tuple[list[Row], Row]:
    """The stages of one kind of input, label over it every way, and figures to calculate with."""
    kind = kind_of(aligned=aligned)
    job = job_of(source, folder, aligned=aligned)
    start = time.perf_counter()
    chunks = labelling.list_work(source, folder / "faces.csv").chunks
    listing = (time.perf_counter() - start) / sum(chunk.photos for chunk in chunks)
    paths = tuple(path for chunk in chunks for path in chunk.paths)[:CHUNK]
    some = Chunk(0, paths, chunks[0].rows, 0, CHUNK)
    rows, sums = [], {}
    for processes, way in ((1, "one process"), (2, "two processes at once")):
        told = by_themselves(stages, job, some, processes)
        stage = {name: median(one[name] for one in told) for name in told[0]}
        sums[processes] = sum(stage.values())
        if processes == 1:
            costs = stage
        for name, seconds in stage.items():
            rows.append(row(name, kind, way, 1000 * seconds, "ms/face"))
        rows.append(row("limit", kind, way, processes / sums[processes], "faces/s"))
    rows.append(row("list the photos", kind, "one process", 1000 * listing, "ms/photo"))

    out = folder / "faces.csv"
    one, two = 1 / sums[1], 2 / sums[1]
    more, slow = one_run(alone, out, ourselves, "one process", one, aligned=aligned, workers=1)
    rows += more
    more, rate = one_run(source, out, children, "two processes", two, aligned=aligned, workers=2)
    rows += more
    busy = 2 / sums[2]
    rows.append(
        row("share of the limit with both cores busy", kind, "two processes", rate / busy, "ratio")
    )
    rows.append(row("speed-up", kind, "two processes", rate / slow, "x"))
    with cluster() as (address, pids):
        how = {"aligned": aligned, "scheduler": address}
        rows += one_run(source, out, pids, "two Dask workers", two, **how)[0]
    sizes = [
        len(data) if isinstance(data, bytes) else data.stat().st_size
        for _, data in photos_of(job, some)
    ]
    known = {"kind": kind, "rate": rate / 2, "costs": costs, "bytes": sum(sizes) / len(sizes)}
    return rows, known


def calculated(known: Row, one_process: float) -> list[Row]:
    """What 100 million photos would take, from what was measured."""
    kind, rate, costs = known["kind"], known["rate"], known["costs"]
    slowest = max(costs, key=costs.get)

    def told(what: str, value: float, unit: str) -> Row:
        return row(what, kind, "calculated for 100 million", value, unit)

    seconds = PHOTOS / rate
    return [
        told("work", seconds / 86_400, "core-days"),
        told(f"on {CLUSTER} cores", seconds / CLUSTER / 3600, "hours"),
        told(f"share of the slowest stage: {slowest}", costs[slowest] / sum(costs.values()),
             "ratio"),
        told("bytes a photo", known["bytes"], "bytes"),
        told("bytes to read", PHOTOS * known["bytes"] / 1e12, "TB"),
        told(f"bandwidth that {CLUSTER} cores read with", CLUSTER * rate * known["bytes"] / 1e6,
             "MB/s"),
        told("cores that fill a gigabit link", GIGABIT / (rate * known["bytes"]), "cores"),
        told("listing and joining, which one process does", PHOTOS * one_process / 3600, "hours"),
        told("chunks", PHOTOS / CHUNK, "chunks"),
    ]  # fmt: skip


def figure(rows: list[Row], what: str, way: str) -> float:
    return next(float(r["value"]) for r in rows if (r["what"], r["way"]) == (what, way))


def batch_rows(told: dict[int, float]) -> list[Row]:
    best = min(told.values())
    return [
        {
            "model": load_model().title,
            "batch": size,
            "threads": 1,
            "ms_a_face": f"{1000 * seconds:.2f}",
            "faces_a_second": f"{1 / seconds:.1f}",
            "of_the_best": f"{best / seconds:.3f}",
            "chosen": "yes" if size == BATCH else "",
        }
        for size, seconds in told.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--limit", type=int, default=20_000, metavar="N")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="facelens-bulk-"))
    try:
        many = crops(args.data, folder, args.limit)
        count = 24 if QUICK else max(args.limit // 20, 2 * CHUNK)
        few = photos(many, folder / "photos", count)
        job = job_of(many, folder, aligned=True)
        (told,) = by_themselves(batches, job, Chunk(0, (), str(many), 0, max(SIZES)), 1)
        write("batch", batch_rows(told))
        rows: list[Row] = []
        part = first_of(many, int(ALONE * args.limit))
        for source, alone in ((many, part), (few, few))[QUICK:]:
            more, known = measured(source, alone, folder, aligned=source == many)
            joining = figure(more, "joining the parts", "one process")
            listing = figure(more, "list the photos", "one process")
            rows += more + calculated(known, (joining + listing) / 1000)
        title = load_model().title
        write("bulk", [{"model": title, **one} for one in rows])
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
