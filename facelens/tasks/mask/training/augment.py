"""Training pictures: one photo moved and scaled, or a mosaic of four, mirrored, in other light."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from facelens.tasks.mask.model import GREY

_KEPT = 0.5  # of a face that has to be left in the picture
_LEAST = 3.0  # pixels of a side, below which nobody can tell
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture may stray from the original.

    `mosaic`, `flip`, `grey`: probabilities. `scale`: from and to, relative to the photo scaled to
    the picture's side. `light`: of brightness, contrast, saturation and tint, as a share.
    """

    mosaic: float = 0.0
    flip: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    light: float = 0.0
    grey: float = 0.0


@dataclass(frozen=True, eq=False)
class Labelled:
    """A picture uint8 (h, w, 3), and its faces float32 (n, 5): a class, then x1, y1, x2, y2."""

    pixels: np.ndarray
    faces: np.ndarray


def single(photo: Labelled, side: int, how: Augmentation, rng: np.random.Generator) -> Labelled:
    """One photo, scaled and moved, on a square of `side` pixels."""
    canvas = np.full((side, side, 3), GREY, np.uint8)
    faces = _put(photo, canvas, side / max(photo.pixels.shape), how, rng)
    return finish(Labelled(canvas, faces), how, rng)


def mosaic(
    photos: list[Labelled], side: int, how: Augmentation, rng: np.random.Generator
) -> Labelled:
    """Parts of four photos around a point near the middle (Bochkovskiy et al., 2020).

    Each is as large as it would be alone, so that small faces do not become smaller.
    """
    canvas = np.full((side, side, 3), GREY, np.uint8)
    x, y = (int(side * at) for at in rng.uniform(0.3, 0.7, 2))
    parts = [(0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side)]
    faces = []
    for photo, (x1, y1, x2, y2) in zip(photos, parts, strict=True):
        found = _put(photo, canvas[y1:y2, x1:x2], side / max(photo.pixels.shape), how, rng)
        faces.append(found + np.array([0, x1, y1, x1, y1], np.float32))
    return finish(Labelled(canvas, np.concatenate(faces)), how, rng)


def _put(
    photo: Labelled,
    part: np.ndarray,
    scale: float,
    how: Augmentation,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw a random window of a photo, about `scale` times as large, into a part of a picture.

    Returns:
        The faces in it, in pixels of the part.
    """
    tall, broad = part.shape[:2]
    high, wide = photo.pixels.shape[:2]
    scale *= math.exp(rng.uniform(*np.log(how.scale)))
    # The window lies within the photo, or the photo within the window.
    left, above = (
        rng.uniform(min(0.0, room), max(0.0, room))
        for room in (broad - wide * scale, tall - high * scale)
    )
    half = (scale - 1) / 2  # pixels lie in the middle of what they cover
    matrix = np.array([[scale, 0, left + half], [0, scale, above + half]])
    pixels = photo.pixels
    if scale < 0.5:  # linear interpolation would skip pixels
        pixels = cv2.blur(pixels, (round(1 / scale), round(1 / scale)))
    part[:] = cv2.warpAffine(
        pixels, matrix, (broad, tall), flags=cv2.INTER_LINEAR, borderValue=(GREY, GREY, GREY)
    )
    moved = photo.faces.copy()
    moved[:, 1:] = photo.faces[:, 1:] * scale + [left, above, left, above]
    return _cut(moved, broad, tall)


def _cut(faces: np.ndarray, wide: int, high: int) -> np.ndarray:
    """Clip faces to a window; without those of which too little is left."""
    clipped = faces.copy()
    clipped[:, 1:] = np.clip(faces[:, 1:], 0, [wide, high, wide, high])
    before, after = (each[:, 3:] - each[:, 1:3] for each in (faces, clipped))
    enough = after.prod(1) >= _KEPT * before.prod(1)
    return clipped[enough & (after >= _LEAST).all(1)]


def finish(picture: Labelled, how: Augmentation, rng: np.random.Generator) -> Labelled:
    """Mirror a picture, and put it in other light, each as chance has it."""
    pixels, faces = picture.pixels, picture.faces
    if rng.random() < how.flip:
        pixels, faces = pixels[:, ::-1], faces.copy()
        faces[:, [1, 3]] = pixels.shape[1] - faces[:, [3, 1]]
    if how.light:
        pixels = _lit(pixels, how.light, rng)
    if rng.random() < how.grey:
        pixels = np.repeat((pixels @ _LUMA)[..., None].astype(np.uint8), 3, -1)
    return Labelled(np.ascontiguousarray(pixels), faces)


def _lit(pixels: np.ndarray, reach: float, rng: np.random.Generator) -> np.ndarray:
    """Scale colours by one matrix: contrast, saturation, tint; and add brightness."""
    contrast, saturation, *tint = 1 + rng.uniform(-reach, reach, 5) * [1, 1, 0.3, 0.3, 0.3]
    brightness = 255 * rng.uniform(-reach, reach) / 2
    mixing = saturation * np.eye(3) + (1 - saturation) * _LUMA  # rows: output channels
    matrix = contrast * np.array(tint)[:, None] * mixing
    offset = 127.5 * (1 - contrast) + brightness
    whole = np.concatenate([matrix, np.full((3, 1), offset)], 1).astype(np.float32)
    return cv2.transform(pixels, whole)
