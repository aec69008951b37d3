"""What an attack comes to, and where that is written."""

import csv
from dataclasses import dataclass
from pathlib import Path

from measure import RESULTS, write


@dataclass(frozen=True)
class Outcome:
    """What one attack came to.

    `attack`: what was sent or done, as docs/reliability.md puts it. `tries`: how often. `lost`: how
    many tries ended otherwise than they should. `outcome`: in words, figures with their units.
    """

    attack: str
    tries: int
    lost: int
    outcome: str


def record(name: str, outcomes: list[Outcome], *, version: str, command: str) -> Path:
    """Write attack_NAME.csv; the rows of another `version` ("before" or "after") stay."""
    path = RESULTS / f"attack_{name}.csv"
    rows = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["version"] != version]
    rows += [{"version": version, **vars(each), "command": command} for each in outcomes]
    return write(f"attack_{name}", rows)
