"""The parser of all commands, which adds the options of one task."""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from facelens.errors import DataError, MissingExtraError
from facelens.tasks import DEFAULT, TASKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from facelens.tasks.base import Table


class Parser(argparse.ArgumentParser):
    """A parser that adds the options of the command's task, if it has one, and of no other.

    `task_of`: returns the task for the words of the command line; None if a command has no task.
    """

    verb = ""
    task_of: Callable[[Sequence[str]], str] | None = None
    task = ""

    def ask_task(self, verb: str, task_of: Callable[[Sequence[str]], str]) -> None:
        """Add the task's options for `verb` when the command line is parsed."""
        self.verb, self.task_of = verb, task_of

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse the known options; refuse those of another task with a sentence."""
        if self.task_of is None:
            return super().parse_known_args(args, namespace)
        words = list(sys.argv[1:] if args is None else args)
        if not self.task:
            self.task = self.task_of(words)
            add = getattr(training(self.task, self.verb), f"{self.verb}_options")
            add(self)
        self._refuse([word.partition("=")[0] for word in words if word.startswith("--")])
        parsed, left = super().parse_known_args(words, namespace)
        parsed.task = self.task
        return parsed, left

    def knows(self, option: str) -> bool:
        """Whether the parser has such an option."""
        return option in self._option_string_actions

    def _refuse(self, options: list[str]) -> None:
        """Refuse the options of another task."""
        for name in options:
            if not self.knows(name) and (other := _owner(name, self.verb)):
                raise DataError(f"{name} is an option of --task {other}, not of {self.task}.")


def _owner(option: str, verb: str) -> str | None:
    """The task that has `option` for `verb`, if any."""
    for name, task in TASKS.items():
        module = import_module(task.training) if task.training else None
        if hasattr(module, f"{verb}_options"):
            parser = Parser(add_help=False)
            getattr(module, f"{verb}_options")(parser)
            if parser.knows(option):
                return name
    return None


def add_task(parser: argparse.ArgumentParser, own_options: str = "") -> None:
    """Add --task; `own_options`: the command, if each task has options of its own for it."""
    more = f"; facelens {own_options} --task NAME --help shows each task's own options"
    parser.add_argument(
        "--task", choices=[*TASKS], default=DEFAULT,
        help=f"what the network answers (default: {DEFAULT}){more if own_options else ''}",
    )  # fmt: skip


def add_judgements(parser: argparse.ArgumentParser) -> None:
    """Add --no-judgements, of tables."""
    parser.add_argument(
        "--no-judgements", action="store_false", dest="judgements",
        help="leave the columns out of a table that are judgements about people",
    )  # fmt: skip


def tell_judgements(table: "Table | None") -> None:
    """Say on standard error which columns of a table are judgements about people, if any are."""
    if table and table.judgements:
        print(f"facelens: {table.judgements_text}", file=sys.stderr)


def task_named(words: Sequence[str]) -> str:
    """The task that --task names."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--task", nargs="?", default=DEFAULT)
    named = first.parse_known_args(words)[0].task
    return named if named in TASKS else DEFAULT  # the parser itself refuses another


def training(task: str, verb: str) -> "ModuleType":
    """The module with the function `verb` of `task`: train, export or evaluate."""
    module = import_module(TASKS[task].training) if TASKS[task].training else None
    if module is None or not hasattr(module, verb):
        raise DataError(f"facelens {verb} does not support the task {task}.")
    return module


@contextmanager
def needing_train(verb: str) -> "Iterator[None]":
    """Show what training logs, and raise a sentence if the extra `train` is missing."""
    import logging
    import warnings

    # What torch and fastai say of themselves when imported is not for the person who trains.
    warnings.filterwarnings("ignore", module=r"(torch|fastai|torchvision|onnxscript)\b")
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("facelens").setLevel(logging.INFO)
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("facelens"):
            raise
        raise MissingExtraError(
            f"facelens {verb} needs {error.name}: pip install 'facelens[train]'."
        ) from None
