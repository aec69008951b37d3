"""The parser of every command, and how a command takes the options of one task."""

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


class Parser(argparse.ArgumentParser):
    """A parser that, where a command is of a task, has that task's options and no other's.

    `task_of`: from the words of the command line, the task; None where a command has none.
    """

    verb = ""
    task_of: Callable[[Sequence[str]], str] | None = None
    task = ""

    def ask_task(self, verb: str, task_of: Callable[[Sequence[str]], str]) -> None:
        """Have the task add what it takes for `verb`, once the words are there."""
        self.verb, self.task_of = verb, task_of

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse what is known; an option of another task is a sentence."""
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
        """Whether there is such an option."""
        return option in self._option_string_actions

    def _refuse(self, options: list[str]) -> None:
        """Refuse an option that is another task's."""
        for name in options:
            if not self.knows(name) and (other := _owner(name, self.verb)):
                raise DataError(f"{name} is an option of --task {other}, not of {self.task}.")


def _owner(option: str, verb: str) -> str | None:
    """The task that has `option` for `verb`."""
    for name, task in TASKS.items():
        module = import_module(task.training) if task.training else None
        if hasattr(module, f"{verb}_options"):
            theirs = Parser(add_help=False)
            getattr(module, f"{verb}_options")(theirs)
            if theirs.knows(option):
                return name
    return None


def add_task(parser: argparse.ArgumentParser, own_options: str = "") -> None:
    """Add --task; `own_options` is a command for which each task has some."""
    more = f"; facelens {own_options} --task NAME --help shows each task's own options"
    parser.add_argument(
        "--task", choices=[*TASKS], default=DEFAULT,
        help=f"what the network answers (default: {DEFAULT}){more if own_options else ''}",
    )  # fmt: skip


def task_named(words: Sequence[str]) -> str:
    """The task that --task names."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--task", nargs="?", default=DEFAULT)
    named = first.parse_known_args(words)[0].task
    return named if named in TASKS else DEFAULT  # the parser itself refuses another


def training(task: str, verb: str) -> "ModuleType":
    """The module of `task` that knows how to `verb`: train, export or evaluate."""
    module = import_module(TASKS[task].training) if TASKS[task].training else None
    if module is None or not hasattr(module, verb):
        raise DataError(f"facelens {verb} does not know the task {task}.")
    return module


@contextmanager
def needing_train(verb: str) -> "Iterator[None]":
    """Say that the extra `train` is missing, and show what training logs."""
    import logging

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
