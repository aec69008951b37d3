"""`facelens …`: the parser of all commands, and their exit codes.

Every failure that Facelens foresees is one sentence on stderr: exit 2, or 3 if a photo has no face.
"""

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from facelens import __version__
from facelens.commands import (
    bench,
    boxes,
    crop,
    dashboard,
    download,
    evaluate,
    experiment,
    export,
    keypoints,
    label,
    predict,
    prepare,
    publish,
    site,
    teach,
    train,
    video,
)
from facelens.commands.options import Parser
from facelens.commands.streams import Nowhere, ending_in_order, open_streams
from facelens.errors import FacelensError, printable
from facelens.tasks import TASKS

# In the order of `facelens --help`.
COMMANDS = (
    predict, label, keypoints, video, crop, evaluate, teach, download, prepare, boxes, train,
    export, experiment, publish, dashboard, site, bench,
)  # fmt: skip
# What the system says of a standard output that takes no more, by whatever it is.
_CANNOT_WRITE = {
    errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EAGAIN,
    errno.ECONNRESET, errno.ENXIO,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    open_streams()
    with ending_in_order():
        try:
            code = _answered(list(sys.argv[1:] if argv is None else argv))
        except OSError as error:
            if error.errno not in _CANNOT_WRITE:
                raise
            # Python's flush at exit must not fail once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            if error.errno == errno.EPIPE:  # the reader of a pipe has closed it
                return 1
            return _say(f"The answer cannot be written: {error.strerror}.", 2)
        except KeyboardInterrupt:
            return 130
    if not code and isinstance(sys.stdout, Nowhere) and sys.stdout.lost:
        return _say("The answer cannot be written: standard output is closed.", 2)
    return code


def _answered(argv: list[str]) -> int:
    """Run the command to its exit code; what it has printed is written out."""
    try:
        code = _run(argv)
    except FacelensError as error:
        code = _say(str(error), error.exit_code)
    except OSError as error:
        if error.filename is None:
            raise
        code = _say(_about(error), 2)
    except SystemExit:  # --help, or options that are wrong
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return code


def _say(sentence: str, code: int) -> int:
    """Print the sentence on stderr, if anybody is there to read it; return the exit code."""
    try:
        print(f"facelens: {sentence}", file=sys.stderr, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return code


def _about(error: OSError) -> str:
    """A sentence for the system's error about a file, e.g. that its name is too long."""
    return f"{printable(str(error.filename))} cannot be used: {error.strerror}."


def _run(argv: list[str]) -> int:
    argv, passed = bench.split(argv)
    args = parser().parse_args(argv)
    args.passed = passed
    return int(args.call(args))


def parser() -> Parser:
    """Build the parser of all commands, those of the tasks included."""
    whole = Parser(
        prog="facelens",
        description="See what a neural network reads in a face.",
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"facelens {__version__}")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        module.add(commands)
    for task in TASKS.values():
        for name in task.commands:
            import_module(name).add(commands)
    return whole
