"""`facelens …`: the one parser, and how a command ends.

Every failure that Facelens foresees is one sentence on stderr: exit 2, or 3 if a photo holds no
face.
"""

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from facelens import __version__
from facelens.commands import (
    bench,
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
    train,
    video,
)
from facelens.commands.options import Parser
from facelens.errors import FacelensError
from facelens.tasks import TASKS

# In the order of `facelens --help`.
COMMANDS = (
    predict, label, keypoints, video, evaluate, download, prepare, train, export, experiment,
    publish, dashboard, bench,
)  # fmt: skip
_CANNOT_WRITE = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and say how it ended: 0, or an exit code that says why not."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # file names may be any bytes
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except FacelensError as error:
        print(f"facelens: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            if error.filename is None:
                raise
            print(f"facelens: {_about(error)}", file=sys.stderr)
            return 2
        # What Python still holds of the answer must not fail once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if error.errno == errno.EPIPE:  # whoever read the answer has had enough
            return 1
        print(f"facelens: The answer cannot be written: {error.strerror}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _about(error: OSError) -> str:
    """What the system says of a file, e.g. that its name is too long."""
    from facelens.photo import printable

    return f"{printable(str(error.filename))} cannot be used: {error.strerror}."


def _run(argv: list[str]) -> int:
    argv, passed = bench.split(argv)
    args = parser().parse_args(argv)
    args.passed = passed
    return int(args.call(args))


def parser() -> Parser:
    """The parser of all commands, those that the tasks bring included."""
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
