"""A fastai `Learner` with freeze, unfreeze, one-cycle, EMA, checkpoints and resume."""

import copy
import csv
import json
import logging
import os
import pickle
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import fastai
import numpy as np
import torch
import torchvision
from fastai.callback.core import Callback
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import ParamScheduler, combined_cos
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import Adam
from fastcore.basics import noop
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from facelens.errors import DataError, OutputError
from facelens.training import processes
from facelens.training.augment import Augmentation
from facelens.training.callbacks import (
    Accumulate,
    Average,
    HalfPrecision,
    Pictures,
    Record,
    Still,
    Then,
    Together,
)
from facelens.training.data import Batches, Store
from facelens.training.network import AttributeNetwork, build, parts

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """Some epochs of one-cycle with the body frozen or not.

    `sizes`: (first epoch, height, width) of the pictures, growing as the stage goes on.
    `rate`: peak learning rate of the head; the early body gets `spread` times less.
    `still`: so many of the body's first modules stay as they are, their statistics too.
    """

    epochs: int
    frozen: bool
    rate: float
    sizes: tuple[tuple[int, int, int], ...]
    spread: float = 5.0
    still: int = 0

    def size(self, epoch: int) -> tuple[int, int]:
        return next((h, w) for first, h, w in reversed(self.sizes) if epoch >= first)


@dataclass(frozen=True)
class Recipe:
    """All that decides a training run; two runs of one recipe see the same batches.

    `head`: "linear", or "fastai" for fastai's own, which cannot be exported.
    `batch_size`: of all processes together.
    `accumulate`: so many batches make a step.
    `fine_maps`: the last stride is undone; `spread_kernels`: and the kernels after it spread.
    `teacher_share`: how much of what is learnt is a teacher's probability, the rest the label.
    """

    arch: str = "mobilenet_v2"
    head: str = "linear"
    stages: tuple[Stage, ...] = (
        Stage(1, frozen=True, rate=5e-3, sizes=((0, 96, 80),)),
        Stage(9, frozen=False, rate=2e-3, sizes=((0, 128, 104), (3, 160, 128))),
    )
    batch_size: int = 64
    weight_decay: float = 0.02
    mixup: float = 0.2
    ema: float = 0.998
    seed: int = 0
    fine_maps: bool = True
    spread_kernels: bool = False
    teacher_share: float = 0.0
    accumulate: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def end(self) -> tuple[int, int]:
        """The last stage that has epochs, and its last epoch."""
        return max((i, stage.epochs - 1) for i, stage in enumerate(self.stages) if stage.epochs)

    @property
    def size(self) -> tuple[int, int]:
        """The size of the last epoch, which the exported network keeps."""
        return self.stages[-1].size(max(self.stages[-1].epochs - 1, 0))

    def asdict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Recipe":
        """Read back what `asdict` wrote to json."""
        stages = tuple(
            Stage(**{**stage, "sizes": tuple(map(tuple, stage["sizes"]))})
            for stage in values["stages"]
        )
        return replace(
            cls(**{k: v for k, v in values.items() if k not in ("stages", "augmentation")}),
            stages=stages,
            augmentation=Augmentation(**values["augmentation"]),
        )


@dataclass(frozen=True)
class Run:
    """A folder with a run's recipe, versions, history, last checkpoint and best weights."""

    folder: Path
    recipe: Recipe

    @property
    def about(self) -> dict[str, Any]:
        """What `config.json` says besides the recipe: data, start, versions."""
        return json.loads((self.folder / "config.json").read_text())

    @property
    def history(self) -> list[dict[str, str]]:
        path = self.folder / "history.csv"
        if not path.exists():
            return []
        with path.open() as file:
            return list(csv.DictReader(file))

    def add_row(self, row: dict[str, Any]) -> None:
        rows = [
            r for r in self.history
            if (int(r["stage"]), int(r["epoch"])) < (row["stage"], row["epoch"])
        ]  # fmt: skip
        with _written(self.folder / "history.csv") as path, path.open("w", newline="") as file:
            writer = csv.DictWriter(file, row.keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows([*rows, row])
        log.info("%s", row)

    def save(self, learn: Learner, stage: int, epoch: int, average: Average) -> None:
        state = {
            "stage": stage,
            "epoch": epoch,
            "model": processes.bare(learn.model).state_dict(),
            "average": average.weights,
            "steps": average.steps,
            "optimizer": _plain(learn.opt.state_dict()),
        }
        rows = self.history
        if float(rows[-1]["valid_loss"]) <= min(float(row["valid_loss"]) for row in rows):
            tensors = {name: value.contiguous() for name, value in average.weights.items()}
            with _written(self.folder / "best.safetensors") as path:
                save_file(tensors, path)
        # Last, so that a run killed before it does this epoch again.
        with _written(self.folder / "last.pt") as path:
            torch.save(state, path)

    def load_last(self, device: torch.device) -> dict[str, Any] | None:
        """The checkpoint to go on from, where there is one."""
        path = self.folder / "last.pt"
        if not path.exists():
            return None
        try:
            state = torch.load(path, map_location=device, weights_only=True)
            if state.keys() >= {"stage", "epoch", "model", "average", "steps", "optimizer"}:
                return state
        except (OSError, EOFError, RuntimeError, AttributeError, pickle.UnpicklingError) as error:
            log.debug("%s: %s", path, error)
        raise DataError(
            f"{path} is damaged, so the run cannot go on: remove {self.folder} and begin it again."
        )

    def load_best(self, model: AttributeNetwork) -> AttributeNetwork:
        """Load the averaged weights of the best epoch by validation loss."""
        path = self.folder / "best.safetensors"
        if not path.exists():
            raise DataError(f"{self.folder} holds no best.safetensors: has it finished an epoch?")
        model.load_state_dict(load_file(path))
        return model


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """Have a file written whole or not at all; a full disk is a sentence."""
    partial = path.with_name(f"{path.name}.part")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError, SafetensorError) as error:  # torch and safetensors have theirs
        partial.unlink(missing_ok=True)
        raise OutputError(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or 'is the disk full?'} "
            "Make room and give the same command again: it goes on after the last whole epoch."
        ) from error


def _plain(optimizer: dict[str, Any]) -> dict[str, Any]:
    """The state of a fastai optimizer in types that `torch.load(weights_only=True)` reads."""
    hypers = [
        {name: float(v) if isinstance(v, np.floating) else v for name, v in group.items()}
        for group in optimizer["hypers"]
    ]
    return {"state": [dict(state) for state in optimizer["state"]], "hypers": hypers}


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(values))


def versions() -> dict[str, str]:
    """What computed this, for the run's folder and the model card."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "fastai": fastai.__version__,
    }


def open_run(folder: Path, recipe: Recipe | None = None, **about: Any) -> Run:
    """Open the run in `folder`; make it where there is none.

    A folder that holds another recipe is refused: a resumed run must be the same run.
    """
    path = Path(folder) / "config.json"
    if path.exists():
        try:
            written = json.loads(path.read_text())
            kept = Recipe.fromdict(written["recipe"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is not a training run's.") from error
        if any(written.get(key) != value for key, value in _as_json(about).items()):
            raise DataError(f"{folder} holds a run on other data; choose another folder.")
        if recipe is not None and kept != recipe:
            raise DataError(f"{folder} holds a run of another recipe; choose another folder.")
        return Run(Path(folder), kept)
    if recipe is None:
        raise DataError(f"{folder} is not a training run: it has no config.json.")
    path.parent.mkdir(parents=True, exist_ok=True)
    config = {"recipe": recipe.asdict(), "versions": versions(), **about}
    with _written(path) as partial:
        partial.write_text(json.dumps(config, indent=1) + "\n")
    return Run(Path(folder), recipe)


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
    pictures: Callable[[Recipe, int], Pictures] = Pictures,
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
            learn.add_cb(Then(after_epoch))
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
        cbs=[Still(recipe.stages[index].still), HalfPrecision(), *callbacks],
    )
    if recipe.accumulate > 1:
        learn.add_cb(Accumulate(recipe.accumulate * recipe.batch_size // world))
    if world > 1:
        learn.add_cb(Together(dls.device))
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


def weights_file(folder: Path) -> Path:
    """The file of weights in the folder of a bundle or of a run."""
    files = [Path(folder) / name for name in ("model.safetensors", "best.safetensors")]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(f"{folder} holds no weights: give the folder of a bundle or of a run.")
    return file


def load_weights(network: AttributeNetwork, folder: Path) -> None:
    """Load the weights of a bundle's or a run's folder into `network`, to go on from."""
    file = weights_file(folder)
    try:
        network.load_state_dict(load_file(file))
    except (RuntimeError, ValueError, SafetensorError) as error:
        raise DataError(f"{file} does not fit {network.arch} with these attributes.") from error
