"""Zero what was of a photo, and give freed memory back.

Freed memory keeps what it held until something else is written there. Arrays that are ours are
zeroed. Copies within Python, Pillow, OpenCV and ONNX Runtime cannot be: the C library overwrites
them as they are freed, and gives whole pages of them back to the system.
"""

import ctypes
import gc
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

import numpy as np

_M_PERTURB = -6  # malloc.h


def wipe(*arrays: np.ndarray | None) -> None:
    """Zero arrays that nobody reads again, where they may be written."""
    for array in arrays:
        if array is not None and array.flags.writeable:
            array.fill(0)


def taken(buffers: Sequence[bytes]) -> bytes:
    """Copy the first buffer of a message and zero the message's own, as far as it may be written.

    The kernel would keep its last message, and ZeroMQ's memory is not given back.
    """
    data = bytes(buffers[0])
    for each in filter(len, buffers):
        wipe(np.frombuffer(each, np.uint8))
    if isinstance(buffers, list):
        buffers.clear()
    return data


def overwrite_freed() -> None:
    """Have the C library overwrite what is freed from here on, where it can (glibc).

    Otherwise a buffer that is allocated next, and never written as a whole, keeps pieces of a photo
    for as long as it lives: ONNX Runtime's and OpenCV's last as long as the process. Only pieces of
    at most a kilobyte are not overwritten. It costs less than can be measured on a photo.
    """
    mallopt = _of_libc("mallopt")
    if mallopt:
        mallopt(_M_PERTURB, 255)


def release() -> None:
    """Collect garbage and return free pages to the system, where the C library can (glibc)."""
    gc.collect()
    trim = _of_libc("malloc_trim")
    if trim:
        trim(0)


@cache
def _of_libc(name: str) -> Callable[..., int] | None:
    with suppress(OSError, AttributeError, TypeError):
        return getattr(ctypes.CDLL(None), name)  # type: ignore[no-any-return]
    return None
