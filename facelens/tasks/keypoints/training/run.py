"""A run: the folder in which a level of the ladder is trained, and the faces for it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facelens.errors import DataError
from facelens.files import sha256_of
from facelens.tasks.keypoints.marks import (
    KAGGLE_OFFSET,
    PARQUET_OFFSET,
    Faces,
    read_kaggle,
    read_parquet,
)
from facelens.tasks.keypoints.training import ladder
from facelens.tasks.keypoints.training.augment import Augmentation
from facelens.tasks.keypoints.training.ladder import LEVELS, Level, Row, Trained
from facelens.tasks.keypoints.training.networks import Network
from facelens.tasks.keypoints.training.train import train
from facelens.tasks.keypoints.training.weights import as_curves, damaged, done, file_name
from facelens.training.run import DAMAGE, Run, open_as

TASK = "keypoints"


@dataclass(frozen=True)
class Plan:
    """All that decides a training, as config.json keeps it: a level of the ladder, and how."""

    level: str
    seed: int
    epochs: int
    augmentation: Augmentation

    @property
    def trained(self) -> Level:
        """The level as this run trains it."""
        return replace(LEVELS[self.level], augmentation=self.augmentation, epochs=self.epochs)

    def asdict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Plan":
        """Read back what `asdict` wrote."""
        if values["level"] not in LEVELS:
            raise ValueError(values["level"])
        how: Any = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values["augmentation"].items()
        }
        return cls(
            str(values["level"]),
            int(values["seed"]),
            int(values["epochs"]),
            Augmentation(**how),
        )


@dataclass(frozen=True)
class KeypointRun(Run[Plan]):
    """The run of a level: NETWORK.safetensors has the weights of "all", or of each specialist."""

    @property
    def level(self) -> str:
        """Which level it is."""
        return self.recipe.level

    @property
    def description(self) -> str:
        """What this run is, for one that starts from it; other weights are described otherwise."""
        weights = self.network().state_dict().values()
        digest = sha256_of(*(w.numpy().tobytes() for w in weights))[:12]
        plan = self.recipe
        return f"{plan.level}, seed {plan.seed}, {plan.epochs} epochs, weights {digest}"

    @property
    def curves(self) -> list[Row]:
        """The learning curves, one network after the other."""
        try:
            history = self.history
            return [
                row
                for name in dict.fromkeys(row["network"] for row in history)
                for row in as_curves([row for row in history if row["network"] == name])
            ]
        except DAMAGE as error:
            raise damaged(self.folder / "history.csv") from error

    def load(self) -> Trained:
        """The trained network of this run.

        Raises:
            DataError: it is not trained to its end.
        """
        network = ladder.finished(self.network(), self.recipe.trained)
        return Trained(self.level, network, self.curves)

    def network(self) -> Network:
        """The network itself, as it was trained."""
        network, trained = self.recipe.trained.make(), done(self)
        for part, _, expert in ladder.parts(network):
            if part not in trained:
                raise DataError(f"{self.folder} is not trained to its end; train it first.")
            try:
                expert.load_state_dict(trained[part])
            except DAMAGE as error:
                raise damaged(self.folder / f"{file_name(part)}.safetensors") from error
        return network

    def train(
        self, faces: Faces, valid: Faces, *, start: Network | None = None, device: str | None = None
    ) -> Trained:
        """Train what is not trained yet; a run that was stopped resumes after its last epoch."""
        return train(
            self.level, faces, valid,
            seed=self.recipe.seed, level=self.recipe.trained, start=start, device=device, run=self,
        )  # fmt: skip


def data_of(rest: Faces, valid: Faces) -> dict[str, Any]:
    """What a run says of its faces."""
    return {
        "train": len(rest),
        "valid": len(valid),
        "digest": f"{rest.digest}-{valid.digest}",
    }


def open_run(
    folder: Path,
    level: str | None = None,
    *,
    seed: int = 0,
    how: Level | None = None,
    epochs: int | None = None,
    data: Mapping[str, Any] | None = None,
    start: str = "",
) -> KeypointRun:
    """Open the run in `folder`; make it where there is none.

    A folder that holds another run is refused: what is resumed must be the same.

    Args:
        how: the level if it is trained in another way than the ladder's.
        data: as `data_of` says it.
        start: the `description` of the run that it starts from.
    """
    plan, about = None, {}
    if level is not None:
        ladder.check(level)
        how = how or LEVELS[level]
        plan = Plan(level, seed, how.epochs if epochs is None else epochs, how.augmentation)
        about = {"task": TASK, "data": dict(data or {}), "start": start}
    path = Path(folder) / "config.json"
    if path.is_file():
        _refuse_others(Path(folder))
    run = open_as(Plan, folder, plan, **about)
    return KeypointRun(run.folder, run.recipe)


def _refuse_others(folder: Path) -> None:
    """Say what a folder holds that is no run of this task, or one of an earlier Facelens."""
    if not is_run(folder):
        raise DataError(f"{folder / 'config.json'} is not of a training run for keypoints.")
    about = json.loads((folder / "config.json").read_text("utf-8"))
    if "rung" in about:
        raise DataError(
            f"{folder} was trained by an earlier Facelens on marks that lay beside what they mark; "
            "train it again in another folder."
        )


def is_run(folder: Path) -> bool:
    """Whether `folder` holds a run of this task."""
    try:
        about = json.loads((folder / "config.json").read_text("utf-8"))
        return bool(about.get("task") == TASK and "format" not in about)  # a bundle has a format
    except (OSError, ValueError, AttributeError):
        return False


def open_faces(data: Path, limit: int | None = None) -> tuple[Faces, Faces]:
    """Faces to train on and faces of other people to measure on, at most `limit` of each.

    Kaggle gives no marks for its test faces: there a sixth of the training faces is set aside.
    """
    faces = read_faces(data, "train")
    try:
        test = read_faces(data, "test")
    except DataError:
        faces, test = ladder.hold_out(faces, 1 / 6, seed=2014)
    return faces.take(slice(limit)), test.take(slice(limit))


def read_faces(data: Path, split: str = "train") -> Faces:
    """Read the faces of `split` ("train", "test").

    Args:
        data: a folder with SPLIT-*.parquet, or Kaggle's training.csv, or the folder it is in.
    """
    data = Path(data)
    if data.suffix.lower() == ".parquet" and split == "train":
        return read_parquet(data)
    if split == "train" and (kaggle := _kaggle(data)):
        return read_kaggle(kaggle)
    files = sorted(data.rglob(f"{split}-*.parquet"))
    if not files:
        raise DataError(
            f"{data} holds no faces with points: neither {split}-*.parquet nor Kaggle's "
            "training.csv."
        )
    parts = [read_parquet(file) for file in files]
    return Faces(
        np.concatenate([part.pictures for part in parts]),
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.people for part in parts]),
    )


def offset_of(data: Path) -> tuple[float, float]:
    """How far beside what they mark the marks in the files of `read_faces` lie, in pixels."""
    return KAGGLE_OFFSET if _kaggle(Path(data)) else PARQUET_OFFSET


def _kaggle(data: Path) -> Path | None:
    """Kaggle's file of training faces, where `data` is it or holds it."""
    file = data if data.suffix.lower() == ".csv" else data / "training.csv"
    return file if file.is_file() else None
