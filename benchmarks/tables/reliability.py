"""docs/reliability.md: what was tried against Facelens, and what came of it."""

from pathlib import Path

from tables.common import RESULTS, measured, rows


def attacks() -> str:
    """Every attack with its outcome, before and now."""
    paths = sorted(RESULTS.glob("attack_*.csv"), key=lambda path: path.name)
    return "\n\n".join(map(_attack, paths))


def _attack(path: Path) -> str:
    found = rows(path.name)
    before = {row["attack"]: row["outcome"] for row in found if row["version"] == "before"}
    now = [row for row in found if row["version"] == "after"]
    if not now:
        raise SystemExit(f"{path.name} has no row of the present version: run the attack.")
    lines = [
        f"| {row['attack']} | {int(row['tries']):,} | {before.get(row['attack'], '')} | "
        f"{row['outcome']} |"
        for row in now
    ]
    head = "| attack | tries | before | now |\n|---|---|---|---|"
    title = path.stem.removeprefix("attack_").replace("_", " ").capitalize()
    return "\n".join(
        [f"### {title}", "", f"`{now[0]['command']}`. {measured(now[0])}", "", head, *lines]
    )


PAGE = "docs/reliability.md"
TABLES = {"attacks": attacks}
