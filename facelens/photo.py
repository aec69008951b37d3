"""Bytes to an upright RGB array, within limits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as the eye sees it.

    `pixels`: uint8 (height, width, 3), RGB, EXIF orientation already applied.
    """

    pixels: np.ndarray
    name: str = "photo"

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


def read_photo(source: bytes | str | Path, *, name: str | None = None) -> Photo:
    raise NotImplementedError
