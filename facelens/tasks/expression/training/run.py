"""A run: the folder in which a rung of the ladder is trained, resumed where it was stopped."""

import json
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.optimizer import OptimWrapper
from safetensors.torch import load_file
from torch import Tensor, nn

from facelens.errors import DataError
from facelens.tasks.expression import figures
from facelens.tasks.expression.faces import Faces
from facelens.tasks.expression.training.augment import as_input, augment, mix
from facelens.tasks.expression.training.ladder import (
    LEVELS,
    NEUTRAL,
    Level,
    Plan,
    check,
    predict,
)
from facelens.tasks.expression.training.networks import MAKERS, Commonest, Transfer
from facelens.training.callbacks import Average, HalfPrecision
from facelens.training.fit import fit
from facelens.training.network import fitted
from facelens.training.record import Record
from facelens.training.run import DAMAGE, Run, open_as, weights_file

TASK = "expression"
_WARM_UP = 0.05  # of the training
_SMALLEST = 2  # batch norm needs two pictures
_ASKED = 256  # validation pictures at a time

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExpressionRun(Run[Plan]):
    """The run of a rung: best.safetensors has its weights."""

    @property
    def is_finished(self) -> bool:
        """Whether it is trained to its end."""
        if not (self.folder / "best.safetensors").is_file():
            return False
        epochs = self.recipe.how.epochs
        return not epochs or bool(self.history and int(self.history[-1]["epoch"]) + 1 >= epochs)

    @property
    def minutes(self) -> float:
        """What the training took so far, less the time that it was stopped."""
        return sum(float(row["seconds"]) for row in self.history) / 60

    def network(self) -> nn.Module:
        """The network with the best weights so far."""
        network = MAKERS[self.recipe.level]()
        try:
            return self.load_best(network).eval()
        except DAMAGE as error:
            raise DataError(f"{self.folder}/best.safetensors is damaged.") from error

    def logits(self, pictures: np.ndarray) -> np.ndarray:
        """What the trained network says of pictures uint8 (n, 48, 48)."""
        return predict(self.network(), pictures, both_ways=self.recipe.how.both_ways)

    def train(
        self, train_set: Faces, valid_set: Faces, *, start: Path | None = None,
        device: str | None = None,
    ) -> nn.Module:  # fmt: skip
        """Train what is not trained yet, and return the best network.

        Args:
            start: the folder of the face network whose body it begins with, if the rung needs one.
            device: "cuda" or "cpu"; by default the first that is there.
        """
        if self.is_finished:
            log.info("The run in %s is finished.", self.folder)
            return self.network()
        chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        with self.alone():
            torch.manual_seed(self.recipe.seed)
            network = MAKERS[self.recipe.level]()
            if isinstance(network, Commonest):
                counts = np.bincount(train_set.labels, minlength=len(network.rates))
                network.rates.copy_(torch.from_numpy(np.maximum(counts, 0.5) / counts.sum()))
                self.save_weights("best", network.state_dict())
            else:
                checkpoint = self.load_last(chosen)
                if isinstance(network, Transfer) and checkpoint is None:
                    _take_body(network, start)
                network.to(chosen)
                network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
                _fit(self, network, (train_set, valid_set), chosen, checkpoint)
        return self.network()


def open_run(
    folder: Path,
    level: str | None = None,
    *,
    seed: int = 0,
    how: Level | None = None,
    epochs: int | None = None,
    data: dict[str, Any] | None = None,
    start: str = "",
) -> ExpressionRun:
    """Open the run in `folder`; make it where there is none, of `level` and for `data`.

    A folder that holds another run is refused: what is resumed must be the same.

    Args:
        how: the level if it is trained in another way than the ladder's.
        data: as `data_of` says it.
        start: what it begins with, if not with nothing.
    """
    plan, about = None, {}
    if level is not None:
        check(level)
        how = how or LEVELS[level]
        how = replace(how, epochs=epochs) if epochs and how.epochs else how
        plan, about = Plan(level, seed, how), {"task": TASK, "data": data or {}, "start": start}
    path = Path(folder) / "config.json"
    if path.is_file():
        try:
            known = json.loads(path.read_text("utf-8"))
            named = known.get("task") if "format" not in known else None  # a bundle has a format
        except (OSError, ValueError, AttributeError):
            named = None
        if named != TASK:
            raise DataError(f"{path} is not of a training run for expressions.")
    run = open_as(Plan, folder, plan, **about)
    return ExpressionRun(run.folder, run.recipe)


def data_of(train_set: Faces, valid_set: Faces) -> dict[str, Any]:
    """What a run says of its faces."""
    digest = f"{train_set.digest}-{valid_set.digest}"
    return {"train": len(train_set), "valid": len(valid_set), "digest": digest}


def _take_body(network: Transfer, start: Path | None) -> None:
    """Begin with the body of a face network's bundle or run."""
    if start is None:
        raise DataError("transfer begins as a face network: give --start-from its bundle or run.")
    file = weights_file(start)
    try:
        state = load_file(file)
        body = {key.removeprefix("body."): v for key, v in state.items() if key.startswith("body.")}
        network.body.load_state_dict(fitted(body, network.body))
    except DAMAGE as error:
        raise DataError(f"{file} does not fit mobilenet_v2.") from error


class _Batches:
    """Shuffled training batches: pictures float (n, 1, size, size) and targets (n, outputs)."""

    def __init__(self, faces: Faces, level: Level, device: torch.device) -> None:
        self.level = level
        self.pictures = torch.from_numpy(np.ascontiguousarray(faces.pictures)).to(device)
        self.targets = level.targets(torch.from_numpy(faces.labels)).to(device)
        self.epoch, self.draw = 0, torch.Generator()

    def __len__(self) -> int:
        return max(len(self.pictures) // self.level.batch, 1)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        level, draw = self.level, self.draw
        order = torch.randperm(len(self.pictures), generator=draw)
        for rows in order[: len(self) * level.batch].chunk(len(self)):
            mine = rows.to(self.pictures.device)
            x = augment(self.pictures[mine], level.augmentation, level.size(self.epoch), draw)
            y = self.targets[mine]
            yield mix(x, y, level.mixup, draw) if level.mixes(self.epoch) else (x, y)


class _Draw(Callback):
    """Every epoch draws anew from the seed: a resumed run draws as an unbroken one does."""

    order = -30

    def __init__(self, batches: _Batches, seed: int) -> None:
        self.batches, self.seed = batches, seed

    def before_epoch(self) -> None:
        self.batches.epoch = self.epoch
        self.batches.draw.manual_seed(self.seed * 10_000 + self.epoch)
        torch.manual_seed(self.seed * 10_000 + self.epoch)  # dropout draws from torch's own


def _fit(
    run: ExpressionRun,
    network: nn.Module,
    faces: tuple[Faces, Faces],
    device: torch.device,
    checkpoint: dict[str, Any] | None,
) -> None:
    """Train `network`, of the run, on the first faces and validate it on the second."""
    plan, level, (train_set, valid_set) = run.recipe, run.recipe.how, faces
    if len(train_set) < _SMALLEST or not len(valid_set):
        raise DataError("There are too few faces to train on, or none to validate on.")
    batches = _Batches(train_set, level, device)
    seen = torch.from_numpy(np.ascontiguousarray(valid_set.pictures)).to(device)
    targets = level.targets(torch.from_numpy(valid_set.labels)).to(device)
    asked = [
        (as_input(x), y) for x, y in zip(seen.split(_ASKED), targets.split(_ASKED), strict=True)
    ]

    def measure(losses: Tensor, logits: Tensor, epoch: int) -> dict[str, Any]:
        loss, accuracy = _measured(logits.double().numpy(), valid_set.labels, yes_no=level.yes_no)
        return {
            "size": level.size(epoch),
            "train_loss": round(losses.mean().item(), 5),
            "valid_loss": round(loss, 5),
            "valid_accuracy": round(accuracy, 5),
            "valid_error": round(1 - accuracy, 5),
        }

    if checkpoint is not None:
        log.info("Resuming after epoch %d of %d.", checkpoint["epoch"] + 1, level.epochs)
    fit(
        network,
        (batches, asked),
        epochs=level.epochs,
        loss=level.loss,
        optimizer=_optimizer(level),
        splitter=_split,
        schedule={"lr": partial(_rate, level)},
        record=Record(measure, run),
        device=device,
        callbacks=[_Draw(batches, plan.seed), HalfPrecision()],
        average=Average(level.ema) if level.ema else None,
        best="valid_error",
        weight_decay=(level.weight_decay, 0.0),
        checkpoint=checkpoint,
        progress=True,
    )


def _measured(logits: np.ndarray, labels: np.ndarray, *, yes_no: bool) -> tuple[float, float]:
    """Cross-entropy and accuracy."""
    if yes_no:
        truth, score = labels == NEUTRAL, logits[:, 0]
        loss = np.logaddexp(0, np.where(truth, -score, score)).mean()
        return float(loss), float(((score >= 0) == truth).mean())
    probabilities = figures.softmax(logits)
    accuracy = float((logits.argmax(1) == labels).mean())
    return figures.log_loss(probabilities, labels), accuracy


def _rate(level: Level, done: float) -> float:
    """The rate when a share of the training is done."""
    return level.rate * min(done / _WARM_UP, 1) * (1 + math.cos(math.pi * done)) / 2


def _split(network: nn.Module) -> list[list[nn.Parameter]]:
    """Kernels, which decay, and biases and the parameters of norms, which do not."""
    parameters = list(network.parameters())
    return [[p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim < 2]]


def _optimizer(level: Level) -> Any:
    if level.sgd:
        sgd = partial(torch.optim.SGD, momentum=0.9, nesterov=True, fused=True)
        return partial(OptimWrapper, opt=sgd)
    return partial(OptimWrapper, opt=partial(torch.optim.AdamW, fused=True))
