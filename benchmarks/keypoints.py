"""Train the ladder of networks that find fifteen points, and measure it on the test people.

    python benchmarks/keypoints.py DATA [--runs FOLDER] [--seeds 3]

DATA holds keypoints/. Every network is kept in FOLDER; a run that was stopped goes on after the
last that was finished. Writes to benchmarks/results: keypoints.csv, a row a rung and seed;
keypoints_points.csv, a row a rung and point, mean of the seeds; keypoints_augmentation.csv, what
each augmentation alone does to the third rung, trained on for as long as a specialist;
keypoints_curves.csv, the learning curves of the first seed. Which rungs and seeds are not trained
yet is said and left out.
"""

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from measure import write

from facelens import keypoints
from facelens.keypoints import NAMES
from facelens.training.keypoints import AUGMENTATIONS, LADDER, Augmentation, hold_out, predict
from facelens.training.keypoints.ladder import STEPS
from facelens.training.keypoints.run import Run, open_run, read_faces

log = logging.getLogger("facelens")
FLIPS = Augmentation(flip=0.5)
# What is tried on the trial's network: nothing more, then each augmentation alone.
TRIALS = {"none": FLIPS} | {name: replace(FLIPS, **how) for name, how in AUGMENTATIONS.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=Path, default=Path("runs/keypoints"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rungs", nargs="*", default=[*LADDER, "trial"], help="train these only")
    parser.add_argument("--threads", type=int, help="that torch may use; default: its own choice")
    args = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO)
    if args.threads:
        torch.set_num_threads(args.threads)
    ladder = Ladder(args.data / "keypoints", args.runs)
    for seed in range(args.seeds):
        for rung in args.rungs:
            for trial in TRIALS if rung == "trial" else [""]:
                ladder.train(rung, seed, trial)
    ladder.measure(args.seeds)


class Ladder:
    """The ladder's runs below one folder."""

    def __init__(self, data: Path, runs: Path) -> None:
        self.data, self.runs = data, runs
        self.train_faces = read_faces(data, "train")

    def folder(self, rung: str, seed: int, trial: str = "") -> Path:
        return self.runs / "-".join([rung, *trial.split(), str(seed)])

    def train(self, rung: str, seed: int, trial: str = "") -> None:
        rest, valid = hold_out(self.train_faces, seed=seed)
        start = None
        if STEPS[rung].start:
            start = open_run(self.folder(str(STEPS[rung].start), seed)).network()
        step = replace(STEPS[rung], augmentation=TRIALS[trial]) if trial else None
        data = {"train": len(rest), "valid": len(valid), "axis": rest.axis}
        run = open_run(
            self.folder(rung, seed, trial), rung, seed=seed, step=step, data=data,
            start=STEPS[rung].start or "",
        )  # fmt: skip
        trained = run.train(rest, valid, start=start)
        error = keypoints.rmse(predict(trained.network, valid.pictures), valid.points)
        log.info("%s: %.3f px on others, %.1f minutes", run.folder, error, trained.minutes)

    def done(self, rung: str, seed: int, trial: str = "") -> Run | None:
        folder = self.folder(rung, seed, trial)
        try:
            run = open_run(folder)
            run.network()
        except keypoints.DataError as error:
            log.info("Left out: %s", error)
            return None
        return run

    def measure(self, seeds: int) -> None:
        """Measure what is trained, on the test people, and write the tables."""
        test = read_faces(self.data, "test")
        rows, curves, points = [], [], []
        for rung, step in LADDER.items():
            each = []
            for seed in range(seeds):
                run = self.done(rung, seed)
                if run is None:
                    continue
                trained = run.load()
                answers = predict(trained.network, test.pictures)
                each.append(keypoints.point_errors(answers, test.points))
                size = sum(p.numel() for p in trained.network.parameters())
                rows.append(
                    {
                        "rung": rung,
                        "what": step.what,
                        "seed": seed,
                        "faces": len(test),
                        "people": len(set(test.people)),
                        "rmse_px": f"{keypoints.rmse(answers, test.points):.4f}",
                        "study_mse": f"{keypoints.study_mse(answers, test.points):.6f}",
                        "eye_error": f"{mean(keypoints.eye_errors(answers, test.points)):.5f}",
                        "weights": size,
                        "epochs": max((int(row["epoch"]) for row in trained.curves), default=0),
                        "minutes": f"{trained.minutes:.1f}",
                    }
                )
                if seed == 0:
                    curves += [
                        {"rung": rung, **row}
                        | {key: f"{row[key]:.4f}" for key in ("train", "valid", "minutes")}
                        for row in trained.curves
                    ]
            if each:
                values = np.mean(each, 0)
                points += [
                    {"rung": rung, "point": name, "seeds": len(each), "rmse_px": f"{value:.4f}"}
                    for name, value in zip(NAMES, values, strict=True)
                ]
        write("keypoints", rows)
        write("keypoints_points", points)
        write("keypoints_curves", curves)
        trials = []
        for seed in range(seeds):
            for trial in TRIALS:
                run = self.done("trial", seed, trial)
                if run:
                    answers = predict(run.load().network, test.pictures)
                    error = keypoints.rmse(answers, test.points)
                    trials.append({"augmentation": trial, "seed": seed, "rmse_px": f"{error:.4f}"})
        if trials:
            write("keypoints_augmentation", trials)


if __name__ == "__main__":
    main()
