"""The small network that refines a face's landmarks in a cascade's box, and doubts what is none."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from facelens.bundles.find import embedded_folder
from facelens.bundles.session import open_session
from facelens.errors import DetectorError
from facelens.faces import align

PATCH = 64
# The square of the template that the network sees, side and middle in template pixels.
VIEW = 140.0
VIEW_CENTRE = (89.0, 122.0)
# Where the cascade's box lies on the template, on average: middle and side.
HAAR_CENTRE = (89.0, 123.4)
HAAR_SIDE = 102.4
CASCADE = str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml")


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


class LandmarkRefiner:
    """Better a rough warp, and say how sure it is that there is a face."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, threads=1)

    def __call__(self, grey: np.ndarray, warp: np.ndarray, passes: int) -> tuple[np.ndarray, float]:
        """Give the refined photo-to-template warp and the confidence, 0 to 1.

        `grey`: uint8 (height, width), the photo. `warp`: float32 (2, 3), the rough one.
        """
        confidence = 1.0
        for _ in range(passes):
            patch = align.align_face(grey, align.compose(view(), warp), (PATCH, PATCH))
            logit, five = self._session.run(None, {"patch": patch[None]})
            confidence = float(1 / (1 + np.exp(-logit[0])))
            warp = align.compose(align.similarity(five[0], align.TEMPLATE), warp)
        return warp, confidence


def embedded() -> Path:
    """Find the network that comes with Facelens."""
    return embedded_folder("points") / "points.onnx"


@cache
def load() -> LandmarkRefiner:
    """Open the network that comes with Facelens, once in a process."""
    path = embedded()
    if not path.is_file():
        raise DetectorError(f"{path} is missing: install Facelens again.")
    return LandmarkRefiner(path)
