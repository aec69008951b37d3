"""`facelens export`: write a training run as a bundle."""

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from facelens import __version__
from facelens.arguments import command
from facelens.commands.options import needing_train, training
from facelens.errors import DataError
from facelens.tasks import DEFAULT, TASKS

# Each takes one value, so the word after it is not RUN.
_COMMON: dict[str, dict[str, Any]] = {
    "--data": {
        "type": Path,
        "action": "append",
        "help": "what the run was trained on, with test faces beside it; may be given several "
        "times, and is one set then; a taught word needs none",
    },
    "--out": {"type": Path, "required": True, "help": "directory of the bundle"},
    "--name": {"help": "name of the bundle (default: by the task)"},
    "--version": {"default": __version__, "help": f"its version (default: {__version__})"},
    "--dataset": {"help": "what the model card calls the data (default: by the task)"},
    "--licence": {"help": "terms of the weights (default: those of the data)"},
}


def add(commands: Any) -> None:
    """Add the command with the options of every task; for the rest see `commands.train`."""
    parser = command(
        commands,
        "export",
        _export,
        "write a training run as a bundle (needs the extra train)",
        description="Write a training run as a bundle, measured on the graph as shipped. The "
        "run's task decides which options there are: facelens export RUN --help.",
    )
    parser.add_argument(
        "run",
        metavar="RUN",
        type=Path,
        help="run directory, a bundle to export again, or the file of a taught word",
    )
    for name, options in _COMMON.items():
        parser.add_argument(name, **options)
    parser.ask_task("export", _task_of_run)


def _export(args: argparse.Namespace) -> int:
    taught = TASKS[args.task].taught
    head = import_module(taught).head_file(str(args.run)) if taught else None
    if head is None and args.data is None:
        raise DataError("Give --data DIR: what the run was trained on, with test faces beside it.")
    with needing_train("export"):
        module = training(args.task, "export")
        if head:
            module.export_head(args, head)
        else:
            module.export(args)
    return 0


def _task_of_run(words: Sequence[str]) -> str:
    """The task of the run or bundle that the command line names."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in _COMMON:
        first.add_argument(name, nargs="?")
    for word in first.parse_known_args(words)[1]:
        config = Path(word) / "config.json"
        if not word.startswith("-") and config.is_file():
            return _task_in(config)
    return DEFAULT  # opening the run then fails with a sentence


def _task_in(config: Path) -> str:
    try:
        named = str(json.loads(config.read_bytes()).get("task", DEFAULT))
    except (OSError, ValueError, AttributeError):
        return DEFAULT  # opening the run then fails with a sentence
    if named not in TASKS:
        raise DataError(f"{config} is for the task {named!r}, which this Facelens does not have.")
    return named
