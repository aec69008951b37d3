"""The ladder from the mean face to one network with heat maps, and how each rung is trained."""

import copy
import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from facelens.errors import DataError
from facelens.tasks.keypoints.marks import NAMES, SPECIALISTS, Faces, mean_face, rmse
from facelens.tasks.keypoints.training.augment import Augmentation, augment
from facelens.tasks.keypoints.training.networks import (
    BothWays,
    HeatMaps,
    MeanFace,
    Network,
    Specialists,
    cnn,
    deep,
    layer,
)
from facelens.training.callbacks import has_bf16

log = logging.getLogger(__name__)

Row = dict[str, str | int | float]
ALL = "all"
_WARM_UP = 0.1
_AS_THEY_ARE = Augmentation()


@dataclass(frozen=True)
class Step:
    """A rung: a network and how it is trained.

    `rates`, `momenta`: the first and last of the training, linear between them, for SGD after
    Nesterov. `adam`: AdamW instead, its rate rising shortly to the first of `rates` and falling
    to nothing. `patience`: after so many epochs without a better one, stop and take the best.
    `start`: the rung whose weights are gone on from. `both_ways`: once trained, it answers for the
    picture and for its mirror image, and gives their mean.
    """

    what: str
    make: Callable[[], Network]
    epochs: int
    rates: tuple[float, float] = (0.01, 0.01)
    momenta: tuple[float, float] = (0.9, 0.9)
    batch: int = 128
    adam: bool = False
    weight_decay: float = 0.0
    augmentation: Augmentation = _AS_THEY_ARE
    patience: int | None = None
    start: str | None = None
    both_ways: bool = False


_FALLING, _GROWING = (0.03, 0.001), (0.9, 0.999)

LADDER = {
    "mean": Step("the mean of the training points", MeanFace, 0),
    "layer": Step("one hidden layer of 100", layer, 100, batch=32),
    "cnn": Step("three convolutions, two hidden layers of 500", cnn, 40, batch=32),
    "deep": Step(
        "twice as wide at the end, with dropout, flips, and rates that change",
        deep, 40, _FALLING, _GROWING, batch=32, augmentation=Augmentation(flip=0.5),
    ),
    "specialists": Step(
        "six of these, one for each group of points, with early stopping",
        Specialists, 8, _FALLING, _GROWING, batch=32, patience=4, start="deep",
        augmentation=Augmentation(flip=0.5),
    ),
    "augmented": Step(
        "six on pictures with other contrast, sharpened, black and white, turned",
        Specialists, 8, _FALLING, _GROWING, batch=32, patience=4, start="deep",
        augmentation=Augmentation(
            flip=0.5, rotation=15, contrast=0.5, sharpen=True, thresholds=(3, 9)
        ),
    ),
    "ours": Step(
        "heat maps; batch norm; pictures turned, shifted, scaled, lit; AdamW",
        HeatMaps, 60, (0.008, 0), batch=64, adam=True, weight_decay=0.02, both_ways=True,
        augmentation=Augmentation(flip=0.5, rotation=25, scale=0.2, shift=6, light=0.3),
    ),
}  # fmt: skip

# Beside the ladder: one network goes on as the specialists do, to try an augmentation on.
STEPS = LADDER | {
    "trial": replace(LADDER["specialists"], what="the third rung, going on", make=deep),
}


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network and its learning curves.

    `curves`: a row an epoch: network ("all" or the specialist's group), epoch from 1, train and
    valid RMSE in pixels, the first on pictures as they were changed, and minutes since its start.
    """

    name: str
    network: nn.Module
    curves: list[Row] = field(default_factory=list)

    @property
    def minutes(self) -> float:
        """What the training cost, less the time that it was interrupted."""
        last = {row["network"]: float(row["minutes"]) for row in self.curves}
        return sum(last.values())


def hold_out(faces: Faces, share: float = 0.15, seed: int = 0) -> tuple[Faces, Faces]:
    """Split by people: the rest, and the faces of a `share` of the people."""
    people = np.unique(faces.people)
    count = round(share * len(people))
    if not 0 < count < len(people):
        raise DataError(f"{len(people)} people are too few to hold out {share:.0%} of them.")
    chosen = np.random.default_rng(seed).permutation(people)[:count]
    held = np.isin(faces.people, chosen)
    return faces.take(~held), faces.take(held)


def train(
    name: str,
    faces: Faces,
    valid: Faces,
    *,
    seed: int = 0,
    step: Step | None = None,
    epochs: int | None = None,
    start: Network | None = None,
    device: str | None = None,
    keep: Callable[[str, Network, list[Row]], None] | None = None,
    kept: Mapping[str, tuple[dict[str, Tensor], list[Row]]] | None = None,
) -> Trained:
    """Train the rung `name` of the `LADDER`.

    Args:
        valid: faces of other people, as `hold_out` gives, for the curves and early stopping.
        step: the rung where it is another than the ladder's, as with one augmentation alone.
        epochs: at most so many, instead of the rung's own.
        start: the network to go on from where the rung needs one.
        keep: gets each network that is trained, by the name it has in the curves.
        kept: the weights and curves of those that need no training any more.
    """
    check(name)
    if set(faces.people) & set(valid.people):
        raise DataError("The same people are in training and validation; use `hold_out`.")
    if not (np.isfinite(faces.points).any() and np.isfinite(valid.points).any()):
        raise DataError("No point is marked on these faces; Kaggle's test.csv has none.")
    step = step or STEPS[name]
    if step.start and start is None:
        raise DataError(f"{name} goes on from {step.start}: train that first.")
    torch.manual_seed(seed)
    network = step.make()
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    network.to(chosen)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time
    fit = _Fit(step, faces, valid, seed, epochs or step.epochs, chosen)
    curves: list[Row] = []
    if isinstance(network, MeanFace):
        network.face.copy_(torch.from_numpy(mean_face(faces)))
    for part, points, expert in parts(network):
        if kept and part in kept:
            weights, rows = kept[part]
            expert.load_state_dict(weights)
        else:
            if start is not None:
                expert.load_state_dict(start.state_dict())
            rows = fit(expert, part, points)
            if keep:
                keep(part, expert, rows)
        curves += rows
    return Trained(name, finished(network, step), curves)


def check(name: str) -> None:
    """Refuse a rung that there is not."""
    if name not in STEPS:
        raise DataError(f"There is no rung {name!r}; there are {', '.join(LADDER)}.")


def parts(network: Network) -> list[tuple[str, list[int] | None, Network]]:
    """The networks that `network` is made of: name, the points each is asked for, itself."""
    if not isinstance(network, Specialists):
        return [(ALL, None, network)]
    return [
        (group, [NAMES.index(name) for name in names], cast("Network", expert))
        for expert, (group, names) in zip(network.experts, SPECIALISTS.items(), strict=True)
    ]


def finished(network: Network, step: Step) -> nn.Module:
    """A trained network as it is to be asked."""
    return (BothWays(network) if step.both_ways else network).eval()


def predict(network: nn.Module, pictures: np.ndarray, *, batch: int = 128) -> np.ndarray:
    """The points float32 (n, 15, 2) on pictures uint8 (n, 96, 96), by a trained network."""
    device = next(iter(network.state_dict().values())).device
    with torch.inference_mode():
        answers = [network(part.to(device)).cpu() for part in _tensor(pictures).split(batch)]
    return torch.cat(answers).numpy()


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


@dataclass(frozen=True)
class _Fit:
    """Trains networks by one step on the same faces, which lie in the device's memory."""

    step: Step
    faces: Faces
    valid: Faces
    seed: int
    epochs: int
    device: torch.device

    def __call__(
        self, network: Network, group: str = ALL, points: list[int] | None = None
    ) -> list[Row]:
        """Train `network` on these `points`, all if none are given; return its curves."""
        if not self.epochs:
            return []
        began = time.monotonic()
        step = self.step
        generator = torch.Generator().manual_seed(self.seed)
        pictures = _tensor(self.faces.pictures).to(self.device)
        truth = _tensor(_only(self.faces.points, points)).to(self.device)
        looked_at = _tensor(self.valid.pictures).to(self.device).split(2 * step.batch)
        seen = _only(self.valid.points, points)
        batches = max(len(pictures) // step.batch, 1)
        optimiser = _optimiser(step, network)
        curves: list[Row] = []
        best, kept, waited = math.inf, None, 0
        for epoch in range(self.epochs):
            network.train()
            total, count = 0.0, 0
            order = torch.randperm(len(pictures), generator=generator)
            for i, rows in enumerate(order[: batches * step.batch].chunk(batches)):
                _set(optimiser, step, (epoch + i / batches) / self.epochs)
                x, y = augment(
                    pictures[rows.to(self.device)], truth[rows.to(self.device)],
                    step.augmentation, generator,
                )  # fmt: skip
                features = self._features(network, x)
                answer = network.answer(features)
                optimiser.zero_grad()
                network.loss(features, answer, y).backward()
                optimiser.step()
                known = y.isfinite()
                total += float((answer.detach() - y)[known].square().sum())
                count += int(known.sum())
            network.eval()
            with torch.no_grad():
                answers = [network.answer(self._features(network, x)) for x in looked_at]
            error = rmse(torch.cat(answers).cpu().numpy(), seen)
            curves.append(
                {
                    "network": group,
                    "epoch": epoch + 1,
                    "train": math.sqrt(total / max(count, 1)),
                    "valid": error,
                    "minutes": (time.monotonic() - began) / 60,
                }
            )
            log.info(
                "%s: epoch %d of %d, %.2f px in training, %.2f px on others",
                group, epoch + 1, self.epochs, curves[-1]["train"], error,
            )  # fmt: skip
            if step.patience is None:
                continue
            if error < best:
                best, kept, waited = error, copy.deepcopy(network.state_dict()), 0
            elif (waited := waited + 1) >= step.patience:
                break
        if kept is not None:
            network.load_state_dict(kept)
        return curves

    def _features(self, network: Network, pictures: Tensor) -> Tensor:
        half = has_bf16(self.device)
        with torch.autocast(self.device.type, torch.bfloat16) if half else nullcontext():
            return network.features(pictures).float()


def _only(points: np.ndarray, wanted: list[int] | None) -> np.ndarray:
    """Hide all points but those that are `wanted`."""
    if wanted is None:
        return points
    hidden = np.full_like(points, np.nan)
    hidden[:, wanted] = points[:, wanted]
    return hidden


def _optimiser(step: Step, network: nn.Module) -> torch.optim.Optimizer:
    if step.adam:
        return torch.optim.AdamW(network.parameters(), weight_decay=step.weight_decay)
    return torch.optim.SGD(
        network.parameters(), momentum=step.momenta[0], nesterov=True, fused=True
    )


def _set(optimiser: torch.optim.Optimizer, step: Step, done: float) -> None:
    """Set rate and momentum for when a share `done` of the training is over."""
    for group in optimiser.param_groups:
        if step.adam:
            group["lr"] = (
                step.rates[0] * min(done / _WARM_UP, 1) * (1 + math.cos(math.pi * done)) / 2
            )
        else:
            for key, (first, last) in (("lr", step.rates), ("momentum", step.momenta)):
                group[key] = first + (last - first) * done
