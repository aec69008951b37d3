"""docs/training.md: variants of training for maps, and how torch's threads wait."""

from tables.common import RESULTS, rows, table

COST = 0.002  # of accuracy, that better maps may cost
VARIANTS, THREADS = "map_variants.csv", "training_threads.csv"


def best(found: list[dict[str, str]]) -> dict[str, str] | None:
    """The row with the best pointing of those whose accuracy is at most COST below the base's."""
    base = based(found)
    allowed = [
        row
        for row in found
        if row["pointing"]
        and (base is None or float(row["accuracy"]) >= float(base["accuracy"]) - COST - 1e-9)
    ]
    return max(allowed, key=lambda row: float(row["pointing"]), default=None)


def based(found: list[dict[str, str]]) -> dict[str, str] | None:
    """The row that the others' accuracy is compared with."""
    return next((row for row in found if row["base"]), None)


def variants() -> str:
    """Accuracy and pointing of every training tried, and which is the best by the rule."""
    if not (RESULTS / VARIANTS).exists():
        return ""
    found = rows(VARIANTS)
    base, chosen = based(found), best(found)
    faces = max(found, key=lambda row: int(row["faces"]))
    lines = [
        f"Measured on {int(faces['faces']):,} validation faces, {faces['date']}. Pointing is the "
        f"mean over the {faces['attributes']} attributes that name a part of the face, on the "
        "faces that the network gives a yes; correlation is with covering, over the first "
        f"{faces['compared_faces']}, with its 95 % interval by bootstrap over faces.",
    ]
    if base is not None:
        lines[0] += (
            " The rule: the best pointing of those whose accuracy is at most "
            f"{100 * COST:.1f} points below that of {base['network']}. By it "
            f"{chosen['network'] if chosen else 'none'} is chosen."
        )
    lines += [
        "",
        "| network | `--maps` | `--local-cut` | weight | margin | epochs, faces | picture "
        "| accuracy | macro AP | ECE | pointing | least | correlation |",
        f"{'|---' * 13}|",
    ]
    for row in found:
        trained = f"{int(row['train_faces']):,}" if row["train_faces"] else "?"
        least = f"{row['least'].replace('_', ' ').lower()}, {row['least_pointing']}"
        name = f"**{row['network']}**" if row is chosen else row["network"]
        between = f" ({row['low']} to {row['high']})" if row["low"] else ""
        cells = [
            name, row.get("maps") or "?", row["cut"] or "?", row["weight"], row["margin"],
            f"{row['epochs'] or '?'}, {trained}", row["picture"], row["accuracy"], row["macro_ap"],
            row["ece"], row["pointing"], least, f"{row['correlation_with_covering']}{between}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", "![Accuracy against pointing](figures/map_variants.png)"])


def threads() -> str:
    """Images a second, alone and beside other programs, by how threads wait."""
    if not (RESULTS / THREADS).exists():
        return ""
    found = rows(THREADS)
    rates = {(r["threads"], r["waits"], r["other_programs"]): r for r in found}
    busy = max(found, key=lambda row: int(row["other_programs"]))["other_programs"]
    lines = [
        [
            n,
            waits,
            *(
                rates[n, waits, others]["images_per_second"] if (n, waits, others) in rates else ""
                for others in ("0", busy)
            ),
        ]
        for n, waits in dict.fromkeys((r["threads"], r["waits"]) for r in found)
    ]
    first = found[0]
    beside = f"{busy} {'program' if busy == '1' else 'programs'}"
    head = f"| threads | they wait | images/s alone | images/s beside {beside} |"
    text = table(head, lines, first)
    return text.replace("Measured", f"`{first['network']}` at {first['size']}, measured", 1)


PAGE = "docs/training.md"
TABLES = {
    "map variants": variants,
    "training threads": threads,
}
