"""docs/dashboard.md: maps, and what a visit weighs."""

from itertools import groupby

from tables.common import rows, shown, visits
from tables.common import table as as_table

EXACT, COVERING = "the exact map", "covering"


def maps() -> str:
    """How well each way of asking where a network looks agrees with covering."""
    lines = []
    for network, table in groupby(rows("maps.csv"), lambda row: row["network"]):
        first, *others = table
        lines += [
            *([""] if lines else []),
            f"`{network}`, {first['faces']} faces, {first['maps']} maps, measured {first['date']}; "
            "95 % intervals by bootstrap over faces. Pointing is the mean over "
            f"{first['attributes']} attributes, deletion and insertion {_over(first)}.",
            "",
            "| map | fields | looks | correlation with covering | pointing | least | deletion "
            "| insertion | time |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for row in (first, *others):
            time = f"{row['time_ratio']} x" if row["time_ratio"] else "not offered"
            least = f"{row['least'].replace('_', ' ').lower()}, {row['least_pointing']}"
            lines.append(
                f"| {row['way']} | {row['fields'].replace('x', ' x ')} | {row['passes']} "
                f"| {row['correlation_with_covering']} ({row['low']} to {row['high']}) "
                f"| {row['pointing']} | {least} | {row['deletion']} | {row['insertion']} | {time} |"
            )
    return "\n".join(lines)


def _over(row: dict[str, str]) -> str:
    count = int(row["curves"])
    return f"over {count} maps" if count else "were not measured"


def pointing() -> str:
    """The pointing game, attribute by attribute: exact maps and covering of each network."""
    found = rows("maps_pointing.csv")
    by = {(r["network"], r["way"], r["attribute"]): r for r in found}
    first = found[0]["network"]
    shown = [(first, EXACT), (first, COVERING)]
    shown += [(name, EXACT) for name in dict.fromkeys(r["network"] for r in found) if name != first]
    titles = [f"`{network}`: faces | {way}" for network, way in shown]
    lines = [f"| | {' | '.join(titles)} |", f"|---|{'---|---|' * len(shown)}"]
    for name in dict.fromkeys(r["attribute"] for r in found):
        cells = []
        for network, way in shown:
            row = by.get((network, way, name), {"faces": "0", "pointing": ""})
            cells += [row["faces"], row["pointing"]]
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def page() -> str:
    """What a visit weighs, beside a page of one button."""
    table = visits()
    first = table["facelens", "warm", "requests"]
    lines = [
        f"Median of {first['visits']} visits with an empty cache to a warm server on the same "
        f"machine ({first['machine']}), measured {first['date']}.",
        "",
        "| | this page | a plain Voilà page of one button | ratio |",
        "|---|---|---|---|",
    ]
    for (name, server, what), row in table.items():
        if (name, server) == ("facelens", "warm"):
            plain = table.get(("plain Voilà page", server, what))
            title = "megabytes, not compressed" if what == "bytes" else what
            lines.append(f"| {title} | {shown(row)} | {shown(plain)} | {row['ratio_to_plain']} |")
    return "\n".join(lines)


def taught() -> str:
    """How well a word is taught by how many photos."""
    found = rows("teach.csv")
    counts = list(dict.fromkeys(row["photos_each"] for row in found))
    lines = [
        f"`{found[0]['network']}`, {found[0]['faces']} faces of 48 x 48 pixels, "
        f"{found[0]['seeds']} draws of the photos, measured {found[0]['date']}.",
        "",
        f"| word | {' | '.join(f'{count} of each' for count in counts)} |",
        "|---|" + "---|" * len(counts),
    ]
    for word in dict.fromkeys(row["word"] for row in found):
        own = {row["photos_each"]: row for row in found if row["word"] == word}
        cells = [
            f"{row['auc']} ({row['low']} to {row['high']}), told {float(row['told']):.0%}"
            if (row := own.get(count))
            else ""
            for count in counts
        ]
        lines.append(f"| {word} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shift() -> str:
    """How far an answer moves when the face is shifted by one pixel."""
    found = rows("shift.csv")
    lines = [
        [f"`{row['network']}`", row["answers"], row["rms"], row["median"], row["at_most_in_95"]]
        for row in found
    ]
    head = "| network | answers | root mean square | median | 95 % move at most |"
    return (
        f"How far a calibrated logit moves, {found[0]['faces']} faces.\n\n"
        f"{as_table(head, lines, found[0])}"
    )


PAGE = "docs/dashboard.md"
TABLES = {
    "maps": maps,
    "pointing": pointing,
    "shift": shift,
    "page": page,
    "teach": taught,
}
