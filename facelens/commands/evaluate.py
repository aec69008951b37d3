"""`facelens evaluate`: how good a model is on labelled faces, as its task measures it."""

import argparse
from pathlib import Path
from typing import Any

from facelens.arguments import add_model, command, count
from facelens.commands.options import add_task, task_named, training


def add(commands: Any) -> None:
    """Add the command; `evaluate_options` and `evaluate` of the task's training do the rest."""
    parser = command(commands, "evaluate", _evaluate, "measure a model on labelled, aligned faces")
    parser.add_argument("parquet", metavar="PARQUET", type=Path, help="a file or a directory")
    add_task(parser, own_options="evaluate")
    parser.add_argument("--limit", type=count, metavar="N", help="use only the first N faces")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_model(parser)
    parser.ask_task("evaluate", task_named)


def _evaluate(args: argparse.Namespace) -> int:
    training(args.task, "evaluate").evaluate(args)
    return 0
