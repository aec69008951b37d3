"""docs/identity.md: who of those enrolled a face is."""

from collections.abc import Iterator

from tables.common import RESULTS, measured, rows

_LATER = "Not measured yet."
_NOT_HERE = {
    "3": "our own embedding, nearest mean: not trained yet",
    "4": "SFace, nearest mean: its file was not here",
}
_MISSING = {"ours": "Our own embedding: not trained yet", "sface": "SFace: its file was not here"}


def _rows(name: str) -> list[dict[str, str]]:
    """The rows of a table; none before it is measured."""
    return rows(name) if (RESULTS / name).is_file() else []


def _share(text: str) -> str:
    return f"{100 * float(text):.1f} %"


def _between(row: dict[str, str], key: str) -> str:
    low, high = (100 * float(row[f"{key}_{end}"]) for end in ("low", "high"))
    return f"{_share(row[key])} ({low:.1f}-{high:.1f})"


def _absent(found: list[dict[str, str]]) -> list[str]:
    """A sentence for each recogniser that was not measured."""
    there = {row["way"] for row in found}
    return [f"{text}." for way, text in _MISSING.items() if way not in there]


def ways() -> str:
    """The four ways on the same photos."""
    found = _rows("identity_ways.csv")
    if not found:
        return _LATER
    first = found[0]
    lines = [
        f"Eight people, {first['train_photos']} photos to learn from of which a fifth validates, "
        f"{first['test_photos']} others to test; means over {first['seeds']} splits. "
        f"{measured(first)}",
        "",
        "| | | training | validation | gap | test (least-most) | minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    known = {row["way"]: row for row in found}
    for way in ("1", "2", "3", "4"):
        if way not in known:
            lines.append(f"| {way} | {_NOT_HERE.get(way, 'not measured')} | - | - | - | - | - |")
            continue
        row = known[way]
        least, most = (100 * float(row[f"test_{end}"]) for end in ("least", "most"))
        lines.append(
            f"| {way} | {row['what']} | {_share(row['train'])} | {_share(row['valid'])} "
            f"| {100 * float(row['gap']):.1f} | {_share(row['test'])} ({least:.1f}-{most:.1f}) "
            f"| {float(row['minutes']):.1f} |"
        )
    return "\n".join(lines)


def pairs() -> str:
    """Each recogniser on the 600 pairs."""
    found = _rows("identity_pairs.csv")
    if not found:
        return _LATER
    first = found[0]
    lines = [
        f"{first['pairs']} pairs of {first['people']} people behind {first['detector']}; in "
        f"brackets 95 % intervals over people. {measured(first)}",
        "",
        "| | accuracy | AUC | accepted at 1 % false | photos without a face |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['what']} | {_between(row, 'accuracy')} | {_between(row, 'auc')} "
        f"| {_between(row, 'true_accept_at_1_percent_false')} | {row['without_face']} |"
        for row in found
    ]
    return "\n".join([*lines, *(["", *_absent(found)] if _absent(found) else [])])


def _by_network(found: list[dict[str, str]]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """What each network is called, and its rows."""
    for what in dict.fromkeys(row["what"] for row in found):
        yield what, [row for row in found if row["what"] == what]


def thresholds() -> str:
    """Which similarity a rate of false accepts means."""
    found = _rows("identity_curves.csv")
    if not found:
        return _LATER
    lines = [measured(found[0])]
    for what, of in _by_network(found):
        lines += [
            "",
            f"{what}, on {of[0]['on']}; in brackets 95 % intervals over people:",
            "",
            "| false accepts | photo against photo | photo against the mean of several |",
            "|---|---|---|",
        ]
        for row in of:
            cells = [
                f"{float(row[name]):.3f} ({float(row[f'{name}_low']):.3f}-"
                f"{float(row[f'{name}_high']):.3f})"
                for name in ("photo", "mean")
            ]
            lines.append(f"| {100 * float(row['rate']):g} % | {cells[0]} | {cells[1]} |")
    return "\n".join([*lines, *(["", *_absent(found)] if _absent(found) else [])])


def strangers() -> str:
    """Those who are not enrolled."""
    found = _rows("identity_strangers.csv")
    if not found:
        return _LATER
    first = found[0]
    lines = [
        f"{int(first['different_pairs']):,} pairs of two people, {first['people']} people in two "
        f"halves, {first['seeds']} times; means (most). {measured(first)}",
        "",
        "| | threshold | false accepts on the other half | true accepts | strangers named, of "
        f"{first['unknown']} | by the network's curve | enrolled named, of {first['enrolled']} |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['what']} | {float(row['threshold']):.3f} | {_share(row['false_accepts'])} "
        f"({100 * float(row['false_accepts_most']):.1f}) | {_share(row['true_accepts'])} "
        f"| {float(row['unknown_accepted']):.1f} ({row['unknown_accepted_most']}) "
        f"| {row['unknown_accepted_by_curve']} | {row['enrolled_named_by_curve']} |"
        for row in found
    ]
    return "\n".join([*lines, *(["", *_absent(found)] if _absent(found) else [])])


def groups() -> str:
    """False rejects and accepts within each group."""
    found = _rows("identity_groups.csv")
    if not found:
        return _LATER
    lines = [measured(found[0])]
    for what, of in _by_network(found):
        lines += [
            "",
            f"{what}, at {float(of[0]['threshold']):.3f} for all; in brackets 95 % intervals:",
            "",
            "| group | faces, people | one person rejected | two people accepted |",
            "|---|---|---|---|",
        ]
        for row in of:
            cells = ["too few pairs"] * 2
            if row["pairs_of_one"]:
                cells = [_between(row, name) for name in ("false_rejects", "false_accepts")]
            counts = f"{int(row['faces']):,}, {int(row['people']):,}"
            lines.append(f"| {row['group']} | {counts} | {cells[0]} | {cells[1]} |")
    return "\n".join([*lines, *(["", *_absent(found)] if _absent(found) else [])])


def speed() -> str:
    """Milliseconds a face, and seconds to enrol."""
    found = _rows("identity_speed.csv")
    if not found:
        return _LATER
    lines = [
        measured(found[0]),
        "",
        f"| | ms a face, aligned | enrolling {found[0]['people']} people with {found[0]['photos']} "
        f"photos, s, detection by {found[0]['detector']} included | photos enrolled |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row['what']} | {row['milliseconds']} | {row['seconds']} | {row['enrolled']} |"
        for row in found
    ]
    return "\n".join([*lines, *(["", *_absent(found)] if _absent(found) else [])])


PAGE = "docs/identity.md"
TABLES = {
    "identity ways": ways,
    "identity pairs": pairs,
    "identity thresholds": thresholds,
    "identity strangers": strangers,
    "identity groups": groups,
    "identity speed": speed,
}
