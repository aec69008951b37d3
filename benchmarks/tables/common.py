"""What several pages need: rows of a measurement, one look for the tables."""

import csv
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def rows(name: str) -> list[dict[str, str]]:
    with (RESULTS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def measured(row: dict[str, str]) -> str:
    return f"Measured {row['date']} on {row['machine']}."


def table(head: str, lines: list[list[str]], first: dict[str, str]) -> str:
    rule = "|---" * (head.count("|") - 1) + "|"
    return "\n".join([measured(first), "", head, rule, *(f"| {' | '.join(c)} |" for c in lines)])


def visits() -> dict[tuple[str, str, str], dict[str, str]]:
    return {(r["page"], r["server"], r["what"]): r for r in rows("page.csv")}


def shown(row: dict[str, str] | None) -> str:
    if row is None:
        return ""
    return f"{int(row['median']) / 1e6:.1f}" if row["what"] == "bytes" else row["median"]


def published() -> dict[str, float]:
    """Each attribute's best published accuracy."""
    with (ROOT / "facelens" / "lessons" / "published.csv").open(newline="") as file:
        return {row["attribute"]: float(row["accuracy"]) for row in csv.DictReader(file)}
