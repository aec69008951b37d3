"""Schedules with a name, and how a learning rate is chosen for one."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from fastai.callback.schedule import minimum, steep, valley
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import Adam
from torch import nn

from facelens.training.augment import Augmentation
from facelens.training.callbacks import HalfPrecision, Pictures
from facelens.training.data import Batches, Store
from facelens.training.learn import Recipe, Stage
from facelens.training.network import build, parts


def published(
    arch: str = "resnet50", *, size: tuple[int, int] = (218, 178), head: str = "linear"
) -> Recipe:
    """The schedule of the dashboard that Facelens follows: 4 epochs frozen, 10 unfrozen at 1e-2.

    fastai's defaults otherwise: one learning rate for the whole body, no mixup, no averaging.
    It was run on 5,000 pictures; take that many with `Store.take`.
    """
    sizes = ((0, *size),)
    return Recipe(
        arch=arch,
        head=head,
        stages=(
            Stage(4, frozen=True, rate=1e-2, sizes=sizes, spread=1.0),
            Stage(10, frozen=False, rate=1e-2, sizes=sizes, spread=1.0),
        ),
        weight_decay=0.01,
        mixup=0.0,
        ema=0.0,
        fine_maps=head == "linear",
        augmentation=Augmentation(rotation=10.0, scale=0.1, shift=0.0),
    )


def shortened(recipe: Recipe, *epochs: int, size: tuple[int, int], batch_size: int) -> Recipe:
    """The same recipe with fewer epochs a stage and smaller pictures, to try the steps."""
    stages = tuple(
        replace(stage, epochs=count, sizes=((0, *size),))
        for stage, count in zip(recipe.stages, epochs, strict=True)
    )
    return replace(recipe, stages=stages, batch_size=batch_size)


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
            splitter=lambda net: list(parts(net)),
            wd=recipe.weight_decay,
            cbs=[Pictures(recipe, 0), HalfPrecision()],
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
