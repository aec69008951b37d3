"""How a level of the ladder is trained: data, loss, schedule and figures for the one `fit`."""

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.learner import Learner
from fastai.optimizer import OptimWrapper
from torch import Tensor, nn

from facelens.errors import DataError
from facelens.tasks.keypoints.marks import Faces, mean_face, rmse
from facelens.tasks.keypoints.training.augment import augment
from facelens.tasks.keypoints.training.ladder import (
    LEVELS,
    Level,
    Row,
    Trained,
    as_tensor,
    check,
    finished,
    parts,
)
from facelens.tasks.keypoints.training.networks import MeanFace, Network
from facelens.tasks.keypoints.training.weights import as_curves, done, file_name
from facelens.training.callbacks import has_bf16
from facelens.training.fit import Schedule, fit
from facelens.training.record import EarlyStopping, Record
from facelens.training.run import Run

_WARM_UP = 0.1


def train(
    name: str,
    faces: Faces,
    valid: Faces,
    *,
    seed: int = 0,
    level: Level | None = None,
    epochs: int | None = None,
    start: Network | None = None,
    device: str | None = None,
    run: Run[Any] | None = None,
) -> Trained:
    """Train the level `name` of the `LADDER`.

    Args:
        valid: faces of other people, as `hold_out` gives, for the curves and early stopping.
        level: instead of the ladder's own, as with one augmentation alone.
        epochs: at most so many, instead of the level's own.
        start: the network to start from if the level needs one.
        run: where each network's weights and curves go, and a training that was stopped is resumed
            from after its last whole epoch.
    """
    check(name)
    if set(faces.people) & set(valid.people):
        raise DataError("The same people are in training and validation; use `hold_out`.")
    if not (np.isfinite(faces.points).any() and np.isfinite(valid.points).any()):
        raise DataError("No point is marked on these faces; Kaggle's test.csv has none.")
    level = level or LEVELS[name]
    if level.start and start is None:
        raise DataError(f"{name} starts from {level.start}: train that first.")
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    job = _Job(level, faces, valid, seed, epochs or level.epochs, chosen, run)
    with run.alone() if run else nullcontext():
        torch.manual_seed(seed)
        network = level.make()
        network.to(chosen)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time
        if isinstance(network, MeanFace):
            network.face.copy_(torch.from_numpy(mean_face(faces)))
        curves = job.train_all(network, start)
    return Trained(name, finished(network, level), curves)


@dataclass(frozen=True)
class _Job:
    """Trains networks by one level on the same faces, which lie in the device's memory."""

    level: Level
    faces: Faces
    valid: Faces
    seed: int
    epochs: int
    device: torch.device
    run: Run[Any] | None

    def train_all(self, network: Network, start: Network | None) -> list[Row]:
        """Train what of `network` the run has not trained yet; return the curves of all."""
        run, curves = self.run, []
        checkpoint = run.load_last(self.device) if run else None
        trained = done(run) if run else {}
        for stage, (part, points, expert) in enumerate(parts(network)):
            here = checkpoint if checkpoint and checkpoint["stage"] == stage else None
            rows = [row for row in run.history if int(row["stage"]) == stage] if run else []
            if part in trained:
                expert.load_state_dict(trained[part])
                if here:  # what is dropped out is drawn from one generator through all networks
                    _Draws.put_back(here["callbacks"]["_Draws"], self.device)
            else:
                if start is not None:
                    expert.load_state_dict(start.state_dict())
                rows = [*(rows if here else []), *self.train(expert, part, points, stage, here)]
                if run:
                    run.save_weights(file_name(part), expert.state_dict())
            curves += as_curves(rows)
        if run:
            (run.folder / "last.pt").unlink(missing_ok=True)
        return curves

    def train(
        self,
        network: Network,
        part: str,
        points: list[int] | None,
        stage: int,
        checkpoint: dict[str, Any] | None,
    ) -> list[dict[str, Any]]:
        """Train `network` on these `points`, all if none are given; return its new history."""
        if not self.epochs:
            return []
        level, seen = self.level, _only(self.valid.points, points)
        draws = _Draws(
            as_tensor(self.faces.pictures).to(self.device),
            as_tensor(_only(self.faces.points, points)).to(self.device),
            level, self.seed,
        )  # fmt: skip
        looked_at = [as_tensor(v).to(self.device).split(2 * level.batch) for v in
                     (self.valid.pictures, seen)]  # fmt: skip

        def measure(squares: Tensor, answers: Tensor, _: int) -> dict[str, Any]:
            total, count = squares.double().sum(0).tolist()
            return {
                "network": part,
                "train": math.sqrt(total / max(count, 1)),
                "valid": rmse(answers.numpy(), seen),
            }

        wrapped = _Asked(network, self.device)
        record = Record(measure, self.run, stage=stage, keep=_squares)
        callbacks: list[Callback] = [draws]
        if level.patience is not None:
            callbacks.append(EarlyStopping(record, "valid", level.patience))
        fit(
            wrapped,
            (draws.batches, list(zip(*looked_at, strict=True))),
            epochs=self.epochs,
            loss=wrapped.loss,
            optimizer=_optimizer(level),
            schedule=schedule(level),
            record=record,
            device=self.device,
            callbacks=callbacks,
            checkpoint=checkpoint,
            progress=bool(self.run),
        )
        return record.rows


class _Asked(nn.Module):
    """A network whose features are computed in half precision where that is faster."""

    def __init__(self, network: Network, device: torch.device) -> None:
        super().__init__()
        self.network, self.device = network, device
        self.features: Tensor | None = None

    def forward(self, pictures: Tensor) -> Tensor:
        half = has_bf16(self.device)
        with torch.autocast(self.device.type, torch.bfloat16) if half else nullcontext():
            self.features = self.network.features(pictures).float()
        return self.network.answer(self.features)

    def loss(self, answer: Tensor, truth: Tensor) -> Tensor:
        """The network's own loss, which sees its features too."""
        return self.network.loss(cast("Tensor", self.features), answer, truth)


class _Draws(Callback):
    """What is drawn in training: order, augmentation, dropout; a resumed run draws on.

    `batches` are shuffled and augmented, pictures (n, 96, 96) and points (n, 15, 2).
    """

    def __init__(self, pictures: Tensor, truth: Tensor, level: Level, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.batches = _Batches(pictures, truth, level, self.generator)

    def checkpoint(self) -> dict[str, Tensor]:
        """Where the generators are."""
        state = {"own": self.generator.get_state(), "torch": torch.get_rng_state()}
        device = self.batches.pictures.device
        return state | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})

    def resume(self, state: dict[str, Tensor]) -> None:
        """Draw on from where `checkpoint` was."""
        self.generator.set_state(state["own"].cpu())
        self.put_back(state, self.batches.pictures.device)

    @staticmethod
    def put_back(state: dict[str, Tensor], device: torch.device) -> None:
        """Have torch's own generator, from which dropout draws, where it was."""
        torch.set_rng_state(state["torch"].cpu())
        if "cuda" in state and device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda"].cpu(), device)


@dataclass(frozen=True)
class _Batches:
    pictures: Tensor
    truth: Tensor
    level: Level
    generator: torch.Generator

    def __len__(self) -> int:
        return max(len(self.pictures) // self.level.batch, 1)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.pictures), generator=self.generator)
        for rows in order[: len(self) * self.level.batch].chunk(len(self)):
            mine = rows.to(self.pictures.device)
            yield augment(
                self.pictures[mine], self.truth[mine], self.level.augmentation, self.generator
            )


def _squares(learn: Learner) -> Tensor:
    """The sum of the squared errors of a batch, and of how many coordinates."""
    known = learn.y.isfinite()
    errors = (learn.pred.detach() - learn.y)[known]
    return torch.stack([errors.square().sum(), known.sum().float()])


def _only(points: np.ndarray, wanted: list[int] | None) -> np.ndarray:
    """Hide all points but those that are `wanted`."""
    if wanted is None:
        return points
    hidden = np.full_like(points, np.nan)
    hidden[:, wanted] = points[:, wanted]
    return hidden


def _optimizer(level: Level) -> Callable[..., OptimWrapper]:
    if level.adam:
        adam = partial(torch.optim.AdamW, weight_decay=level.weight_decay)
        return partial(OptimWrapper, opt=adam)
    sgd = partial(torch.optim.SGD, momentum=level.momenta[0], nesterov=True, fused=True)
    return partial(OptimWrapper, opt=sgd)


def schedule(level: Level) -> Schedule:
    """Rate, and momentum of SGD, when a share of the training is done."""
    if level.adam:
        return {
            "lr": lambda done: (
                level.rates[0] * min(done / _WARM_UP, 1) * (1 + math.cos(math.pi * done)) / 2
            )
        }

    def linear(ends: tuple[float, float]) -> Callable[[float], float]:
        return lambda done: ends[0] + (ends[1] - ends[0]) * done

    return {"lr": linear(level.rates), "mom": linear(level.momenta)}
