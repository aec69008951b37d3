"""A bundle: a folder, or a repository on the Hugging Face Hub, that holds one trained network."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH
from facelens.session import failures, open_session

if TYPE_CHECKING:
    import onnxruntime

FORMAT = 1
# A step for each older format: what its config.json holds becomes what the next one's does.
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
DEFAULT = "mobilenet_v2"
FILES = ("config.json", "model.onnx", "curves.json", "model.safetensors", "README.md")
NEEDED = FILES[:2]
LARGEST = 400_000_000  # bytes; a ResNet152 in float32 has 240 MB

# What reading hostile JSON may raise: [[[[… is a RecursionError, Infinity an OverflowError.
GARBLED = (
    OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError,
    OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """A layer that can be looked at: the graph's output `output` holds its feature maps."""

    name: str
    output: str
    title: str
    caption: str
    shape: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Config:
    """What `config.json` says.

    `temperature`, `bias`: float32 (attributes,).
    `operating_points`: name to thresholds float32 (attributes,), NaN where out of reach.
    """

    task: str
    name: str
    version: str
    architecture: str
    input_size: tuple[int, int]
    attributes: tuple[str, ...]
    temperature: np.ndarray
    bias: np.ndarray
    operating_points: dict[str, np.ndarray]
    layers: tuple[View, ...]
    map_layer: str
    flip_average: bool
    licence: str
    data: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write `config.json`."""
        values = {
            "task": self.task,
            "name": self.name,
            "version": self.version,
            "architecture": self.architecture,
            "crop": {"template": "celeba", "height": CROP_HEIGHT, "width": CROP_WIDTH},
            "input_size": self.input_size,
            "flip_average": self.flip_average,
            "attributes": self.attributes,
            "temperature": _numbers(self.temperature),
            "bias": _numbers(self.bias),
            "operating_points": {
                name: _numbers(points) for name, points in self.operating_points.items()
            },
            "layers": [view.__dict__ for view in self.layers],
            "map_layer": self.map_layer,
            "licence": self.licence,
            "data": self.data,
            "recipe": self.recipe,
            "metrics": self.metrics,
        }
        write_values(values, path)

    @classmethod
    def read(cls, data: bytes, path: Path) -> "Config":
        """Read the bytes of the config.json at `path`, of this format or an older one."""
        values = read_values(data, path, "attributes")
        try:
            crop = values["crop"]
            if (crop["template"], crop["height"], crop["width"]) != (
                "celeba", CROP_HEIGHT, CROP_WIDTH,
            ):  # fmt: skip
                raise BundleError(f"{path.parent} wants another crop than CelebA's 178x218.")
            config = cls(
                task=values["task"],
                name=str(values["name"]),
                version=str(values["version"]),
                architecture=str(values["architecture"]),
                input_size=(int(values["input_size"][0]), int(values["input_size"][1])),
                attributes=tuple(map(str, values["attributes"])),
                temperature=_array(values["temperature"]),
                bias=_array(values["bias"]),
                operating_points={k: _array(v) for k, v in values["operating_points"].items()},
                layers=tuple(
                    View(**{**view, "shape": tuple(view["shape"])}) for view in values["layers"]
                ),
                map_layer=str(values["map_layer"]),
                flip_average=bool(values["flip_average"]),
                licence=str(values["licence"]),
                data=values.get("data", {}),
                recipe=values.get("recipe", {}),
                metrics=values.get("metrics", {}),
            )
        except GARBLED as error:
            raise BundleError(f"{path} lacks or garbles {error}.") from error
        config._check(path)
        return config

    def _check(self, path: Path) -> None:
        count = len(self.attributes)
        tables = [self.temperature, self.bias, *self.operating_points.values()]
        if count == 0 or len(set(self.attributes)) != count:
            raise BundleError(f"{path} has no attributes, or one twice.")
        if any(table.shape != (count,) for table in tables):
            raise BundleError(f"{path} has tables that do not fit its {count} attributes.")
        if any(((points < 0) | (points > 1)).any() for points in self.operating_points.values()):
            raise BundleError(f"{path} has a threshold that is not from 0 to 1.")
        if not f"{self.name}{self.version}".isprintable():
            raise BundleError(f"{path} names itself in characters that cannot be shown.")
        if not (np.isfinite(self.temperature).all() and (self.temperature > 0).all()):
            raise BundleError(f"{path} has a temperature that is not a positive number.")


def write_values(values: dict[str, Any], path: Path) -> None:
    """Write what a config.json says, and its format."""
    text = json.dumps({"format": FORMAT, **values}, indent=1) + "\n"
    path.write_text(text, encoding="utf-8")


def read_values(data: bytes, path: Path, task: str) -> dict[str, Any]:
    """What the bytes of the config.json at `path` say, which is to be of a bundle for `task`.

    An older format becomes what the newest would say.
    """
    try:
        values: dict[str, Any] = json.loads(data)
        newest = int(values["format"])
    except GARBLED as error:
        raise BundleError(f"{path} cannot be read as a bundle's config.json.") from error
    if newest < 1:
        raise BundleError(f"{path} states a format that there never was: {newest}.")
    _check_age(newest, path.parent)
    try:
        for older in range(newest, FORMAT):
            values = UPGRADES[older](values)
        its_own = values.get("task")
    except GARBLED as error:
        raise BundleError(f"{path} lacks or garbles {error}.") from error
    if its_own != task:
        raise BundleError(f"{path.parent} is a bundle for {its_own!r}, not for {task}.")
    return values


def task_of(data: bytes) -> str:
    """The task that the bytes of a config.json name; empty where they name none."""
    try:
        return str(json.loads(data)["task"])
    except GARBLED:
        return ""


def _check_age(newest: int, folder: Path) -> None:
    if newest > FORMAT:
        raise BundleError(
            f"{folder} is a bundle of format {newest}; this Facelens reads up to {FORMAT}: update "
            "Facelens."
        )


def _numbers(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else float(f"{v:.7g}") for v in values]


def _array(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], np.float32)


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose files agree with its manifest.

    `source` says where it came from: "embedded", a folder, or "owner/repo@revision".
    """

    folder: Path
    source: str

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        """The manifest: each file's `sha256` and `size`."""
        return read_manifest(self.folder)

    def read(self, name: str) -> bytes:
        """The bytes of one file, checked against the manifest as they are read."""
        manifest = self.files
        if name not in manifest:
            raise BundleError(f"{self.folder} has no {name}.")
        try:
            data = (self.folder / name).read_bytes()
        except OSError as error:
            raise BundleError(f"{self.folder / name} cannot be read.") from error
        if hashlib.sha256(data).hexdigest() != manifest[name]["sha256"]:
            raise BundleError(
                f"{self.folder / name} is damaged: it differs from manifest.json. Fetch it anew."
            )
        return data


def open_graph(bundle: Bundle, *, threads: int | None = None) -> "onnxruntime.InferenceSession":
    """Open the graph of a bundle: the very bytes that were checked are run."""
    graph = bundle.read("model.onnx")
    # A graph may keep weights in other files, which ONNX names by the key "location": those nobody
    # has checked.
    if b"location" in graph:
        raise BundleError(f"The graph of {bundle.folder} reads other files; refused.")
    try:
        return open_session(graph, threads=threads)
    except failures() as error:
        raise BundleError(f"The graph of {bundle.folder} cannot be run.") from error


def write_manifest(folder: Path) -> None:
    """Write `manifest.json`: the sha256 and size of each file of the bundle."""
    entries = {
        name: {
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "size": (folder / name).stat().st_size,
        }
        for name in FILES
        if (folder / name).exists()
    }
    text = json.dumps({"format": FORMAT, "files": entries}, indent=1) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Each file's `sha256` and `size`, as manifest.json of `folder` says."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise BundleError(f"{folder} is not a bundle: it has no manifest.json.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        newest = int(manifest.get("format", 1))
        files = manifest["files"]
        sizes = {name: int(entry["size"]) for name, entry in files.items()}
        [str(entry["sha256"]) for entry in files.values()]
    except GARBLED as error:
        raise BundleError(f"{path} cannot be read as a manifest.") from error
    _check_age(newest, folder)
    foreign = set(files) - set(FILES)
    if foreign:
        raise BundleError(f"{folder} lists a file that no bundle has: {min(foreign)}.")
    missing = set(NEEDED) - set(files)
    if missing:
        raise BundleError(f"{folder} lists no {min(missing)}.")
    if min(sizes.values()) < 0:
        raise BundleError(f"{path} cannot be read as a manifest.")
    if sum(sizes.values()) > LARGEST:
        raise BundleError(f"{folder} is larger than {LARGEST // 1_000_000} MB.")
    return files
