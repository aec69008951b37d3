"""Boxes: intersection over union, non-maximum suppression; pictures of bounded size."""

import cv2
import numpy as np

from facelens.faces import align
from facelens.faces.face import Box, Detection


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    both = intersection(one, other)
    return both / (one.w * one.h + other.w * other.h - both)


def intersection(one: Box, other: Box) -> float:
    """Area of the intersection of two boxes, in pixels."""
    across = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    down = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    return max(0.0, across) * max(0.0, down)


def nms(found: list[Detection]) -> list[Detection]:
    """Non-maximum suppression: of faces whose centres are closer than half a face, the best."""
    return distinct(sorted(found, key=lambda face: face.score, reverse=True))


def distinct(found: list[Detection]) -> list[Detection]:
    """Of faces whose centres are closer than half a face, keep the first."""
    kept: list[Detection] = []
    boxes: list[Box] = []
    for face in found:
        box = align.face_box(face.warp)
        for other in boxes:
            distance = np.hypot(*np.subtract(box.centre, other.centre))
            if distance < max(box.w, other.w) / 2:
                break
        else:
            kept.append(face)
            boxes.append(box)
    return kept


def bounded(pixels: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Downscale a picture to at most `side`; also return the factor back to photo pixels."""
    height, width = pixels.shape[:2]
    factor = max(height, width) / side
    if factor <= 1:
        return pixels, 1.0
    size = (max(round(width / factor), 1), max(round(height / factor), 1))
    # Halve as often as possible, then interpolate: as smooth as one average, and faster.
    while factor >= 2 and min(pixels.shape[:2]) > 1 and pixels.shape[1] // 2 >= size[0]:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), factor
