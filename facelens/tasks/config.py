"""What the config.json of a bundle says."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from facelens.bundles.bundle import GARBLED, read_values, write_values
from facelens.errors import BundleError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH


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


def _numbers(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else float(f"{v:.7g}") for v in values]


def _array(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], np.float32)
