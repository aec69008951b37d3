"""The training of the finder: pictures drawn anew in every epoch, one network, resumable."""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.optimizer import OptimWrapper
from torch import Tensor, nn

from facelens.data import parquet
from facelens.data.boxes import BoxedPhoto, boxed_photos, folds
from facelens.errors import DataError
from facelens.training.boxes.losses import DetectionLoss
from facelens.training.boxes.networks import Detector
from facelens.training.callbacks import Average, HalfPrecision
from facelens.training.data import split_files
from facelens.training.finder.grounds import read_grounds
from facelens.training.finder.paste import COLUMNS, Scene, scene
from facelens.training.fit import fit
from facelens.training.record import Record
from facelens.training.run import Run, open_as

FOLDS = 5
HELD = 0  # the fold of the boxed photos that is not learnt from
STRIDES = (8, 16, 32)
LANDMARKS = 5
_WARM_UP = 0.03  # of the training
_MOST = 60  # faces of a picture that are learnt from

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """All settings of one training.

    `epochs` of `steps` batches. `side`: of the pictures, in pixels; `last_side` in the last fifth.
    `boxed`: share of pictures that are photos with boxed faces. `ema`: how much of the training the
    average of the weights remembers, as a share. `crops`: faces that are pasted, at most.
    """

    epochs: int = 60
    steps: int = 100
    batch: int = 16
    side: int = 256
    last_side: int = 320
    width: int = 64
    boxed: float = 0.35
    rate: float = 3e-3
    weight_decay: float = 0.02
    ema: float = 0.04
    crops: int = 16_000
    seed: int = 0

    def asdict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Recipe":
        """Read back what `asdict` wrote."""
        return cls(**values)

    def make(self) -> Detector:
        """The network, with random weights."""
        return Detector("finder", strides=STRIDES, width=self.width, classes=0, landmarks=LANDMARKS)

    def side_at(self, epoch: int) -> int:
        """The side of an epoch's pictures."""
        return self.side if epoch < 0.8 * self.epochs else self.last_side


@dataclass(frozen=True, eq=False)
class Material:
    """What pictures are made of.

    `crops`: uint8 (218, 178, 3), aligned faces. `photos`: with boxes. `grounds`: without faces,
    a list for each folder.
    """

    crops: Sequence[np.ndarray]
    photos: Sequence[Scene]
    grounds: Sequence[Sequence[np.ndarray]]

    def draw(self, side: int, boxed: float, random: np.random.Generator) -> Scene:
        """A training picture."""
        photo = None
        if self.photos and random.random() < boxed:
            photo = self.photos[int(random.integers(len(self.photos)))]
        return scene(self.crops, self.grounds, side, random, photo)


def read_material(
    data: Sequence[Path], masks: Path | None, grounds: Sequence[Path], recipe: Recipe
) -> Material:
    """Read aligned training crops, the boxed photos that are not held out, and the grounds."""
    crops = read_crops(data, "train", recipe.crops)
    photos = boxed_photos(masks, "train") if masks else []
    out = folds(photos, FOLDS) == HELD if photos else np.zeros(0, bool)
    kept = [photo for photo, held in zip(photos, out, strict=True) if not held]
    return Material(crops, [as_scene(photo) for photo in kept], read_grounds(grounds))


def read_crops(data: Sequence[Path], split: str, limit: int) -> list[np.ndarray]:
    """Read the first `limit` aligned crops of a split."""
    crops: list[np.ndarray] = []
    for file in split_files(list(data), split):
        for row in parquet.images(file, []):
            if len(crops) == limit:
                return crops
            crops.append(row.pixels(file))
    if not crops:
        raise DataError(f"There is no face in {', '.join(map(str, data))}.")
    return crops


def held_photos(masks: Path) -> list[BoxedPhoto]:
    """The boxed training photos that are held out."""
    photos = boxed_photos(masks, "train")
    return [photo for photo, held in zip(photos, folds(photos, FOLDS) == HELD, strict=True) if held]


def as_scene(photo: BoxedPhoto) -> Scene:
    """A photo whose faces' landmarks nobody knows."""
    faces = np.full((len(photo.boxes), COLUMNS), np.nan, np.float32)
    faces[:, 0], faces[:, 1:5] = 0, photo.boxes
    return Scene(photo.pixels, faces)


class Batches:
    """`recipe.steps` batches an epoch: pictures uint8 (n, 3, side, side), and targets."""

    def __init__(self, material: Material, recipe: Recipe) -> None:
        self.material, self.recipe, self.epoch = material, recipe, 0

    def __len__(self) -> int:
        return self.recipe.steps

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        recipe = self.recipe
        random = np.random.default_rng([recipe.seed, self.epoch])
        side = recipe.side_at(self.epoch)
        for _ in range(recipe.steps):
            yield collate(
                [self.material.draw(side, recipe.boxed, random) for _ in range(recipe.batch)]
            )


def collate(pictures: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """A batch; faces are filled up by ones of class -1."""
    most = max(1, min(max(len(picture.faces) for picture in pictures), _MOST))
    targets = np.full((len(pictures), most, COLUMNS), -1, np.float32)
    for target, picture in zip(targets, pictures, strict=True):
        faces = picture.faces[:most]
        target[: len(faces)] = faces
    stacked = torch.from_numpy(np.stack([picture.pixels for picture in pictures]))
    return stacked.permute(0, 3, 1, 2), torch.from_numpy(targets)


class Draw(Callback):
    """Every epoch draws anew from the seed: a resumed run draws as an unbroken one does."""

    order = -30

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def before_epoch(self) -> None:
        self.batches.epoch = self.epoch
        torch.manual_seed(self.batches.recipe.seed * 10_000 + self.epoch)


class FinderRun(Run[Recipe]):
    """The run of a finder: best.safetensors has its averaged weights, those of the last epoch."""

    def save_last(self, state: Any) -> None:
        """Write the checkpoint, and the averaged weights as best.safetensors."""
        self.save_weights("best", state.get("average", state["model"]))
        super().save_last(state)


def open_run(folder: Path, recipe: Recipe | None = None, **about: Any) -> FinderRun:
    """Open the run in `folder`; make it where there is none."""
    run = open_as(Recipe, folder, recipe, **about)
    return FinderRun(run.folder, run.recipe)


def train(material: Material, recipe: Recipe, run: FinderRun | None = None) -> Detector:
    """Train a finder, resuming `run` if there is one; return it with its averaged weights."""
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = recipe.make().to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = Batches(material, recipe)
    average = Average(1 - 1 / max(recipe.ema * recipe.epochs * recipe.steps, 1))
    fit(
        network,
        (batches, []),
        epochs=recipe.epochs,
        loss=DetectionLoss([]).to(device),
        optimizer=partial(OptimWrapper, opt=partial(torch.optim.AdamW, fused=True)),
        splitter=_split,
        schedule={"lr": partial(_rate, recipe.rate)},
        record=Record(_measure, run),
        device=device,
        callbacks=[Draw(batches), HalfPrecision()],
        average=average,
        weight_decay=(recipe.weight_decay, 0.0),
        checkpoint=run.load_last(device) if run else None,
        progress=bool(run),
    )
    network.load_state_dict(average.weights)
    return network.cpu().eval()


def _measure(losses: Tensor, _: Tensor, __: int) -> dict[str, Any]:
    return {"train_loss": round(losses.mean().item(), 5)}


def _rate(highest: float, done: float) -> float:
    return highest * min(done / _WARM_UP, 1) * (1 + math.cos(math.pi * done)) / 2


def _split(network: nn.Module) -> list[list[nn.Parameter]]:
    """Kernels, which decay, and biases and norms, which do not."""
    every = list(network.parameters())
    return [[p for p in every if (p.ndim > 1) == decays] for decays in (True, False)]
