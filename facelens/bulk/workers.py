"""Run the chunks of `facelens label` in this process, in several, or on a Dask cluster."""

import logging
import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from facelens.bulk.work import Chunk, Job, work
from facelens.errors import MissingExtraError, OutputError, many

_PATIENCE = 10  # seconds


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Use one thread here and in child processes: one worker per core fills the machine."""
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


def start_worker() -> None:
    """Use one OpenCV thread; exit with the parent, even if it is killed."""
    import multiprocessing
    import signal

    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()
    if parent:

        def exit_with_parent() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=exit_with_parent, daemon=True).start()


def here(job: Job, chunks: list[Chunk]) -> Generator[int, None, None]:
    with one_thread_each():
        for chunk in chunks:
            yield work(job, chunk)


def in_processes(job: Job, chunks: list[Chunk], processes: int) -> Generator[int, None, None]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    others = set(multiprocessing.active_children())
    # Spawned: a fork of a process with threads may hang.
    spawn = multiprocessing.get_context("spawn")
    with one_thread_each(), ProcessPoolExecutor(processes, spawn, start_worker) as pool:
        try:
            for future in as_completed([pool.submit(work, job, chunk) for chunk in chunks]):
                yield future.result()
        except BrokenProcessPool:
            raise OutputError(
                "A worker died, most likely for want of memory; give the same command again to "
                "resume, with fewer --workers."
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.kill()
            raise


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Silence a library's tracebacks: a sentence of ours reports the error."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _work_on_cluster(job: Job, chunk: Chunk) -> int:
    import cv2

    # Dask decides how many chunks a machine processes at once; each gets one thread.
    os.environ.setdefault("FACELENS_THREADS", "1")
    cv2.setNumThreads(1)
    return work(job, chunk)


def on_cluster(job: Job, chunks: list[Chunk], scheduler: str) -> Generator[int, None, None]:
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
                    "command again to resume."
                )
            failure = future.exception()
            if isinstance(failure, KilledWorker):
                # Dask has retried it on several workers; the other chunks go on.
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
            f"Workers died again and again over {many(sum(c.photos for c in killers), 'photo')}, "
            f"{first} and after, most likely for want of memory; give the same command again to "
            "resume, with more memory for each worker."
        )
