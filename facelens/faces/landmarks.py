"""The small network that predicts five landmarks near a rough position, and a face score."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from facelens.bundles.find import embedded_folder
from facelens.bundles.session import open_session
from facelens.errors import DetectorError
from facelens.faces import align
from facelens.faces.face import SURE_SCORE

PATCH = 64
# The square of the template that the network sees: side and centre in template pixels.
VIEW = 140.0
VIEW_CENTRE = (89.0, 122.0)
# The cascade's mean box on the template: centre and side.
HAAR_CENTRE = (89.0, 123.4)
HAAR_SIDE = 102.4
# The network was trained on faces within 45 degrees of upright, most within 20.
TURNS = range(45, 360, 45)  # degrees
TURNED_PASSES = 3
CASCADE = str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml")


def guess(x: float, y: float, side: float) -> np.ndarray:
    """Return the rough 2x3 warp that takes a cascade's square box to its mean box on the template.

    `x`, `y`: the box's upper left corner in photo pixels.
    """
    scale = HAAR_SIDE / side
    centre = (x + side / 2, y + side / 2)
    return np.array(
        [
            [scale, 0, HAAR_CENTRE[0] - scale * centre[0]],
            [0, scale, HAAR_CENTRE[1] - scale * centre[1]],
        ],
        np.float32,
    )


def turn(warp: np.ndarray, degrees: float) -> np.ndarray:
    """Turn what a warp shows about the centre of the network's view, counter-clockwise."""
    turned = cv2.getRotationMatrix2D(VIEW_CENTRE, degrees, 1.0)
    return align.compose(np.asarray(turned, np.float32), warp)


def view() -> np.ndarray:
    """Return the 2x3 that takes the template to the network's patch."""
    scale = PATCH / VIEW
    return np.array(
        [
            [scale, 0, PATCH / 2 - 0.5 - scale * VIEW_CENTRE[0]],
            [0, scale, PATCH / 2 - 0.5 - scale * VIEW_CENTRE[1]],
        ],
        np.float32,
    )


def patch_of(grey: np.ndarray, warp: np.ndarray) -> np.ndarray:
    """Show the network's view of a picture under a rough warp."""
    return align.align_face(grey, align.compose(view(), warp), (PATCH, PATCH))


class LandmarkRefiner:
    """Refine a rough warp, and score whether there is a face."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, threads=1)

    def __call__(self, grey: np.ndarray, warp: np.ndarray, passes: int) -> tuple[np.ndarray, float]:
        """Return the refined photo-to-template warp and the score, 0 to 1.

        `grey`: uint8 (height, width), the photo. `warp`: float32 (2, 3), the rough one.
        """
        score = 1.0
        for _ in range(passes):
            logit, landmarks = self._session.run(None, {"patch": patch_of(grey, warp)[None]})
            score = float(1 / (1 + np.exp(-logit[0])))
            warp = align.compose(align.similarity(landmarks[0], align.TEMPLATE), warp)
        return warp, score

    def confirm(
        self, grey: np.ndarray, warp: np.ndarray, floor: float, still: float
    ) -> tuple[np.ndarray, float]:
        """Refine a doubtful face twice more; its score is 0 if it is not confirmed.

        Args:
            floor: the least score of both passes.
            still: how far apart both may end, in template pixels.
        """
        once, first = self(grey, warp, 1)
        twice, score = self(grey, once, 1)
        moved = align.apply(align.compose(twice, align.invert(once)), align.TEMPLATE)
        stays = np.hypot(*(moved - align.TEMPLATE).T).mean() <= still
        return twice, score if stays and min(first, score) >= floor else 0.0

    def turned(self, grey: np.ndarray, warp: np.ndarray) -> np.ndarray | None:
        """Turn the rough `warp` until it shows an upright face, and refine it.

        None if it shows no whole face at any turn.
        """
        warps = [turn(warp, degrees) for degrees in TURNS]
        for _ in range(TURNED_PASSES):
            logits, landmarks = self._session.run(
                None, {"patch": np.stack([patch_of(grey, each) for each in warps])}
            )
            warps = [
                align.compose(align.similarity(points, align.TEMPLATE), each)
                for points, each in zip(landmarks, warps, strict=True)
            ]
        best = int(logits.argmax())
        return warps[best] if logits[best] >= np.log(SURE_SCORE / (1 - SURE_SCORE)) else None


def embedded() -> Path:
    """Return the path of the embedded network."""
    return embedded_folder("points") / "points.onnx"


@cache
def load() -> LandmarkRefiner:
    """Open the embedded network, once per process."""
    path = embedded()
    if not path.is_file():
        raise DetectorError(f"{path} is missing; reinstall Facelens.")
    return LandmarkRefiner(path)
