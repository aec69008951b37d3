"""Pictures for an experiment, by Facelens' augmentation or fastai's, and each step's seconds."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from facelens.training.augment import normalise
from facelens.training.callbacks import Preprocess
from facelens.training.recipe import Recipe


class Timed(Preprocess):
    """Turn crops into pictures by Facelens' augmentation or fastai's; note each step's seconds."""

    def __init__(
        self,
        recipe: Recipe,
        stage: int,
        steps: list[float],
        augmentation: str | dict[str, Any] = "facelens",
    ) -> None:
        super().__init__(recipe, stage)
        self.steps, self.began = steps, 0.0
        self.change = fastai_augment(augmentation) if isinstance(augmentation, dict) else None

    def before_fit(self) -> None:
        self.learn.logger = lambda _: None  # without a progress bar fastai prints every epoch

    def before_epoch(self) -> None:
        super().before_epoch()
        # fastai draws from torch's own generator: an epoch begins the same in a resumed run.
        torch.manual_seed(self.draw.initial_seed())

    def before_train(self) -> None:
        self.began = 0.0

    def before_batch(self) -> None:
        self._tick()
        if self.change is None or not self.training:
            super().before_batch()
            return
        size = self.recipe.stages[self.stage].size(self.epoch)
        pictures = self.change(self.x, size)
        self.learn.xb = (pictures.contiguous(memory_format=torch.channels_last),)

    def after_train(self) -> None:
        self._tick()

    def _tick(self) -> None:
        """A step lasts from one batch to the next: reading, growing, learning."""
        if not self.learn.training:
            return
        now = time.perf_counter()
        if self.began:
            self.steps.append(now - self.began)
        self.began = now


def fastai_augment(how: dict[str, Any]) -> Callable[[Tensor, tuple[int, int]], Tensor]:
    """Do fastai's own `aug_transforms(**how)`, from crops uint8 (n, 218, 178, 3) to pictures."""
    from fastai.vision.augment import aug_transforms
    from fastai.vision.core import TensorImage

    transforms = aug_transforms(**how)

    def change(crops: Tensor, size: tuple[int, int]) -> Tensor:
        pixels = crops.permute(0, 3, 1, 2).float() / 255
        pixels = F.interpolate(pixels, size, mode="bilinear", align_corners=False)
        image = TensorImage(pixels)
        for transform in transforms:
            image = transform(image, split_idx=0)
        return normalise(Tensor(image.as_subclass(Tensor)).clamp(0, 1))

    return change
