"""Draw the figures of docs/figures/ from the tables of benchmarks/results/.

    python benchmarks/figures.py [NAME …] [--out FOLDER]

The screenshots of the dashboard are not among them.
"""

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from tables.training import COST, based, best

from facelens.lessons import detection_figures, imbalance, keypoints, plots
from facelens.lessons.experiments import EXPERIMENTS

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def answer_figure(rows: Sequence[dict[str, str]]) -> Figure:
    """Bars: how many times as fast as fastai each way answers, on all cores."""
    most = max(row["cores"] for row in rows)
    shown = [row for row in rows if row["cores"] == most and not row["failed"]][::-1]
    figure, axes = plt.subplots(figsize=(8, 0.36 * len(shown) + 0.8))
    times = [float(row["times_as_fast_as_fastai"]) for row in shown]
    colours = [plots.TEAL if "facelens" in row["way"] else plots.GREY for row in shown]
    bars = axes.barh([row["way"] for row in shown], times, color=colours)
    axes.bar_label(
        bars, [f"{float(row['milliseconds']):.0f} ms" for row in shown], padding=3, fontsize=9
    )
    axes.set(xlabel=f"times as fast as fastai ({most} cores)", xlim=(0, 1.12 * max(times)))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def page_figure(rows: Sequence[dict[str, str]]) -> Figure:
    """Bars: seconds until a page takes a photo, and until it has answered one chosen at once."""
    seconds = {(r["page"], r["server"], r["what"]): float(r["median"]) for r in rows}
    pages = {"facelens": plots.TEAL, "plain Voilà page": plots.AMBER, "fastai page": plots.GREY}
    asked = {
        "takes a photo": "seconds until a photo can be chosen",
        "has answered it": "seconds from the request to the answer, a photo chosen at once",
    }
    labels, times, colours = [], [], []
    for title, what in asked.items():
        for server in ("warm", "cold"):
            for page, colour in pages.items():
                if (page, server, what) in seconds:
                    labels.append(f"{page} {title}, server {server}")
                    times.append(seconds[page, server, what])
                    colours.append(colour)
    figure, axes = plt.subplots(figsize=(8, 0.34 * len(times) + 0.8))
    bars = axes.barh(labels[::-1], times[::-1], color=colours[::-1])
    axes.bar_label(bars, [f"{value:.1f} s" for value in times[::-1]], padding=3, fontsize=9)
    axes.set(xlabel="seconds after the request", xlim=(0, 1.1 * max(times)))
    return figure


def variants_figure(rows: Sequence[dict[str, str]]) -> Figure:
    """Points: accuracy against pointing of every training tried; what the rule allows is right."""
    found = [row for row in rows if row["pointing"]]
    base, chosen = based(list(rows)), best(list(rows))
    figure, axes = plt.subplots(figsize=(8, 5))
    places = [100 * float(row["accuracy"]) for row in found]
    for row, x in zip(found, places, strict=True):
        y, left = float(row["pointing"]), 2 * x > min(places) + max(places)
        axes.scatter(
            x, y, s=70, color=plots.TEAL if row is chosen else plots.GREY,
            marker="s" if row is base else "o", zorder=2,
        )  # fmt: skip
        axes.annotate(
            row["network"], (x, y), (-7 if left else 7, 4), textcoords="offset points",
            fontsize=9, ha="right" if left else "left",
        )  # fmt: skip
    if base is not None:
        cut = 100 * (float(base["accuracy"]) - COST)
        axes.axvline(cut, color=plots.AMBER, linestyle="--", linewidth=1)
        axes.annotate(
            f"{100 * COST:.1f} points below {base['network']}", (cut, axes.get_ylim()[0]), (4, 4),
            textcoords="offset points", rotation=90, fontsize=9,
        )  # fmt: skip
    axes.margins(x=0.15, y=0.1)
    axes.set(xlabel="validation accuracy, %", ylabel="pointing of the exact map")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


# The figure's name: the table it is drawn from, and what draws it.
FIGURES: dict[str, tuple[str, Callable[[Sequence[dict[str, str]]], Figure]]] = {
    f"experiment_{name}": (f"experiment_{name}.csv", table.draw)
    for name, table in EXPERIMENTS.items()
} | {
    "haar_kept": ("haar.csv", detection_figures.kept_figure),
    "haar_published": ("haar.csv", detection_figures.published_figure),
    "haar_sizes": ("haar_sizes.csv", detection_figures.size_figure),
    "keypoints_ladder": ("keypoints.csv", keypoints.ladder),
    "keypoints_curves": ("keypoints_curves.csv", keypoints.table_curves),
    "keypoints_augmentation": ("keypoints_augmentation.csv", keypoints.augmentations),
    "imbalance": ("imbalance.csv", imbalance.imbalance_plot),
    "speed_answer": ("answer.csv", answer_figure),
    "speed_page": ("page.csv", page_figure),
    "map_variants": ("map_variants.csv", variants_figure),
}


def draw(name: str, out: Path) -> Path:
    table, function = FIGURES[name]
    with (RESULTS / table).open(newline="") as file:
        figure = function(list(csv.DictReader(file)))
    path = out / f"{name}.png"
    # Without matplotlib's version in it, the same rows give the same file.
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES)}")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "figures")
    args = parser.parse_args()
    unknown = sorted(set(args.names) - set(FIGURES))
    if unknown:
        parser.error(f"there is no figure {unknown[0]}")
    mpl.use("agg")
    plots.style()
    args.out.mkdir(parents=True, exist_ok=True)
    # All those whose table has been measured.
    measured = [name for name, (table, _) in FIGURES.items() if (RESULTS / table).is_file()]
    for name in args.names or measured:
        print(draw(name, args.out))


if __name__ == "__main__":
    main()
