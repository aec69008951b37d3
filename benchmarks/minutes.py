"""Reckon how long a GPU trains, from the recipes and from a speed, and what lies on its disk.

    python benchmarks/minutes.py [--rate PICTURES_A_SECOND] [--check]

Nothing is measured. The speed is by default the published one of ResNet50 on an H100 at 224 pixels
in mixed precision; every picture counts as one of these. Without --rate the table of docs/gpu.md
is written; --check: only say if it agrees.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from facelens.data.celeba import OUR_SLICE
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.lessons.experiments import EXPERIMENTS
from facelens.tasks import DEFAULT, TASKS
from facelens.training.recipe import Recipe
from facelens.training.trial import Experiment, Trial

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gpu.md"
RATE = 2800
SPLITS = {"training": 162_770, "validation": 19_867, "test": 19_962}  # CelebA's own


def ours() -> list[int]:
    """The numbers of our slice's faces; CelebA's splits follow each other in that order."""
    return [int(name.partition(".")[0]) for name in OUR_SLICE.read_text().split()]


def men() -> float:
    """The share of CelebA's validation faces that are labelled Male."""
    curves = (ROOT / "weights" / TASKS[DEFAULT].default / "curves.json").read_text(encoding="utf-8")
    return json.loads(curves)["attributes"]["Male"]["prevalence"]


def faces(trial: Trial, limit: int | None) -> int:
    """How many faces one epoch of a trial sees."""
    share = {"all": 1.0, "men": men(), "women": 1 - men()}[trial.people]
    dealt = 0.8 * (SPLITS["training"] + SPLITS["validation"])
    whole = share * (SPLITS["training"] if trial.split == "official" else dealt)
    return round(min(limit or whole, whole))


def seen(experiment: Experiment) -> int:
    one = sum(faces(trial, experiment.limit) for trial in experiment.trials)
    return one * experiment.epochs * experiment.seeds


def epochs(recipe: Recipe) -> int:
    return sum(stage.epochs for stage in recipe.stages)


def pictures() -> dict[str, int]:
    """How many pictures each piece of work learns from, at its published size."""
    default = epochs(Recipe()) * SPLITS["training"]
    sizes = {name: seen(experiment) for name, experiment in EXPERIMENTS.items()}
    return {
        "one epoch of all of CelebA": SPLITS["training"],
        "one epoch of our slice": sum(number <= SPLITS["training"] for number in ours()),
        f"`facelens train`, {epochs(Recipe())} epochs": default,
        "lesson 4": sizes["architectures"] + sizes["men"],
        "lesson 5": sizes["augmentation"],
        "lesson 6": sizes["one_attribute"],
        "lesson 7": sizes["published"] + default,
    }


def time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def table(rate: float) -> str:
    lines = [
        f"| at {rate:,.0f} pictures a second | pictures | time |",
        "|---|---|---|",
        *(f"| {what} | {count:,} | {time(count / rate)} |" for what, count in pictures().items()),
        "",
        "| decoded pictures in the cache | faces | on disk |",
        "|---|---|---|",
    ]
    counts = {**SPLITS, "all three": sum(SPLITS.values()), "our slice": len(ours())}
    for what, count in counts.items():
        size = count * CROP_HEIGHT * CROP_WIDTH * 3
        lines.append(f"| {what} | {count:,} | {size / 1e9:.1f} GB |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, help="pictures a second; print, write nothing")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.rate:
        print(table(args.rate))
        return 0
    old = PAGE.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- minutes -->\n).*?(<!-- /minutes -->)", re.DOTALL)
    text = marked.sub(lambda found: f"{found[1]}{table(RATE)}\n{found[2]}", old)
    if args.check:
        return int(text != old)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
