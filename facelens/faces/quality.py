"""Say why an answer about a face is worth less: small, turned away, dark or blurred."""

import cv2
import numpy as np

from facelens.faces.align import TEMPLATE_BOX

# The last three limits leave more than 99 of 100 aligned CelebA validation faces without a hint;
# below the first a face has a quarter of the pixels that the network was trained on.
SMALLEST_WIDTH = 40.0
DARKEST_MEAN = 45.0
LEAST_DETAIL = 50.0
LARGEST_OFFSET = 0.38


def hints(crop: np.ndarray, width: float, points: np.ndarray | None) -> tuple[str, ...]:
    """Give a sentence for each reason to trust the answers less.

    `crop`: uint8 (218, 178, 3) RGB. `width`: of the face in the photo, in pixels. `points`:
    float32 (5, 2) in any frame, seen and not derived from the warp; None if there are none.
    """
    x, y, w, h = (round(v) for v in TEMPLATE_BOX)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[y : y + h, x : x + w]
    reasons = []
    if width < SMALLEST_WIDTH:
        reasons.append(f"The face is only {width:.0f} pixels wide in the photo.")
    if points is not None and nose_offset(points) > LARGEST_OFFSET:
        reasons.append("The face is turned away from the camera.")
    if grey.mean() < DARKEST_MEAN:
        reasons.append("The face is dark.")
    elif cv2.Laplacian(grey, cv2.CV_64F).var() < LEAST_DETAIL:
        reasons.append("The face is blurred.")
    return tuple(reasons)


def nose_offset(points: np.ndarray) -> float:
    """Measure how far the nose tip lies off the line from mid-eyes to mid-mouth, in its lengths."""
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    axis, nose = mouth - eyes, points[2] - eyes
    across = abs(axis[0] * nose[1] - axis[1] * nose[0])
    return float(across / max(axis @ axis, 1e-6))
