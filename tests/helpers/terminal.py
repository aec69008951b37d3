"""The command line: what there is, and what it says when something is wrong."""

import argparse

from facelens.commands import main


def is_one_sentence(text):
    return text.startswith("facelens: ") and text.endswith(".\n") and text.count("\n") == 1


def command_parsers():
    """The parser of each command of `facelens` by its name."""
    (commands,) = (a for a in main.parser()._actions if isinstance(a, argparse._SubParsersAction))
    return commands.choices
