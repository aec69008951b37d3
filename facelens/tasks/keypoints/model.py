"""The model of fifteen keypoints of a face."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facelens.bundles.bundle import Bundle
from facelens.bundles.network import Network, open_graph
from facelens.bundles.session import BATCH
from facelens.errors import BundleError
from facelens.faces import Face, align
from facelens.tasks.base import Model
from facelens.tasks.config import Config
from facelens.tasks.keypoints.marks import NAMES, PLAIN, SIDE, grey

NAME = "keypoints"


@dataclass(frozen=True, eq=False, kw_only=True)
class KeypointsConfig(Config):
    """The fields of such a bundle's `config.json`.

    `offset`: x and y in pixels of the 96x96 picture, the systematic offset of the marks that the
    graph was trained on; `predict` subtracts it.
    """

    frame: np.ndarray
    offset: tuple[float, float] = (0.0, 0.0)

    channels = 1

    def check(self, path: Path) -> None:
        """Refuse points other than Kaggle's, and an invalid frame or offset."""
        if self.names != NAMES or self.input_size != (SIDE, SIDE):
            raise BundleError(f"{path} is for other points than Kaggle's, or other pictures.")
        finite = (
            self.frame is not None
            and self.frame.shape == (2, 3)
            and bool(np.isfinite(self.frame).all())
        )
        if not finite or align.scale_of(self.frame) < 0.01:
            raise BundleError(f"{path} has a frame that cannot be.")
        if not np.abs(self.offset).max() < SIDE / 2:
            raise BundleError(f"{path} has an offset that cannot be.")

    @property
    def marked(self) -> tuple[float, float]:
        """How far beside what they mark the marks in its data set's files lie.

        They were taken off before the graph learnt, unless it has an `offset` itself.
        """
        try:
            x, y = map(float, self.data["offset"])
        except (KeyError, TypeError, ValueError):
            return self.offset
        return (x, y) if max(abs(x), abs(y)) < SIDE / 2 else self.offset

    def _own(self) -> dict[str, Any]:
        return {"activation": "none", "offset": list(self.offset)}

    @classmethod
    def _read_own(cls, values: dict[str, Any]) -> dict[str, Any]:
        x, y = values["offset"]
        return {"offset": (float(x), float(y))}


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Fifteen keypoints of one face.

    `points`: float32 (15, 2), x and y in pixels of the face's photo, or of the input picture.
    `error`: the model's mean error on test people, as a share of the distance between the eyes;
    NaN if not measured.
    """

    points: np.ndarray
    error: float
    names: tuple[str, ...] = NAMES

    def __getitem__(self, name: str) -> tuple[float, float]:
        x, y = self.points[self.names.index(name)]
        return float(x), float(y)


class KeypointModel(Model):
    """A network that predicts fifteen keypoints.

    Example:
        >>> model = facelens.load_model(task="keypoints")
        >>> x, y = model.predict(facelens.find_faces(photo))[0]["nose_tip"]
    """

    config: KeypointsConfig
    crop_size = (SIDE, SIDE)

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        path = bundle.folder / "config.json"
        self.config = KeypointsConfig.read(bundle.read("config.json"), path, NAME)

    @property
    def error(self) -> float:
        """Mean error on test people, as a share of the distance between the eyes, or NaN."""
        try:
            error = float(self.config.metrics["test"]["eye_error"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return float("nan")
        return error if 0 <= error < SIDE else float("nan")

    def label(self, name: str) -> str:
        """The label of the keypoint `name` for readers."""
        return PLAIN.get(name, name)

    def crop(self, pixels: np.ndarray) -> np.ndarray:
        """Convert a photo uint8 (96, 96, 3) that is already a face crop to grey."""
        return grey(pixels)

    def predict(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray, *, maps: bool = False
    ) -> list[Keypoints]:
        """Predict the keypoints of each face, or of each grey picture uint8 (96, 96).

        Args:
            inputs: faces, pictures, or pictures uint8 (n, 96, 96).
            maps: not supported.

        Raises:
            ValueError: a picture has another size, or is not grey.
        """
        if maps:
            raise ValueError("keypoints have no maps")
        pictures = [self.picture(each) if isinstance(each, Face) else each for each in inputs]
        answers = []
        for each, points in zip(inputs, self._run(pictures), strict=True):
            corrected = points - self.config.offset
            if isinstance(each, Face):
                corrected = align.apply(align.invert(self.config.frame), corrected)
                corrected = align.apply(align.invert(each.warp), corrected)
            answers.append(Keypoints(corrected, self.error))
        return answers

    def reference(self, face: Face) -> np.ndarray:
        """The points of a face, float32 (15, 2), in pixels of its photo."""
        return self.predict([face])[0].points

    def as_marked(self, points: np.ndarray) -> np.ndarray:
        """Add the offset of the training data's marks to points (…, 15, 2).

        For tables that are compared with that data set's own.
        """
        return points + self.config.marked

    def blend(self, before: Keypoints, after: Keypoints, share: float) -> Keypoints:
        """Interpolate between the points of two answers."""
        points = before.points + share * (after.points - before.points)
        return Keypoints(points, after.error)

    def picture(self, face: Face) -> np.ndarray:
        """The network's input for a face: uint8 (96, 96), grey."""
        pixels = cv2.cvtColor(face.crop, cv2.COLOR_RGB2GRAY)
        return align.align_face(pixels, self.config.frame, (SIDE, SIDE))

    def _run(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Run the graph: points float32 (n, 15, 2) in pixels of the pictures."""
        for picture in pictures:
            if picture.shape != (SIDE, SIDE) or picture.dtype != np.uint8:
                raise ValueError(
                    f"pictures are uint8 ({SIDE}, {SIDE}), not {picture.dtype} {picture.shape}"
                )
        outputs = {"points": (len(NAMES), 2)}
        answers = [
            self._graph.run(outputs, np.stack(pictures[i : i + BATCH]))[0]
            for i in range(0, len(pictures), BATCH)
        ]
        return np.concatenate([np.empty((0, len(NAMES), 2), np.float32), *answers])

    @cached_property
    def _graph(self) -> Network:
        graph = open_graph(self.bundle, (SIDE, SIDE), threads=1)
        if graph.takes != [("pictures", "tensor(uint8)", [SIDE, SIDE])] or graph.gives != {
            "points": [len(NAMES), 2]
        }:
            raise BundleError(f"The graph of {self.bundle.folder} does not fit its config.json.")
        return graph
