"""Run a bundle's graph."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from facelens.bundles.bundle import Bundle, open_graph
from facelens.bundles.session import BATCH, failures
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face
from facelens.tasks.attributes.curves import Curves
from facelens.tasks.base import Layer, Look, Prediction
from facelens.tasks.config import Config

if TYPE_CHECKING:
    import onnxruntime


class Model:
    """A network ready to answer.

    Example:
        >>> model = facelens.load_model()
        >>> model.predict(facelens.find_faces(photo))[0]["Smiling"]
        0.97
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.config = Config.read(bundle.read("config.json"), bundle.folder / "config.json")
        if "curves.json" not in bundle.files:
            raise BundleError(f"{bundle.folder} has no curves.json.")

    @property
    def names(self) -> tuple[str, ...]:
        return self.config.attributes

    @property
    def data(self) -> str:
        """The name of the data set that it learnt from and was measured on."""
        return str(self.config.data.get("name") or "CelebA")

    @property
    def title(self) -> str:
        return f"{self.config.name} {self.config.version}"

    @cached_property
    def curves(self) -> Curves:
        """What each threshold means, measured on validation faces."""
        curves = Curves.read(self.bundle.read("curves.json"))
        if curves.names != self.names:
            raise BundleError(f"The curves of {self.bundle.folder} are of other attributes.")
        return curves

    @property
    def card(self) -> str:
        """The model card, README.md of the bundle; a sentence where there is none."""
        if "README.md" not in self.bundle.files:
            return f"{self.title} came without a model card."
        return self.bundle.read("README.md").decode(errors="replace")

    def predict(self, faces: Sequence[Face | np.ndarray]) -> list[Prediction]:
        """Answer for each face, or each uint8 (218, 178, 3) crop."""
        if not faces:
            return []
        return [
            Prediction(logits, probabilities, self.names)
            for start in range(0, len(faces), BATCH)
            for logits, probabilities in zip(
                *self.batch(stack(faces[start : start + BATCH])), strict=True
            )
        ]

    def prediction(self, logits: np.ndarray) -> Prediction:
        """What these logits, float32 (attributes,), say."""
        return Prediction(logits, self._probabilities(logits), self.names)

    def batch(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Crops uint8 (n, 218, 178, 3) to logits and probabilities, both float32 (n, a)."""
        logits = self._run(crops, ["logits"])[0]
        return logits, self._probabilities(logits)

    def look(self, faces: Sequence[Face | np.ndarray]) -> list["Look"]:
        """Answer for each face and say where the evidence lies, in the same pass."""
        looks = []
        for start in range(0, len(faces), BATCH):
            crops = stack(faces[start : start + BATCH])
            logits, maps = self._run(crops, ["logits", "activation_maps"])
            looks += [
                Look(Prediction(scores, probabilities, self.names), evidence)
                for scores, probabilities, evidence in zip(
                    logits, self._probabilities(logits), maps, strict=True
                )
            ]
        return looks

    def activation_maps(self, crop: Face | np.ndarray) -> np.ndarray:
        """Signed evidence for every attribute, float32 (attributes, h, w).

        The mean of a map plus the attribute's bias (`config.bias`) is its logit.
        """
        return self.batch_maps(stack([crop]))[0]

    def batch_maps(self, crops: np.ndarray) -> np.ndarray:
        """Crops uint8 (n, 218, 178, 3) to activation maps float32 (n, attributes, h, w)."""
        return self._run(crops, ["activation_maps"])[0]

    def activation_map(self, crop: Face | np.ndarray, name: str) -> np.ndarray:
        """Where the evidence for `name` lies, signed, float32 (h, w)."""
        if name not in self.names:
            raise BundleError(f"{self.title} knows no attribute {name!r}.")
        return self.activation_maps(crop)[self.names.index(name)]

    def layers(self, crop: Face | np.ndarray) -> list[Layer]:
        """What every viewable layer computes for one crop."""
        views = self.config.layers
        outputs = self._run(stack([crop]), [view.output for view in views])
        return [
            Layer(view.name, view.title, view.caption, maps[0])
            for view, maps in zip(views, outputs, strict=True)
        ]

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        scaled = np.clip(logits / self.config.temperature, -80, 80)
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


def stack(faces: Sequence[Face | np.ndarray]) -> np.ndarray:
    """Crops of faces as one uint8 array (n, 218, 178, 3)."""
    crops = np.stack([face.crop if isinstance(face, Face) else face for face in faces])
    if crops.shape[1:] != (CROP_HEIGHT, CROP_WIDTH, 3) or crops.dtype != np.uint8:
        raise ValueError(f"crops are uint8 (218, 178, 3), not {crops.dtype} {crops.shape[1:]}")
    return crops
