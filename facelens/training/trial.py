"""What a table of training runs is made of: its trials, their settings, the faces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facelens.training.data import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Row = dict[str, str]


SPLITS = {
    "apart": "official split: people apart",
    "shared": "the same faces, people shared",
    "random": "random 80/20, as published",
}


@dataclass(frozen=True)
class Settings:
    """How large an experiment is; what is None, the experiment knows.

    `size`: height and width of the pictures. `limit`: how many training faces, and at most as many
    validation and test faces. `weights`: where networks start: "imagenet", "random", or "cached",
    from ImageNet where the weights are on this machine and from random ones elsewhere.
    """

    size: tuple[int, int] = (224, 192)
    limit: int | None = None
    epochs: int | None = None
    seeds: int | None = None
    batch_size: int = 64
    arch: str = "resnet50"
    weights: str = "imagenet"
    device: str | None = None


@dataclass(frozen=True)
class Trial:
    """One configuration of a table.

    `attributes`: those that are learnt, all if none is named. `people`: "all", "men" or "women"
    by the label Male. `split`: "official", or one of `SPLITS`. `augmentation`: settings of
    fastai's `aug_transforms`, or "facelens" or "none". `against`: the trial to compare with, on
    the same faces. `schedule`: "one-cycle" over all layers, or "published", frozen and then not.
    """

    name: str
    arch: str | None = None
    attributes: tuple[str, ...] = ()
    people: str = "all"
    split: str = "official"
    augmentation: str | dict[str, Any] = "facelens"
    against: str | None = None
    fine_maps: bool = True
    schedule: str = "one-cycle"
    head: str = "linear"


@dataclass(frozen=True)
class Experiment:
    """A table: what it asks, its configurations, its plot, how large it is as published."""

    name: str
    what: str
    trials: tuple[Trial, ...]
    draw: Callable[[Sequence[Row]], "Figure"]
    epochs: int = 1
    seeds: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class Faces:
    """What a trial learns from, and what it is measured on."""

    train: Store
    valid: Store
    test: Store

    def counts(self) -> dict[str, int]:
        return {f"{split}_images": len(getattr(self, split)) for split in SPLIT_NAMES}


SPLIT_NAMES = ("train", "valid", "test")
