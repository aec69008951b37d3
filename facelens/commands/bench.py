"""`facelens bench`: the benchmarks of a checkout."""

import argparse
import sys
from pathlib import Path
from typing import Any

from facelens.arguments import command
from facelens.errors import FacelensError


def add(commands: Any) -> None:
    """Add the command."""
    parser = command(
        commands,
        "bench",
        _bench,
        "benchmark this machine; without a name, list the benchmarks",
        description="Benchmark this machine, in a checkout of Facelens. Arguments after -- are "
        "passed to the benchmark: facelens bench faces -- loose DATA.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="run these, one after the other")


def split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Part what follows -- from a benchmark's names."""
    if argv[:1] != ["bench"] or "--" not in argv:
        return argv, []
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


def _bench(args: argparse.Namespace) -> int:
    import subprocess

    there = _benchmarks()
    if not args.names:
        width = max(map(len, there))
        for name, (_, what) in there.items():
            print(f"{name:<{width}}  {what}")
        return 0
    unknown = [name for name in args.names if name not in there]
    if unknown:
        raise FacelensError(
            f"There is no benchmark {unknown[0]!r}; facelens bench lists those there are."
        )
    for name in args.names:
        line = [sys.executable, str(there[name][0]), *args.passed]
        code = subprocess.run(line, check=False).returncode  # noqa: S603 - our own interpreter
        if code:
            return code
    return 0


def _benchmarks() -> dict[str, tuple[Path, str]]:
    """The scripts that write a table of results, and what each asks."""
    import ast

    folder = Path(__file__).parents[2] / "benchmarks"
    found = {}
    for path in sorted(folder.glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if "benchmarks/results/" in text:
            found[path.stem] = (path, " ".join(text.partition("\n\n")[0].split()))
    if not found:
        raise FacelensError(
            "Benchmarks come with a checkout of Facelens, not with the package; clone it first."
        )
    return found
