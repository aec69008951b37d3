"""What every notebook begins with: where the faces and runs lie, on what it computes, how large."""

import logging
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch

from facelens.files import cache_folder
from facelens.training.data import Store, open_store
from facelens.training.recipe import Recipe
from facelens.training.run import Run, open_run
from facelens.training.start import facts

T = TypeVar("T")
_SLICE = {"train": 384, "valid": 192, "test": 192}


@dataclass(frozen=True)
class Lesson:
    """Where a notebook's faces and runs lie.

    `data`: folder with train-*.parquet, valid-*.parquet and test-*.parquet.
    `quick`: the notebook tries its steps on a slice, in a minute or so on a CPU.
    """

    data: Path
    cache: Path
    runs: Path
    device: str
    quick: bool

    def pick(self, full: T, *, quick: T) -> T:
        """`full`, or `quick` where the notebook runs on a slice."""
        return quick if self.quick else full

    @cached_property
    def train(self) -> Store:
        """The training faces."""
        return self._open("train")

    @cached_property
    def valid(self) -> Store:
        """The validation faces, on which everything is chosen."""
        return self._open("valid")

    @cached_property
    def test(self) -> Store:
        """The test faces, on which nothing is chosen."""
        return self._open("test")

    @property
    def keypoints(self) -> Path:
        """The folder of faces with fifteen points."""
        return self.data.parent / "keypoints"

    @property
    def expressions(self) -> Path:
        """The folder of faces with one of seven expressions."""
        return self.data.parent / "expressions"

    @property
    def masks(self) -> Path:
        """The folder of photos with boxed faces."""
        return self.data.parent / "masks"

    @property
    def start(self) -> dict[str, Any]:
        """Where networks start, for `train` and `build`: ImageNet, or random on a slice."""
        return {"from_scratch": self.quick}

    def run(self, name: str, recipe: Recipe, train: Store | None = None) -> Run[Recipe]:
        """The run `name` of a recipe, by default over all training faces, that starts as `start`.

        It says on what it was trained, which its model card repeats.
        """
        weights = "random" if self.start["from_scratch"] else "ImageNet"
        return open_run(self.runs / name, recipe, **facts(train or self.train, self.valid, weights))

    def _open(self, split: str) -> Store:
        limit = _SLICE[split] if self.quick else None
        return open_store(self.data, split, cache=self.cache, limit=limit)


def start(data: Path | str | None = None) -> Lesson:
    """Begin a lesson: say what is where, and draw in Facelens' style.

    Args:
        data: folder of CelebA's parquet files; without it celeba/ under `FACELENS_DATA`, or
            data/celeba beside notebooks/. Lesson 1 fetches them.

    `FACELENS_RUNS` names another folder for runs than runs/ there, `FACELENS_CACHE` one for
    decoded pictures; `FACELENS_QUICK=1` tries the lesson on a slice.
    """
    from facelens.lessons import plots

    checkout = Path(__file__).parents[2]
    home = checkout if (checkout / "notebooks").is_dir() else Path.cwd()
    folder = Path(data or Path(os.environ.get("FACELENS_DATA", home / "data")) / "celeba")
    runs = Path(os.environ.get("FACELENS_RUNS", home / "runs"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    quick = os.environ.get("FACELENS_QUICK", "0") not in ("", "0")
    logging.getLogger("facelens").setLevel(logging.INFO)
    plots.style()
    return Lesson(folder, cache_folder(), runs, device, quick)
