"""docs/accuracy.md: the face detectors beside each other."""

from tables.common import RESULTS, rows

_LATER = "Not measured yet."
_TITLES = {"yunet": "YuNet", "own": "our own", "haar": "cascades", "hog": "HOG"}


def _known(name: str) -> list[dict[str, str]]:
    """The rows of a table; none before it is measured."""
    return rows(name) if (RESULTS / name).is_file() else []


def detectors() -> str:
    """Found, extra boxes and time on loosely framed faces, at any angle, and without faces."""
    loose = {row["detector"]: row for row in _known("faces-loose.csv")}
    turned = {row["detector"]: row for row in _known("faces-turned.csv")}
    empty: dict[str, tuple[int, int]] = {}
    for row in _known("faces-empty.csv"):
        boxes, tried = empty.get(row["detector"], (0, 0))
        empty[row["detector"]] = boxes + int(row["boxes"]), tried + int(row["tried"])
    lines = [
        "| | loosely framed: found | extra boxes | error of the eyes, px | ms "
        "| at any angle: found | boxes without a face |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, title in _TITLES.items():
        cells = ["-"] * 6
        if row := loose.get(name):
            cells[:4] = [
                f"{float(row['found_percent']):.1f} %", f"{float(row['extra_percent']):.1f} %",
                row["eye_error_median_px"], row["milliseconds"],
            ]  # fmt: skip
        if row := turned.get(name):
            cells[4] = f"{float(row['found_percent']):.1f} %"
        if name in empty:
            cells[5] = "{} on {} pictures".format(*empty[name])
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _by(name: str, key: str, title: str) -> str:
    """Found by `key`: a row a value, a column a detector, with extra boxes where there are any."""
    found = _known(name)
    if not found:
        return _LATER
    there = [each for each in _TITLES if any(row["detector"] == each for row in found)]
    table = {(row[key], row["detector"]): row for row in found}
    lines = [
        f"| {title} | {' | '.join(f'{_TITLES[each]} | ms' for each in there)} |",
        f"|---|{'---|---|' * len(there)}",
    ]
    for value in dict.fromkeys(row[key] for row in found):
        cells = []
        for each in there:
            row = table.get((value, each))
            extra = float(row["extra_percent"]) if row else 0.0
            more = f" (+{extra:.0f} %)" if extra else ""
            cells += (
                [f"{float(row['found_percent']):.0f} %{more}", f"{float(row['milliseconds']):.0f}"]
                if row else ["-", "-"]
            )  # fmt: skip
        lines.append(f"| {value} | {' | '.join(cells)} |")
    return "\n".join(lines)


def by_angle() -> str:
    """Found by angle."""
    return _by("faces-angles.csv", "angle", "degrees")


def by_size() -> str:
    """Found by width."""
    return _by("faces-sizes.csv", "width", "width, px")


PAGE = "docs/accuracy.md"
TABLES = {"detectors": detectors, "detectors by angle": by_angle, "detectors by size": by_size}
