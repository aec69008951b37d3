"""A fastai `Learner` with freeze, unfreeze, one-cycle, EMA, checkpoints and resume."""

import copy
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import ParamScheduler, combined_cos
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import Adam
from fastcore.basics import noop
from torch import nn

from facelens.errors import DataError
from facelens.training import processes
from facelens.training.callbacks import (
    Accumulate,
    AfterEpoch,
    Average,
    Distributed,
    FreezeFirst,
    HalfPrecision,
    Preprocess,
    Record,
)
from facelens.training.data import Batches, Store
from facelens.training.network import AttributeNetwork, build, parts
from facelens.training.recipe import Recipe, Stage
from facelens.training.run import Run, load_weights

log = logging.getLogger(__name__)


def train(
    run: Run,
    train_set: Store,
    valid_set: Store,
    *,
    backbone_weights: Path | None = None,
    from_scratch: bool = False,
    start_from: Path | None = None,
    device: str | None = None,
    compiled: bool = False,
    progress: bool = True,
    after_epoch: Callable[[], None] | None = None,
    pictures: Callable[[Recipe, int], Preprocess] = Preprocess,
) -> AttributeNetwork:
    """Train by the run's recipe, going on from its last checkpoint, and return the best network.

    Args:
        start_from: a bundle's folder or a run's, whose weights to go on from.
        device: "cuda", "cpu", …; by default the first that is there.
        compiled: let `torch.compile` make the network faster where it can.
        after_epoch: called when a checkpoint is safe on disk.
        pictures: makes the callback that turns crops into pictures, from recipe and stage.
    """
    recipe = run.recipe
    _check(recipe, train_set, valid_set)
    chosen = processes.join(device)
    torch.manual_seed(recipe.seed)
    checkpoint = run.load_last(chosen)
    network = _network(run, train_set, checkpoint, backbone_weights, from_scratch, start_from)
    network.to(chosen)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if checkpoint is not None and (checkpoint["stage"], checkpoint["epoch"]) >= recipe.end:
        log.info("The run in %s is finished; another folder begins another.", run.folder)
        return run.load_best(network).eval()
    if compiled:
        _compile(network, chosen)
    world = processes.world()
    dls = DataLoaders(
        Batches(train_set, recipe.batch_size, shuffle=True, seed=recipe.seed).to(chosen),
        Batches(valid_set, 2 * recipe.batch_size // world, shuffle=False).to(chosen),
        device=chosen,
    )
    average = Average(recipe.ema)
    for index, stage in enumerate(recipe.stages):
        start = 0
        if not stage.epochs:
            continue
        if checkpoint is not None:
            if checkpoint["stage"] > index or (
                checkpoint["stage"] == index and checkpoint["epoch"] + 1 >= stage.epochs
            ):
                continue
            network.load_state_dict(checkpoint["model"])
            average.weights, average.steps = checkpoint["average"], checkpoint["steps"]
            start = checkpoint["epoch"] + 1 if checkpoint["stage"] == index else 0
        own = [pictures(recipe, index), average, Record(run, index, average)]
        learn = _learner(recipe, index, dls, network, own)
        if not progress or processes.rank():
            learn.remove_cbs([cb for cb in learn.cbs if isinstance(cb, ProgressCallback)])
            learn.logger = noop  # fastai prints each epoch where there is no bar
        if after_epoch:
            learn.add_cb(AfterEpoch(after_epoch))
        learn.create_opt()
        learn.freeze() if stage.frozen else learn.unfreeze()
        if checkpoint is not None and start:
            learn.opt.load_state_dict(checkpoint["optimizer"])
        _one_cycle(learn, stage, start)
        checkpoint = None
    processes.wait()
    # A copy leaves behind what was compiled, which nothing can export.
    return run.load_best(copy.deepcopy(network)).eval()


def _learner(
    recipe: Recipe,
    index: int,
    dls: DataLoaders,
    network: AttributeNetwork,
    callbacks: list[Callback],
) -> Learner:
    world = processes.world()
    learn = Learner(
        dls,
        network,
        loss_func=nn.BCEWithLogitsLoss(),
        opt_func=Adam,
        splitter=lambda net: list(parts(net)),
        wd=recipe.weight_decay,
        wd_bn_bias=False,
        cbs=[FreezeFirst(recipe.stages[index].still), HalfPrecision(), *callbacks],
    )
    if recipe.accumulate > 1:
        learn.add_cb(Accumulate(recipe.accumulate * recipe.batch_size // world))
    if world > 1:
        learn.add_cb(Distributed(dls.device))
    return learn


def _check(recipe: Recipe, train_set: Store, valid_set: Store) -> None:
    """Say what of the recipe these faces, or these processes, cannot do."""
    world, needed = processes.world(), recipe.batch_size * recipe.accumulate
    if train_set.names != valid_set.names:
        raise DataError("Training and validation faces answer different questions.")
    if recipe.batch_size % world or recipe.batch_size < 2 * world:
        raise DataError(
            f"A batch of {recipe.batch_size} is not {world} equal shares of two pictures or more; "
            f"give a --batch-size that {world} processes can share."
        )
    if len(valid_set) < world:
        raise DataError(f"{len(valid_set)} validation faces are too few for {world} processes.")
    if len(train_set) < needed:
        raise DataError(
            f"{len(train_set)} pictures do not fill a batch of {recipe.batch_size}"
            f"{f' times {recipe.accumulate}' if recipe.accumulate > 1 else ''}; give more, or a "
            "smaller --batch-size or --accumulate."
        )


def _compile(network: AttributeNetwork, device: torch.device) -> None:
    """Compile in place, which leaves the names of the weights as they are."""
    try:
        torch.compile(lambda x: x + 1)(torch.zeros(2, device=device))
    except Exception as error:  # noqa: BLE001 - a compiler fails in as many ways as there are
        log.warning(
            "torch.compile does not work here, so the network runs as it is (%s).",
            type(error).__name__,
        )
        return
    network.compile()


def _network(  # noqa: PLR0917 - called once
    run: Run,
    train_set: Store,
    checkpoint: dict[str, Any] | None,
    backbone_weights: Path | None,
    from_scratch: bool,
    start_from: Path | None,
) -> AttributeNetwork:
    network = build(
        run.recipe.arch,
        len(train_set.names),
        backbone_weights=backbone_weights,
        from_scratch=from_scratch or start_from is not None or checkpoint is not None,
        fine_maps=run.recipe.fine_maps,
        spread_kernels=run.recipe.spread_kernels,
        head=run.recipe.head,
    )
    if checkpoint is not None:
        return network
    if start_from is not None:
        load_weights(network, start_from)
        return network
    if not network.maps_are_exact:
        return network
    # Start from the base rates: the first steps need not learn that most people wear no hat.
    rate = np.clip(train_set.labels.mean(0), 0.001, 0.999)
    with torch.no_grad():
        network.head.bias.copy_(torch.from_numpy(np.log(rate / (1 - rate))))
    return network


def _one_cycle(learn: Learner, stage: Stage, start: int) -> None:
    """Do as fastai's `fit_one_cycle`, able to begin at epoch `start`."""
    rates = np.geomspace(stage.rate / stage.spread, stage.rate, 3)
    learn.opt.set_hyper("lr", rates)
    schedule = {
        "lr": combined_cos(0.25, rates / 25, rates, rates / 1e4),
        "mom": combined_cos(0.25, 0.95, 0.85, 0.95),
    }
    learn.fit(stage.epochs, cbs=ParamScheduler(schedule), start_epoch=start)
