"""docs/accuracy.md: how good the embedded networks are."""

import json
from collections.abc import Callable

from facelens.tasks import DEFAULT, TASKS
from facelens.tasks.attributes.names import NAMES, describe
from tables.common import ROOT, published, rows, table

METRICS = {
    "accuracy": "mean accuracy over 40 attributes, threshold 0.5",
    "majority": "the same, always predicting the majority class",
    "average_precision": "macro average precision",
    "f1": "macro F1 at 0.5",
    "balanced_accuracy": "balanced accuracy at 0.5",
    "ece_steady": "mean calibration error (ECE, 15 bins), without two attributes*",
    "ece_floor_steady": "the error that so few faces would show even if calibration were perfect",
    "ece": "mean calibration error, all 40",
}
_APART = ("accuracy", "average_precision", "ece_steady", "ece_floor_steady")
_FIGURES = (
    "prevalence", "majority", "accuracy", "average_precision", "f1", "balanced_accuracy", "ece",
    "ece_floor",
)  # fmt: skip

Figures = dict[tuple[str, str, str], dict[str, str]]


def accuracy() -> str:
    """How good the embedded bundle is on straight, loose and portrait faces."""
    table = {(r["faces"], r["detector"], r["metric"]): r for r in rows("accuracy.csv")}
    first = next(iter(table.values()))

    def cell(faces: str, detector: str, metric: str) -> str:
        r = table[faces, detector, metric]
        span = f" ({r['low']}-{r['high']})" if r["low"] else ""
        return f"{r['value']}{span}"

    lines = [
        f"`{first['model']}` on the {int(table['aligned', '', 'accuracy']['of']):,} faces of the "
        f"official test split in our slice of CelebA, measured {first['date']}; 95 % intervals "
        "by bootstrap over people (1,000 draws for accuracy, 100 for the others).",
        "",
        "| | aligned crops | loosely framed, YuNet | loosely framed, cascades |",
        "|---|---|---|---|",
    ]
    for metric, title in METRICS.items():
        cells = [
            cell(*way, metric) for way in (("aligned", ""), ("loose", "yunet"), ("loose", "haar"))
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    for metric, title in (("found", "faces detected"), ("extra_boxes", "extra boxes a face")):
        cells = [f"{float(table['loose', d, metric]['value']):.1%}" for d in ("yunet", "haar")]
        lines.append(f"| {title} | | {' | '.join(cells)} |")
    for metric, title in (
        ("facts_right", "visible facts right on portraits"),
        ("one_face", "portraits with exactly one face detected"),
    ):
        found = [table["portraits", d, metric] for d in ("yunet", "haar")]
        cells = [f"{float(r['value']):.0f} of {r['of']}" for r in found]
        lines.append(f"| {title} | | {' | '.join(cells)} |")
    lines += ["", f"\\* {shifted()}", "", *_parts(table, cell)]
    return "\n".join(lines).rstrip()


def _parts(
    table: dict[tuple[str, str, str], dict[str, str]], cell: Callable[..., str]
) -> list[str]:
    """The aligned test faces of each folder apart, if there are several."""
    parts = [faces for faces, _, metric in table if metric == "accuracy" and "aligned, " in faces]
    if not parts:
        return []
    titles = [
        f"{faces.partition(', ')[2]}, {int(table[faces, '', 'accuracy']['of']):,} faces"
        for faces in parts
    ]
    lines = [
        "Aligned crops of each folder apart, the first of which older figures are about:",
        "",
        f"| | {' | '.join(titles)} |",
        f"|---|{'---|' * len(parts)}",
    ]
    for metric in _APART:
        cells = [cell(faces, "", metric) for faces in parts]
        lines.append(f"| {METRICS[metric]} | {' | '.join(cells)} |")
    return lines


def shifted() -> str:
    """The attributes whose validation and test labels disagree, and by how much."""
    kept = json.loads((ROOT / "weights" / TASKS[DEFAULT].default / "curves.json").read_text())[
        "attributes"
    ]
    test = {row["attribute"]: row for row in rows("accuracy_by_attribute.csv")}
    told = [
        f"{name} (a yes on {kept[name]['prevalence']:.1%} of the validation faces and "
        f"{float(test[name]['prevalence']):.1%} of the test faces; calibration error "
        f"{float(test[name]['ece']):.3f})"
        for name in NAMES
        if describe(name).shifted
    ]
    return (
        f"{' and '.join(told)} were labelled by one standard in CelebA's validation split, on "
        "which probabilities are calibrated, and by another in its test split."
    )


def by_attribute() -> str:
    """Every attribute beside the best published figure."""
    best = published()
    lines = [
        "| attribute | rate | majority class | accuracy | published | average precision | F1 "
        "| balanced | ECE (floor) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows("accuracy_by_attribute.csv"):
        figures = {key: float(row[key]) for key in row if key in _FIGURES}
        lines.append(
            f"| {row['attribute']} | {figures['prevalence']:.1%} | {figures['majority']:.1%} "
            f"| {figures['accuracy']:.1%} | {best[row['attribute']]:.1%} "
            f"| {figures['average_precision']:.2f} | {figures['f1']:.2f} "
            f"| {figures['balanced_accuracy']:.2f} "
            f"| {figures['ece']:.3f} ({figures['ece_floor']:.3f}) |"
        )
    return "\n".join(lines)


def by_group() -> str:
    """The error of each group with its interval."""
    lines = ["| CelebA's labels | faces | share of wrong answers |", "|---|---|---|"]
    for row in rows("accuracy_by_group.csv"):
        error = (
            f"{float(row['error']):.1%} ({float(row['low']):.1%} to {float(row['high']):.1%})"
            if row["error"]
            else "too few faces"
        )
        lines.append(f"| {row['group']} | {row['faces']} | {error} |")
    return "\n".join(lines)


def networks() -> str:
    """The embedded networks side by side."""
    lines = [
        "| network | pictures | graph | validation accuracy | test accuracy | test macro average "
        "precision | against the default, pair by pair |",
        "|---|---|---|---|---|---|---|",
    ]
    table = {(r["network"], r["split"]): r for r in rows("networks.csv")}
    for name in dict.fromkeys(network for network, _ in table):
        valid, test = table[name, "valid"], table[name, "test"]
        paired = (
            f"{valid['against_default_value']} on validation faces "
            f"({valid['against_default_low']} to {valid['against_default_high']})"
        )
        lines.append(
            f"| `{name}`{' (default)' if name.startswith(f'{TASKS[DEFAULT].default} ') else ''} "
            f"| {valid['picture']} | {int(valid['graph_bytes']) / 1e6:.0f} MB "
            f"| {valid['accuracy_value']} | {test['accuracy_value']} "
            f"({test['accuracy_low']}-{test['accuracy_high']}) "
            f"| {test['average_precision_value']} "
            f"| {'' if name.startswith(f'{TASKS[DEFAULT].default} ') else paired} |"
        )
    return "\n".join(lines)


def guarantee() -> str:
    """How many rows have a guaranteed threshold, and how many hold it on test faces."""
    lines = [
        "| network | validation faces | rows in reach | test faces | 90 % right on test faces "
        "| below 90 % with the whole interval | the same with `precision90` |",
        "|---|---|---|---|---|---|---|",
    ]
    table = rows("guarantee.csv")
    for network in sorted({row["network"] for row in table}):
        own = [row for row in table if row["network"] == network]
        reached = [row for row in own if row["precision"]]
        held = sum(float(row["precision"]) >= 0.9 for row in reached)
        below = [f"`{row['attribute']}`" for row in reached if float(row["high"]) < 0.9]
        guessed = [float(row["precision90"]) for row in own if row["precision90"]]
        lines.append(
            f"| `{network}` | {int(own[0]['valid_faces']):,} | {len(reached)} of {len(own)} "
            f"| {int(own[0]['faces']):,} | {held} of {len(reached)} "
            f"| {', '.join(below) or 'none'} | {sum(p >= 0.9 for p in guessed)} of {len(guessed)} |"
        )
    return "\n".join(lines)


def doubtful() -> str:
    """How much more often the network is wrong on small and on turned faces."""
    found = rows("doubtful.csv")
    lines = []
    for bucket in dict.fromkeys(row["bucket"] for row in found):
        own = [row for row in found if row["bucket"] == bucket]
        wrong = sum(float(row["error"]) for row in own) / len(own)
        often = [
            f"`{row['attribute']}` {float(row['error']):.1%} ({float(row['low']):.1%} to "
            f"{float(row['high']):.1%}), of all {float(row['overall']):.1%}"
            for row in own
            if row["often_wrong"] == "1"
        ]
        lines.append([bucket, own[0]["faces"], f"{wrong:.1%}", "; ".join(often) or "none"])
    return table("| faces | number | wrong answers, mean of 40 | rows |", lines, found[0])


PAGE = "docs/accuracy.md"
TABLES = {
    "accuracy": accuracy,
    "networks": networks,
    "guarantee": guarantee,
    "by attribute": by_attribute,
    "by group": by_group,
    "doubtful": doubtful,
}
