"""docs/live.md: a moving picture."""

from tables.common import rows, table


def live() -> str:
    """A moving picture: the kernel's part beside fastai, the page, and ten minutes of it."""
    found = rows("live.csv")
    kernel = [row for row in found if row["part"] == "kernel"]
    alone = table(
        "| the kernel alone | cores | frames a second | times as many as fastai |",
        [[r["way"], r["cores"], r["value"], f"{r['times_as_fast_as_fastai']} x"] for r in kernel],
        kernel[0],
    )
    cells: dict[str, dict[str, str]] = {}
    for row in found:
        if row["part"] == "page":
            cells.setdefault(row["way"], {})[row["what"]] = row["value"]
    kinds = list(next(iter(cells.values())))
    lines = [[way, *(said.get(kind, "") for kind in kinds)] for way, said in cells.items()]
    head = f"| the page, a browser beside it | {' | '.join(kinds)} |"
    page = table(head, lines, found[0]).partition("\n\n")[2]
    held = {row["what"]: row["value"] for row in found if row["part"] == "minutes"}
    last = max(int(what.split()[1]) for what in held if what.startswith("after"))
    answered = sum(int(value) for what, value in held.items() if what.endswith("answers"))

    def both(what: str) -> str:
        return f"{held[f'after 0 minutes, {what}']} to {held[f'after {last} minutes, {what}']}"

    heap, nodes, memory = map(both, ("the page's heap, MB", "the page's nodes", "the kernel, MB"))
    note = (
        f"In {last} minutes the page had {answered:,} answers. Its heap went from {heap} MB, its "
        f"nodes from {nodes}, the kernel's memory from {memory} MB."
    )
    return f"{alone}\n\n{page}\n\n{note}"


PAGE = "docs/live.md"
TABLES = {
    "live": live,
}
