"""docs/expressions.md: seven expressions."""

from statistics import mean

from tables.common import RESULTS, measured, rows

_LATER = "Not measured yet."


def _rows(name: str) -> list[dict[str, str]]:
    """The rows of a table; none before it is measured."""
    return rows(name) if (RESULTS / name).is_file() else []


def _percent(row: dict[str, str], key: str) -> str:
    return f"{100 * float(row[key]):.1f}" if row.get(key) else ""


def _between(row: dict[str, str], key: str, low: str, high: str) -> str:
    if not row.get(low):
        return _percent(row, key)
    return f"{_percent(row, key)} ({_percent(row, low)}-{_percent(row, high)})"


def ladder() -> str:
    """A row a rung; of several seeds the first, and the mean of their accuracies."""
    found = _rows("expressions.csv")
    if not found:
        return _LATER
    each: dict[str, list[dict[str, str]]] = {}
    for row in found:
        each.setdefault(row["level"], []).append(row)
    first = found[0]
    lines = [
        f"{int(first['faces']):,} test faces, {int(first['faces_without_repeats'] or 0):,} of them "
        f"without repeats; shares in %. {first['machine']}, one thread, {found[-1]['date']}.",
        "",
        "| rung | | accuracy | mean of seeds | without repeats | balanced | macro F1 | ECE "
        "| its floor | weights | epochs | minutes |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for level, runs in each.items():
        row = runs[0]
        several = (
            f"{100 * mean(float(r['accuracy']) for r in runs):.1f} of {len(runs)}"
            if len(runs) > 1
            else ""
        )
        cells = [
            f"{row['rung']}, {level}",
            row["what"],
            _between(row, "accuracy", "low", "high"),
            several,
            _between(
                row, "accuracy_without_repeats", "low_without_repeats", "high_without_repeats"
            ),
            _percent(row, "balanced_accuracy"),
            _percent(row, "macro_f1"),
            _percent(row, "ece"),
            _percent(row, "ece_floor"),
            f"{int(row['weights']):,}",
            row["epochs"],
            f"{mean(float(r['minutes']) for r in runs):.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def confusion() -> str:
    """Labels down, answers across, of the better of rungs 4 and 5."""
    found = _rows("expressions_confusion.csv")
    if not found:
        return _LATER
    names = [row["label"] for row in found]
    lines = [
        f"Of {found[0]['level']}: a row is what test faces are labelled, a column the answer.",
        "",
        f"| | {' | '.join(names)} |",
        "|---" * (len(names) + 1) + "|",
    ]
    lines += [f"| {row['label']} | {' | '.join(row[name] for name in names)} |" for row in found]
    return "\n".join(lines)


def smiling() -> str:
    """P(happy) against CelebA's Smiling."""
    found = _rows("expressions_smiling.csv")
    if not found:
        return _LATER
    (row,) = found
    return (
        f"AUC {float(row['auc']):.3f} ({float(row['low']):.3f} to {float(row['high']):.3f}) on "
        f"{int(row['faces']):,} faces, {int(row['smiling']):,} of them smiling; at one half the "
        f"two agree on {_percent(row, 'agree_at_half')} %. {row['model']}. {measured(row)}"
    )


def frame() -> str:
    """Where FER2013's frame lies in the crop."""
    found = _rows("expressions_frame.csv")
    if not found:
        return _LATER
    titles = {
        "middle_x": "middle of the frame, x in the crop",
        "middle_y": "middle of the frame, y in the crop",
        "step": "crop pixels per picture pixel",
    }
    first = found[0]
    lines = [
        f"{measured(first)} A face was detected on {int(first['with_a_face']):,} of "
        f"{int(first['pictures']):,} pictures.",
        "",
        "| | median | half of what lies between the quartiles |",
        "|---|---|---|",
    ]
    lines += [
        f"| {titles[row['what']]} | {row['median']} | {row['half_of_quartiles']} |" for row in found
    ]
    return "\n".join(lines)


PAGE = "docs/expressions.md"
TABLES = {
    "expressions": ladder,
    "expressions confusion": confusion,
    "expressions smiling": smiling,
    "expressions frame": frame,
}
