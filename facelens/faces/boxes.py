"""Boxes: intersection over union, non-maximum suppression, bounded pictures."""

import cv2
import numpy as np

from facelens.faces import align
from facelens.faces.face import Box, Detection


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    both = intersection(one, other)
    return both / (one.w * one.h + other.w * other.h - both)


def intersection(one: Box, other: Box) -> float:
    """How many pixels two boxes share."""
    across = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    down = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    return max(0.0, across) * max(0.0, down)


def nms(found: list[Detection]) -> list[Detection]:
    """Non-maximum suppression: of faces whose centres are closer than half a face, the surest."""
    kept: list[Detection] = []
    for face in sorted(found, key=lambda f: f.confidence, reverse=True):
        box = align.face_box(face.warp)
        for other in map(align.face_box, (k.warp for k in kept)):
            away = np.hypot(*np.subtract(box.centre, other.centre))
            if away < max(box.w, other.w) / 2:
                break
        else:
            kept.append(face)
    return kept


def bounded(pixels: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Shrink a picture to `side` at most; also give how many photo pixels one of its pixels is."""
    height, width = pixels.shape[:2]
    factor = max(height, width) / side
    if factor <= 1:
        return pixels, 1.0
    size = (max(round(width / factor), 1), max(round(height / factor), 1))
    # Halved while it can be, then interpolated: as smooth as averaging at once, in less time.
    while factor >= 2 and min(pixels.shape[:2]) > 1 and pixels.shape[1] // 2 >= size[0]:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), factor
