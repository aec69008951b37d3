"""Decode in another process, which can be ended: after a time, or when it takes too much memory.

The helper starts with the first photo that needs it and ends a few seconds after the last, and with
it every trace of the photo. It is a plain child process, never a fork: what starts it may be a
kernel with threads.
"""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from math import ceil
from pathlib import Path
from typing import IO, Any

import numpy as np

from facelens.photo.colour import strips
from facelens.photo.limits import COSTLY, UnreadableError

# Seconds of the processor that a photo may take, and seconds of the clock if nobody says otherwise.
PROCESSOR, PATIENCE = 2, 30.0
# Seconds more for each million pixels: what the slowest format takes, doubled.
PER_MEGAPIXEL = 0.15
# What a helper may take beyond what it has when it starts.
MEMORY = 500_000_000
# Seconds that a helper waits for the next photo.
IDLE = 3.0

# Threads, and the arenas of glibc's that they bring, take memory that counts.
_ONE = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MALLOC_ARENA_MAX")

_lock = threading.Lock()
_helper: "subprocess.Popen[bytes] | None" = None


def decode_apart(data: bytes, seconds: float | None) -> tuple[np.ndarray, bool]:
    """Do as `facelens.photo.decoding.decode` does, in a helper process.

    Args:
        data: the bytes of a photo.
        seconds: of the clock, after which the helper is ended; PATIENCE if None.

    Raises:
        UnreadableError: as `decode` does, and if it takes too long or too much memory.
    """
    limit = PATIENCE if seconds is None else seconds
    with _lock:
        for again in (True, False):
            try:
                return _asked(data, limit)
            except _GoneError as gone:
                if not (again and gone.idle):
                    raise UnreadableError(COSTLY) from None
    raise AssertionError


class _GoneError(Exception):
    """The helper has ended; `idle`: before it took the photo."""

    def __init__(self, *, idle: bool) -> None:
        super().__init__()
        self.idle = idle


def _asked(data: bytes, seconds: float) -> tuple[np.ndarray, bool]:
    try:
        helper = _running()
    except OSError:
        raise UnreadableError("cannot be read: no process could be started to decode it.") from None
    assert helper.stdin
    assert helper.stdout
    late = threading.Event()

    def give_up() -> None:
        late.set()
        helper.kill()

    watch = threading.Timer(seconds, give_up)
    watch.daemon = True
    watch.start()
    idle = True
    try:
        _write(helper.stdin, data)
        idle = helper.stdout.readline() != b"taken\n"
        answer = json.loads(helper.stdout.readline())
        pixels = _received(helper.stdout, answer.get("height", 0), answer.get("width", 1))
    except (OSError, EOFError, ValueError):
        end()
        if late.is_set():
            took = f"takes longer than {seconds:g} seconds to read; save it smaller and try again."
            raise UnreadableError(took) from None
        raise _GoneError(idle=idle) from None
    except BaseException:  # Ctrl-C: what the helper still says would answer the next photo
        end()
        raise
    finally:
        watch.cancel()
    if "refused" in answer:
        raise UnreadableError(answer["refused"])
    return pixels, answer["scrambled"]


def _received(pipe: Any, height: int, width: int) -> np.ndarray:
    """Take the strips that `_send` sends."""
    pixels = np.empty((height, width, 3), np.uint8)
    for rows in reversed(strips(height, width)):
        strip = pixels[rows]
        if pipe.readinto(strip.data.cast("B")) < strip.size:
            raise EOFError
    return pixels


def _send(pipe: IO[bytes], pixels: np.ndarray) -> None:
    """Send the last rows first, and free each strip: the photo is in memory once, not twice."""
    height, width = pixels.shape[:2]
    if not pixels.flags["OWNDATA"]:
        pixels = pixels.copy()
    for rows in reversed(strips(height, width)):
        pipe.write(pixels[rows].data.cast("B"))
        pixels.resize((rows.start, width, 3), refcheck=False)
    pipe.flush()


def _running() -> "subprocess.Popen[bytes]":
    global _helper  # noqa: PLW0603 - one helper a process
    if _helper is None or _helper.poll() is not None:
        end()
        code = f"import sys; sys.path[:] = {sys.path!r}; import facelens.photo.helper as helper"
        _helper = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", f"{code}; helper.serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict.fromkeys(_ONE, "1"),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    return _helper


def end() -> None:
    """End the helper, if there is one."""
    global _helper
    helper, _helper = _helper, None
    if helper:
        helper.kill()
        helper.wait()
        for pipe in (helper.stdin, helper.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


def _forget() -> None:
    """Leave a helper to the process that started it."""
    global _helper, _lock
    _helper, _lock = None, threading.Lock()


atexit.register(end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(len(data).to_bytes(8, "big"))
    pipe.write(data)
    pipe.flush()


def serve() -> None:
    """Be the helper: decode what comes on stdin, answer on stdout, until nothing comes."""
    import signal

    from facelens.photo import decoding

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoding.prepare()
    _bound_memory()
    # What a decoder prints must not be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    photos = sys.stdin.buffer
    while _waiting(photos) and len(size := photos.read(8)) == 8:
        data = photos.read(int.from_bytes(size, "big"))
        answers.write(b"taken\n")
        answers.flush()
        _allow(0)
        try:
            pixels, scrambled = decoding.decode(data, _allow)
        except UnreadableError as error:
            _say(answers, {"refused": str(error)})
            continue
        finally:
            del data
        height, width = pixels.shape[:2]
        _say(answers, {"height": height, "width": width, "scrambled": scrambled})
        _send(answers, pixels)
        del pixels


def _say(answers: IO[bytes], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _waiting(photos: IO[bytes]) -> bool:
    """Wait for the next photo; False if none has come for a while."""
    if os.name == "nt":  # pipes cannot be waited for with a limit there
        return True
    import select

    return bool(select.select([photos], [], [], IDLE)[0])


def _bound_memory() -> None:
    """Bound what this process may take beyond what it has; only Linux keeps to that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow(pixels: int) -> None:
    """Bound the processor time that a photo of so many pixels may take from here on."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        most = used.ru_utime + used.ru_stime + PROCESSOR + PER_MEGAPIXEL * pixels / 1e6
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (ceil(most), hard))
