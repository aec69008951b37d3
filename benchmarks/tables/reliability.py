"""docs/reliability.md: what was tried against Facelens, and what came of it."""

from pathlib import Path

from tables.common import RESULTS, measured, rows


def attacks() -> str:
    """Every attack with its outcome, before and now."""
    paths = sorted(RESULTS.glob("attack_*.csv"), key=lambda path: path.name)
    return "\n\n".join(map(_attack, paths))


def _attack(path: Path) -> str:
    found = rows(path.name)
    before = {row["attack"]: row for row in found if row["version"] == "before"}
    now = [row for row in found if row["version"] == "after"]
    if not now:
        raise SystemExit(f"{path.name} has no row of the present version: run the attack.")
    lines = [
        f"| {row['attack']} | {_outcome(before.get(row['attack']), row)} | "
        f"{int(row['tries']):,} | {row['outcome']} |"
        for row in now
    ]
    head = "| attack | before | tries | now |\n|---|---|---|---|"
    title = path.stem.removeprefix("attack_").replace("_", " ").capitalize()
    return "\n".join(
        [f"### {title}", "", f"`{now[0]['command']}`. {measured(now[0])}", "", head, *lines]
    )


def _outcome(before: dict[str, str] | None, now: dict[str, str]) -> str:
    """What the attack did before, with the number of tries if that was another."""
    if before is None:
        return ""
    tries = int(before["tries"])
    return before["outcome"] + (f" ({tries:,} tries)" if tries != int(now["tries"]) else "")


PAGE = "docs/reliability.md"
TABLES = {"attacks": attacks}
