"""The ladder from the commonest class to one residual network, and how each rung is trained."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from facelens.errors import DataError
from facelens.tasks.expression.names import NAMES
from facelens.tasks.expression.training.augment import Augmentation, as_input
from facelens.tasks.expression.training.networks import CLASSES

NEUTRAL = NAMES.index("neutral")
_AS_THEY_ARE = Augmentation()


@dataclass(frozen=True)
class Level:
    """How a network of `networks.MAKERS` is trained.

    `rate`: the highest, falling to nothing by a cosine after a short rise. `sgd`: Nesterov's
    momentum of 0.9 instead of AdamW. `sizes`: of the pictures, from which share of the training
    on. `mixup`: the parameter of the beta distribution, 0 for none, and none in the last `unmixed`
    of the training. `smoothing`: of the targets. `ema`: decay of the average of the weights, 0 for
    none. `both_ways`: asked, it answers for the picture and its mirror image, and gives the mean.
    `yes_no`: it answers one question, neutral or not. `start`: it begins as a face network.
    """

    rung: int
    what: str
    epochs: int
    rate: float = 1e-3
    batch: int = 128
    sgd: bool = False
    weight_decay: float = 0.0
    augmentation: Augmentation = _AS_THEY_ARE
    sizes: tuple[tuple[float, int], ...] = ((0.0, 48),)
    mixup: float = 0.0
    unmixed: float = 0.0
    smoothing: float = 0.0
    ema: float = 0.0
    both_ways: bool = False
    yes_no: bool = False
    start: bool = False

    def size(self, epoch: int) -> int:
        """The side of the training pictures of an epoch, in pixels."""
        done = epoch / max(self.epochs, 1)
        return next(size for share, size in reversed(self.sizes) if done >= share)

    def mixes(self, epoch: int) -> bool:
        """Whether pictures of an epoch are mixed."""
        return self.mixup > 0 and epoch < self.epochs * (1 - self.unmixed)

    def targets(self, labels: Tensor) -> Tensor:
        """What the network is to answer: float (n, outputs), not smoothed."""
        if self.yes_no:
            return (labels == NEUTRAL).float()[:, None]
        return nn.functional.one_hot(labels, CLASSES).float()

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy, of one yes or no or of all classes."""
        if self.yes_no:
            return nn.functional.binary_cross_entropy_with_logits(logits, targets)
        smooth = targets * (1 - self.smoothing) + self.smoothing / CLASSES
        return -(smooth * logits.log_softmax(1)).sum(1).mean()

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Level":
        """Read back what `asdict` wrote."""
        sizes = tuple((float(share), int(size)) for share, size in values["sizes"])
        return cls(
            **values | {"sizes": sizes, "augmentation": Augmentation(**values["augmentation"])}
        )


_STRONG = Augmentation(flip=0.5, rotation=15, scale=0.15, shift=4, light=0.3, erase=0.5)

LEVELS = {
    "commonest": Level(0, "the commonest class", 0),
    "neutral": Level(
        1, "one convolution, a layer of 128, one sigmoid: neutral or not", 10, yes_no=True
    ),
    "seven": Level(2, "the same with seven classes and softmax", 10),
    "deep": Level(3, "four convolutions, no dropout", 30),
    "dropout": Level(3, "four convolutions with dropout", 60),
    "ours": Level(
        4, "a residual network: crops, flips, MixUp, label smoothing, EMA, test-time flips",
        120, 0.1, sgd=True, weight_decay=5e-4, augmentation=_STRONG, sizes=((0.0, 36), (0.5, 48)),
        mixup=0.3, unmixed=0.1, smoothing=0.1, ema=0.999, both_ways=True,
    ),
    "transfer": Level(
        5, "the face network's body, fine-tuned the same way",
        12, 1e-3, batch=64, weight_decay=0.05, augmentation=_STRONG, sizes=((0.0, 36), (0.5, 48)),
        mixup=0.2, unmixed=0.1, smoothing=0.1, ema=0.999, both_ways=True, start=True,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """All that decides a training, as config.json keeps it."""

    level: str
    seed: int
    how: Level

    def asdict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Plan":
        """Read back what `asdict` wrote."""
        if values["level"] not in LEVELS:
            raise ValueError(values["level"])
        return cls(values["level"], int(values["seed"]), Level.fromdict(values["how"]))


def check(name: str) -> None:
    """Refuse a level that there is not."""
    if name not in LEVELS:
        raise DataError(f"There is no level {name!r}; there are {', '.join(LEVELS)}.")


def predict(
    network: nn.Module, pictures: np.ndarray, *, both_ways: bool = False, batch: int = 256
) -> np.ndarray:
    """Logits float32 (n, outputs) on pictures uint8 (n, 48, 48), by a trained network."""
    device = next(iter(network.state_dict().values())).device
    network.eval()
    answers = []
    with torch.inference_mode():
        for part in torch.from_numpy(np.ascontiguousarray(pictures)).split(batch):
            x = as_input(part.to(device))
            logits = network(x)
            if both_ways:
                logits = (logits + network(x.flip(3))) / 2
            answers.append(logits.float().cpu())
    return torch.cat(answers).numpy()
