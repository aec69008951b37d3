"""Square crops of boxed faces: what a second stage classifies after a face detector.

A crop has a margin on every side, as a share of the box's longer side: a mask is told from a
beard or a collar by what surrounds it. Over the photo's edge its pixels are replicated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from facelens.data.boxes import BoxedPhoto
from facelens.faces import Box, align, find_faces
from facelens.faces.boxes import iou
from facelens.photo import Photo
from facelens.tasks.mask.names import NAMES

SIDE, MARGIN = 64, 0.25
# IoU from which a detected face is the one of a true box: detectors frame faces differently.
SAME = 0.35

# The fields of `Crops` of one crop.
_Row = tuple[np.ndarray, int, int, Sequence[float], float, Sequence[float]]


@dataclass(frozen=True, eq=False)
class Crops:
    """Crops uint8 (n, side, side, 3) and their classes int64 (n,), places in `NAMES`.

    `photos` int64 (n,): of which photo each is. `boxes` float32 (n, 4): what is cropped, x1, y1,
    x2, y2. `confidences` float32 (n,): the detector's; 1 of a true box. `truth` float32 (n, 4): the
    true box of each, NaN if there is none.
    """

    pixels: np.ndarray
    labels: np.ndarray
    photos: np.ndarray
    boxes: np.ndarray
    confidences: np.ndarray
    truth: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def crop_box(
    pixels: np.ndarray, box: Sequence[float], *, margin: float = MARGIN, side: int = SIDE
) -> np.ndarray:
    """Cut a square around a box x1, y1, x2, y2 out of a photo, uint8 (side, side, 3)."""
    x1, y1, x2, y2 = map(float, box)
    square = max(x2 - x1, y2 - y1) * (1 + 2 * margin)
    scale = side / square
    # Pixel centres: the square's edge is the crop's.
    shift = side / 2 - 0.5 - scale * (np.array([(x1 + x2) / 2, (y1 + y2) / 2]) - 0.5)
    warp = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    return align.align_face(pixels, warp, (side, side))


def boxed_crops(photos: Sequence[BoxedPhoto], *, margin: float = MARGIN, side: int = SIDE) -> Crops:
    """Crop every true box."""
    rows: list[_Row] = []
    for i, photo in enumerate(photos):
        pixels = photo.pixels
        for box, label in zip(photo.boxes, photo.labels, strict=True):
            crop = crop_box(pixels, box.tolist(), margin=margin, side=side)
            rows.append((crop, NAMES.index(label), i, box, 1.0, box))
    return _stacked(rows, side)


def found_crops(
    photos: Sequence[BoxedPhoto],
    *,
    detector: str | None = None,
    enlarge: float = 2.0,
    margin: float = MARGIN,
    side: int = SIDE,
) -> Crops:
    """Crop every face that a detector finds; its label is -1 if it is of no true box.

    Args:
        enlarge: photos before detection; half of the set's faces are under 24 pixels.
    """
    rows: list[_Row] = []
    for i, photo in enumerate(photos):
        pixels = photo.pixels
        free = list(zip(photo.boxes.tolist(), photo.labels, strict=True))
        for corners, confidence in enlarged_faces(pixels, detector, enlarge):
            overlaps = [iou(_box(corners), _box(true)) for true, _ in free]
            label, true = -1, [np.nan] * 4
            if overlaps and max(overlaps) >= SAME:
                true, name = free.pop(int(np.argmax(overlaps)))
                label = NAMES.index(name)
            crop = crop_box(pixels, corners, margin=margin, side=side)
            rows.append((crop, label, i, corners, confidence, true))
    return _stacked(rows, side)


def enlarged_faces(
    pixels: np.ndarray, detector: str | None = None, enlarge: float = 2.0
) -> list[tuple[tuple[float, float, float, float], float]]:
    """Boxes x1, y1, x2, y2 in pixels of the photo and confidences, the most confident first."""
    found = find_faces(_enlarged(pixels, enlarge), detector=detector)
    faces = []
    for face in sorted(found, key=lambda face: -face.confidence):
        x, y, w, h = (value / enlarge for value in face.box)
        faces.append(((x, y, x + w, y + h), face.confidence))
    return faces


def _box(corners: Sequence[float]) -> Box:
    x1, y1, x2, y2 = corners
    return Box(x1, y1, x2 - x1, y2 - y1)


def _enlarged(pixels: np.ndarray, by: float) -> Photo:
    if by == 1:
        return Photo(pixels)
    size = round(pixels.shape[1] * by), round(pixels.shape[0] * by)
    return Photo(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC))


def _stacked(rows: list[_Row], side: int) -> Crops:
    crops, labels, photos, boxes, confidences, truth = (
        zip(*rows, strict=True) if rows else ((), (), (), (), (), ())
    )
    return Crops(
        np.array(crops, np.uint8).reshape(-1, side, side, 3),
        np.array(labels, np.int64),
        np.array(photos, np.int64),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(confidences, np.float32),
        np.array(truth, np.float32).reshape(-1, 4),
    )
