"""Climb the ladder: each level in a run of its own, all measured on the same test people."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from facelens.errors import DataError
from facelens.tasks.keypoints.marks import Faces, measure
from facelens.tasks.keypoints.training.augment import AUGMENTATIONS, Augmentation
from facelens.tasks.keypoints.training.ladder import LADDER, LEVELS, Trained, hold_out, predict
from facelens.tasks.keypoints.training.run import data_of, open_run

log = logging.getLogger(__name__)

_FLIPS = Augmentation(flip=0.5)
# What the third level's network is fine-tuned with: flips only, then each beside them alone.
TRIALS = {"none": _FLIPS} | {name: replace(_FLIPS, **how) for name, how in AUGMENTATIONS.items()}


def folder(runs: Path, level: str, seed: int, trial: str = "") -> Path:
    """Where below `runs` the run of a level lies."""
    return runs / "-".join([level, *trial.split(), str(seed)])


def train_all(
    faces: Faces,
    runs: Path,
    levels: Iterable[str] = LADDER,
    *,
    seed: int = 0,
    epochs: int | None = None,
    device: str | None = None,
) -> dict[str, Trained]:
    """Train these levels one after the other, and give them by name.

    Args:
        faces: to train on; 15 % of their people are held out to watch over it.
        runs: the folder of all runs; what is trained there already is not trained again.
        levels: names of the `LADDER`; one that starts from another comes after it, now or before.
        seed: of weights, order, augmentation, and of who is held out.
        epochs: instead of each level's own.
        device: as for `train`.
    """
    return {
        level: _train(faces, runs, level, seed, epochs=epochs, device=device) for level in levels
    }


def try_out(faces: Faces, runs: Path, *, seed: int = 0) -> dict[str, Trained]:
    """Fine-tune the third level with each augmentation alone, and give what comes of it."""
    return {trial: _train(faces, runs, "trial", seed, trial=trial) for trial in TRIALS}


def _train(
    faces: Faces,
    runs: Path,
    level: str,
    seed: int,
    *,
    trial: str = "",
    epochs: int | None = None,
    device: str | None = None,
) -> Trained:
    rest, valid = hold_out(faces, seed=seed)
    how = LEVELS[level]
    before = open_run(folder(runs, how.start, seed)) if how.start else None
    run = open_run(
        folder(runs, level, seed, trial),
        level,
        seed=seed,
        how=replace(how, augmentation=TRIALS[trial]) if trial else None,
        epochs=epochs if how.epochs else None,
        data=data_of(rest, valid),
        start=before.description if before else "",
    )
    return run.train(rest, valid, start=before.network() if before else None, device=device)


def finished(runs: Path, level: str, seed: int, trial: str = "") -> Trained | None:
    """What was trained there; None, and a line in the log, where it is not finished."""
    try:
        return open_run(folder(runs, level, seed, trial)).load()
    except DataError as error:
        log.info("Left out: %s", error)
        return None


def row(trained: Trained, seed: int, faces: Faces) -> dict[str, Any]:
    """The figures of a level on `faces`."""
    figures = measure(predict(trained.network, faces.pictures), faces)
    del figures["by_point"]
    return {
        "rung": trained.name,
        "what": LEVELS[trained.name].what,
        "seed": seed,
        **figures,
        "weights": sum(p.numel() for p in trained.network.parameters()),
        "epochs": max((int(r["epoch"]) for r in trained.curves), default=0),
        "minutes": trained.minutes,
    }


def rows(climbed: Mapping[str, Trained], faces: Faces, *, seed: int = 0) -> list[dict[str, Any]]:
    """A row a level: its figures on `faces`, as text."""
    return [as_text(row(trained, seed, faces)) for trained in climbed.values()]


def as_text(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Figures in as many digits as a table needs."""
    digits = {"study_mse": 6, "eye_error": 5, "minutes": 1}
    return {
        key: f"{value:.{digits.get(key, 4)}f}" if isinstance(value, float) else value
        for key, value in figures.items()
    }
