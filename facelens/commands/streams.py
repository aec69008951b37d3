"""What a command finds around it: standard streams, even closed ones, and signals to end."""

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType


class Nowhere(io.TextIOBase):
    """Stands for a standard output that is closed; `lost`: something was printed."""

    lost = False

    def write(self, text: str) -> int:
        """Take text that nobody will read."""
        self.lost = self.lost or bool(text)
        return len(text)


def open_streams() -> None:
    """Have every standard stream be one that can be written to, whatever the shell has closed.

    A closed descriptor would be given to the next file that is opened, and what is printed, by a
    child process for example, would be written into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(
                os.open(os.devnull, os.O_RDWR), True
            )  # takes the lowest that is free
    if sys.stdout is None:
        sys.stdout = Nowhere()  # type: ignore[unreachable]
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # type: ignore[unreachable] # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names may be any bytes


_caught: set[int] = set()  # signals that end this process in order


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end the command as an exception, so that it cleans up.

    The exit code is 128 and the signal's number, as a shell has it. A second signal changes
    nothing: what is left to do is short. Forked children end at once: they own nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    # One that is ignored stays so: nohup.
    before = {
        number: signal.getsignal(number)
        for name in ("SIGTERM", "SIGHUP")
        if (number := getattr(signal, name, None)) is not None
        and signal.getsignal(number) is signal.SIG_DFL
    }
    _watch_forks()
    _caught.update(before)
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _caught.difference_update(before)


@cache
def _watch_forks() -> None:
    """Have forked children take signals by default, even one that comes as they begin.

    Python forgets a signal that reaches a new child before it is ready, so they wait until then.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_begin_child)


def _hold() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _caught)


def _release() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _caught)


def _begin_child() -> None:
    for number in _caught:
        signal.signal(number, signal.SIG_DFL)
    _release()
