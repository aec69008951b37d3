"""A run: the folder in which an embedding network is trained, resumed where it was stopped."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from torch import Tensor

from facelens.errors import DataError
from facelens.tasks.identity import figures
from facelens.tasks.identity.model import TASK, unit
from facelens.tasks.identity.training.faces import People, PeopleBatches
from facelens.tasks.identity.training.networks import CosFace, EmbeddingNetwork, make
from facelens.tasks.identity.training.plan import Plan
from facelens.training.augment import plain
from facelens.training.callbacks import (
    Average,
    FreezeFirst,
    HalfPrecision,
    Preprocess,
    ValidateEvery,
)
from facelens.training.fit import fit
from facelens.training.optimizer import adamw, decays, frozen_groups, one_cycle, split
from facelens.training.record import Record
from facelens.training.report import Clock
from facelens.training.run import DAMAGE, Run, open_as

_ASKED = 64  # faces at a time

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IdentityRun(Run[Plan]):
    """The run of an embedding network: best.safetensors has its averaged weights."""

    @property
    def is_finished(self) -> bool:
        """Whether it is trained to its end."""
        rows = self.history if (self.folder / "best.safetensors").is_file() else []
        return bool(rows) and (
            int(rows[-1]["stage"]), int(rows[-1]["epoch"])
        ) >= self.recipe.recipe.end  # fmt: skip

    @property
    def minutes(self) -> float:
        """What the training took so far, less the time that it was stopped."""
        return sum(float(row["seconds"]) for row in self.history) / 60

    def network(self) -> EmbeddingNetwork:
        """The network with the best weights so far."""
        plan = self.recipe
        network = make(plan.recipe, plan.width, int(self.about["data"]["people"]), empty=True)
        try:
            return self.load_best(network).eval()
        except DAMAGE as error:
            raise DataError(f"{self.folder}/best.safetensors is damaged.") from error

    def train(
        self,
        train_set: People,
        valid_set: People,
        *,
        backbone_weights: Path | None = None,
        start_from: Path | None = None,
        from_scratch: bool = False,
        device: str | None = None,
    ) -> EmbeddingNetwork:
        """Train what is not trained yet, and return the best network.

        Args:
            backbone_weights, start_from: what it begins with, as for `make`.
            from_scratch: begin with random weights.
            device: "cuda" or "cpu"; by default the first that is there.
        """
        if self.is_finished:
            log.info("The run in %s is finished.", self.folder)
            return self.network()
        chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        with self.alone():
            torch.manual_seed(self.recipe.recipe.seed)
            checkpoint = self.load_last(chosen)
            network = make(
                self.recipe.recipe,
                self.recipe.width,
                train_set.count,
                backbone_weights=None if checkpoint else backbone_weights,
                start_from=None if checkpoint else start_from,
                empty=from_scratch or checkpoint is not None,
                dropout=self.recipe.dropout,
            )
            network.to(chosen)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            _stages(self, network, (train_set, valid_set), chosen, checkpoint)
        return self.network()


def open_run(folder: Path, plan: Plan | None = None, **about: Any) -> IdentityRun:
    """Open the run in `folder`; make it where there is none, as `facelens.training.run` does."""
    run = open_as(Plan, folder, plan, **({"task": TASK, **about} if plan else {}))
    if run.about.get("task") != TASK:
        raise DataError(f"{folder} is not a training run for identity.")
    return IdentityRun(run.folder, run.recipe)


class Ramp(Callback):
    """Let the margin grow from nothing over the first share of an unfrozen stage's batches."""

    order = 15

    def __init__(self, loss: CosFace, plan: Plan, *, frozen: bool) -> None:
        self.margins, self.plan, self.frozen = loss, plan, frozen

    def before_batch(self) -> None:
        share = 0.0 if self.frozen else min(self.pct_train / max(self.plan.ramp, 1e-6), 1.0)
        self.margins.margin = self.plan.margin * share


def _stages(
    run: IdentityRun,
    network: EmbeddingNetwork,
    faces: tuple[People, People],
    device: torch.device,
    checkpoint: dict[str, Any] | None,
) -> None:
    """Train stage by stage from `checkpoint` on, each a one-cycle of its own."""
    plan, recipe, (train_set, valid_set) = run.recipe, run.recipe.recipe, faces
    if len(train_set) < recipe.batch_size:
        raise DataError(
            f"{len(train_set)} faces do not fill a batch of {recipe.batch_size}; give more, or a "
            "smaller --batch-size."
        )
    batches = (
        PeopleBatches(train_set, recipe.batch_size, shuffle=True, seed=recipe.seed).to(device),
        PeopleBatches(valid_set, 2 * recipe.batch_size, shuffle=False).to(device),
    )
    loss, average, clock = CosFace(plan.scale), Average(recipe.ema), Clock(recipe.costs)
    if checkpoint is not None:
        done = recipe.number(checkpoint["stage"], checkpoint["epoch"]) + 1
        log.info("Resuming after epoch %d of %d.", done, len(clock.costs))

    def measure(losses: Tensor, outputs: Tensor, epoch: int) -> dict[str, Any]:
        del epoch
        row = {"train_loss": round(losses.mean().item(), 5)}
        if not len(outputs):
            return row | dict.fromkeys(("missed", *_FIGURES), "")
        found = figures.of_faces(unit(outputs.float().numpy())[0], valid_set.store.people)
        missed = 1 - found[_FIGURES[0]]
        return row | {
            "missed": round(missed, 5), **{name: round(found[name], 5) for name in _FIGURES}
        }  # fmt: skip

    for index, stage in enumerate(recipe.stages):
        last = (index, stage.epochs - 1)
        if not stage.epochs or (
            checkpoint is not None and (checkpoint["stage"], checkpoint["epoch"]) >= last
        ):
            continue
        fit(
            network,
            batches,
            epochs=stage.epochs,
            loss=loss,
            optimizer=adamw,
            schedule=one_cycle(stage),
            record=Record(measure, run, stage=index),
            device=device,
            callbacks=[
                Preprocess(recipe, index),
                FreezeFirst(stage.still),
                HalfPrecision(),
                ValidateEvery(recipe.validate_every),
                Ramp(loss, plan, frozen=stage.frozen),
            ],
            average=average,
            best="missed",
            splitter=split,
            frozen=frozen_groups() if stage.frozen else 0,
            weight_decay=decays(recipe.weight_decay),
            checkpoint=checkpoint,
            progress=True,
            clock=clock,
            first=recipe.number(index, 0),
        )
        checkpoint = None


_FIGURES = ("true_accept_at_1_percent_false", "true_accept_at_1_in_1000_false", "auc")


def embed(
    network: EmbeddingNetwork, images: np.ndarray, size: tuple[int, int], *, antialias: bool = False
) -> np.ndarray:
    """Unit embeddings float32 (n, width) of crops uint8 (n, 218, 178, 3), not mirrored."""
    network.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), _ASKED):
            crops = torch.from_numpy(np.ascontiguousarray(images[start : start + _ASKED]))
            found.append(network(plain(crops, size, antialias=antialias)).float().numpy())
    return unit(np.concatenate(found))[0]


def shortened(plan: Plan, epochs: tuple[int, int]) -> Plan:
    """The same plan with other numbers of epochs."""
    stages = tuple(
        replace(stage, epochs=count)
        for stage, count in zip(plan.recipe.stages, epochs, strict=True)
    )
    return replace(plan, recipe=replace(plan.recipe, stages=stages))
