"""Train the ladder of networks that name an expression, and measure it on the test faces.

    python benchmarks/expressions.py DATA [--runs FOLDER] [--rungs ours] [--seeds 1] [--threads 1]

DATA holds expressions/, and celeba/ and celeba_more/ for --check. Every network is kept in FOLDER;
a command that was stopped resumes after the last whole epoch. Writes to benchmarks/results:
expressions.csv, a row a rung and seed; expressions_confusion.csv, of the best of rungs 4 and 5;
expressions_curves.csv, the learning curves of the first seed. What is not trained yet is said and
left out. With --no-training nothing is trained. With --frame only expressions_frame.csv is written,
where FER2013's frame lies in CelebA's crop; with --check only expressions_smiling.csv, how
P(happy) of the shipped network tells CelebA's Smiling faces from others.
"""

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import QUICK, write

from facelens import load_model
from facelens.bundles.find import embedded_folder
from facelens.data import parquet
from facelens.lessons import expressions_ladder as climb
from facelens.tasks.expression import figures
from facelens.tasks.expression.faces import Faces, read
from facelens.tasks.expression.frame import measure_frame
from facelens.tasks.expression.names import NAMES
from facelens.tasks.expression.training.ladder import LEVELS

FRAME_FACES = 200 if QUICK else 4000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs/expressions"))
    parser.add_argument("--seeds", type=int, default=1, help="from --first-seed on")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rungs", nargs="*", choices=LEVELS, default=[*LEVELS])
    parser.add_argument("--epochs", type=int, help="at most so many, instead of each rung's own")
    parser.add_argument("--limit", type=int, help="only the first so many faces of each split")
    parser.add_argument("--no-training", action="store_true", help="measure what is there")
    parser.add_argument("--threads", type=int, help="that torch may use; default: its own choice")
    parser.add_argument("--frame", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.check:
        check(args.data, args.limit)
        return
    split = {
        name: read(args.data / "expressions", name).take(slice(args.limit))
        for name in ("train", "valid", "test")
    }
    if args.frame:
        frame(split["train"])
        return
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    for seed in () if args.no_training else seeds:
        climb.train_all(
            split["train"], split["valid"], args.runs, args.rungs,
            seed=seed, epochs=args.epochs, start=embedded_folder("mobilenet_v2"),
        )  # fmt: skip
    if args.no_training or QUICK:
        measure(split["valid"], split["test"], args.runs)


def frame(faces: Faces) -> None:
    """Where the frame of the pictures lies in the crop of the face that is on them."""
    chosen = np.random.default_rng(0).permutation(np.flatnonzero(~faces.repeat))[:FRAME_FACES]
    found = measure_frame(faces.pictures[chosen])
    about = {"pictures": found.faces, "with_a_face": found.found}
    write(
        "expressions_frame",
        [
            {**about, "what": what, "median": f"{value:.3f}", "half_of_quartiles": f"{half:.3f}"}
            for what, value, half in zip(
                ("middle_x", "middle_y", "step"), (found.x, found.y, found.step), found.spread,
                strict=True,
            )
        ],
    )  # fmt: skip


def measure(valid: Faces, test: Faces, runs: Path) -> None:
    """Measure what is trained on the test faces, and write the tables."""
    rows: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    best, chosen = 0.0, None
    for level in LEVELS:
        for folder in sorted(runs.glob(f"{level}-*")):
            seed = int(folder.name.rpartition("-")[2])
            run = climb.finished(runs, level, seed)
            if run is None:
                continue
            rows.append(climb.as_text(climb.row(run, valid, test)))
            if not seed:
                curves += [{"level": level, **row} for row in run.history]
            # The better of rungs 4 and 5 is chosen on the validation faces.
            right = max((float(row["valid_accuracy"]) for row in run.history), default=0.0)
            if LEVELS[level].both_ways and right > best:
                best, chosen = right, run
    columns = dict.fromkeys(key for row in rows for key in row)
    tables = {
        "expressions": [{key: row.get(key, "") for key in columns} for row in rows],
        "expressions_curves": curves,
    }
    if chosen:
        said = climb.answers(chosen, valid, test).argmax(1)
        counts = figures.confusion(said, test.labels)
        tables["expressions_confusion"] = [
            {"level": chosen.recipe.level, "label": name, **dict(zip(NAMES, row, strict=True))}
            for name, row in zip(NAMES, counts.tolist(), strict=True)
        ]
    for name, table in tables.items():
        if table:
            write(name, table)


def check(data: Path, limit: int | None) -> None:
    """P(happy) against CelebA's Smiling on all test faces: another data set, other labels."""
    model = load_model(task="expression")
    scores, smiling = [], []
    for folder in ("celeba", "celeba_more"):
        for file in sorted((data / folder).glob("test-*.parquet")):
            rows = list(parquet.images(file, ["Smiling"], stop=limit))
            crops = np.stack([row.pixels(file) for row in rows])
            for start in range(0, len(crops), 256):
                part = model.predict(crops[start : start + 256])
                scores += [each["happy"] for each in part]
            smiling += [bool(row.values["Smiling"]) for row in rows]
    happy, truth = np.array(scores), np.array(smiling)
    rng, n = np.random.default_rng(0), len(truth)
    drawn = [rng.integers(0, n, n) for _ in range(1000)]
    several = [figures.auc(happy[r], truth[r]) for r in drawn]
    low, high = np.percentile(several, [2.5, 97.5])
    write(
        "expressions_smiling",
        [
            {
                "model": model.title,
                "faces": n,
                "smiling": int(truth.sum()),
                "auc": f"{figures.auc(happy, truth):.4f}",
                "low": f"{low:.4f}",
                "high": f"{high:.4f}",
                "agree_at_half": f"{((happy >= 0.5) == truth).mean():.4f}",
            }
        ],
    )


if __name__ == "__main__":
    main()
