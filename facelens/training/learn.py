"""A fastai `Learner` with freeze, unfreeze, one-cycle, EMA, checkpoints and resume."""

import csv
import json
import logging
import platform
import time
from collections.abc import Callable
from contextlib import nullcontext
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
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from facelens import metrics
from facelens.errors import DataError
from facelens.training.augment import Augmentation, augment, plain
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

    `teacher_share`: how much of what is learnt is a teacher's probability, the rest the label.
    """

    arch: str = "mobilenet_v2"
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
    teacher_share: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)

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


class Pictures(Callback):
    """Turn uint8 crops into normalised pictures on the device; mix pairs where asked."""

    order = 0

    def __init__(self, recipe: Recipe, stage: int) -> None:
        self.recipe, self.stage = recipe, stage

    def before_epoch(self) -> None:
        self.learn.dls.train.epoch = 1000 * self.stage + self.epoch
        self.draw = torch.Generator().manual_seed(
            (self.recipe.seed * 1_000 + self.stage) * 1_000 + self.epoch
        )

    def before_batch(self) -> None:
        if not self.training:
            pictures = plain(self.x, self.recipe.size)
        else:
            size = self.recipe.stages[self.stage].size(self.epoch)
            pictures = augment(self.x, size, self.recipe.augmentation, self.draw)
            if self.recipe.mixup:
                pictures = self._mix(pictures)
        self.learn.xb = (pictures.contiguous(memory_format=torch.channels_last),)

    def _mix(self, pictures: torch.Tensor) -> torch.Tensor:
        """Blend every picture and its labels with another's (Zhang et al., 2018)."""
        n = len(pictures)
        share = torch.from_numpy(
            np.random.default_rng(int(torch.randint(2**31, (1,), generator=self.draw)))
            .beta(self.recipe.mixup, self.recipe.mixup, n)
            .astype(np.float32)
        ).to(pictures.device)
        share = torch.maximum(share, 1 - share)
        other = torch.randperm(n, generator=self.draw).to(pictures.device)
        self.learn.yb = (torch.lerp(self.y[other], self.y, share.view(-1, 1)),)
        return torch.lerp(pictures[other], pictures, share.view(-1, 1, 1, 1))


class Still(Callback):
    """Keep the first modules of the body, and their batch statistics, as they are."""

    order = 5

    def __init__(self, count: int) -> None:
        self.count = count

    @property
    def modules(self) -> list[nn.Module]:
        return list(self.learn.model.body.children())[: self.count]

    def before_fit(self) -> None:
        for module in self.modules:
            module.requires_grad_(requires_grad=False)

    def before_train(self) -> None:
        for module in self.modules:
            module.eval()

    def after_fit(self) -> None:
        for module in self.modules:
            module.requires_grad_(requires_grad=True)


class HalfPrecision(Callback):
    """Run the network in bfloat16 where the device computes it natively, the loss in float32."""

    order = 10

    def before_batch(self) -> None:
        device = self.learn.xb[0].device
        self.context = (
            torch.autocast(device.type, torch.bfloat16) if has_bf16(device) else nullcontext()
        )
        self.context.__enter__()

    def after_pred(self) -> None:
        self.context.__exit__(None, None, None)
        self.learn.pred = self.pred.float()


def has_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 on `device`."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return device.type == "cpu" and supported()


class Average(Callback):
    """Keep an exponential moving average of the weights; validate and export that."""

    order = 60

    def __init__(self, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.weights: dict[str, torch.Tensor] = {}
        self._aside: dict[str, torch.Tensor] = {}

    def before_fit(self) -> None:
        if not self.weights:
            self.weights = _copy(self.learn.model)

    def after_batch(self) -> None:
        if not self.training:
            return
        self.steps += 1
        # A young average would remember the random start: let it forget faster at first.
        decay = min(self.decay, self.steps / (self.steps + 10))
        for name, value in self.learn.model.state_dict().items():
            mean = self.weights[name]
            if value.dtype.is_floating_point:
                mean.lerp_(value.detach().to(mean.dtype), 1 - decay)
            else:
                mean.copy_(value)

    def before_validate(self) -> None:
        self._aside = _copy(self.learn.model)
        self.learn.model.load_state_dict(self.weights)

    def after_validate(self) -> None:
        self.learn.model.load_state_dict(self._aside)
        self._aside = {}


def _copy(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


class Record(Callback):
    """Write each epoch's figures to history.csv and a checkpoint to go on from."""

    order = 70

    def __init__(self, run: "Run", stage: int, average: Average) -> None:
        self.run, self.stage, self.average = run, stage, average
        self.outputs: list[np.ndarray] = []

    def before_epoch(self) -> None:
        self.began = time.monotonic()
        self.losses: list[float] = []
        self.outputs = []

    def after_loss(self) -> None:
        if self.training:
            self.losses.append(float(self.loss.detach()))
        else:
            self.outputs.append(self.pred.detach().cpu().numpy())

    def after_epoch(self) -> None:
        if not self.outputs:  # an epoch that an earlier run did
            return
        labels = self.learn.dls.valid.dataset.labels
        probabilities = 1 / (1 + np.exp(-np.concatenate(self.outputs).astype(np.float64)))
        row = {
            "stage": self.stage,
            "epoch": self.epoch,
            "size": "x".join(map(str, self.run.recipe.stages[self.stage].size(self.epoch))),
            "train_loss": round(float(np.mean(self.losses)), 5),
            "valid_loss": round(log_loss(probabilities, labels), 5),
            "accuracy": round(float(metrics.accuracy(probabilities, labels).mean()), 5),
            "macro_ap": round(
                float(np.nanmean(metrics.average_precision(probabilities, labels))), 5
            ),
            "seconds": round(time.monotonic() - self.began, 1),
        }
        self.run.add_row(row)
        self.run.save(self.learn, self.stage, self.epoch, self.average)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean binary cross-entropy."""
    right = np.where(labels, probabilities, 1 - probabilities)
    return float(-np.log(np.maximum(right, 1e-12)).mean())


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
        with (self.folder / "history.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, row.keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows([*rows, row])
        log.info("%s", row)

    def save(self, learn: Learner, stage: int, epoch: int, average: Average) -> None:
        state = {
            "stage": stage,
            "epoch": epoch,
            "model": learn.model.state_dict(),
            "average": average.weights,
            "steps": average.steps,
            "optimizer": _plain(learn.opt.state_dict()),
        }
        rows = self.history
        if float(rows[-1]["valid_loss"]) <= min(float(row["valid_loss"]) for row in rows):
            tensors = {name: value.contiguous() for name, value in average.weights.items()}
            partial = self.folder / "best.safetensors.part"
            save_file(tensors, partial)
            partial.replace(self.folder / "best.safetensors")
        # Last, so that a run killed before it does this epoch again.
        partial = self.folder / "last.pt.part"
        torch.save(state, partial)
        partial.replace(self.folder / "last.pt")

    def load_best(self, model: AttributeNetwork) -> AttributeNetwork:
        """Load the averaged weights of the best epoch by validation loss."""
        path = self.folder / "best.safetensors"
        if not path.exists():
            raise DataError(f"{self.folder} holds no best.safetensors: has it finished an epoch?")
        model.load_state_dict(load_file(path))
        return model


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
    path.write_text(
        json.dumps({"recipe": recipe.asdict(), "versions": versions(), **about}, indent=1) + "\n"
    )
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
    progress: bool = True,
    after_epoch: Callable[[], None] | None = None,
    pictures: Callable[[Recipe, int], Pictures] = Pictures,
) -> AttributeNetwork:
    """Train by the run's recipe, going on from its last checkpoint, and return the best network.

    Args:
        start_from: a bundle's folder or a run's, whose weights to go on from.
        device: "cuda", "cpu", …; by default the first that is there.
        after_epoch: called when a checkpoint is safe on disk.
        pictures: makes the callback that turns crops into pictures, from recipe and stage.
    """
    recipe = run.recipe
    if train_set.names != valid_set.names:
        raise DataError("Training and validation faces answer different questions.")
    if len(train_set) < recipe.batch_size:
        raise DataError(
            f"{len(train_set)} pictures do not fill a batch of {recipe.batch_size}; give more, or "
            "a smaller --batch-size."
        )
    torch.manual_seed(recipe.seed)
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    checkpoint = _last(run, chosen)
    network = _network(run, train_set, checkpoint, backbone_weights, from_scratch, start_from)
    network.to(chosen)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    dls = DataLoaders(
        Batches(train_set, recipe.batch_size, shuffle=True, seed=recipe.seed).to(chosen),
        Batches(valid_set, 2 * recipe.batch_size, shuffle=False).to(chosen),
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
        learn = Learner(
            dls,
            network,
            loss_func=nn.BCEWithLogitsLoss(),
            opt_func=Adam,
            splitter=lambda net: list(parts(net)),
            wd=recipe.weight_decay,
            wd_bn_bias=False,
            cbs=[
                pictures(recipe, index),
                Still(stage.still),
                HalfPrecision(),
                average,
                Record(run, index, average),
            ],
        )
        if not progress:
            learn.remove_cbs([cb for cb in learn.cbs if isinstance(cb, ProgressCallback)])
        if after_epoch:
            learn.add_cb(_Then(after_epoch))
        learn.create_opt()
        learn.freeze() if stage.frozen else learn.unfreeze()
        if checkpoint is not None and start:
            learn.opt.load_state_dict(checkpoint["optimizer"])
        _one_cycle(learn, stage, start)
        checkpoint = None
    return run.load_best(network).eval()


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
    )
    if checkpoint is not None:
        return network
    if start_from is not None:
        load_weights(network, start_from)
        return network
    # Start from the base rates: the first steps need not learn that most people wear no hat.
    rate = np.clip(train_set.labels.mean(0), 0.001, 0.999)
    with torch.no_grad():
        network.head.bias.copy_(torch.from_numpy(np.log(rate / (1 - rate))))
    return network


class _Then(Callback):
    order = 80

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call

    def after_epoch(self) -> None:
        self.call()


def _one_cycle(learn: Learner, stage: Stage, start: int) -> None:
    """Do as fastai's `fit_one_cycle`, able to begin at epoch `start`."""
    rates = np.geomspace(stage.rate / stage.spread, stage.rate, 3)
    learn.opt.set_hyper("lr", rates)
    schedule = {
        "lr": combined_cos(0.25, rates / 25, rates, rates / 1e4),
        "mom": combined_cos(0.25, 0.95, 0.85, 0.95),
    }
    learn.fit(stage.epochs, cbs=ParamScheduler(schedule), start_epoch=start)


def load_weights(network: AttributeNetwork, folder: Path) -> None:
    """Load the weights of a bundle's or a run's folder into `network`, to go on from."""
    files = [Path(folder) / name for name in ("model.safetensors", "best.safetensors")]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(f"{folder} holds no weights: give the folder of a bundle or of a run.")
    try:
        network.load_state_dict(load_file(file))
    except (RuntimeError, ValueError, SafetensorError) as error:
        raise DataError(f"{file} does not fit {network.arch} with these attributes.") from error


def _last(run: Run, device: torch.device) -> dict[str, Any] | None:
    path = run.folder / "last.pt"
    return torch.load(path, map_location=device, weights_only=True) if path.exists() else None
