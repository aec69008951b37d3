"""Grey patches of faces under known rough warps, and of what is none, to train landmarks on."""

from pathlib import Path

import cv2
import numpy as np

from facelens.data import parquet
from facelens.faces import align, landmarks
from facelens.faces.landmarks import PATCH, VIEW_CENTRE, patch_of
from facelens.training.data import split_files


def grey_crops(data: Path, split: str, limit: int) -> list[np.ndarray]:
    """Read the first `limit` crops of a split in grey."""
    crops: list[np.ndarray] = []
    for file in split_files(data, split):
        for row in parquet.images(file, []):
            if len(crops) == limit:
                return crops
            crops.append(cv2.cvtColor(row.pixels(file), cv2.COLOR_RGB2GRAY))
    return crops


def move(turn: float, growth: float, shift: np.ndarray) -> np.ndarray:
    """Turn by degrees and grow by a factor about the middle of the view, then shift."""
    there = cv2.getRotationMatrix2D(VIEW_CENTRE, turn, growth)
    there[:, 2] += np.asarray(shift)
    return np.asarray(there, np.float32)


def rough(random: np.random.Generator) -> np.ndarray:
    """Draw a rough warp as a detector leaves it (4 of 10), or as a first pass does."""
    turn, growth, shift = (16, 0.14, 7) if random.random() < 0.4 else (4, 0.06, 3)
    return move(
        float(np.clip(random.normal(0, turn), -45, 45)),
        float(np.exp(np.clip(random.normal(0, growth), -0.4, 0.4))),
        np.clip(random.normal(0, shift, 2), -22, 22),
    )


def astray(random: np.random.Generator) -> np.ndarray:
    """Draw a warp that shows no whole upright face: too far off, too large, too small or turned."""
    kind = random.integers(4)
    shift = random.normal(0, 7, 2)
    turn, growth = random.normal(0, 10), np.exp(random.normal(0, 0.3))
    if kind == 0:
        way = random.uniform(0, 2 * np.pi)
        shift = random.uniform(45, 110) * growth * np.array([np.cos(way), np.sin(way)])
    elif kind == 1:
        growth = random.uniform(2.2, 6)
        shift = random.uniform(-60, 60, 2) * growth
    elif kind == 2:
        growth = random.uniform(0.25, 0.45)
    else:
        turn = random.uniform(100, 260)
    return move(float(turn), float(growth), shift)


def disturbed(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Blur, cover, darken or roughen a patch, now and then."""
    if random.random() < 0.25:
        patch = cv2.GaussianBlur(patch, (0, 0), random.uniform(0.3, 1.2))
    if random.random() < 0.15:
        x, y = random.integers(0, PATCH - 12, 2)
        w, h = random.integers(8, 24, 2)
        patch = patch.copy()
        patch[y : y + h, x : x + w] = random.integers(256)
    if random.random() < 0.5:
        ramp = np.linspace(-1, 1, PATCH) * random.uniform(-60, 60)
        light = ramp[:, None] if random.random() < 0.5 else ramp[None]
        noise = random.normal(0, random.uniform(0, 8), patch.shape)
        patch = np.clip(patch * random.uniform(0.5, 1.3) + light + noise, 0, 255).astype(np.uint8)
    return patch


def mine(crops: list[np.ndarray], cascade: cv2.CascadeClassifier) -> np.ndarray:
    """Collect patches that the cascade takes for faces although the truth lies elsewhere."""
    patches = []
    middle = np.array([landmarks.HAAR_CENTRE], np.float32)
    for crop in crops:
        for picture, upright in ((crop, True), (crop[::-1, ::-1].copy(), False)):
            boxes = cascade.detectMultiScale(picture, 1.1, 0, minSize=(24, 24))
            for x, y, side, _ in list(boxes)[:: max(len(boxes) // 6, 1)]:
                warp = landmarks.guess(x, y, side)
                away = np.hypot(*(align.apply(align.invert(warp), middle) - middle)[0])
                growth = align.scale_of(warp)
                if not upright or away > 45 or not 0.5 < growth < 2:
                    patches.append(patch_of(picture, warp))
    return np.array(patches, np.uint8)


def texture(random: np.random.Generator) -> np.ndarray:
    """Draw a patch of noise that is as rough at every size as photos are."""
    waves = np.fft.rfft2(random.normal(size=(PATCH, PATCH)))
    rate = np.hypot(np.fft.fftfreq(PATCH)[:, None], np.fft.rfftfreq(PATCH)[None])
    rate[0, 0] = 1
    grey = np.fft.irfft2(waves / rate ** random.uniform(0.5, 2), s=(PATCH, PATCH))
    return np.asarray(np.clip(128 + 50 * grey / grey.std(), 0, 255), np.uint8)
