"""docs/architecture.md: the package before and after, and what tests cost."""

from tables.common import RESULTS, rows, table

AFTER = "1, the row in `TASKS`"


def house() -> str:
    """The package before it was rebuilt and after."""
    counted = rows("house.csv")
    before, after = dict.fromkeys(row["commit"] for row in counted)
    found = {(row["commit"], row["what"]): row["count"] for row in counted}
    lines = [
        [
            what,
            f"{int(count):,}",
            f"{int(found[after, what]):,}" if (after, what) in found else AFTER,
        ]
        for (commit, what), count in found.items()
        if commit == before
    ]
    return table(f"| | before ({before}) | after ({after}) |", lines, counted[0])


def suite() -> str:
    """What each group of tests costs."""
    if not (RESULTS / "suite.csv").exists():
        return "Not measured yet."
    counted = rows("suite.csv")
    lines = [
        [f"`{row['folder']}`" if row["folder"] != "all" else "all", row["tests"],
         row["processor_seconds"], row["seconds"]]
        for row in counted
    ]  # fmt: skip
    return table("| tests/ | tests | processor seconds | seconds |", lines, counted[0])


PAGE = "docs/architecture.md"
TABLES = {
    "house": house,
    "suite": suite,
}
