"""A face whose box a person has drawn: landmarks and alignment as for a detected one."""

import cv2
import numpy as np

from facelens.faces import align, landmarks
from facelens.faces.boxes import iou
from facelens.faces.face import SURE_SCORE, Box, Detection, Face
from facelens.faces.quality import hints
from facelens.photo import Photo

# People draw anything from the features alone to the whole head.
SCALES = (1.0, 0.8, 1.25)
PASSES = 3
# The landmark network may have gone to another face, or to none: it has to stay in the box.
LEAST_SHARED = 0.2  # IoU
SMALLEST = 8.0  # pixels: below this there is nothing to align
BY_HAND = "The face's box was drawn by hand, and eyes, nose and mouth are not clear in it."


def face_in(photo: Photo, box: Box) -> Face | None:
    """Align the face in a box that a person has drawn; None if the box is next to nothing.

    The landmark network refines the box's position. If it sees no face there, upright or turned,
    the box is taken as it is and the answer comes with a hint.
    """
    if min(box.w, box.h) < SMALLEST:
        return None
    grey = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
    refiner = landmarks.load()
    best: tuple[float, np.ndarray] | None = None
    for scale in SCALES:
        rough = _warp(box, scale)
        for warp, fit in _refined(refiner, grey, rough):
            if iou(align.face_box(warp), box) >= LEAST_SHARED and (not best or fit > best[0]):
                best = fit, warp
        if best and best[0] >= SURE_SCORE:
            break
    sure = best is not None and best[0] >= SURE_SCORE
    fit, warp = best if best and sure else (0.0, _warp(box, 1.0))
    points = align.apply(align.invert(warp), align.TEMPLATE)
    found = Detection(warp, points, fit, fit)
    crop = align.align_face(photo.pixels, warp)
    placed = align.face_box(warp)
    outside = align.outside(warp, photo.width, photo.height)
    # Without landmarks "covered" would only say again that they are not clear.
    reasons = hints(crop, placed.w, None, fit=1.0, outside=outside)
    if not sure:
        reasons = (BY_HAND, *reasons)
    return Face(placed, found.score, points, warp, crop, "hand", (*reasons, *photo.hints))


def _warp(box: Box, scale: float) -> np.ndarray:
    """The 2x3 that takes a drawn box, `scale` times as large as the face's, to the template."""
    shape = align.TEMPLATE_BOX
    by = scale * float(np.sqrt(shape.w * shape.h / (box.w * box.h)))
    shift = np.subtract(shape.centre, np.multiply(by, box.centre))
    return np.array([[by, 0, shift[0]], [0, by, shift[1]]], np.float32)


def _refined(
    refiner: landmarks.LandmarkRefiner, grey: np.ndarray, rough: np.ndarray
) -> list[tuple[np.ndarray, float]]:
    found = [refiner(grey, rough, PASSES)]
    if found[0][1] < SURE_SCORE and (turned := refiner.turned(grey, rough)) is not None:
        found.append(refiner(grey, turned, 1))
    return found
