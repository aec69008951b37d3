"""Cut faces out of a photo: with a margin around the box, or aligned to the template."""

import cv2
import numpy as np

from facelens.faces import align
from facelens.faces.face import Box, Face

QUALITY = 95  # of a JPEG


def with_margin(pixels: np.ndarray, box: Box, margin: float) -> np.ndarray:
    """The part of a photo uint8 (h, w, 3) around a face, as far as the photo goes.

    Args:
        margin: added on each side, as a share of the box's longer side.
    """
    more = margin * max(box.w, box.h)
    height, width = pixels.shape[:2]
    top = int(np.clip(np.floor(box.y - more), 0, height - 1))
    left = int(np.clip(np.floor(box.x - more), 0, width - 1))
    bottom = int(np.clip(np.ceil(box.y + box.h + more), top + 1, height))
    right = int(np.clip(np.ceil(box.x + box.w + more), left + 1, width))
    return pixels[top:bottom, left:right]


def cut(pixels: np.ndarray, face: Face, margin: float | None) -> np.ndarray:
    """A face of a photo uint8 (h, w, 3) with a margin, or its aligned crop if that is None.

    The aligned crop is warped anew out of `pixels`.
    """
    if margin is None:
        return align.align_face(pixels, face.warp)
    return with_margin(pixels, face.box, margin)


def as_jpeg(pixels: np.ndarray) -> bytes:
    """Encode RGB pixels uint8 (h, w, 3) as a JPEG without metadata."""
    bgr = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
