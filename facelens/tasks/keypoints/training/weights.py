"""The weights of a level's networks in the folder of a run, and their learning curves."""

from itertools import accumulate
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from facelens.errors import DataError
from facelens.tasks.keypoints.training.ladder import Row
from facelens.training.run import DAMAGE, Run


def as_curves(history: list[dict[str, Any]]) -> list[Row]:
    """The learning curves that the history of one network tells.

    Raises:
        DataError: it is damaged.
    """
    try:
        minutes = accumulate(float(row["seconds"]) / 60 for row in history)
        return [
            {
                "network": str(row["network"]),
                "epoch": int(row["epoch"]) + 1,
                "train": float(row["train"]),
                "valid": float(row["valid"]),
                "minutes": spent,
            }
            for row, spent in zip(history, minutes, strict=True)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            "The run's history.csv is damaged; delete the folder and train again."
        ) from error


def file_name(part: str) -> str:
    """What the file of weights of a network is called, without its ending."""
    return part.replace(" ", "_")


def done(run: Run[Any]) -> dict[str, dict[str, Tensor]]:
    """The weights of those of a run's networks that are trained, by name.

    Raises:
        DataError: a file is damaged.
    """
    found = {}
    for path in run.folder.glob("*.safetensors"):
        try:
            found[path.stem.replace("_", " ")] = load_file(path)
        except DAMAGE as error:
            raise damaged(run.folder / path.name) from error
    return found


def damaged(path: Path) -> DataError:
    """The sentence about a file of a run that cannot be read."""
    return DataError(f"{path} is damaged; delete the folder and train again.")
