"""Zero what was of a photo, and give freed memory back.

Freed memory keeps what it held until something else is written there. Arrays that are ours are
zeroed. Copies within Python, Pillow, OpenCV and ONNX Runtime cannot be: once they are freed, the C
library gives whole pages of them back to the system, which hands them out empty.
"""

import ctypes
import gc
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

import numpy as np


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


def release() -> None:
    """Collect garbage and return free pages to the system, where the C library can (glibc)."""
    gc.collect()
    trim = _trim()
    if trim:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    with suppress(OSError, AttributeError, TypeError):
        return ctypes.CDLL(None).malloc_trim
    return None
