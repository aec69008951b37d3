"""A classifier: crops to logits, with layers and exact activation maps out of the same graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from facelens.bundles.bundle import Bundle, open_graph
from facelens.bundles.session import BATCH, failures
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face
from facelens.tasks.base import Layer, Model
from facelens.tasks.config import ClassifierConfig

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a classifier says about one face; all float32 (names,).

    `maps`: float32 (names, h, w), the signed evidence for each logit, None where nobody asked. The
    mean of a map plus the bias (`config.bias`) is the logit.
    """

    logits: np.ndarray
    probabilities: np.ndarray
    names: tuple[str, ...]
    maps: np.ndarray | None = None

    def __getitem__(self, name: str) -> float:
        return float(self.probabilities[self._index(name)])

    def evidence(self, name: str) -> np.ndarray:
        """Where the evidence for `name` lies, signed, float32 (h, w)."""
        if self.maps is None:
            raise ValueError("ask with maps=True")
        return np.asarray(self.maps[self._index(name)])

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise BundleError(f"This network knows no attribute {name!r}.")
        return self.names.index(name)


class Classifier(Model):
    """A network that gives a probability for each of its names."""

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
        """Answer for each face, or each uint8 (218, 178, 3) crop.

        Args:
            inputs: faces, crops, or crops uint8 (n, 218, 178, 3).
            maps: give the activation maps too, out of the same forward pass.
        """
        outputs = ["logits", "activation_maps"] if maps else ["logits"]
        predictions = []
        for start in range(0, len(inputs), BATCH):
            logits, *evidence = self._run(stack(inputs[start : start + BATCH]), outputs)
            predictions += [
                Prediction(scores, probabilities, self.names, *own)
                for scores, probabilities, *own in zip(
                    logits, self._probabilities(logits), *evidence, strict=True
                )
            ]
        return predictions

    def layers(self, crop: Face | np.ndarray) -> list[Layer]:
        """What every viewable layer computes for one crop."""
        views = self.config.layers
        outputs = self._run(stack([crop]), [view.output for view in views])
        return [
            Layer(view.name, view.title, view.caption, maps[0])
            for view, maps in zip(views, outputs, strict=True)
        ]

    def blend(self, before: Prediction, after: Prediction, share: float) -> Prediction:
        """The answer between two: logits a `share` of the way, the maps of `after` alone."""
        logits = before.logits + share * (after.logits - before.logits)
        return Prediction(logits, self._probabilities(logits), self.names, after.maps)

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        scaled = np.clip(logits / self.config.temperature, -80, 80)
        if self.config.activation == "softmax":
            powers = np.exp(scaled - scaled.max(-1, keepdims=True))
            return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)
        return (1 / (1 + np.exp(-scaled))).astype(np.float32)

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        session = open_graph(self.bundle)
        there = {output.name: output.shape for output in session.get_outputs()}
        wanted = {"logits", "activation_maps", *(view.output for view in self.config.layers)}
        takes = [(put.name, put.type, put.shape[1:]) for put in session.get_inputs()]
        if (
            wanted - set(there)
            or there["logits"][1:] != [len(self.names)]
            or takes != [("crops", "tensor(uint8)", [CROP_HEIGHT, CROP_WIDTH, 3])]
        ):
            raise BundleError(f"The graph of {self.bundle.folder} does not fit its config.json.")
        return session

    def _run(self, crops: np.ndarray, outputs: list[str]) -> list[np.ndarray]:
        import onnxruntime

        options = onnxruntime.RunOptions()
        # Maps that nobody asked for are not computed.
        options.only_execute_path_to_fetches = True
        try:
            return self._session.run(outputs, {"crops": crops}, options)
        except failures() as error:
            raise BundleError(f"The graph of {self.bundle.folder} failed on a face.") from error


def stack(faces: Sequence[Face | np.ndarray] | np.ndarray) -> np.ndarray:
    """Crops of faces as one uint8 array (n, 218, 178, 3)."""
    crops = np.stack([face.crop if isinstance(face, Face) else face for face in faces])
    if crops.shape[1:] != (CROP_HEIGHT, CROP_WIDTH, 3) or crops.dtype != np.uint8:
        raise ValueError(f"crops are uint8 (218, 178, 3), not {crops.dtype} {crops.shape[1:]}")
    return crops
