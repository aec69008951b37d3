"""A classifier: logits, feature maps and exact class activation maps from the same graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from facelens.bundles.bundle import Bundle
from facelens.bundles.network import Network, open_graph
from facelens.bundles.session import BATCH
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face
from facelens.tasks.base import Layer, Model
from facelens.tasks.config import ClassifierConfig


@dataclass(frozen=True, eq=False)
class Prediction:
    """A classifier's answer about one face; all float32 (names,).

    `maps`: float32 (names, h, w), the signed evidence for each logit, None if not requested. The
    mean of a map plus the bias (`config.bias`) is the logit.
    `spread`: (2, names), the lowest and highest probability over small changes of the picture, None
    if not measured; see `facelens.explain.whiskers`.
    """

    logits: np.ndarray
    probabilities: np.ndarray
    names: tuple[str, ...]
    maps: np.ndarray | None = None
    spread: np.ndarray | None = None

    def __getitem__(self, name: str) -> float:
        return float(self.probabilities[self._index(name)])

    def evidence(self, name: str) -> np.ndarray:
        """The signed evidence map of `name`, float32 (h, w)."""
        if self.maps is None:
            raise ValueError("ask with maps=True")
        return np.asarray(self.maps[self._index(name)])

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise BundleError(f"This network has no attribute {name!r}.")
        return self.names.index(name)


class Classifier(Model):
    """A network that predicts a probability for each of its names."""

    task: ClassVar[str]
    config: ClassifierConfig
    crop_size = (CROP_HEIGHT, CROP_WIDTH)

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        path = bundle.folder / "config.json"
        self.config = ClassifierConfig.read(bundle.read("config.json"), path, self.task)

    @property
    def names(self) -> tuple[str, ...]:
        return self.config.names

    def predict(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray, *, maps: bool = False
    ) -> list[Prediction]:
        """Predict for each face, or each uint8 (218, 178, 3) crop.

        Args:
            inputs: faces, crops, or crops uint8 (n, 218, 178, 3).
            maps: return the activation maps too, from the same forward pass.
        """
        outputs: dict[str, tuple[int | None, ...]] = {"logits": (len(self.names),)}
        if maps:
            outputs["activation_maps"] = (len(self.names), None, None)
        predictions = []
        for start in range(0, len(inputs), BATCH):
            logits, *evidence = self._run(outputs, stack(inputs[start : start + BATCH]))
            predictions += [
                Prediction(scores, probabilities, self.names, *own)
                for scores, probabilities, *own in zip(
                    logits, self._probabilities(logits), *evidence, strict=True
                )
            ]
        return predictions

    def reference(self, face: Face) -> np.ndarray:
        """The logits for a face, float32 (names,)."""
        return self.predict([face])[0].logits

    def layers(self, crop: Face | np.ndarray) -> list[Layer]:
        """Feature maps of every layer that can be viewed, for one crop."""
        views = self.config.layers
        outputs = self._run({view.output: view.shape for view in views}, stack([crop]))
        return [
            Layer(view.name, view.title, view.caption, maps[0])
            for view, maps in zip(views, outputs, strict=True)
        ]

    def blend(self, before: Prediction, after: Prediction, share: float) -> Prediction:
        """Interpolate the logits of two answers; the maps are those of `after`."""
        logits = before.logits + share * (after.logits - before.logits)
        return Prediction(logits, self._probabilities(logits), self.names, after.maps)

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        scaled = np.clip(logits / self.config.temperature, -80, 80)
        if self.config.activation == "softmax":
            powers = np.exp(scaled - scaled.max(-1, keepdims=True))
            return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)
        return (1 / (1 + np.exp(-scaled))).astype(np.float32)

    @cached_property
    def _graph(self) -> Network:
        graph = open_graph(self.bundle, (CROP_HEIGHT, CROP_WIDTH, 3))
        wanted = {"logits", "activation_maps", *(view.output for view in self.config.layers)}
        if (
            wanted - set(graph.gives)
            or graph.gives["logits"] != [len(self.names)]
            or graph.takes != [("crops", "tensor(uint8)", [CROP_HEIGHT, CROP_WIDTH, 3])]
        ):
            raise BundleError(f"The graph of {self.bundle.folder} does not fit its config.json.")
        return graph

    def outputs(
        self, wanted: Mapping[str, Sequence[int | None]], crops: np.ndarray
    ) -> list[np.ndarray]:
        """Outputs of the graph for crops uint8 (n, 218, 178, 3), by name and shape of each."""
        found = [
            self._run(wanted, crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)
        ]
        return [np.concatenate(each) for each in zip(*found, strict=True)]

    def _run(
        self, outputs: Mapping[str, Sequence[int | None]], crops: np.ndarray
    ) -> list[np.ndarray]:
        return self._graph.run(outputs, crops)


def stack(faces: Sequence[Face | np.ndarray] | np.ndarray) -> np.ndarray:
    """Stack the crops of faces into one uint8 array (n, 218, 178, 3)."""
    crops = np.stack([face.crop if isinstance(face, Face) else face for face in faces])
    if crops.shape[1:] != (CROP_HEIGHT, CROP_WIDTH, 3) or crops.dtype != np.uint8:
        raise ValueError(f"crops are uint8 (218, 178, 3), not {crops.dtype} {crops.shape[1:]}")
    return crops
