"""The small network that says where a face lies in a cascade's box, and whether it is one."""

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facelens.faces import align

if TYPE_CHECKING:
    import onnxruntime

PATCH = 64
# The square of the template that the network sees, side and middle in template pixels.
VIEW = 150.0
VIEW_CENTRE = (89.0, 125.0)
# Where the cascade's box lies on the template, on average: middle and side.
HAAR_CENTRE = (89.0, 122.0)
HAAR_SIDE = 98.0
PASSES = 2


def guess(x: float, y: float, side: float) -> np.ndarray:
    """Take a cascade's square box to the place on the template where such boxes lie."""
    scale = HAAR_SIDE / side
    middle = (x + side / 2, y + side / 2)
    return np.array(
        [
            [scale, 0, HAAR_CENTRE[0] - scale * middle[0]],
            [0, scale, HAAR_CENTRE[1] - scale * middle[1]],
        ],
        np.float32,
    )


def view() -> np.ndarray:
    """Give the 2x3 that takes the template to the network's patch."""
    scale = PATCH / VIEW
    return np.array(
        [
            [scale, 0, PATCH / 2 - 0.5 - scale * VIEW_CENTRE[0]],
            [0, scale, PATCH / 2 - 0.5 - scale * VIEW_CENTRE[1]],
        ],
        np.float32,
    )


class PointNetwork:
    """Better a rough warp, and say how sure it is that there is a face."""

    def __init__(self, session: "onnxruntime.InferenceSession | None") -> None:
        self._session = session

    def __call__(self, grey: np.ndarray, warp: np.ndarray) -> tuple[np.ndarray, float]:
        """Give the refined photo-to-template warp and the confidence, 0 to 1.

        `grey`: uint8 (height, width), the photo. `warp`: float32 (2, 3), the rough one.
        """
        if self._session is None:
            return warp, 0.9
        confidence = 0.0
        for _ in range(PASSES):
            patch = align.straighten(grey, align.compose(view(), warp), (PATCH, PATCH))
            logit, five = self._session.run(None, {"patch": patch[None]})
            confidence = float(1 / (1 + np.exp(-logit[0])))
            warp = align.compose(align.similarity(five[0], align.TEMPLATE), warp)
        return warp, confidence


def embedded() -> Path:
    """Find the network that comes with Facelens."""
    return Path(__file__).parents[2] / "weights" / "points" / "points.onnx"


def load() -> PointNetwork:
    """Open the network that comes with Facelens."""
    path = embedded()
    if not path.is_file():
        return PointNetwork(None)
    from facelens.session import open_session

    return PointNetwork(open_session(path, threads=1))
