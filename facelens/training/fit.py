"""One training loop for every task: fastai's `Learner` with schedule, checkpoints and resume.

`fit` is the loop; a task hands in its batches, loss, optimizer, schedule and figures. `train` is
what classifiers of crops have in common: freeze, unfreeze, one-cycle, a moving average.
"""

import copy
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import ParamScheduler
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import OptimWrapper
from fastai.torch_core import trainable_params
from fastcore.basics import noop
from torch import Tensor, nn

from facelens import metrics
from facelens.errors import DataError, FacelensError
from facelens.training import processes
from facelens.training.callbacks import (
    Accumulate,
    Average,
    Distributed,
    FreezeFirst,
    HalfPrecision,
    KnownLoss,
    Preprocess,
    ValidateEvery,
)
from facelens.training.data import Batches, Store
from facelens.training.local import Local
from facelens.training.network import AttributeNetwork
from facelens.training.optimizer import Schedule, adamw, decays, frozen_groups, one_cycle, split
from facelens.training.recipe import Recipe, Stage
from facelens.training.record import AfterEpoch, Checkpoint, Record
from facelens.training.report import Clock, Report
from facelens.training.run import Run
from facelens.training.start import begin

log = logging.getLogger(__name__)


def fit(
    network: nn.Module,
    batches: tuple[Iterable[Any], Iterable[Any]],
    *,
    epochs: int,
    loss: Callable[..., Tensor],
    optimizer: Callable[..., Any],
    schedule: Schedule,
    record: Record,
    device: torch.device,
    callbacks: Sequence[Callback] = (),
    average: Average | None = None,
    best: str | None = None,
    splitter: Callable[[nn.Module], Any] = trainable_params,
    frozen: int = 0,
    weight_decay: float | Sequence[float] | None = None,
    checkpoint: dict[str, Any] | None = None,
    progress: bool = False,
    clock: Clock | None = None,
    first: int = 0,
) -> None:
    """Train `network` in place.

    Args:
        batches: to train on and to validate on: of each `len` and iteration are asked, and
            `n_inp`, how many of a batch's parts are inputs, if it is not all but the last.
        loss: of the network's output and the rest of a batch.
        optimizer: makes fastai's optimizer, or an `OptimWrapper` around torch's.
        record: measures an epoch; it has the run that is resumed, and the stage of it.
        callbacks: what else is to happen. One with `checkpoint` and `resume` has its state in the
            run's checkpoint.
        average, best: as `Checkpoint` takes them.
        splitter: groups of parameters.
        frozen: how many of these groups are frozen, the first ones.
        weight_decay: of all these groups, or of each.
        checkpoint: as `Run.load_last` gives it; of an earlier stage, the network and the average
            are taken from it.
        progress: log a line an epoch.
        clock, first: what estimates the time left for a run of several stages, and the number of
            this one's first epoch.
    """
    start = 0
    stopping: list[Callback] = [record, Checkpoint(record, average=average, best=best)]
    everything = [*callbacks, *([average] if average else []), *stopping]
    if checkpoint is not None:
        network.load_state_dict(checkpoint["model"])
        if average:
            average.weights, average.steps = checkpoint["average"], checkpoint["steps"]
        if checkpoint["stage"] == record.stage:
            start = checkpoint["epoch"] + 1
    learn = Learner(
        DataLoaders(*batches, device=device),
        network,
        loss_func=loss,
        opt_func=optimizer,
        splitter=splitter,
        wd=weight_decay,
        wd_bn_bias=False,
        cbs=everything,
    )
    learn.remove_cbs([cb for cb in learn.cbs if isinstance(cb, ProgressCallback)])
    learn.logger = noop  # fastai prints each epoch where there is no bar
    if progress:
        learn.add_cb(Report(record, clock or Clock([1.0] * epochs), first))
    learn.create_opt()
    learn.freeze_to(frozen)
    if checkpoint is not None and start:
        _resume(learn.opt, checkpoint["optimizer"], record)
        for callback in everything:
            if state := checkpoint.get("callbacks", {}).get(type(callback).__name__):
                callback.resume(state)
    try:
        learn.fit(epochs, cbs=ParamScheduler(dict(schedule)), start_epoch=start)
    except FacelensError as error:
        # fastai puts the callback's name on a line before the sentence.
        error.args = (str(error).rpartition(":\n\t")[2],)
        raise


def _resume(optimizer: Any, state: dict[str, Any], record: Record) -> None:
    """Load the optimizer's state; refuse that of another optimizer."""
    if isinstance(optimizer, OptimWrapper) and "param_groups" not in state:
        raise DataError(
            f"{record.directory.folder if record.directory else 'The run'} was begun by an earlier "
            "Facelens, whose optimizer was another: begin it again in another folder."
        )
    optimizer.load_state_dict(state)


def train(
    run: Run[Recipe],
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
    loss: Callable[..., Tensor] | None = None,
    figures: "Callable[[np.ndarray, Store], dict[str, float]] | None" = None,
    more: Sequence[Callback] = (),
) -> AttributeNetwork:
    """Train by the run's recipe, resuming from its last checkpoint, and return the best network.

    Args:
        start_from: a bundle's folder or a run's, whose weights to fine-tune, as `begin` does.
        device: "cuda", "cpu", …; by default the first that is there.
        compiled: let `torch.compile` make the network faster where it can.
        after_epoch: called when a checkpoint is safe on disk.
        pictures: makes the callback that turns crops into pictures, from recipe and stage.
        loss: of logits and targets; by default that of yes or no for each name.
        figures: what to say of logits float64 (n, names) for the faces of `valid_set`; among them
            `valid_loss`, whose least value is the best epoch. By default `of_attributes`.
        more: what else is to happen in every stage.
    """
    recipe = run.recipe
    _check(recipe, train_set, valid_set)
    chosen = processes.join(device)
    torch.manual_seed(recipe.seed)
    checkpoint = run.load_last(chosen)
    network = begin(
        recipe, train_set,
        backbone_weights=backbone_weights, from_scratch=from_scratch, start_from=start_from,
        resumed=checkpoint is not None,
    )  # fmt: skip
    network.to(chosen)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if checkpoint is not None and (checkpoint["stage"], checkpoint["epoch"]) >= recipe.end:
        log.info("The run in %s is finished; another folder begins another.", run.folder)
        return run.load_best(network).eval()
    if compiled:
        _compile(network, chosen)
    with processes.one_of_them(run.alone()):
        _stages(
            run, network, (train_set, valid_set), checkpoint, chosen,
            loss=loss or loss_of(train_set, valid_set), figures=figures or of_attributes,
            pictures=pictures, progress=progress, after_epoch=after_epoch, more=more,
        )  # fmt: skip
        processes.wait()
    # A copy leaves behind what was compiled, which nothing can export.
    return run.load_best(copy.deepcopy(network)).eval()


def _stages(
    run: Run[Recipe],
    network: AttributeNetwork,
    stores: tuple[Store, Store],
    checkpoint: dict[str, Any] | None,
    device: torch.device,
    *,
    loss: Callable[..., Tensor],
    figures: "Callable[[np.ndarray, Store], dict[str, float]]",
    pictures: Callable[[Recipe, int], Preprocess],
    progress: bool,
    after_epoch: Callable[[], None] | None,
    more: Sequence[Callback],
) -> None:
    """Train stage by stage, each one-cycle of its own, from `checkpoint` on."""
    recipe, world, (train_set, valid_set) = run.recipe, processes.world(), stores
    batches = (
        Batches(train_set, recipe.batch_size, shuffle=True, seed=recipe.seed).to(device),
        Batches(valid_set, 2 * recipe.batch_size // world, shuffle=False).to(device),
    )
    average = Average(recipe.ema)
    clock = Clock(recipe.costs)
    if checkpoint is not None:
        done = recipe.number(checkpoint["stage"], checkpoint["epoch"]) + 1
        log.info("Resuming after epoch %d of %d.", done, len(clock.costs))
    for index, stage in enumerate(recipe.stages):
        last = (index, stage.epochs - 1)
        if not stage.epochs or (
            checkpoint is not None and (checkpoint["stage"], checkpoint["epoch"]) >= last
        ):
            continue

        def measure(losses: Tensor, logits: Tensor, epoch: int, *, of: Stage = stage) -> dict:
            return {
                "size": "x".join(map(str, of.size(epoch))),
                "train_loss": round(losses.mean().item(), 5),
                **_measured(figures, logits.numpy().astype(np.float64), valid_set),
            }

        callbacks = [pictures(recipe, index), *_callbacks(recipe, index, device), *more]
        if after_epoch:
            callbacks.append(AfterEpoch(after_epoch))
        fit(
            network,
            batches,
            epochs=stage.epochs,
            loss=loss,
            optimizer=adamw,
            schedule=one_cycle(stage),
            record=Record(measure, run, stage=index),
            device=device,
            callbacks=callbacks,
            average=average,
            best="valid_loss",
            splitter=split,
            frozen=frozen_groups() if stage.frozen else 0,
            weight_decay=decays(recipe.weight_decay),
            checkpoint=checkpoint,
            progress=progress,
            clock=clock,
            first=recipe.number(index, 0),
        )
        checkpoint = None


def _callbacks(recipe: Recipe, index: int, device: torch.device) -> list[Callback]:
    """What happens in a stage besides what is handed in."""
    stage, world = recipe.stages[index], processes.world()
    callbacks: list[Callback] = [FreezeFirst(stage.still), HalfPrecision()]
    if recipe.validate_every > 1:
        callbacks.append(ValidateEvery(recipe.validate_every))
    if recipe.local and not stage.frozen:
        callbacks.append(Local(recipe, index))
    if recipe.accumulate > 1:
        callbacks.append(Accumulate(recipe.accumulate * recipe.batch_size // world))
    if world > 1:
        callbacks.append(Distributed(device))
    return callbacks


def _measured(
    figures: "Callable[[np.ndarray, Store], dict[str, float]]", logits: np.ndarray, store: Store
) -> dict[str, Any]:
    """The figures of an epoch; of one without validation the same columns, empty."""
    if len(logits):
        return figures(logits, store)
    return dict.fromkeys(figures(np.zeros(store.labels.shape), store), "")


def of_attributes(logits: np.ndarray, store: Store) -> dict[str, float]:
    """Loss, accuracy and average precision of yes or no for each name of `store`."""
    probabilities = np.exp(-np.logaddexp(0, -logits))
    accuracy, precision = (
        metrics.of_known(metric, probabilities, store.labels, known=store.known)
        for metric in (metrics.accuracy, metrics.average_precision)
    )
    return {
        "valid_loss": round(log_loss(probabilities, store.labels, store.known), 5),
        "accuracy": round(float(np.nanmean(accuracy)), 5),
        "macro_ap": round(float(np.nanmean(precision)), 5),
    }


def log_loss(
    probabilities: np.ndarray, labels: np.ndarray, known: np.ndarray | None = None
) -> float:
    """Mean binary cross-entropy over the labels that are known."""
    right = np.where(labels, probabilities, 1 - probabilities)
    losses = -np.log(np.maximum(right, 1e-12))
    return float(losses.mean() if known is None else losses[known].mean())


def loss_of(*stores: Store) -> Callable[..., Tensor]:
    """Binary cross-entropy, over what is known if any label of `stores` is blank."""
    blanks = sum(store.blanks for store in stores)
    if not blanks:
        return nn.BCEWithLogitsLoss()
    log.info("%s labels are blank: nothing is learnt from them or measured by them.", blanks)
    return KnownLoss()


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
