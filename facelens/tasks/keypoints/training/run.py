"""A run: the folder in which a rung of the ladder is trained, and from which it is taken up."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from facelens.errors import DataError
from facelens.files import sha256_of, write_json
from facelens.tables import read_records, write_records
from facelens.tasks.keypoints.marks import (
    KAGGLE_OFFSET,
    PARQUET_OFFSET,
    Faces,
    read_kaggle,
    read_parquet,
)
from facelens.tasks.keypoints.training import ladder
from facelens.tasks.keypoints.training.augment import Augmentation
from facelens.tasks.keypoints.training.ladder import STEPS, Row, Step, Trained
from facelens.tasks.keypoints.training.networks import Network
from facelens.training.run import versions, written

TASK = "keypoints"
_COLUMNS = ("network", "epoch", "train", "valid", "minutes")


@dataclass(frozen=True)
class Run:
    """A folder with what was asked for, and each network that has been trained.

    `config.json`: rung, seed, settings, data, versions. `history.csv`: the learning curves.
    `NETWORK.safetensors`: the weights of "all", or of each specialist.
    """

    folder: Path
    about: Mapping[str, Any]

    @property
    def rung(self) -> str:
        return str(self.about["rung"])

    @property
    def step(self) -> Step:
        """The rung as this run trains it."""
        with self._whole("config.json"):
            augmentation = Augmentation(**_tuples(self.about["augmentation"]))
            step = replace(STEPS[self.rung], augmentation=augmentation)
            return replace(step, epochs=int(self.about["epochs"]))

    @contextmanager
    def _whole(self, name: str) -> Iterator[None]:
        try:
            yield
        except (
            DataError, SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError
        ) as error:  # fmt: skip
            raise DataError(
                f"{self.folder / name} is damaged; delete the folder and train again."
            ) from error

    @property
    def told(self) -> str:
        """What this run is, for one that goes on from it; other weights are told otherwise."""
        weights = self.network().state_dict().values()
        digest = sha256_of(*(w.numpy().tobytes() for w in weights))[:12]
        seed, epochs = self.about["seed"], self.about["epochs"]
        return f"{self.rung}, seed {seed}, {epochs} epochs, weights {digest}"

    @property
    def curves(self) -> list[Row]:
        """The learning curves of the networks that are trained."""
        path = self.folder / "history.csv"
        if not path.is_file():
            return []
        with self._whole(path.name):
            return [
                {"network": row["network"], "epoch": int(row["epoch"])}
                | {name: float(row[name]) for name in _COLUMNS[2:]}
                for row in read_records(path, _COLUMNS)
            ]

    def load(self) -> Trained:
        """The trained network of this run.

        Raises:
            DataError: it is not trained to its end.
        """
        network = self.network()
        return Trained(self.rung, ladder.finished(network, self.step), self.curves)

    def network(self) -> Network:
        """The network itself, as it was trained."""
        network = self.step.make()
        done = self._done()
        for part, _, expert in ladder.parts(network):
            if part not in done:
                raise DataError(f"{self.folder} is not trained to its end; train it first.")
            with self._whole(_file(part)):
                expert.load_state_dict(done[part][0])
        return network

    def _done(self) -> dict[str, tuple[dict[str, Tensor], list[Row]]]:
        curves = self.curves
        done = {}
        for path in self.folder.glob("*.safetensors"):
            part = path.stem.replace("_", " ")
            with self._whole(path.name):
                weights = load_file(path)
            done[part] = weights, [row for row in curves if row["network"] == part]
        return done

    def _keep(self, part: str, network: Network, rows: list[Row]) -> None:
        # The curves first: where there are weights, both are whole.
        known = [row for row in self.curves if row["network"] != part]
        write_records(self.folder / "history.csv", known + rows, _COLUMNS)
        weights = {key: value.cpu().contiguous() for key, value in network.state_dict().items()}
        with written(self.folder / _file(part)) as draft:
            save_file(weights, draft)

    def train(
        self, faces: Faces, valid: Faces, *, start: Network | None = None, device: str | None = None
    ) -> Trained:
        """Train what is not trained yet: a run that was stopped goes on after its last network."""
        return ladder.train(
            self.rung, faces, valid,
            seed=int(self.about["seed"]), step=self.step, start=start, device=device,
            keep=self._keep, kept=self._done(),
        )  # fmt: skip


def _file(part: str) -> str:
    return f"{part.replace(' ', '_')}.safetensors"


def data_of(rest: Faces, valid: Faces) -> dict[str, Any]:
    """What a run says of its faces."""
    return {
        "train": len(rest),
        "valid": len(valid),
        "digest": f"{rest.digest}-{valid.digest}",
    }


def open_run(
    folder: Path,
    rung: str | None = None,
    *,
    seed: int = 0,
    step: Step | None = None,
    epochs: int | None = None,
    data: Mapping[str, Any] | None = None,
    start: str = "",
) -> Run:
    """Open the run in `folder`; make it where there is none.

    A folder that holds another run is refused: what is gone on with must be the same.
    """
    path = Path(folder) / "config.json"
    about: dict[str, Any] | None = None
    if rung is not None:
        ladder.check(rung)
        step = step or STEPS[rung]
        about = {
            "task": TASK,
            "rung": rung,
            "seed": seed,
            "epochs": step.epochs if epochs is None else epochs,
            "augmentation": asdict(step.augmentation),
            "data": dict(data or {}),
            "start": start,
        }
    if path.is_file():
        known = read_about(folder)
        if about is not None and {**known, "versions": None} != {**_json(about), "versions": None}:
            raise DataError(f"{folder} holds a run of another kind; choose another folder.")
        return Run(Path(folder), known)
    if about is None:
        raise DataError(f"{folder} is not a training run: it has no config.json.")
    path.parent.mkdir(parents=True, exist_ok=True)
    about = _json(about) | {"versions": versions()}
    write_json(path, about)
    return Run(Path(folder), about)


def is_run(folder: Path) -> bool:
    """Whether `folder` holds a run of this task."""
    try:
        about = json.loads((folder / "config.json").read_text("utf-8"))
        return bool(about.get("task") == TASK and "format" not in about)  # a bundle has a format
    except (OSError, ValueError, AttributeError):
        return False


def read_about(folder: Path) -> dict[str, Any]:
    """What the config.json of a run says."""
    path = Path(folder) / "config.json"
    if not is_run(Path(folder)):
        raise DataError(f"{path} is not of a training run for keypoints.")
    about: dict[str, Any] = json.loads(path.read_text("utf-8"))
    needed = {"seed", "epochs", "augmentation", "data"}
    if str(about.get("rung")) not in STEPS or not needed <= set(about):
        raise DataError(f"{path} is not of a training run for keypoints.")
    if "axis" in about["data"]:
        raise DataError(
            f"{folder} was trained by an earlier Facelens on marks that lay beside what they mark; "
            "train it again in another folder."
        )
    return about


def _json(value: dict[str, Any]) -> dict[str, Any]:
    """`value` as it comes back from JSON."""
    read: dict[str, Any] = json.loads(json.dumps(value))
    return read


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}


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
