"""docs/bulk.md: many photos."""

from tables.common import rows, table


def bulk() -> str:
    """Many photos: stages, speed, and what a hundred million would take."""
    found = rows("bulk.csv")
    lines = [
        [row["input"], row["what"], row["way"], f"{row['value']} {row['unit']}"] for row in found
    ]
    return table("| | | | |", lines, found[0])


def batch() -> str:
    """How many faces at once."""
    found = rows("batch.csv")
    lines = [
        [row["batch"], row["ms_a_face"], f"{float(row['of_the_best']):.0%}", row["chosen"]]
        for row in found
    ]
    return table("| faces at once | ms a face | speed, of the best | chosen |", lines, found[0])


PAGE = "docs/bulk.md"
TABLES = {
    "bulk": bulk,
    "batch": batch,
}
