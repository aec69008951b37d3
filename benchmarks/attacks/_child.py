"""A command of Facelens in a process of its own, forked from this one: no import is paid twice."""

import contextlib
import logging
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# How the line ends that tells a table's reader which columns are judgements.
NOTE = "; --no-judgements leaves them out."


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, -9 if it was killed, None if it ran out of time.

    `seconds`, of a processor, and `memory`, the most megabytes, are of its process.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    memory: float

    @property
    def is_honest(self) -> bool:
        """Whether it ended in an answer, or in one sentence."""
        said = [line for line in self.err.splitlines() if not line.endswith(NOTE)]
        if self.code == 0:
            return not said
        whole = len(said) == 1 and said[0].startswith("facelens: ") and said[0].endswith(".")
        return self.code in (2, 3) and whole


def facelens(
    arguments: Sequence[object],
    place: Path,
    *,
    limit: float = 60.0,
    kill_after: float | None = None,
    first: Callable[[], None] | None = None,
    quiet: bool = True,
) -> Ended:
    """Run `facelens ARGUMENTS`; what it prints lies in PLACE.said and PLACE.warned meanwhile.

    Args:
        place: a folder that the command knows nothing of.
        limit: seconds after which it is ended.
        kill_after: seconds after which it, and all that it started, is killed.
        first: called in the new process before the command.
        quiet: keep log messages and deprecations off stderr, which belongs to sentences.
    """
    said, warned = place / "said", place / "warned"
    sys.stdout.flush()
    sys.stderr.flush()
    until = time.monotonic() + (limit if kill_after is None else min(limit, kill_after))
    pid = os.fork()
    if not pid:
        _become(list(map(str, arguments)), said, warned, first, quiet)
    done, status, used = os.wait4(pid, os.WNOHANG)
    while not done and time.monotonic() < until:
        time.sleep(0.002)
        done, status, used = os.wait4(pid, os.WNOHANG)
    late = not done
    if late:
        _end(pid)
        _, status, used = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if late and kill_after is None:
        code = None
    text = [path.read_text(errors="replace") for path in (said, warned)]
    return Ended(code, *text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _end(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def _become(
    arguments: list[str], said: Path, warned: Path, first: Callable[[], None] | None, quiet: bool
) -> None:
    """Run the command in this process, and end it."""
    code = 70
    try:
        os.setpgrp()
        for number, path in ((1, said), (2, warned)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout, sys.stderr = (
            open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            for number in (1, 2)
        )
        if quiet:
            logging.disable(logging.CRITICAL)
            for kind in (FutureWarning, DeprecationWarning):  # torch deprecates what fastai calls
                warnings.simplefilter("ignore", kind)
        if first:
            first()
        from facelens.commands import main

        code = main.main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 70
    except BaseException:  # noqa: BLE001 - whatever it is, it is the finding
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def cap_files(most: int) -> None:
    """Let no file of this process grow beyond `most` bytes, as on a disk that is nearly full."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
