"""What faces are pasted on: photos that show none, and drawn pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from facelens.data import parquet
from facelens.errors import DataError
from facelens.photo import read_photo

_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
_FRUITS = 1500  # at most; they are turned before a camera, neighbours are alike
_PHOTO = 0.6  # share of the grounds that are photos, if there are any


def read_grounds(folders: Sequence[Path]) -> list[list[np.ndarray]]:
    """Read the photos without people in each of `folders`, uint8 (h, w, 3); parquet files too.

    Raises:
        DataError: a folder holds none.
    """
    every = []
    for folder in folders:
        paths = sorted(path for path in Path(folder).glob("*") if path.suffix in _SUFFIXES)
        photos = [read_photo(path).pixels for path in paths]
        for file in sorted(Path(folder).glob("train-*.parquet")):
            photos += _montages([row.pixels(file) for row in parquet.images(file, [])])
        if not photos:
            raise DataError(f"{folder} holds no photo.")
        every.append(photos)
    return every


def _montages(pictures: list[np.ndarray], columns: int = 6) -> list[np.ndarray]:
    """Small pictures, such as 64 x 64 fruits, side by side in larger ones."""
    random = np.random.default_rng(0)
    chosen = random.permutation(len(pictures))[:_FRUITS]
    each = columns * columns
    return [
        np.vstack([
            np.hstack([cv2.resize(pictures[i], (64, 64)) for i in part[row * columns :][:columns]])
            for row in range(columns)
        ])
        for part in (chosen[at : at + each] for at in range(0, len(chosen) - each + 1, each))
    ]  # fmt: skip


def ground(
    folders: Sequence[Sequence[np.ndarray]], side: int, random: np.random.Generator
) -> np.ndarray:
    """Draw a square of `side` pixels, uint8, that shows no face.

    Args:
        folders: photos without people; the first gives twice as many as each of the others.
    """
    if folders and random.random() < _PHOTO:
        photos = folders[max(0, int(random.integers(-1, len(folders))))]
        return window(photos[int(random.integers(len(photos)))], side, random)
    return _DRAWN[int(random.integers(len(_DRAWN)))](side, random)


def window(photo: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    """A random square of a photo, mirrored or turned by chance, as `side` pixels."""
    short = min(photo.shape[:2])
    part = int(short * np.exp(random.uniform(np.log(0.25), 0)))
    part = max(part, min(short, 16))
    y, x = (int(random.integers(room - part + 1)) for room in photo.shape[:2])
    square = np.rot90(photo[y : y + part, x : x + part], int(random.integers(4)))
    if random.random() < 0.5:
        square = square[:, ::-1]
    how = cv2.INTER_AREA if part > side else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(square), (side, side), interpolation=how)


def _colour(random: np.random.Generator) -> list[int]:
    return [int(value) for value in random.integers(0, 256, 3)]


def _leaves(side: int, random: np.random.Generator) -> np.ndarray:
    """Dead leaves: shapes with radii distributed as r^-3 (Lee, Mumford and Huang, 2001)."""
    canvas = np.full((side, side, 3), _colour(random), np.uint8)
    low, high = random.uniform(3, 8), side / random.uniform(2, 6)
    share = random.random(int(random.integers(40, 300)))
    for radius in 1 / np.sqrt(1 / high**2 + (1 - share) * (1 / low**2 - 1 / high**2)):
        x, y = (int(value) for value in random.integers(0, side, 2))
        r = max(1, round(radius))
        kind = random.integers(4)
        if kind < 2:
            axes = r, max(1, round(r * random.uniform(0.4, 1)))
            turn = float(random.uniform(0, 180))
            cv2.ellipse(canvas, (x, y), axes, turn, 0, 360, _colour(random), -1, cv2.LINE_AA)
        elif kind == 2:
            cv2.rectangle(canvas, (x, y), (x + 2 * r, y + r), _colour(random), -1)
        else:
            end = tuple(int(v) for v in random.integers(0, side, 2))
            cv2.line(canvas, (x, y), end, _colour(random), max(1, r // 3), cv2.LINE_AA)
    return canvas


def _cloud(side: int, random: np.random.Generator) -> np.ndarray:
    """Noise that is as rough at every size as photos are, in two or three colours."""
    rate = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    rate[0, 0] = 1
    fall = rate ** -random.uniform(0.8, 2)
    layers = []
    for _ in range(int(random.integers(1, 3))):
        waves = np.fft.rfft2(random.normal(size=(side, side)))
        noise = np.fft.irfft2(waves * fall, s=(side, side))
        layers.append(noise / max(noise.std(), 1e-9))
    mixed = np.stack(layers, -1) @ random.normal(0, 35, (len(layers), 3))
    return np.clip(np.array(_colour(random)) + mixed, 0, 255).astype(np.uint8)


def _ramp(side: int, random: np.random.Generator) -> np.ndarray:
    """A wall: from one colour to another, with a little noise."""
    ends = np.array([_colour(random), _colour(random)], float)
    turn = random.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:side, :side] / side - 0.5
    share = np.clip(0.5 + x * np.cos(turn) + y * np.sin(turn), 0, 1)[..., None]
    noise = random.normal(0, random.uniform(0, 6), (side, side, 1))
    return np.clip(ends[0] * (1 - share) + ends[1] * share + noise, 0, 255).astype(np.uint8)


_DRAWN: tuple[Callable[[int, np.random.Generator], np.ndarray], ...] = (_leaves, _cloud, _ramp)
