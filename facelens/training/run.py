"""A run directory: recipe, versions, history, checkpoints; resumed where it exists."""

import json
import logging
import pickle
import platform
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastai
import numpy as np
import torch
import torchvision
from fastai.learner import Learner
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from facelens.errors import DataError
from facelens.files import atomic_write
from facelens.tables import read_records, write_records
from facelens.training import processes
from facelens.training.network import AttributeNetwork
from facelens.training.recipe import Recipe

log = logging.getLogger(__name__)

RESUME = "Make room and give the same command again: it goes on after the last whole epoch."


@dataclass(frozen=True)
class Run:
    """A folder with a run's recipe, versions, history, last checkpoint and best weights."""

    folder: Path
    recipe: Recipe

    @property
    def about(self) -> dict[str, Any]:
        """What `config.json` says besides the recipe: data, start, versions."""
        return json.loads((self.folder / "config.json").read_text())

    @property
    def history(self) -> list[dict[str, str]]:
        path = self.folder / "history.csv"
        return read_records(path) if path.exists() else []

    def add_row(self, row: dict[str, Any]) -> None:
        rows = [
            r for r in self.history
            if (int(r["stage"]), int(r["epoch"])) < (row["stage"], row["epoch"])
        ]  # fmt: skip
        write_records(self.folder / "history.csv", [*rows, row], advice=RESUME)
        log.info("%s", row)

    def save(
        self,
        learn: Learner,
        stage: int,
        epoch: int,
        average: dict[str, torch.Tensor],
        steps: int,
    ) -> None:
        """Keep a checkpoint: the network, the `average` of its weights after `steps`."""
        state = {
            "stage": stage,
            "epoch": epoch,
            "model": processes.bare(learn.model).state_dict(),
            "average": average,
            "steps": steps,
            "optimizer": _plain(learn.opt.state_dict()),
        }
        rows = self.history
        if float(rows[-1]["valid_loss"]) <= min(float(row["valid_loss"]) for row in rows):
            tensors = {name: value.contiguous() for name, value in average.items()}
            with written(self.folder / "best.safetensors") as path:
                save_file(tensors, path)
        # Last, so that a run killed before it does this epoch again.
        with written(self.folder / "last.pt") as path:
            torch.save(state, path)

    def load_last(self, device: torch.device) -> dict[str, Any] | None:
        """The checkpoint to go on from, where there is one."""
        path = self.folder / "last.pt"
        if not path.exists():
            return None
        try:
            state = torch.load(path, map_location=device, weights_only=True)
            if state.keys() >= {"stage", "epoch", "model", "average", "steps", "optimizer"}:
                return state
        except (OSError, EOFError, RuntimeError, AttributeError, pickle.UnpicklingError) as error:
            log.debug("%s: %s", path, error)
        raise DataError(
            f"{path} is damaged, so the run cannot go on: remove {self.folder} and begin it again."
        )

    def load_best(self, model: AttributeNetwork) -> AttributeNetwork:
        """Load the averaged weights of the best epoch by validation loss."""
        path = self.folder / "best.safetensors"
        if not path.exists():
            raise DataError(f"{self.folder} holds no best.safetensors: has it finished an epoch?")
        model.load_state_dict(load_file(path))
        return model


def written(path: Path) -> AbstractContextManager[Path]:
    """Have a file of a run written whole or not at all; a full disk is a sentence."""
    # Torch and safetensors have errors of their own.
    return atomic_write(path, advice=RESUME, failures=(RuntimeError, SafetensorError))


def _plain(optimizer: dict[str, Any]) -> dict[str, Any]:
    """The state of a fastai optimizer in types that `torch.load(weights_only=True)` reads."""
    hypers = [
        {name: float(v) if isinstance(v, np.floating) else v for name, v in group.items()}
        for group in optimizer["hypers"]
    ]
    return {"state": [dict(state) for state in optimizer["state"]], "hypers": hypers}


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(values))


def versions() -> dict[str, str]:
    """What computed this, for the run's folder and the model card."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "fastai": fastai.__version__,
    }


def open_run(folder: Path, recipe: Recipe | None = None, **about: Any) -> Run:
    """Open the run in `folder`; make it where there is none.

    A folder that holds another recipe is refused: a resumed run must be the same run.
    """
    path = Path(folder) / "config.json"
    if path.exists():
        try:
            known = json.loads(path.read_text())
            kept = Recipe.fromdict(known["recipe"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is not a training run's.") from error
        if any(known.get(key) != value for key, value in _as_json(about).items()):
            raise DataError(f"{folder} holds a run on other data; choose another folder.")
        if recipe is not None and kept != recipe:
            raise DataError(f"{folder} holds a run of another recipe; choose another folder.")
        return Run(Path(folder), kept)
    if recipe is None:
        raise DataError(f"{folder} is not a training run: it has no config.json.")
    path.parent.mkdir(parents=True, exist_ok=True)
    config = {"recipe": recipe.asdict(), "versions": versions(), **about}
    with written(path) as draft:
        draft.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return Run(Path(folder), recipe)


def weights_file(folder: Path) -> Path:
    """The file of weights in the folder of a bundle or of a run."""
    files = [Path(folder) / name for name in ("model.safetensors", "best.safetensors")]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(f"{folder} holds no weights: give the folder of a bundle or of a run.")
    return file


def load_weights(network: AttributeNetwork, folder: Path) -> None:
    """Load the weights of a bundle's or a run's folder into `network`, to go on from."""
    file = weights_file(folder)
    try:
        network.load_state_dict(load_file(file))
    except (RuntimeError, ValueError, SafetensorError) as error:
        raise DataError(f"{file} does not fit {network.arch} with these attributes.") from error
