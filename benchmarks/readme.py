"""Fill the README's tables from benchmarks/results; with --check only say whether they agree.

python benchmarks/readme.py [--check]
"""

import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"

METRICS = {
    "accuracy": "mean accuracy over 40 attributes, threshold 0.5",
    "majority": "the same if the commoner answer were always given",
    "average_precision": "macro average precision",
    "f1": "macro F1 at 0.5",
    "balanced_accuracy": "balanced accuracy at 0.5",
    "ece": "mean calibration error (ECE, 15 bins)",
    "ece_floor": "the error that so few faces would show even if calibration were perfect",
}


def rows(name: str) -> list[dict[str, str]]:
    with (RESULTS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def accuracy() -> str:
    """How good the embedded bundle is on straight, loose and portrait faces."""
    table = {(r["faces"], r["detector"], r["metric"]): r for r in rows("accuracy.csv")}
    first = next(iter(table.values()))

    def cell(faces: str, detector: str, metric: str) -> str:
        r = table[faces, detector, metric]
        span = f" ({r['low']}-{r['high']})" if r["low"] else ""
        return f"{r['value']}{span}"

    lines = [
        f"`{first['model']}` on the {table['aligned', '', 'accuracy']['of']} faces of the "
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
    for metric, title in (("found", "faces found"), ("extra_boxes", "extra boxes a face")):
        cells = [f"{float(table['loose', d, metric]['value']):.1%}" for d in ("yunet", "haar")]
        lines.append(f"| {title} | | {' | '.join(cells)} |")
    for metric, title in (
        ("facts_right", "visible facts right on portraits"),
        ("one_face", "portraits with exactly one face found"),
    ):
        found = [table["portraits", d, metric] for d in ("yunet", "haar")]
        cells = [f"{float(r['value']):.0f} of {r['of']}" for r in found]
        lines.append(f"| {title} | | {' | '.join(cells)} |")
    return "\n".join(lines)


TABLES = {"accuracy": accuracy}


def filled(text: str) -> str:
    """The README with every table between its markers written anew."""
    for name, table in TABLES.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not marked.search(text):
            raise SystemExit(f"README.md has no place marked <!-- {name} -->.")
        body = table()
        text = marked.sub(lambda m, body=body: f"{m[1]}{body}\n{m[2]}", text)
    return text


def main() -> int:
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    wanted = filled(text)
    if "--check" in sys.argv[1:]:
        if text != wanted:
            print("README.md differs from benchmarks/results: run python benchmarks/readme.py")
        return int(text != wanted)
    path.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
