"""Tables of training runs: what a choice is worth, every configuration a run of its own.

A finished configuration is not trained again, an interrupted one is resumed; the rows are one csv
file, its plot lies beside it.
"""

import datetime as dt
import json
import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from facelens.errors import DataError
from facelens.files import atomic_write, sha256_of, write_json, writing
from facelens.tables import read_records, write_records
from facelens.training import fit
from facelens.training.network import imagenet_file
from facelens.training.recipe import Recipe, Stage, published
from facelens.training.run import open_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

from facelens.training.measure import answer, difference, figures, latency, machine
from facelens.training.splits import choose
from facelens.training.timed import Timed
from facelens.training.trial import SPLIT_NAMES, SPLITS, Experiment, Faces, Row, Settings, Trial

log = logging.getLogger(__name__)

WEIGHTS = ("imagenet", "cached", "random")
_DEFAULT = Settings()


# Networks without batch norm bear smaller steps only.
_RATES = {"vgg16": 2e-4, "vgg19": 2e-4}
# Inception v3 shrinks smaller pictures to nothing.
_LEAST = {"inception_v3": (96, 80)}
_COLUMNS = (
    "experiment", "name", "arch", "start", "attributes", "people", "split", "size",
    "train_images", "valid_images", "test_images", "epochs", "batch_size", "seed",
    "valid_accuracy", "valid_low", "valid_high", "valid_macro_ap", "majority",
    "test_accuracy", "test_low", "test_high", "test_macro_ap",
    "against", "difference", "difference_low", "difference_high",
    "seconds_a_step", "parameters", "latency_ms", "date", "machine",
)  # fmt: skip


def run(
    experiment: Experiment,
    faces: Faces,
    *,
    out: Path,
    table: Path | None = None,
    settings: Settings = _DEFAULT,
) -> list[Row]:
    """Train and measure what is not done yet of `experiment`, and return its rows.

    Args:
        out: folder of the runs.
        table: where the csv goes, its plot beside it; by default OUT/NAME.csv.
    """
    name = experiment.name
    settings = replace(
        settings,
        limit=settings.limit or experiment.limit,
        epochs=settings.epochs or experiment.epochs,
        seeds=settings.seeds or experiment.seeds,
    )
    table = Path(table or Path(out) / f"{name}.csv")
    done: dict[tuple[str, int], Path] = {}
    rows: list[Row] = []
    for seed in range(settings.seeds or 1):
        for trial in experiment.trials:
            folder = _do(name, trial, faces, Path(out) / name, settings, seed)
            done[trial.name, seed] = folder
            row = json.loads((folder / "result.json").read_text())
            if trial.against and trial.against != trial.name:
                row |= difference(done[trial.against, seed], folder)
            rows.append({column: _text(row.get(column)) for column in _COLUMNS})
            _write(rows, table)
    _save(experiment.draw(rows), table.with_suffix(".png"))
    return rows


def read(table: Path | str) -> list[Row]:
    """The rows of a csv that `run` wrote."""
    return read_records(Path(table))


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN is not itself


def _write(rows: list[Row], table: Path) -> None:
    with writing(table):
        table.parent.mkdir(parents=True, exist_ok=True)
    write_records(table, rows, _COLUMNS)


def _save(figure: "Figure", path: Path) -> None:
    """Without the version of matplotlib, so that the same rows give the same file."""
    from matplotlib import pyplot as plt

    with atomic_write(path, keep_suffix=True) as draft:
        figure.savefig(draft, metadata={"Software": None})
    plt.close(figure)


# One trial


def _do(  # noqa: PLR0917 - called once
    experiment: str, trial: Trial, faces: Faces, out: Path, settings: Settings, seed: int
) -> Path:
    """Train and measure a trial, or what a kill has left of it, and return its folder."""
    chosen = choose(trial, faces, settings.limit)
    recipe = recipe_of(trial, settings, seed)
    start = start_of(recipe.arch, settings.weights)
    about = {
        "experiment": experiment,
        "trial": asdict(trial),
        "data": chosen.counts() | {"names": chosen.train.names, "faces": _digest(chosen)},
        "start": start,
    }
    key = sha256_of(json.dumps([recipe.asdict(), about]).encode())[:8]
    slug = "".join(c if c.isalnum() else "-" for c in trial.name.lower()).replace("--", "-")
    folder = out / f"{slug}-{seed}-{key}"
    if (folder / "result.json").exists():
        log.info("%s, seed %d, is done: %s", trial.name, seed, folder)
        return folder
    log.info("%s, seed %d: %d faces", trial.name, seed, len(chosen.train))
    steps: list[float] = []
    opened = open_run(folder, recipe, **about)
    network = fit.train(
        opened,
        chosen.train,
        chosen.valid,
        from_scratch=start == "random",
        device=settings.device,
        progress=False,
        pictures=lambda recipe, stage: Timed(recipe, stage, steps, trial.augmentation),
    )
    if trial.split in SPLITS:
        # The best epoch is chosen on the faces held out: a leak of its own.
        last = torch.load(folder / "last.pt", map_location="cpu", weights_only=True)
        network.load_state_dict(last["average"])
    answers = {
        split: answer(network, getattr(chosen, split), recipe) for split in ("valid", "test")
    }
    kept: dict[str, Any] = {
        **answers, "labels": chosen.valid.labels, "people": chosen.valid.people,
    }  # fmt: skip
    if chosen.valid.known is not None:
        kept["known"] = chosen.valid.known
    with atomic_write(folder / "answers.npz", keep_suffix=True) as draft:
        np.savez(draft, **kept)
    rate = chosen.valid.rates
    row: dict[str, Any] = {
        "experiment": experiment,
        "name": trial.name,
        "arch": recipe.arch,
        "start": start,
        "attributes": " ".join(trial.attributes) or f"all {len(chosen.train.names)}",
        "people": trial.people,
        "split": trial.split,
        "size": "x".join(map(str, recipe.size)),
        **chosen.counts(),
        "epochs": sum(stage.epochs for stage in recipe.stages),
        "batch_size": recipe.batch_size,
        "seed": seed,
        "majority": round(float(np.nanmean(np.maximum(rate, 1 - rate))), 4),
        **figures("valid", answers["valid"], chosen.valid),
        **figures("test", answers["test"], chosen.test),
        "against": trial.against,
        "seconds_a_step": round(float(np.median(steps)), 4) if steps else None,
        "parameters": sum(p.numel() for p in network.parameters()),
        "latency_ms": round(1000 * latency(network, recipe.size), 2),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(settings.device),
    }
    # Written last, and whole: its presence says that all is done.
    write_json(folder / "result.json", row)
    (folder / "last.pt").unlink(missing_ok=True)  # four networks large, and nothing resumes from it
    log.info("%s, seed %d: %.1f %%", trial.name, seed, 100 * row["valid_accuracy"])
    return folder


def recipe_of(trial: Trial, settings: Settings, seed: int) -> Recipe:
    """How a trial is trained: by its schedule, no mixup, all else as `facelens train`."""
    arch = trial.arch or settings.arch
    least = _LEAST.get(arch, (0, 0))
    height, width = (max(pair) for pair in zip(settings.size, least, strict=True))
    if trial.schedule == "published":
        recipe = published(arch, size=(height, width), head=trial.head)
        frozen, unfrozen = recipe.stages
        total = settings.epochs or frozen.epochs + unfrozen.epochs
        first = max(1, round(total * frozen.epochs / (frozen.epochs + unfrozen.epochs)))
        return replace(
            recipe,
            stages=(replace(frozen, epochs=first), replace(unfrozen, epochs=total - first)),
            batch_size=settings.batch_size,
            seed=seed,
        )
    stage = Stage(
        settings.epochs or 1,
        frozen=False,
        rate=_RATES.get(arch, 1e-3),
        sizes=((0, height, width),),
    )
    recipe = Recipe(
        arch=arch,
        stages=(stage,),
        batch_size=settings.batch_size,
        mixup=0.0,
        seed=seed,
        fine_maps=trial.fine_maps,
    )
    if trial.augmentation == "none":
        still = dict.fromkeys(recipe.augmentation.asdict(), 0.0)
        return replace(recipe, augmentation=type(recipe.augmentation)(**still))
    return recipe


def start_of(arch: str, weights: str) -> str:
    """Whether a network starts from "ImageNet" or "random" weights."""
    if weights not in WEIGHTS:
        raise DataError(f"Networks do not start from {weights!r}, but {', '.join(WEIGHTS)}.")
    if weights == "cached":
        return "ImageNet" if imagenet_file(arch).is_file() else "random"
    return "ImageNet" if weights == "imagenet" else "random"


# Which faces


def _digest(faces: Faces) -> str:
    text = "\n".join(path for split in SPLIT_NAMES for path in getattr(faces, split).paths)
    return sha256_of(text.encode())[:12]


# Pictures


# Plots


# The tables
