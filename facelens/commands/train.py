"""`facelens train`: train a network of any task.

A task that can be trained names a module, `Task.training`, with

- `train_options(parser)`: add the task's own options; it may also set `parser.description` and
  `parser.epilog`. `train(args)`: train, and return nothing.
- `export_options(parser)`, `export(args)`: likewise for `facelens export`.
- `evaluate_options(parser)`, `evaluate(args)`: likewise for `facelens evaluate`; it prints.

`args` holds the task's own options, the common ones below, and `task`. If a function is missing,
the command refuses the task with a sentence. Importing the module loads neither torch nor numpy:
`train` and `export` import what they need, and a missing package becomes a sentence.
"""

import argparse
from pathlib import Path
from typing import Any

from facelens.arguments import command, count, whole
from facelens.commands.options import add_task, needing_train, task_named, training
from facelens.errors import StoppedError

_SEED = whole(0, 2**20 - 1, "a whole number from 0 to 1048575")


def add(commands: Any) -> None:
    """Add the command with the options of every task."""
    parser = command(
        commands,
        "train",
        _train,
        "train a network on labelled faces (needs the extra train)",
        description="Train a network. An interrupted run resumes after its last complete epoch if "
        "the same command is given again.",
    )
    parser.add_argument(
        "data", metavar="DATA", type=Path, nargs="+",
        help="the faces to learn from; several directories are one set, split by split",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RUN",
        help="run directory; an existing run is resumed",
    )  # fmt: skip
    add_task(parser, own_options="train")
    parser.add_argument("--limit", type=count, metavar="N", help="use only the first N faces")
    parser.add_argument(
        "--seed", type=_SEED, default=0, metavar="N", help="random seed (default: 0)"
    )
    parser.add_argument("--device", help="cuda or cpu (default: cuda if available)")
    parser.ask_task("train", task_named)


def _train(args: argparse.Namespace) -> int:
    with needing_train("train"):
        try:
            training(args.task, "train").train(args)
        except KeyboardInterrupt:
            raise StoppedError(
                f"Stopped: give the same command again, and {args.out} is resumed after its last "
                "complete epoch."
                if (args.out / "last.pt").is_file()
                else "Stopped before the first epoch was complete; the same command begins again."
            ) from None
    return 0
