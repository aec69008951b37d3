"""Train the ladder of networks that find fifteen points, and measure it on the test people.

    python benchmarks/keypoints.py DATA [--runs FOLDER] [--seeds 3]

DATA holds keypoints/. Every network is kept in FOLDER; a command that was stopped goes on after
the last that was finished. Writes to benchmarks/results: keypoints.csv, a row a rung and seed;
keypoints_points.csv, a row a rung and point, mean of the seeds; keypoints_augmentation.csv, what
each augmentation alone does to the third rung as it goes on like a specialist;
keypoints_curves.csv, the learning curves of the first seed; and docs/figures/keypoints_example.png,
what each rung answers on the example. What is not trained yet is said and
left out. With --rungs nothing but these is trained, and with --no-training nothing at all.
"""

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import EXAMPLE, QUICK, RESULTS, write

from facelens import find_faces, load_model, read_photo
from facelens.lessons import keypoints, keypoints_ladder
from facelens.lessons.plots import style
from facelens.tasks.keypoints import marks
from facelens.tasks.keypoints.marks import NAMES, Faces
from facelens.tasks.keypoints.training.ladder import LADDER, Trained, predict
from facelens.tasks.keypoints.training.run import read_faces

FIGURES = RESULTS if QUICK else Path(__file__).parents[1] / "docs" / "figures"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs/keypoints"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=1, help="seeds of the augmentations alone")
    parser.add_argument("--rungs", nargs="*", default=[*LADDER, "trial"])
    parser.add_argument("--epochs", type=int, help="instead of each rung's own")
    parser.add_argument("--limit", type=int, help="only the first so many faces")
    parser.add_argument("--no-training", action="store_true", help="measure what is there")
    parser.add_argument("--threads", type=int, help="that torch may use; default: its own choice")
    args = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    if args.threads:
        torch.set_num_threads(args.threads)
    faces, test = (
        read_faces(args.data / "keypoints", split).take(slice(args.limit))
        for split in ("train", "test")
    )
    for seed in range(0 if args.no_training else args.seeds):
        rungs = [rung for rung in args.rungs if rung in LADDER]
        keypoints_ladder.train_all(faces, args.runs, rungs, seed=seed, epochs=args.epochs)
        if "trial" in args.rungs and seed < args.trials:
            keypoints_ladder.try_out(faces, args.runs, seed=seed)
    measure(test, args.runs, args.seeds)
    draw(args.runs)


def draw(runs: Path) -> None:
    """Draw what each rung answers on the example that comes with Facelens."""
    done = {rung: keypoints_ladder.finished(runs, rung, 0) for rung in LADDER}
    face = find_faces(read_photo(EXAMPLE), detector="haar")[0]
    picture = load_model(task="keypoints").picture(face)[None]
    answers = {rung: predict(t.network, picture)[0] for rung, t in done.items() if t}
    style()
    figure = keypoints.marked(
        picture.repeat(len(answers), 0), None, np.stack(list(answers.values())), list(answers),
        columns=len(answers),
    )  # fmt: skip
    figure.savefig(FIGURES / "keypoints_example.png", metadata={"Software": None})


def measure(test: Faces, runs: Path, seeds: int) -> None:
    """Measure what is trained on the test people, and write the tables."""
    rows, curves, points = [], [], []
    for rung in LADDER:
        each = {seed: keypoints_ladder.finished(runs, rung, seed) for seed in range(seeds)}
        done = {seed: trained for seed, trained in each.items() if trained}
        rows += [
            keypoints_ladder.as_text(keypoints_ladder.row(trained, seed, test))
            for seed, trained in done.items()
        ]
        points += by_point(rung, list(done.values()), test)
        if 0 in done:
            curves += [keypoints_ladder.as_text({"rung": rung, **row}) for row in done[0].curves]
    tables = {
        "keypoints": rows,
        "keypoints_points": points,
        "keypoints_curves": curves,
        "keypoints_augmentation": augmentations(test, runs, seeds),
    }
    for name, table in tables.items():
        if table:
            write(name, table)


def by_point(rung: str, each: list[Trained], test: Faces) -> list[dict[str, Any]]:
    """The error of each point, mean of the seeds."""
    errors = [marks.point_errors(predict(t.network, test.pictures), test.points) for t in each]
    return [
        {"rung": rung, "point": name, "seeds": len(each), "rmse_px": f"{np.mean(values):.4f}"}
        for name, *values in zip(NAMES, *errors, strict=True)
        if values
    ]


def augmentations(test: Faces, runs: Path, seeds: int) -> list[dict[str, Any]]:
    """The error of the third rung after it has gone on with each augmentation alone."""
    rows = []
    for seed in range(seeds):
        for trial in keypoints_ladder.TRIALS:
            if trained := keypoints_ladder.finished(runs, "trial", seed, trial):
                error = marks.rmse(predict(trained.network, test.pictures), test.points)
                rows.append({"augmentation": trial, "seed": seed, "rmse_px": f"{error:.4f}"})
    return rows


if __name__ == "__main__":
    main()
