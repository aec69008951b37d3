"""Photos as a training sees them: decoded once, drawn anew in every epoch."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from fastai.callback.core import Callback
from torch import Tensor

from facelens.data.boxes import BoxedPhoto
from facelens.tasks.mask.model import letterbox
from facelens.tasks.mask.names import NAMES
from facelens.tasks.mask.training.augment import Augmentation, Labelled, mosaic, single
from facelens.tasks.mask.training.ladder import Level

_LARGEST = 800  # pixels; of a larger photo nothing more would be seen
_MOST = 200  # faces of a training picture that are learnt from


def decode(photos: Sequence[BoxedPhoto], largest: int = _LARGEST) -> list[Labelled]:
    """Decode photos, scaled down to `largest` pixels a side at most."""
    return [_decoded(photo, largest) for photo in photos]


def _decoded(photo: BoxedPhoto, largest: int) -> Labelled:
    pixels, scale = photo.pixels, 1.0
    if max(pixels.shape) > largest:
        scale = largest / max(pixels.shape)
        size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    classes = np.array([NAMES.index(label) for label in photo.labels], np.float32)[:, None]
    return Labelled(pixels, np.concatenate([classes, photo.boxes * scale], 1).astype(np.float32))


def class_weights(photos: Sequence[Labelled], power: float) -> list[float]:
    """The rarer a class, the more it weighs: its share to the power -`power`, 1 for a mean box."""
    counts = np.bincount(
        np.concatenate([photo.faces[:, 0] for photo in photos]).astype(int), minlength=len(NAMES)
    )
    weights = (np.maximum(counts, 1) / max(counts.sum(), 1)) ** -power
    return (weights / max((weights * counts).sum() / max(counts.sum(), 1), 1e-9)).tolist()


def repeats(photos: Sequence[Labelled], often: float) -> np.ndarray:
    """How often a photo is drawn: as its rarest class asks for (Gupta et al., 2019, LVIS).

    A class that is in fewer than the share `often` of the photos is drawn more often, by the square
    root of how much fewer; 1 for the rest.
    """
    there = np.array(
        [[(photo.faces[:, 0] == i).any() for i in range(len(NAMES))] for photo in photos]
    )
    shares = np.maximum(there.mean(0), 1e-6)
    of_class = np.maximum(1, np.sqrt(often / shares))
    return np.where(there, of_class, 1).max(1)


class Batches:
    """Shuffled training batches: pictures uint8 (n, 3, side, side), and targets (n, faces, 5)."""

    def __init__(self, photos: Sequence[Labelled], level: Level, seed: int) -> None:
        self.photos, self.level, self.seed, self.epoch = photos, level, seed, 0
        self.repeats = repeats(photos, level.often)

    def __len__(self) -> int:
        return max(len(self.photos) // self.level.batch, 1)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        level = self.level
        how = level.augmentation if level.strays(self.epoch) else level.calm
        times = (self.repeats + rng.random(len(self.photos))).astype(int)
        order = rng.permutation(np.repeat(np.arange(len(self.photos)), times))
        for start in range(0, len(self) * level.batch, level.batch):
            rows = order[start : start + level.batch]
            side = int(rng.choice(level.sides)) if level.strays(self.epoch) else level.side
            yield collate([self._picture(row, side, how, rng) for row in rows])

    def _picture(
        self, row: int, side: int, how: Augmentation, rng: np.random.Generator
    ) -> Labelled:
        if rng.random() >= how.mosaic:
            return single(self.photos[row], side, how, rng)
        others = rng.integers(len(self.photos), size=3)
        four = [self.photos[i] for i in rng.permutation([row, *others])]
        return mosaic(four, side, how, rng)


class Draw(Callback):
    """Every epoch draws anew from the seed: a resumed run draws as an unbroken one does."""

    order = -30

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def before_epoch(self) -> None:
        self.batches.epoch = self.epoch
        torch.manual_seed(self.batches.seed * 10_000 + self.epoch)


def whole(photos: Sequence[Labelled], side: int, batch: int) -> list[tuple[Tensor, Tensor]]:
    """Validation batches: every photo whole, scaled to `side`."""
    ready = []
    for photo in photos:
        pixels, scale = letterbox(photo.pixels, side, square=True)
        ready.append(Labelled(pixels, photo.faces * np.array([1, *[scale] * 4], np.float32)))
    return [collate(ready[i : i + batch]) for i in range(0, len(ready), batch)]


def collate(pictures: Sequence[Labelled]) -> tuple[Tensor, Tensor]:
    """A batch; faces are filled up by ones of class -1."""
    most = max(1, min(max(len(picture.faces) for picture in pictures), _MOST))
    targets = np.full((len(pictures), most, 5), -1, np.float32)
    for target, picture in zip(targets, pictures, strict=True):
        faces = picture.faces[:most]
        target[: len(faces)] = faces
    stacked = torch.from_numpy(np.stack([picture.pixels for picture in pictures]))
    return stacked.permute(0, 3, 1, 2), torch.from_numpy(targets)
