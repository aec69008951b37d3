"""What all commands share, those of a task included: argument types, options, progress."""

import argparse
import sys
from collections.abc import Callable
from typing import Any


def command(
    commands: Any, name: str, call: Callable[[argparse.Namespace], int], what: str, **options: Any
) -> Any:
    """Add the command `name`, which runs `call`; `what` is its help, a line without a full stop."""
    options = {"description": f"{what[0].upper()}{what[1:]}."} | options
    parser = commands.add_parser(name, help=what, allow_abbrev=False, **options)
    parser.set_defaults(call=call)
    return parser


# options


def add_model(parser: Any) -> None:
    """Add --model."""
    parser.add_argument(
        "--model", metavar="M",
        help="bundle: a directory, the name of an embedded one, or owner/repo[@revision] on the "
        "Hugging Face Hub",
    )  # fmt: skip


def add_detector(parser: Any) -> None:
    """Add --detector."""
    parser.add_argument(
        "--detector", metavar="auto|own|haar|hog|yunet[:PATH]",
        help="face detector (default: auto, which is YuNet if it has been downloaded, else the "
        "Haar cascades; own is our own small network, hog is dlib's and needs the extra hog)",
    )  # fmt: skip


def add_workers(parser: Any) -> None:
    """Add --workers."""
    parser.add_argument(
        "--workers", type=count, metavar="N", help="processes (default: one per core)"
    )


def progress(what: str, *, keep: bool = True) -> Callable[[int, int], None] | None:
    """A function that shows "3 of 9 photos" on the terminal; None if there is no terminal.

    `keep`: end the last line, so that it stays.
    """
    if not (sys.stderr and sys.stderr.isatty()):
        return None

    def show(done: int, total: int) -> None:
        of = f" of {total:,}" if total else ""
        end = "\n" if keep and done == total else ""
        print(f"\r{done:,}{of} {what}\x1b[K", end=end, file=sys.stderr, flush=True)

    return show


# types


def whole(low: int, high: int, what: str) -> Callable[[str], int]:
    """The argument type of a whole number from `low` to `high`; `what` names it in the error."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return value

    return number


def fraction(text: str, what: str) -> float:
    """A number above 0 and at most 1; `what` says in the error what another number is."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is {what}")
    return value


count = whole(1, 1_000_000_000, "a whole number from 1 up")
count_from_0 = whole(0, 1_000_000_000, "a whole number from 0 up")
seed = whole(0, 2**32 - 1, "a whole number from 0 up")
port = whole(1, 65535, "a port from 1 to 65535")


def size(text: str) -> tuple[int, int]:
    """Height and width, as 160x128."""
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) >= 32 and int(width) >= 32):
        raise argparse.ArgumentTypeError("give height x width, each 32 or more, as 160x128")
    return int(height), int(width)


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas, each once."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
