"""A run directory: recipe, versions, history, checkpoints; resumed where it exists."""

import json
import logging
import pickle
import platform
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

import fastai
import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from facelens.errors import DataError
from facelens.files import atomic_write, only_one
from facelens.tables import read_records, write_records
from facelens.training.network import AttributeNetwork, fitted
from facelens.training.recipe import Recipe

log = logging.getLogger(__name__)

RESUME = "Make room and give the same command again: it resumes after the last whole epoch."

TEACHER = "teacher.npy"  # what teachers say of the training faces

# What torch.load and safetensors raise on a file that is cut short or something else.
DAMAGE = (
    OSError, EOFError, RuntimeError, AttributeError, ValueError, KeyError, TypeError,
    pickle.UnpicklingError, SafetensorError,
)  # fmt: skip


class Settings(Protocol):
    """All that decides a training, as a run's config.json keeps it."""

    def asdict(self) -> dict[str, Any]:
        """The same for JSON."""
        ...

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> Self:
        """Read back what `asdict` wrote."""
        ...


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Run(Generic[S]):
    """A folder with what a training is, and what has come of it so far.

    `config.json`: the recipe, data, start, versions. `history.csv`: a row a stage and epoch.
    `last.pt`: the checkpoint to resume from. `NAME.safetensors`: weights.
    """

    folder: Path
    recipe: S

    @property
    def about(self) -> dict[str, Any]:
        """What `config.json` says: recipe, data, start, versions."""
        return json.loads((self.folder / "config.json").read_text(encoding="utf-8"))

    @property
    def history(self) -> list[dict[str, str]]:
        """The rows of `history.csv`.

        Raises:
            DataError: it is damaged.
        """
        path = self.folder / "history.csv"
        rows = read_records(path) if path.exists() else []
        if not all(str(row.get(key)).isdecimal() for row in rows for key in ("stage", "epoch")):
            raise DataError(f"{path} is damaged: remove {self.folder} and begin it again.")
        return rows

    def add_row(self, row: Mapping[str, Any]) -> None:
        """Write the row of a `stage` and `epoch`; what an earlier run did after it goes."""
        rows = [
            r for r in self.history
            if (int(r["stage"]), int(r["epoch"])) < (row["stage"], row["epoch"])
        ]  # fmt: skip
        write_records(self.folder / "history.csv", [*rows, row], advice=RESUME)

    def save_last(self, state: Mapping[str, Any]) -> None:
        """Write the checkpoint; it holds "stage", "epoch", "model", "optimizer" and more."""
        with written(self.folder / "last.pt") as path:
            torch.save(dict(state), path)

    def load_last(self, device: torch.device) -> dict[str, Any] | None:
        """The checkpoint to resume from, if there is one."""
        path = self.folder / "last.pt"
        if not path.exists():
            return None
        try:
            state = torch.load(path, map_location=device, weights_only=True)
            if state.keys() >= {"stage", "epoch", "model", "optimizer"}:
                return state
        except DAMAGE as error:
            log.debug("%s: %s", path, error)
        raise DataError(
            f"{path} is damaged, so the run cannot be resumed: remove {self.folder} and begin it "
            "again."
        )

    def save_weights(self, name: str, weights: Mapping[str, Tensor]) -> None:
        """Write NAME.safetensors."""
        tensors = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
        with written(self.folder / f"{name}.safetensors") as path:
            # By its bytes: safetensors' own file is a second draft, which a kill leaves behind.
            path.write_bytes(save(tensors))

    def load_best(self, model: nn.Module) -> Any:
        """Load the weights of the best epoch by validation loss into `model`."""
        path = self.folder / "best.safetensors"
        if not path.exists():
            raise DataError(f"{self.folder} holds no best.safetensors: has it finished an epoch?")
        model.load_state_dict(load_file(path))
        return model

    def alone(self) -> AbstractContextManager[None]:
        """Refuse a second training in this folder at the same time."""
        return only_one(self.folder)


def written(path: Path) -> AbstractContextManager[Path]:
    """Have a file of a run written whole or not at all; a full disk is a sentence."""
    # torch and safetensors have errors of their own.
    return atomic_write(path, advice=RESUME, failures=(RuntimeError, SafetensorError))


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


def open_run(folder: Path, recipe: Recipe | None = None, **about: Any) -> Run[Recipe]:
    """Open the run of a classifier in `folder`; make it where there is none.

    A folder that holds another recipe is refused: a resumed run must be the same run. One that has
    not finished an epoch has nothing to lose, and is begun anew.
    """
    return open_as(Recipe, folder, recipe, **about)


def open_as(kind: type[S], folder: Path, recipe: S | None = None, **about: Any) -> Run[S]:
    """Open or make the run in `folder`, whose recipe is of `kind`, as `open_run` does."""
    path = Path(folder) / "config.json"
    if path.exists():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            kept = kind.fromdict(known["recipe"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} is not a training run's.") from error
        other = [key for key, value in _as_json(about).items() if known.get(key) != value]
        if recipe is None or (kept == recipe and not other):
            return Run(Path(folder), kept)
        if any((Path(folder) / name).exists() for name in ("history.csv", "last.pt")):
            if other:
                raise DataError(f"{folder} holds a run on other data; choose another folder.")
            raise DataError(f"{folder} holds a run of another recipe; choose another folder.")
    if recipe is None:
        raise DataError(f"{folder} is not a training run: it has no config.json.")
    path.parent.mkdir(parents=True, exist_ok=True)
    config = {"recipe": recipe.asdict(), "versions": versions(), **about}
    with only_one(Path(folder)), written(path) as partial:  # it may be in its first epoch
        (Path(folder) / TEACHER).unlink(missing_ok=True)  # answers to other faces
        partial.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return Run(Path(folder), recipe)


def weights_file(folder: Path) -> Path:
    """The file of weights in the folder of a bundle or of a run."""
    files = [Path(folder) / name for name in ("model.safetensors", "best.safetensors")]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise DataError(f"{folder} holds no weights: give the folder of a bundle or of a run.")
    return file


def load_weights(network: AttributeNetwork, folder: Path) -> None:
    """Load the weights of a bundle's or a run's folder into `network`, to fine-tune them."""
    file = weights_file(folder)
    try:
        network.load_state_dict(fitted(load_file(file), network))
    except (RuntimeError, ValueError, SafetensorError) as error:
        raise DataError(f"{file} does not fit {network.arch} with these attributes.") from error
