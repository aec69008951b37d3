"""The embedding network: a face to a point on a sphere, where photos of one person lie close."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from facelens.bundles.bundle import Bundle
from facelens.bundles.network import Network, open_graph
from facelens.bundles.session import BATCH
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face
from facelens.tasks.base import Model
from facelens.tasks.classifier import stack
from facelens.tasks.config import Config
from facelens.tasks.identity.answers import Recognition
from facelens.tasks.identity.curves import Curves

TASK = "identity"
WIDEST = 512  # numbers of an embedding


class Recogniser(Protocol):
    """A network that embeds faces, whoever made it.

    `name`: as `open_recogniser` takes it. `checksum`: sha256 of its graph. `curves`: what its
    similarities mean.
    """

    name: str

    @property
    def title(self) -> str:
        """Name and version, for readers."""
        ...

    @property
    def checksum(self) -> str: ...

    @property
    def curves(self) -> Curves: ...

    @property
    def config(self) -> "IdentityConfig": ...

    @property
    def card(self) -> str: ...

    def embed(self, inputs: Sequence[Face | np.ndarray] | np.ndarray) -> np.ndarray:
        """Unit embeddings float32 (n, d) of faces or crops uint8 (218, 178, 3)."""
        ...

    def embed_with_maps(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Unit embeddings (n, d), their lengths before (n,), and maps (n, d, h, w) if it has any.

        The mean of a map over positions is the embedding times its length.
        """
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class IdentityConfig(Config):
    """The fields of such a bundle's `config.json`.

    `names`: one for each number of an embedding. `curves`: what its similarities mean.
    `flip_average`: whether the graph sees each crop mirrored too, and gives the mean.
    """

    curves: Curves
    flip_average: bool = True

    def check(self, path: Path) -> None:
        """Refuse embeddings that are too wide."""
        if len(self.names) > WIDEST:
            raise BundleError(f"{path} is for embeddings of more than {WIDEST} numbers.")

    def _own(self) -> dict[str, Any]:
        return {"curves": self.curves.as_json(), "flip_average": self.flip_average}

    @classmethod
    def _read_own(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "curves": Curves.from_json(values["curves"]),
            "flip_average": bool(values["flip_average"]),
        }


class IdentityModel(Model):
    """An embedding network, with nobody enrolled.

    Example:
        >>> model = facelens.load_model("identity")
        >>> first, second = model.embed(facelens.find_faces(photo)[:2])
        >>> float(first @ second)  # how alike two faces are
        0.07
    """

    task = TASK
    config: IdentityConfig
    crop_size = (CROP_HEIGHT, CROP_WIDTH)

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        path = bundle.folder / "config.json"
        self.config = IdentityConfig.read(bundle.read("config.json"), path, TASK)

    @property
    def name(self) -> str:
        """As a gallery names it: of an embedded bundle or one in a folder its last part."""
        from facelens.bundles.bundle import EMBEDDED

        bundle = self.bundle
        local = bundle.source in (EMBEDDED, str(bundle.folder))
        return bundle.folder.name if local else bundle.source

    @property
    def checksum(self) -> str:
        return str(self.bundle.files["model.onnx"]["sha256"])

    @property
    def curves(self) -> Curves:
        return self.config.curves

    def embed(self, inputs: Sequence[Face | np.ndarray] | np.ndarray) -> np.ndarray:
        """Unit embeddings float32 (n, d) of faces, or of crops uint8 (218, 178, 3)."""
        return unit(self._outputs(inputs, maps=False)[0])[0]

    def embed_with_maps(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Unit embeddings, their lengths, and the maps that they are the means of."""
        raw, maps = self._outputs(inputs, maps=True)
        return (*unit(raw), maps)

    def predict(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray, *, maps: bool = False
    ) -> list[Recognition]:
        """Embed each face, or each crop; nobody is enrolled, so nobody is recognised."""
        del maps
        none, infinite = np.zeros(0, np.float32), float("inf")
        return [Recognition((), none, infinite, 0.0, each) for each in self.embed(inputs)]

    def blend(self, before: Recognition, after: Recognition, share: float) -> Recognition:
        """The later answer: there is nothing to steady."""
        del before, share
        return after

    def reference(self, face: Face) -> np.ndarray:
        """The embedding of a face, scaled so that a number of it is about 1, float32 (d,)."""
        return self.embed([face])[0] * np.float32(np.sqrt(len(self.config.names)))

    def _outputs(
        self, inputs: Sequence[Face | np.ndarray] | np.ndarray, *, maps: bool
    ) -> list[np.ndarray]:
        """What the graph gives for faces, a few at a time."""
        width = len(self.config.names)
        wanted: dict[str, tuple[int | None, ...]] = {"embeddings": (width,)}
        if maps:
            wanted["embedding_maps"] = (width, None, None)
        if not len(inputs):
            return [np.zeros((0, width), np.float32), np.zeros((0, width, 1, 1), np.float32)]
        found = [
            self._graph.run(wanted, stack(inputs[start : start + BATCH]))
            for start in range(0, len(inputs), BATCH)
        ]
        return [np.concatenate(each) for each in zip(*found, strict=True)]

    @cached_property
    def _graph(self) -> Network:
        graph = open_graph(self.bundle, (CROP_HEIGHT, CROP_WIDTH, 3))
        if (
            not {"embeddings", "embedding_maps"} <= set(graph.gives)
            or graph.gives["embeddings"] != [len(self.config.names)]
            or graph.takes != [("crops", "tensor(uint8)", [CROP_HEIGHT, CROP_WIDTH, 3])]
        ):
            raise BundleError(f"The graph of {self.bundle.folder} does not fit its config.json.")
        return graph


def unit(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings scaled to length 1, and how long they were."""
    lengths = np.maximum(np.linalg.norm(raw, axis=1), 1e-12).astype(np.float32)
    return (raw / lengths[:, None]).astype(np.float32), lengths
