"""A bundle that finds fifteen points of a face, and running its graph."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from facelens.bundles.bundle import GARBLED, Bundle, open_graph, read_values, write_values
from facelens.bundles.find import find_bundle
from facelens.bundles.session import BATCH, failures
from facelens.errors import BundleError
from facelens.faces import Face, align
from facelens.tasks.keypoints.marks import MIDDLE, NAMES, SIDE

if TYPE_CHECKING:
    import onnxruntime

TASK = "keypoints"
EMBEDDED = "keypoints"


@dataclass(frozen=True, eq=False)
class PointsConfig:
    """What `config.json` of such a bundle says.

    `frame`: float32 (2, 3), takes CelebA's template to the picture that the network sees.
    `axis`: the x at which the mirror of its points stands; where that is not the middle of the
    picture, the marks that it learnt from lie beside what they mark. `fall`: how far below it.
    """

    name: str
    version: str
    architecture: str
    frame: np.ndarray
    axis: float
    fall: float
    licence: str
    data: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write `config.json`."""
        values = {
            "task": TASK,
            "name": self.name,
            "version": self.version,
            "architecture": self.architecture,
            "input_size": (SIDE, SIDE),
            "points": NAMES,
            "frame": [[float(f"{v:.7g}") for v in row] for row in self.frame],
            "axis": self.axis,
            "fall": self.fall,
            "licence": self.licence,
            "data": self.data,
            "recipe": self.recipe,
            "metrics": self.metrics,
        }
        write_values(values, path)

    @property
    def beside(self) -> np.ndarray:
        """How far right and below of what they mark its answers lie, float (2,), in pixels."""
        return np.array([self.axis - MIDDLE, self.fall])

    @classmethod
    def read(cls, data: bytes, path: Path) -> "PointsConfig":
        """Read the bytes of the config.json at `path`."""
        values = read_values(data, path, TASK)
        try:
            config = cls(
                name=str(values["name"]),
                version=str(values["version"]),
                architecture=str(values["architecture"]),
                frame=np.array(values["frame"], np.float32),
                axis=float(values["axis"]),
                fall=float(values["fall"]),
                licence=str(values["licence"]),
                data=dict(values.get("data", {})),
                recipe=dict(values.get("recipe", {})),
                metrics=dict(values.get("metrics", {})),
            )
            points, side = tuple(values["points"]), tuple(values["input_size"])
        except GARBLED as error:
            raise BundleError(f"{path} lacks or garbles {error}.") from error
        if points != NAMES or side != (SIDE, SIDE):
            raise BundleError(f"{path} is for other points than Kaggle's, or other pictures.")
        finite = config.frame.shape == (2, 3) and bool(np.isfinite(config.frame).all())
        beside = np.abs(config.beside).max()
        if not finite or align.scale_of(config.frame) < 0.01 or not beside < SIDE / 2:
            raise BundleError(f"{path} has a frame or an axis that cannot be.")
        if not f"{config.name}{config.version}".isprintable():
            raise BundleError(f"{path} names itself in characters that cannot be shown.")
        return config


class PointModel:
    """A network that finds fifteen points.

    Example:
        >>> model = facelens.load_keypoints()
        >>> x, y = model.locate(facelens.find_faces(photo))[0, NAMES.index("nose_tip")]
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        path = bundle.folder / "config.json"
        self.config = PointsConfig.read(bundle.read("config.json"), path)

    @property
    def title(self) -> str:
        return f"{self.config.name} {self.config.version}"

    @property
    def off(self) -> float:
        """How far its answers lie from the truth on test people, as a share of the eyes' distance.

        NaN where nobody has measured it.
        """
        try:
            return float(self.config.metrics["test"]["eye_error"])
        except (KeyError, TypeError, ValueError):
            return float("nan")

    def predict(self, pictures: np.ndarray) -> np.ndarray:
        """The points float32 (n, 15, 2) on grey pictures uint8 (n, 96, 96), in their pixels.

        They lie where the marks of the data lie that it learnt from, for comparing with these.
        """
        if pictures.shape[1:] != (SIDE, SIDE) or pictures.dtype != np.uint8:
            raise ValueError(
                f"pictures are uint8 ({SIDE}, {SIDE}), not {pictures.dtype} {pictures.shape[1:]}"
            )
        try:
            answers = [
                self._session.run(["points"], {"pictures": pictures[i : i + BATCH]})[0]
                for i in range(0, len(pictures), BATCH)
            ]
        except failures() as error:
            raise BundleError(f"The graph of {self.bundle.folder} failed on a face.") from error
        return np.concatenate([np.empty((0, len(NAMES), 2), np.float32), *answers])

    def locate(self, faces: Sequence[Face]) -> np.ndarray:
        """The points float32 (n, 15, 2) of faces, in pixels of their photo."""
        return _each(self.on_crops(faces), [align.invert(face.warp) for face in faces])

    def on_crops(self, faces: Sequence[Face]) -> np.ndarray:
        """The points float32 (n, 15, 2) of faces, in pixels of their crop."""
        seen = np.array([self.picture(face) for face in faces], np.uint8).reshape(-1, SIDE, SIDE)
        points = self.predict(seen)
        return _each(points - self.config.beside, [align.invert(self.config.frame)] * len(faces))

    def picture(self, face: Face) -> np.ndarray:
        """What the network sees of a face: uint8 (96, 96), grey."""
        grey = cv2.cvtColor(face.crop, cv2.COLOR_RGB2GRAY)
        return align.align_face(grey, self.config.frame, (SIDE, SIDE))

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        session = open_graph(self.bundle, threads=1)
        takes = [(put.name, put.type, put.shape[1:]) for put in session.get_inputs()]
        gives = [(put.name, put.shape[1:]) for put in session.get_outputs()]
        if takes != [("pictures", "tensor(uint8)", [SIDE, SIDE])] or gives != [
            ("points", [len(NAMES), 2])
        ]:
            raise BundleError(f"The graph of {self.bundle.folder} does not fit its config.json.")
        return session


def _each(points: np.ndarray, warps: Sequence[np.ndarray]) -> np.ndarray:
    """Move each face's points (n, 15, 2) by a warp of its own."""
    moved = [align.apply(*pair) for pair in zip(warps, points, strict=True)]
    return np.stack(moved) if moved else np.empty((0, len(NAMES), 2), np.float32)


def load_keypoints(name: str | None = None) -> PointModel:
    """Load a network that finds fifteen points.

    Args:
        name: a bundle's folder, or "owner/repo[@revision]" on the Hub; without it the embedded one.

    Raises:
        BundleError: The bundle is missing, damaged, for another task or too new.
        DownloadError: The Hub cannot be reached and its cache does not hold the bundle.
    """
    return PointModel(find_bundle(name or EMBEDDED))


class Keypoints:
    def __init__(self, name: str) -> None:
        from facelens.tasks.keypoints.marks import COLUMNS, SIDE

        self._model = load_keypoints(name)
        self.columns = ("photo", *COLUMNS)
        self.width = self.height = SIDE

    def crop(self, pixels: "np.ndarray") -> "np.ndarray":
        from facelens.tasks.keypoints.marks import grey

        return grey(pixels)

    def rows(self, batch: list[tuple[str, int, Any]]) -> list[tuple[Any, ...]]:
        import numpy as np

        faces = [face for _, _, face in batch]
        found = hasattr(faces[0], "crop")
        points = self._model.locate(faces) if found else self._model.predict(np.stack(faces))
        return [
            (name, *where.ravel().tolist())
            for (name, _, _), where in zip(batch, points, strict=True)
        ]
