"""All that decides a training run."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from facelens.training.augment import Augmentation


@dataclass(frozen=True)
class Stage:
    """Some epochs of one-cycle with the body frozen or not.

    `sizes`: (first epoch, height, width) of the pictures, which may grow within the stage.
    `rate`: peak learning rate of the head; the early body gets `spread` times less.
    `still`: how many of the body's first modules stay as they are, their statistics too.
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
    `accumulate`: batches per step of the optimizer.
    `fine_maps`: the last stride is undone; `spread_kernels`: and the kernels after it spread;
    `narrow_kernels`: and of those from there on the middle is left alone.
    `teacher_share`: how much of what is learnt is a teacher's probability, the rest the label.
    `teacher_view`: the teacher is asked about the very pictures that the network sees.
    `unmixed`: how many epochs at the end have no mixup.
    `validate_every`: so many epochs one is measured, and the last of each stage.
    `antialias`: crops are shrunk with antialiasing, in training and in the exported graph.
    `local`, `local_cut`, `local_margin`: weight and manner of `training.local`, 0 for none.
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
    narrow_kernels: bool = False
    teacher_share: float = 0.0
    accumulate: int = 1
    teacher_view: bool = False
    unmixed: int = 0
    validate_every: int = 1
    antialias: bool = False
    local: float = 0.0
    local_cut: str = "tiles"
    local_margin: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def end(self) -> tuple[int, int]:
        """The last stage that has epochs, and its last epoch."""
        return max((i, stage.epochs - 1) for i, stage in enumerate(self.stages) if stage.epochs)

    @property
    def size(self) -> tuple[int, int]:
        """The size of the last epoch, which the exported network keeps."""
        return self.stages[-1].size(max(self.stages[-1].epochs - 1, 0))

    @property
    def costs(self) -> list[float]:
        """What each epoch takes beside the others: its pixels, half if the body is frozen."""
        return [
            math.prod(stage.size(epoch)) * (0.5 if stage.frozen else 1.0)
            for stage in self.stages
            for epoch in range(stage.epochs)
        ]

    def number(self, stage: int, epoch: int) -> int:
        """How many epochs of the run come before one."""
        return sum(each.epochs for each in self.stages[:stage]) + epoch

    def mixes(self, stage: int, epoch: int) -> bool:
        """Whether an epoch has mixup."""
        last, end = self.end
        return self.mixup > 0 and not (stage == last and epoch > end - self.unmixed)

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
