"""What every task shares: predictions, layers, rows of a table."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Answers(Protocol):
    """What a table holds: its columns, the size of crops, and the rows of some faces."""

    columns: tuple[str, ...]
    width: int
    height: int

    def crop(self, pixels: "np.ndarray") -> "np.ndarray":
        """What is asked about of a photo that is a crop, uint8 (height, width, 3)."""

    def rows(self, batch: list[tuple[str, int, Any]]) -> list[tuple[Any, ...]]:
        """A row for each face: its photo's name, its number there, itself, crop or found."""


FACE_COLUMNS = ("photo", "face", "confidence", "x", "y", "w", "h")


def place(face: Any) -> tuple[float | None, ...]:
    """Confidence, x, y, w, h; an aligned crop is the face, and nothing was looked for."""
    if hasattr(face, "box"):
        return (round(float(face.confidence), 4), *(round(float(side), 1) for side in face.box))
    return (None, 0.0, 0.0, float(face.shape[1]), float(face.shape[0]))


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network says about one face; all float32 (attributes,)."""

    logits: np.ndarray
    probabilities: np.ndarray
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> float:
        return float(self.probabilities[self.names.index(name)])


@dataclass(frozen=True, eq=False)
class Look:
    """An answer, and the signed evidence for it: `maps` float32 (attributes, h, w)."""

    prediction: Prediction
    maps: np.ndarray


@dataclass(frozen=True, eq=False)
class Layer:
    """What one layer of the network computed for one face.

    `maps`: float32 (channels, height, width), raw activations.
    """

    name: str
    title: str
    caption: str
    maps: np.ndarray
