"""What happens after an epoch: its figures are written, and a checkpoint to resume from."""

import copy
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.learner import Learner
from torch import Tensor

from facelens.training import processes
from facelens.training.callbacks import Average
from facelens.training.run import Run


def _loss(learn: Learner) -> Tensor:
    return learn.loss.detach()


class Record(Callback):
    """Measure each epoch, and write a row of it to the run's history.

    Args:
        measure: the figures of an epoch, from what was kept of its training batches (batches,
            ...), and the outputs for all validation inputs (n, ...), none if it had no validation.
        run: where rows go; without one they are only in `rows`.
        stage: of the training; with the epoch it is the row's place.
        keep: what to keep of a training batch: its loss if nothing else is said.
    """

    order = 70

    def __init__(
        self,
        measure: Callable[[Tensor, Tensor, int], dict[str, Any]],
        run: Run[Any] | None = None,
        *,
        stage: int = 0,
        keep: Callable[[Learner], Tensor] = _loss,
    ) -> None:
        # `run` is what fastai calls whether a callback runs.
        self.measure, self.directory, self.stage, self.keep = measure, run, stage, keep
        self.kept: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.row: dict[str, Any] | None = None
        self.rows: list[dict[str, Any]] = []

    def before_epoch(self) -> None:
        self.began = time.monotonic()
        self.kept, self.outputs, self.row = [], [], None

    def after_loss(self) -> None:
        if self.training:
            self.kept.append(self.keep(self.learn))
        else:
            self.outputs.append(self.pred.detach())

    def after_epoch(self) -> None:
        if not self.kept:  # an epoch that an earlier run did
            return
        outputs = torch.cat(self.outputs).cpu() if self.outputs else torch.empty(0)
        mine = torch.stack(self.kept).cpu().numpy(), outputs.numpy()
        kept, outputs = (
            torch.from_numpy(np.concatenate(parts))
            for parts in zip(*processes.gather(mine), strict=True)
        )
        self.row = {"stage": self.stage, "epoch": self.epoch}
        self.row |= self.measure(kept, outputs, self.epoch)
        self.row["seconds"] = round(time.monotonic() - self.began, 3)
        self.rows.append(self.row)
        self.kept, self.outputs = [], []
        if self.directory and not processes.rank():
            self.directory.add_row(self.row)


class EarlyStopping(Callback):
    """Stop after `patience` epochs without a lower `figure`; take the weights of the lowest."""

    order = 75

    def __init__(self, record: Record, figure: str, patience: int) -> None:
        self.record, self.figure, self.patience = record, figure, patience
        self.lowest, self.waited = math.inf, 0
        self.weights: dict[str, Tensor] = {}

    def before_epoch(self) -> None:
        if self.waited >= self.patience:
            raise CancelFitException

    def after_epoch(self) -> None:
        if self.record.row is None:
            return
        if self.record.row[self.figure] < self.lowest:
            self.lowest, self.waited = self.record.row[self.figure], 0
            self.weights = copy.deepcopy(processes.unwrapped(self.learn.model).state_dict())
        else:
            self.waited += 1

    def after_fit(self) -> None:
        if self.weights:
            processes.unwrapped(self.learn.model).load_state_dict(self.weights)

    def checkpoint(self) -> dict[str, Any]:
        """What a resumed run needs to know."""
        # Where the network is the best so far, the file has its weights once.
        best = self.weights if self.waited else processes.unwrapped(self.learn.model).state_dict()
        return {"lowest": self.lowest, "waited": self.waited, "weights": best}

    def resume(self, state: dict[str, Any]) -> None:
        """Go back to where `checkpoint` was."""
        self.lowest, self.waited = state["lowest"], state["waited"]
        self.weights = state["weights"]


class Checkpoint(Callback):
    """Write a checkpoint after each epoch, and the weights of the best one as best.safetensors.

    Args:
        record: whose run it goes to.
        average: the average of the weights, which is then what best.safetensors holds.
        best: the figure of the record whose least value is the best; None keeps no best weights.
    """

    order = 78

    def __init__(
        self, record: Record, *, average: Average | None = None, best: str | None = None
    ) -> None:
        self.record, self.average, self.best = record, average, best

    def after_epoch(self) -> None:
        run, row = self.record.directory, self.record.row
        if run is None or row is None or processes.rank():
            return
        model = processes.unwrapped(self.learn.model).state_dict()
        state: dict[str, Any] = {
            "stage": self.record.stage,
            "epoch": self.epoch,
            "model": model,
            "optimizer": _plain(self.learn.opt.state_dict()),
            "callbacks": {
                type(cb).__name__: cb.checkpoint()
                for cb in self.learn.cbs
                if hasattr(type(cb), "checkpoint")  # else fastai asks the learner
            },
        }
        if self.average:
            state |= {"average": self.average.weights, "steps": self.average.steps}
        if self.best:
            known = [each[self.best] for each in run.history]
            if known[-1] and float(known[-1]) <= min(float(value) for value in known if value):
                run.save_weights("best", self.average.weights if self.average else model)
        # Last, so that a run killed before it does this epoch again.
        run.save_last(state)


def _plain(optimizer: dict[str, Any]) -> dict[str, Any]:
    """The state of an optimizer in types that `torch.load(weights_only=True)` reads.

    A schedule leaves numpy's numbers among the hyperparameters.
    """
    groups = "hypers" if "hypers" in optimizer else "param_groups"
    plain = [
        {name: float(v) if isinstance(v, np.floating) else v for name, v in group.items()}
        for group in optimizer[groups]
    ]
    return {**optimizer, groups: plain}


class AfterEpoch(Callback):
    """Call `call` when an epoch's checkpoint is safe on disk."""

    order = 80
    # fastai would call it after_epoch, and take it for what every callback has under that name.
    name = "call_after_epoch"

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call

    def after_epoch(self) -> None:
        self.call()
