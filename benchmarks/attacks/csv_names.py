"""Write names at random, many like formulas, through every csv writer: is each safe, and read back?

A spreadsheet runs a cell that begins with = + - @, a tab or a line break (OWASP, "CSV injection").
Parquet must hold every name as it is.
"""

import csv
import random
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from attacks.outcome import Outcome
from facelens import tables

TRIES = 20_000  # names
QUICK = 500
PIECES = (
    "=", "+", "-", "@", "\t", "\r", "\n", "'", "''", " ", '"', ",", ";", "|", "\uff1d", "\uff0b",
    "\uff0d", "\uff20", "\xa0", "\u2003", "1", "1.5", "e3", "cmd|'/C calc'!A0", "SUM(A1)",
    'HYPERLINK("http://x")', "photo", ".jpg", "ä", "\\", "\0", "\x1f", "\u202e",
)  # fmt: skip
COLUMNS = ("photo", "face", "Smiling")


def names(count: int, rng: random.Random) -> list[str]:
    return ["".join(rng.choices(PIECES, k=rng.randint(1, 6))) for _ in range(count)]


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would run the cell; a number is none."""
    first = unicodedata.normalize("NFKC", cell.lstrip()[:1])[:1]
    try:
        float(cell)
    except ValueError:
        return cell[:1] in ("\t", "\r", "\n") or first in ("=", "+", "-", "@")
    return False


def one_by_one(path: Path, given: list[str]) -> None:
    with tables.row_writer(path, COLUMNS) as add:
        for name in given:
            add((name, 1, 0.5))


def joined(path: Path, given: list[str]) -> None:
    parts = []
    for start in range(0, len(given), 100):
        parts.append(path.with_name(f"part-{start}{path.suffix}"))
        rows = [(name, 1, 0.5) for name in given[start : start + 100]]
        tables.write_table(parts[-1], rows, COLUMNS, header=False)
    tables.join(parts, path, COLUMNS)


def errors(path: Path, given: list[str]) -> None:
    tables.write_table(path, [(name, name) for name in given], tables.ERROR_COLUMNS)


def records(path: Path, given: list[str]) -> None:
    tables.write_records(path, [{"photo": name, "loss": "-0.5"} for name in given])


WRITERS: tuple[tuple[str, str, Callable[[Path, list[str]], None]], ...] = (
    ("a film's table, csv", ".csv", one_by_one),
    ("a table of many photos, csv", ".csv", joined),
    ("errors, csv", ".csv", errors),
    ("records of runs and experiments, csv", ".csv", records),
    ("a table of many photos, parquet", ".parquet", joined),
)


def attack(tries: int, seed: int) -> list[Outcome]:
    """Write `tries` names by each writer; lost: a cell that is run, or a name that is another."""
    outcomes = []
    for what, suffix, write in WRITERS:
        given = names(tries, random.Random(seed))  # noqa: S311 - no secret
        with tempfile.TemporaryDirectory(prefix="names-") as folder:
            path = Path(folder) / f"table{suffix}"
            write(path, given)
            cells = first_cells(path) if suffix == ".csv" else []
            try:
                read = [row["photo"] for row in tables.read_records(path)]
            except tables.DataError:
                read = []
        run = sum(map(is_formula, cells))
        other = (Counter(given) - Counter(read)).total()
        outcomes.append(
            Outcome(
                f"names like formulas, {what}",
                tries,
                max(run, other),
                f"{run:,} cells that a spreadsheet would run, {other:,} names not read back",
            )
        )
    return outcomes


def first_cells(path: Path) -> list[str]:
    """The cells of the first column as a spreadsheet sees them."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row[0] for row in csv.reader(file) if row]
