"""The levels: our detector, and a small finder of faces; and how each is trained."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from facelens.errors import DataError
from facelens.tasks.mask.names import NAMES
from facelens.tasks.mask.training.augment import Augmentation
from facelens.training.boxes.networks import Detector


@dataclass(frozen=True)
class Level:
    """What a detector is, and how it is trained.

    `body`: a key of `networks.TAPS`. `strides`, `width`: of the pyramid. `classes`: whether faces
    have classes. `side`: of the pictures; `sides`: in training, drawn for each batch. `frozen`:
    blocks of the body that keep their weights. `rate`: the highest, falling to nothing by a cosine
    after a short rise; `body_rate`: the body's, as a share. `ema`: how much of the training the
    average of the weights remembers, as a share. `plain`: the last share of the training, in which
    pictures stray less (Ge et al., 2021). `often`: a class in fewer photos, as a share, is drawn
    more often. `rare_power`: of a class's share in its weight. `every`: epochs between two
    measurements.
    """

    what: str
    body: str
    epochs: int
    side: int
    sides: tuple[int, ...]
    strides: tuple[int, ...] = (8, 16, 32)
    width: int = 64
    classes: bool = True
    frozen: int = 0
    rate: float = 1e-3
    body_rate: float = 0.3
    batch: int = 8
    weight_decay: float = 0.05
    ema: float = 0.03
    augmentation: Augmentation = Augmentation()  # noqa: RUF009 - frozen
    plain: float = 0.2
    often: float = 0.2
    rare_power: float = 0.5
    every: int = 1

    def make(self) -> Detector:
        """The network, with random weights."""
        return Detector(
            self.body, strides=self.strides, width=self.width,
            classes=len(NAMES) if self.classes else 0,
        )  # fmt: skip

    def strays(self, epoch: int) -> bool:
        """Whether pictures of an epoch are mosaics, and of several sides."""
        return epoch < self.epochs * (1 - self.plain)

    @property
    def calm(self) -> Augmentation:
        """How pictures of the last epochs stray."""
        low, high = self.augmentation.scale
        return replace(
            self.augmentation, mosaic=0.0, scale=(max(low, min(0.8, high)), min(high, 1.25))
        )

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Level":
        """Read back what `asdict` wrote."""
        how = dict(values["augmentation"])
        low, high = how["scale"]
        listed = {key: tuple(map(int, values[key])) for key in ("sides", "strides")}
        augmentation = Augmentation(**how | {"scale": (float(low), float(high))})
        return cls(**values | listed | {"augmentation": augmentation})


_STRONG = Augmentation(mosaic=0.5, flip=0.5, scale=(0.5, 2.0), light=0.3, grey=0.05)

LEVELS = {
    "ours": Level(
        "MobileNetV2's body, a pyramid of four levels, 416 pixels", "mobilenet_v2", 80, 416,
        (352, 416, 480), strides=(4, 8, 16, 32), frozen=4, augmentation=_STRONG, every=4,
    ),
    "small": Level(
        "a body of ten separable convolutions, no classes, 320 pixels", "small", 100, 320,
        (256, 320, 384), strides=(8, 16, 32), width=48, classes=False, rate=2e-3, body_rate=1.0,
        batch=16, augmentation=_STRONG, every=4,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """All that decides a training, as config.json keeps it.

    `fold`: which of `folds.FOLDS` of the photos is held out; None if none is.
    """

    level: str
    seed: int
    fold: int | None
    how: Level

    def asdict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Plan":
        """Read back what `asdict` wrote."""
        if values["level"] not in LEVELS:
            raise ValueError(values["level"])
        fold = values["fold"]
        return cls(
            values["level"], int(values["seed"]), None if fold is None else int(fold),
            Level.fromdict(values["how"]),
        )  # fmt: skip


def check(name: str) -> None:
    """Refuse a level that there is not."""
    if name not in LEVELS:
        raise DataError(f"There is no level {name!r}; there are {', '.join(LEVELS)}.")
