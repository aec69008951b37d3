"""Schedules with a name, and how a learning rate is chosen for one."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from fastai.callback.schedule import minimum, steep, valley
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import Adam
from torch import nn

from facelens.training.callbacks import HalfPrecision, Preprocess
from facelens.training.data import Batches, Store
from facelens.training.network import build, parameter_groups
from facelens.training.recipe import Recipe


@dataclass(frozen=True)
class RateCurve:
    """The smoothed loss at each learning rate of a sweep, and what three rules make of it."""

    rates: list[float]
    losses: list[float]
    valley: float
    steepest: float
    lowest_tenth: float


def find_rate(
    recipe: Recipe, store: Store, *, steps: int = 100, device: str | None = None, **start: Any
) -> RateCurve:
    """Let the learning rate of the recipe's first stage grow until the loss explodes.

    Args:
        steps: batches to try, from 1e-6 to 1.
        start: where the network starts, as `build` takes it.
    """
    torch.manual_seed(recipe.seed)
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    network = build(
        recipe.arch, len(store.names), fine_maps=recipe.fine_maps, head=recipe.head, **start
    ).to(chosen)
    batches = Batches(store, recipe.batch_size, shuffle=True, seed=recipe.seed).to(chosen)
    with TemporaryDirectory() as aside:  # fastai puts the weights back from there
        learn = Learner(
            DataLoaders(batches, batches, device=chosen),
            network,
            loss_func=nn.BCEWithLogitsLoss(),
            opt_func=Adam,
            splitter=lambda net: list(parameter_groups(net)),
            wd=recipe.weight_decay,
            cbs=[Preprocess(recipe, 0), HalfPrecision()],
            path=Path(aside),
        )
        learn.create_opt()
        learn.freeze() if recipe.stages[0].frozen else learn.unfreeze()
        with learn.no_bar(), learn.no_logging():
            found = learn.lr_find(
                start_lr=1e-6,
                end_lr=1.0,
                num_it=steps,
                show_plot=False,
                suggest_funcs=(valley, steep, minimum),
            )
    return RateCurve(
        [float(rate) for rate in learn.recorder.lrs],
        [float(loss) for loss in learn.recorder.losses],
        *(float(rate) for rate in found),
    )
