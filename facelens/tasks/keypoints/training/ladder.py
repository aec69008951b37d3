"""The ladder from the mean face to one network with heat maps, and how each level is trained."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from facelens.errors import DataError
from facelens.tasks.keypoints.marks import NAMES, SPECIALISTS, Faces
from facelens.tasks.keypoints.training.augment import Augmentation
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

Row = dict[str, str | int | float]
ALL = "all"
_AS_THEY_ARE = Augmentation()


@dataclass(frozen=True)
class Level:
    """A network and how it is trained.

    `rates`, `momenta`: the first and last of the training, linear between them, for SGD after
    Nesterov. `adam`: AdamW instead, its rate rising shortly to the first of `rates` and falling
    to nothing. `patience`: after so many epochs without a better one, stop and take the best.
    `start`: the level whose weights it starts from. `both_ways`: once trained, it answers for the
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
    "mean": Level("the mean of the training points", MeanFace, 0),
    "layer": Level("one hidden layer of 100", layer, 100, batch=32),
    "cnn": Level("three convolutions, two hidden layers of 500", cnn, 40, batch=32),
    "deep": Level(
        "twice as wide at the end, with dropout, flips, and rates that change",
        deep, 40, _FALLING, _GROWING, batch=32, augmentation=Augmentation(flip=0.5),
    ),
    "specialists": Level(
        "six of these, one for each group of points, with early stopping",
        Specialists, 8, _FALLING, _GROWING, batch=32, patience=4, start="deep",
        augmentation=Augmentation(flip=0.5),
    ),
    "augmented": Level(
        "six on pictures with other contrast, sharpened, black and white, turned",
        Specialists, 8, _FALLING, _GROWING, batch=32, patience=4, start="deep",
        augmentation=Augmentation(
            flip=0.5, rotation=15, contrast=0.5, sharpen=True, thresholds=(3, 9)
        ),
    ),
    "ours": Level(
        "heat maps; batch norm; pictures turned, shifted, scaled, lit; AdamW",
        HeatMaps, 60, (0.008, 0), batch=64, adam=True, weight_decay=0.02, both_ways=True,
        augmentation=Augmentation(flip=0.5, rotation=25, scale=0.2, shift=6, light=0.3),
    ),
}  # fmt: skip

# Beside the ladder: one network is fine-tuned as the specialists are, to try an augmentation on.
LEVELS = LADDER | {
    "trial": replace(LADDER["specialists"], what="the third level, fine-tuned", make=deep),
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


def check(name: str) -> None:
    """Refuse a level that there is not."""
    if name not in LEVELS:
        raise DataError(f"There is no level {name!r}; there are {', '.join(LADDER)}.")


def parts(network: Network) -> list[tuple[str, list[int] | None, Network]]:
    """The networks that `network` is made of: name, the points each is asked for, itself."""
    if not isinstance(network, Specialists):
        return [(ALL, None, network)]
    return [
        (group, [NAMES.index(name) for name in names], cast("Network", expert))
        for expert, (group, names) in zip(network.experts, SPECIALISTS.items(), strict=True)
    ]


def finished(network: Network, level: Level) -> nn.Module:
    """A trained network as it is to be asked."""
    return (BothWays(network) if level.both_ways else network).eval()


def predict(network: nn.Module, pictures: np.ndarray, *, batch: int = 128) -> np.ndarray:
    """The points float32 (n, 15, 2) on pictures uint8 (n, 96, 96), by a trained network."""
    device = next(iter(network.state_dict().values())).device
    with torch.inference_mode():
        answers = [network(part.to(device)).cpu() for part in as_tensor(pictures).split(batch)]
    return torch.cat(answers).numpy()


def as_tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))
