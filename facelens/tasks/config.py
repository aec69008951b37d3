"""The config.json of a bundle: the fields of every task, and those of classifiers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from facelens.bundles.bundle import GARBLED, read_values, write_values
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH

LONGEST_NAME = 200  # characters
LARGEST_SIDE = 4096  # pixels
# Beyond these every answer is the same, or each is zero or one.
TEMPERATURES = (1e-3, 1e3)


@dataclass(frozen=True, eq=False, kw_only=True)
class Config:
    """The fields of every task's `config.json`.

    `names`: of the outputs, in order. `frame`: float32 (2, 3), takes CelebA's template to the
    network's input, None if that is the whole crop. `input_size`: its height and width.
    """

    task: str
    name: str
    version: str
    architecture: str
    names: tuple[str, ...]
    input_size: tuple[int, int]
    licence: str
    frame: np.ndarray | None = None
    data: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    channels = 3
    # What the input is cut out of: an aligned crop, or for a task that sees photos nothing.
    template = "celeba"
    crop: ClassVar[tuple[int, ...]] = (CROP_HEIGHT, CROP_WIDTH)

    def save(self, path: Path) -> None:
        """Write `config.json`."""
        frame = None if self.frame is None else [numbers(row) for row in self.frame]
        values = {
            "task": self.task,
            "name": self.name,
            "version": self.version,
            "architecture": self.architecture,
            "input": {
                "template": self.template,
                "crop": list(self.crop),
                "frame": frame,
                "size": self.input_size,
                "channels": self.channels,
            },
            "names": self.names,
            **self._own(),
            "licence": self.licence,
            "data": self.data,
            "recipe": self.recipe,
            "metrics": self.metrics,
        }
        write_values(values, path)

    @classmethod
    def read(cls, data: bytes, path: Path, task: str) -> Self:
        """Read the bytes of the config.json at `path`, of this format or an older one.

        Raises:
            BundleError: it is for another task, or invalid.
        """
        values = read_values(data, path, task)
        try:
            given = values["input"]
            if (given["template"], *given["crop"]) != (cls.template, *cls.crop):
                raise BundleError(
                    f"{path.parent} needs another crop than CelebA's 178x218."
                    if cls.crop
                    else f"{path.parent} needs a crop, not a whole photo."
                )
            frame = given["frame"]
            config = cls(
                task=task,
                name=str(values["name"]),
                version=str(values["version"]),
                architecture=str(values["architecture"]),
                names=tuple(map(str, values["names"])),
                input_size=(int(given["size"][0]), int(given["size"][1])),
                licence=str(values["licence"]),
                frame=None if frame is None else _table(frame),
                data=dict(values.get("data", {})),
                recipe=dict(values.get("recipe", {})),
                metrics=dict(values.get("metrics", {})),
                **cls._read_own(values),
            )
        except GARBLED as error:
            raise BundleError(f"{path} lacks or garbles {error}.") from error
        if not config.names or len(set(config.names)) != len(config.names):
            raise BundleError(f"{path} has no names of answers, or one twice.")
        if max(map(len, config.names)) > LONGEST_NAME:
            raise BundleError(f"{path} has a name of more than {LONGEST_NAME} characters.")
        if not all(0 < side <= LARGEST_SIDE for side in config.input_size):
            raise BundleError(f"{path} has an input size that cannot be.")
        if not f"{config.name}{config.version}".isprintable():
            raise BundleError(f"{path} names itself in characters that cannot be shown.")
        config.check(path)
        return config

    def check(self, path: Path) -> None:
        """Refuse invalid fields of the task's own."""

    def _own(self) -> dict[str, Any]:
        """The fields of this subclass, for JSON."""
        return {}

    @classmethod
    def _read_own(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG003
        """Parse the fields that `_own` writes."""
        return {}


@dataclass(frozen=True)
class View:
    """A layer that can be viewed: the graph's output `output` holds its feature maps."""

    name: str
    output: str
    title: str
    caption: str
    shape: tuple[int, int, int]


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassifierConfig(Config):
    """The fields of a classifier's `config.json`.

    `activation`: "sigmoid" or "softmax", of the logits divided by `temperature`.
    `temperature`, `bias`: float32 (names,).
    `operating_points`: name to thresholds float32 (names,), NaN if out of reach.
    """

    temperature: np.ndarray
    bias: np.ndarray
    layers: tuple[View, ...]
    map_layer: str
    flip_average: bool
    activation: str = "sigmoid"
    operating_points: dict[str, np.ndarray] = field(default_factory=dict)

    def check(self, path: Path) -> None:
        """Refuse tables that do not fit the names, and numbers out of range."""
        count = len(self.names)
        tables = [self.temperature, self.bias, *self.operating_points.values()]
        if any(table.shape != (count,) for table in tables):
            raise BundleError(f"{path} has tables that do not fit its {count} names.")
        for thresholds in self.operating_points.values():
            if ((thresholds < 0) | (thresholds > 1)).any():
                raise BundleError(f"{path} has a threshold that is not from 0 to 1.")
        low, high = TEMPERATURES
        if not ((self.temperature >= low) & (self.temperature <= high)).all():
            raise BundleError(
                f"{path} has a temperature that is not a positive number from {low} to {high:.0f}."
            )
        if not np.isfinite(self.bias).all():
            raise BundleError(f"{path} has a bias that is not a number.")
        for view in self.layers:
            if len(view.shape) != 3 or not all(0 < side <= LARGEST_SIDE for side in view.shape):
                raise BundleError(f"{path} has a layer whose shape cannot be.")
        if self.activation not in ("sigmoid", "softmax"):
            raise BundleError(f"{path} has an activation that is neither sigmoid nor softmax.")

    def _own(self) -> dict[str, Any]:
        return {
            "flip_average": self.flip_average,
            "activation": self.activation,
            "temperature": numbers(self.temperature),
            "bias": numbers(self.bias),
            "operating_points": {
                name: numbers(thresholds) for name, thresholds in self.operating_points.items()
            },
            "layers": [view.__dict__ for view in self.layers],
            "map_layer": self.map_layer,
        }

    @classmethod
    def _read_own(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "temperature": array(values["temperature"]),
            "bias": array(values["bias"]),
            "layers": tuple(_view(**view) for view in values["layers"]),
            "map_layer": str(values["map_layer"]),
            "flip_average": bool(values["flip_average"]),
            "activation": str(values["activation"]),
            "operating_points": {k: array(v) for k, v in values["operating_points"].items()},
        }


def _view(*, shape: list[int], **texts: str) -> View:
    return View(**{key: str(text) for key, text in texts.items()}, shape=tuple(map(int, shape)))  # type: ignore[arg-type]


def numbers(values: np.ndarray) -> list[float | None]:
    """Round numbers to seven digits for JSON; null for NaN."""
    return [None if np.isnan(v) else float(f"{v:.7g}") for v in values]


def array(values: list[float | None]) -> np.ndarray:
    """Read what `numbers` has written, float32."""
    return _table([np.nan if v is None else v for v in values])


def _table(values: Any) -> np.ndarray:
    """An array float32; a number too large for it is infinite."""
    with np.errstate(over="ignore"):
        return np.array(values, np.float32)
