"""Reasons why an answer about a face is less reliable: small, cut off, covered, dark, blurred."""

import cv2
import numpy as np

from facelens.faces.align import TEMPLATE_BOX
from facelens.faces.face import MIN_SCORE

# The last three limits leave more than 99 % of CelebA's aligned validation faces without a hint; a
# face below the first limit has a quarter of the pixels that the network was trained on.
SMALLEST_WIDTH = 40.0
DARKEST_MEAN = 45.0
LEAST_DETAIL = 50.0
LARGEST_OFFSET = 0.38
LARGEST_OUTSIDE = 0.15  # share of the face's box
# The logit of the landmark network's score below which a face is covered, and how much more it has
# to be for each unit of colour between nose and chin: a mask has another colour, and its folds pass
# for a mouth. A logistic regression on CelebA's validation faces with drawn masks, hands and hair
# against the same faces bare, of which 0.8 % are below: `python benchmarks/faces.py covered`.
COVERED_LOGIT = 3.69
COVERED_COLOUR = 0.098
COVERED = "Part of the face is covered, or the face is turned or unclear."
NOSE, CHIN = (slice(98, 116), slice(80, 97)), (slice(164, 178), slice(78, 100))  # of the crop


def hints(
    crop: np.ndarray,
    width: float,
    landmarks: np.ndarray | None,
    *,
    fit: float = 1.0,
    outside: float = 0.0,
) -> tuple[str, ...]:
    """Return a sentence for each reason to trust the answers less.

    `crop`: uint8 (218, 178, 3) RGB. `width`: of the face in the photo, in pixels. `landmarks`:
    float32 (5, 2) in any frame, predicted and not derived from the warp; None if there are none.
    `fit`: the landmark network's score, 0 to 1. `outside`: share of the face outside the photo.
    """
    x, y, w, h = (round(v) for v in TEMPLATE_BOX)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[y : y + h, x : x + w]
    reasons = []
    if width < SMALLEST_WIDTH:
        reasons.append(f"The face is only {width:.0f} pixels wide in the photo.")
    if outside > LARGEST_OUTSIDE:
        reasons.append("Part of the face lies outside the photo.")
    elif is_covered(crop, fit):
        reasons.append(COVERED)
    if landmarks is not None and nose_offset(landmarks) > LARGEST_OFFSET:
        reasons.append("The face is turned away from the camera.")
    if grey.mean() < DARKEST_MEAN:
        reasons.append("The face is dark.")
    elif cv2.Laplacian(grey, cv2.CV_64F).var() < LEAST_DETAIL:
        reasons.append("The face is blurred.")
    return tuple(reasons)


def covered_by(hints: tuple[str, ...], cover: str) -> tuple[str, ...]:
    """The hints about a face of which is known what covers it: that `cover` says, not the guess."""
    return (*(hint for hint in hints if hint not in (COVERED, cover)), cover)


def is_covered(crop: np.ndarray, fit: float) -> bool:
    """Whether a mask, a hand or hair covers a part of the face, as far as `fit` and colours tell.

    `crop`: uint8 (218, 178, 3) RGB. `fit`: the landmark network's score, 0 to 1.
    """
    logit = np.log(max(fit, 1e-6) / max(1 - fit, 1e-6))
    return fit < MIN_SCORE or bool(logit < COVERED_LOGIT + COVERED_COLOUR * chin_colour(crop))


def chin_colour(crop: np.ndarray) -> float:
    """Distance of the chin's colour from that of the nose's bridge, in a and b of 8-bit Lab."""
    lab = (
        cv2.cvtColor(np.ascontiguousarray(crop[part]), cv2.COLOR_RGB2LAB) for part in (NOSE, CHIN)
    )
    nose, chin = (np.median(part.reshape(-1, 3), 0) for part in lab)
    return float(np.hypot(*(nose - chin)[1:]))


def nose_offset(landmarks: np.ndarray) -> float:
    """Distance of the nose tip from the line mid-eyes to mid-mouth, as a share of its length."""
    eyes, mouth = landmarks[:2].mean(0), landmarks[3:].mean(0)
    axis, nose = mouth - eyes, landmarks[2] - eyes
    across = abs(axis[0] * nose[1] - axis[1] * nose[0])
    return float(across / max(axis @ axis, 1e-6))
