"""Climb the ladder of expressions: each rung a run of its own, all measured on the same faces."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from facelens.errors import DataError
from facelens.tasks.expression import figures
from facelens.tasks.expression.faces import Faces
from facelens.tasks.expression.training.ladder import LEVELS, NEUTRAL
from facelens.tasks.expression.training.run import ExpressionRun, data_of, open_run

log = logging.getLogger(__name__)


def folder(runs: Path, level: str, seed: int) -> Path:
    """Where below `runs` the run of a rung lies."""
    return Path(runs) / f"{level}-{seed}"


def train_all(
    train_set: Faces,
    valid_set: Faces,
    runs: Path,
    levels: Iterable[str] = LEVELS,
    *,
    seed: int = 0,
    epochs: int | None = None,
    batch: int | None = None,
    start: Path | None = None,
    device: str | None = None,
) -> dict[str, ExpressionRun]:
    """Train these rungs one after the other, and give their runs by name.

    Args:
        runs: the folder of all runs; what is trained there already is not trained again.
        levels: names of `LEVELS`.
        epochs: at most so many, instead of each rung's own.
        batch: instead of each rung's own.
        start: the face network that transfer begins with.
        device: as for `ExpressionRun.train`.
    """
    done = {}
    for level in levels:
        how = LEVELS[level]
        how = replace(
            how, epochs=min(epochs or how.epochs, how.epochs), batch=batch or how.batch,
            ema=0.9 * bool(how.ema) if batch else how.ema,
        )  # fmt: skip
        done[level] = run = open_run(
            folder(runs, level, seed), level, seed=seed, how=how,
            data=data_of(train_set, valid_set), start=start.name if start and how.start else "",
        )  # fmt: skip
        run.train(train_set, valid_set, start=start, device=device)
    return done


def finished(runs: Path, level: str, seed: int) -> ExpressionRun | None:
    """What was trained there; None, and a line in the log, where it is not finished."""
    try:
        run = open_run(folder(runs, level, seed))
    except DataError as error:
        log.info("Left out: %s", error)
        return None
    if not run.is_finished:
        log.info("Left out: %s is not trained to its end.", run.folder)
        return None
    return run


def answers(run: ExpressionRun, valid_set: Faces, faces: Faces) -> np.ndarray:
    """Probabilities (n, 7) on `faces`, their temperature from `valid_set`; (n, 2) of yes or no."""
    if run.recipe.how.yes_no:
        score = run.logits(faces.pictures)[:, 0].astype(np.float64)
        yes = 1 / (1 + np.exp(-score))
        return np.stack([1 - yes, yes], 1)
    temperature = figures.fit_temperature(run.logits(valid_set.pictures), valid_set.labels)
    return figures.softmax(run.logits(faces.pictures), temperature)


def row(run: ExpressionRun, valid_set: Faces, faces: Faces) -> dict[str, Any]:
    """The figures of a rung on `faces`; of neutral or not only how often it is right."""
    level, how = run.recipe.level, run.recipe.how
    said = answers(run, valid_set, faces)
    about = {"rung": how.rung, "level": level, "what": how.what, "seed": run.recipe.seed}
    cost = {
        "weights": sum(p.numel() for p in run.network().parameters()),
        "epochs": how.epochs,
        "minutes": run.minutes,
    }
    if how.yes_no:
        truth = faces.labels == NEUTRAL
        right, fresh = (said.argmax(1) == truth), ~faces.repeat
        found = {
            "faces": len(faces),
            "accuracy": float(right.mean()),
            "accuracy_without_repeats": float(right[fresh].mean()),
            "never_neutral": float((~truth).mean()),
        }
    else:
        found = figures.measure(said, faces.labels, faces.repeat)
        del found["by_expression"], found["confusion"]
    return {**about, **found, **cost}


def as_text(values: Mapping[str, Any]) -> dict[str, Any]:
    """Figures in as many digits as a table needs."""
    return {
        key: f"{value:.{1 if key == 'minutes' else 4}f}" if isinstance(value, float) else value
        for key, value in values.items()
    }


def rows(runs: Mapping[str, ExpressionRun], valid_set: Faces, faces: Faces) -> list[dict[str, Any]]:
    """A row a rung: its figures on `faces`, as text."""
    return [as_text(row(run, valid_set, faces)) for run in runs.values()]


def by_chance_and_by_person(film: Faces, runs: Path, *, epochs: int = 4) -> dict[str, float]:
    """Accuracy of the study's network on held-out frames, dealt in both ways.

    The same frames, the same network: only who decides what is held out differs.
    """
    from facelens.lessons.expressions import split

    found = {}
    for name, by_person in (("frames by chance", False), ("by person", True)):
        train_set, held = split(film, by_person=by_person)
        opened = open_run(
            Path(runs) / f"films-{name.replace(' ', '-')}", "seven",
            how=replace(LEVELS["seven"], epochs=epochs, batch=32), data=data_of(train_set, held),
        )  # fmt: skip
        opened.train(train_set, held)
        found[name] = float((opened.logits(held.pictures).argmax(1) == held.labels).mean())
    return found
