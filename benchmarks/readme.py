"""Fill the tables of README and docs from benchmarks/results; --check: only say if they agree.

python benchmarks/readme.py [--check]

A page has a file in benchmarks/tables.
"""

import pkgutil
import re
import sys
from collections.abc import Callable
from importlib import import_module

import tables
from tables.common import ROOT


def pages() -> dict[str, dict[str, Callable[[], str]]]:
    """The tables of each page, by the names of the places that they fill."""
    names = [module.name for module in pkgutil.iter_modules(tables.__path__)]
    modules = [import_module(f"tables.{name}") for name in names if name != "common"]
    found: dict[str, dict[str, Callable[[], str]]] = {}
    for module in modules:
        found.setdefault(module.PAGE, {}).update(module.TABLES)
    return found


def filled(name: str, text: str, found: dict[str, Callable[[], str]]) -> str:
    """The text of a file with every table between its markers written anew."""
    foreign = set(re.findall(r"<!-- (\w[\w ]*) -->", text)) - set(found)
    if foreign:
        raise SystemExit(f"{name} has a place for a table that nobody fills: {min(foreign)}.")
    for title, table in found.items():
        marked = re.compile(rf"(<!-- {title} -->\n).*?(<!-- /{title} -->)", re.DOTALL)
        if not marked.search(text):
            raise SystemExit(f"{name} has no place marked <!-- {title} -->.")
        body = table()
        text = marked.sub(lambda m, body=body: f"{m[1]}{body}\n{m[2]}", text)
    return text


def main() -> int:
    stale = False
    for name, found in pages().items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        wanted = filled(name, text, found)
        if "--check" not in sys.argv[1:]:
            path.write_text(wanted, encoding="utf-8")
        elif text != wanted:
            stale = True
            print(f"{name} differs from benchmarks/results: run python benchmarks/readme.py")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
