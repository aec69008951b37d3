"""A run: the folder in which a detector is trained, resumed where it was stopped."""

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.optimizer import OptimWrapper
from torch import Tensor, nn

from facelens.data.boxes import BoxedPhoto, boxed_photos, folds
from facelens.errors import DataError
from facelens.files import sha256_of
from facelens.tasks.mask.names import NAMES
from facelens.tasks.mask.training.batches import (
    Batches,
    Draw,
    Labelled,
    class_weights,
    decode,
    whole,
)
from facelens.tasks.mask.training.detect import Known, as_answers, average_precisions
from facelens.tasks.mask.training.ladder import LEVELS, Level, Plan, check
from facelens.training.boxes.losses import DetectionLoss
from facelens.training.boxes.networks import Detector, take_imagenet
from facelens.training.callbacks import Average, FreezeFirst, HalfPrecision, ValidateEvery
from facelens.training.fit import fit
from facelens.training.record import Record
from facelens.training.run import DAMAGE, Run, open_as

TASK = "mask"
FOLDS = 5
_WARM_UP = 0.03  # of the training
_ASKED = 16  # validation pictures at a time

log = logging.getLogger(__name__)

# Photos to learn from, and photos to measure on.
Sides = tuple[Sequence[BoxedPhoto], Sequence[BoxedPhoto]]


@dataclass(frozen=True)
class MaskRun(Run[Plan]):
    """The run of a detector: best.safetensors has its averaged weights, those of the last epoch."""

    @property
    def is_finished(self) -> bool:
        """Whether it is trained to its end."""
        last = self.history[-1:] if (self.folder / "best.safetensors").is_file() else []
        return bool(last) and int(last[0]["epoch"]) + 1 >= self.recipe.how.epochs

    @property
    def minutes(self) -> float:
        """What the training took so far, less the time that it was stopped."""
        return sum(float(row["seconds"]) for row in self.history) / 60

    def network(self) -> Detector:
        """The network with the weights of the last epoch that is complete."""
        network = self.recipe.how.make()
        try:
            return self.load_best(network).eval()
        except DAMAGE as error:
            raise DataError(f"{self.folder}/best.safetensors is damaged.") from error

    def train(
        self,
        sides: Sides,
        *,
        backbone_weights: Path | None = None,
        from_scratch: bool = False,
        device: str | None = None,
    ) -> Detector:
        """Train what is not trained yet, and return the network.

        Args:
            sides: photos to learn from, and photos to measure on, which may be none.
            backbone_weights: a file of torchvision's MobileNetV2 to begin with.
            from_scratch: begin with random weights.
            device: "cuda" or "cpu"; by default the first that is there.
        """
        if self.is_finished:
            log.info("The run in %s is finished.", self.folder)
            return self.network()
        chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        with self.alone():
            torch.manual_seed(self.recipe.seed)
            network = self.recipe.how.make()
            checkpoint = self.load_last(chosen)
            if checkpoint is None and not from_scratch:
                take_imagenet(network, backbone_weights)
            network.to(chosen)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            _fit(self, network, (decode(sides[0]), decode(sides[1])), chosen, checkpoint)
        return self.network()

    def save_last(self, state: Any) -> None:
        """Write the checkpoint, and the averaged weights as best.safetensors.

        No epoch is chosen by its figures: the rate falls to nothing, and the last is the best.
        """
        self.save_weights("best", state.get("average", state["model"]))
        super().save_last(state)


def open_run(
    folder: Path,
    level: str | None = None,
    *,
    seed: int = 0,
    fold: int | None = None,
    how: Level | None = None,
    epochs: int | None = None,
    data: dict[str, Any] | None = None,
    start: str = "",
) -> MaskRun:
    """Open the run in `folder`; make it where there is none, of `level` and for `data`.

    A folder that holds another run is refused: what is resumed must be the same.

    Args:
        fold: which of the five is held out; None if none is.
        how: the level if it is trained in another way than the ladder's.
        data: as `data_of` says it.
        start: the weights it begins with, in words.
    """
    plan, about = None, {}
    if level is not None:
        check(level)
        how = how or LEVELS[level]
        how = replace(how, epochs=epochs) if epochs else how
        plan = Plan(level, seed, fold, how)
        about = {"task": TASK, "data": data or {}, "start": start}
    path = Path(folder) / "config.json"
    if path.is_file():
        try:
            known = json.loads(path.read_text("utf-8"))
            named = known.get("task") if "format" not in known else None  # a bundle has a format
        except (OSError, ValueError, AttributeError):
            named = None
        if named != TASK:
            raise DataError(f"{path} is not of a training run for masks.")
    run = open_as(Plan, folder, plan, **about)
    return MaskRun(run.folder, run.recipe)


def read_sides(data: Path, fold: int | None, limit: int | None = None) -> Sides:
    """Photos to learn from and photos to measure on, out of the training photos of `data`.

    Args:
        fold: which fifth of the training photos to measure on; photos that look alike are in one.
            None: learn from all, and measure on the validation photos if there are any.
        limit: of the training photos, the first ones.
    """
    train = boxed_photos(data, "train", NAMES)[:limit]
    if fold is None:
        there = Path(data).is_dir() and any(Path(data).glob("valid-*.parquet"))
        return train, boxed_photos(data, "valid", NAMES) if there else []
    held = folds(train, FOLDS) == fold
    return (
        [photo for photo, out in zip(train, held, strict=True) if not out],
        [photo for photo, out in zip(train, held, strict=True) if out],
    )


def data_of(sides: Sides) -> dict[str, Any]:
    """What a run says of its photos."""
    parts = [
        part for photos in sides for photo in photos
        for part in (photo.data, photo.boxes.tobytes(), " ".join(photo.labels).encode())
    ]  # fmt: skip
    counts = [sum(photo.labels.count(name) for photo in sides[0]) for name in NAMES]
    return {
        "train": len(sides[0]),
        "valid": len(sides[1]),
        "boxes": dict(zip(NAMES, counts, strict=True)),
        "digest": sha256_of(*parts)[:16],
    }


def _fit(
    run: MaskRun,
    network: Detector,
    photos: tuple[list[Labelled], list[Labelled]],
    device: torch.device,
    checkpoint: dict[str, Any] | None,
) -> None:
    """Train `network`, of the run, on the first photos and measure it on the second."""
    level, (train_set, valid_set) = run.recipe.how, photos
    if not any(len(photo.faces) for photo in train_set):
        raise DataError("There is no boxed face to train on.")
    batches = Batches(train_set, level, run.recipe.seed)
    weights = class_weights(train_set, level.rare_power) if level.classes else []
    if checkpoint is not None:
        log.info("Resuming after epoch %d of %d.", checkpoint["epoch"] + 1, level.epochs)
    fit(
        network,
        (batches, whole(valid_set, level.side, _ASKED)),
        epochs=level.epochs,
        loss=DetectionLoss(weights).to(device),
        optimizer=partial(OptimWrapper, opt=partial(torch.optim.AdamW, fused=True)),
        splitter=_split,
        schedule={"lr": partial(_rates, level)},
        record=Record(partial(_measure, level, valid_set), run),
        device=device,
        callbacks=[
            Draw(batches),
            FreezeFirst(level.frozen),
            HalfPrecision(),
            ValidateEvery(level.every),
        ],
        average=Average(1 - 1 / max(level.ema * level.epochs * len(batches), 1)),
        weight_decay=(level.weight_decay, 0.0) * 2,
        checkpoint=checkpoint,
        progress=True,
    )


def _measure(
    level: Level, photos: Sequence[Labelled], losses: Tensor, outputs: Tensor, epoch: int
) -> dict[str, Any]:
    """The row of an epoch: average precisions are blank where nothing was measured."""
    del epoch
    row: dict[str, Any] = {"train_loss": round(losses.mean().item(), 5), "map50": "",
                           "map50_95": ""}  # fmt: skip
    names = NAMES if level.classes else NAMES[:1]
    row |= {f"ap50_{name}": "" for name in names}
    if not len(outputs):
        return row
    scales = [level.side / max(photo.pixels.shape) for photo in photos]
    answers = [as_answers(each, scale) for each, scale in zip(outputs, scales, strict=True)]
    truth = [Known(photo, classes=level.classes) for photo in photos]
    found = average_precisions(truth, answers)
    row |= {f"ap50_{name}": round(float(each[0]), 5) for name, each in found.items()}
    if found:
        every = np.stack(list(found.values()))
        row["map50"] = round(float(every[:, 0].mean()), 5)
        row["map50_95"] = round(float(every.mean()), 5)
    return row


def _rates(level: Level, done: float) -> np.ndarray:
    """The rates of the body's groups and of the rest when a share of the training is done."""
    now = level.rate * min(done / _WARM_UP, 1) * (1 + math.cos(math.pi * done)) / 2
    return now * np.array([level.body_rate, level.body_rate, 1.0, 1.0])


def _split(network: nn.Module) -> list[list[nn.Parameter]]:
    """Of the body and of the rest: kernels, which decay, and biases and norms, which do not."""
    named = list(network.named_parameters())
    body = [p for name, p in named if name.startswith("body.")]
    rest = [p for name, p in named if not name.startswith("body.")]
    return [
        [p for p in part if (p.ndim > 1) == decays] for part in (body, rest)
        for decays in (True, False)
    ]  # fmt: skip
