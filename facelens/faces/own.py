"""Our own finder, a small network that predicts a box and five landmarks per face.

It comes with the package, so that a bare install finds faces without a download.
`facelens.training.finder` trains it.
"""

from copy import copy
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from facelens.bundles.find import embedded_folder
from facelens.bundles.session import open_session
from facelens.errors import DetectorError
from facelens.faces.face import Detection
from facelens.faces.refined import RefinedDetector, Settings

STRIDE = 32  # a picture's sides are brought to multiples of it
GREY = 114  # what fills them up, as in training
OWN_SIDE = 320  # pixels; a larger picture only helps with smaller faces
OWN_NARROWEST = 16.0  # pixels
OWN_SCORE = 0.2
OWN_FINER_SCORE = 0.3
OWN_EAGER_SCORE = 0.1
# Where the landmark network sees no face, at the first look and at finer levels.
OWN_DOUBTFUL = (0.75, 0.8)
# Below this score the landmark network has to confirm a face, with the least scores here, staying
# within so many template pixels.
OWN_SURE = 0.8
OWN_FLOOR, OWN_EAGER_FLOOR = 0.99, 0.8
OWN_STILL = 2.5
# Turning a face until it is upright takes a hundred times as long as refining it.
OWN_UPRIGHT = 0.4
OWN_OVERLAP = 0.4  # IoU
# It has learnt landmarks at every angle, so all count alike but the nose, which moves most when a
# head turns sideways.
OWN_WEIGHTS = np.array([1, 1, 0.5, 1, 1])
OWN_PASSES = 2
# Means of a picture's values: below the first it is brightened to the second, up to so many times.
DARK, BRIGHT, LARGEST_GAIN = 50.0, 90.0, 4.0
OUTPUTS = ["boxes", "scores", "landmarks"]


class Own(RefinedDetector):
    """Our own finder; its graph answers at every point of three grids.

    Takes `picture`, uint8 (1, h, w, 3) RGB whose sides are multiples of `STRIDE`, and gives `boxes`
    (1, points, 4), x1, y1, x2, y2 in pixels, `scores` (1, points), 0 to 1, and `landmarks`
    (1, points, 5, 2).
    """

    name = "own"
    upright, finer_score = OWN_UPRIGHT, OWN_FINER_SCORE
    _again: "Own | None" = None

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            self._session = open_session(path.read_bytes())
            self._rows(np.zeros((64, 64, 3), np.uint8))
        except Exception as error:
            raise DetectorError(f"{path} is damaged; reinstall Facelens.") from error
        # Where no face is found, every doubtful one is turned until it is upright.
        self._again = copy(self)
        self._again.upright = self._again.finer_score = OWN_SCORE

    @property
    def settings(self) -> Settings:
        return Settings(
            side=OWN_SIDE, narrowest=OWN_NARROWEST, score=OWN_SCORE,
            finer_score=self.finer_score, eager_score=OWN_EAGER_SCORE,
            doubtful=OWN_DOUBTFUL, weights=OWN_WEIGHTS, passes=OWN_PASSES,
            confirmed=(OWN_SURE, OWN_FLOOR, OWN_EAGER_FLOOR, OWN_STILL), upright=self.upright,
        )  # fmt: skip

    def detect(
        self, pixels: np.ndarray, *, finer: bool = False, eager: bool = False
    ) -> list[Detection]:
        found = super().detect(pixels, finer=finer, eager=eager)
        if not found and finer and self._again is not None:
            found = self._again.detect(pixels, finer=True, eager=eager)
        # Both networks have to be wrong for a face to be none.
        return [replace(face, score=max(face.score, face.fit)) for face in found]

    def _rows(self, small: np.ndarray, floor: float = OWN_SCORE) -> list[tuple[float, np.ndarray]]:
        _, scores, points = self.answers(small, floor)
        return [(float(score), row) for score, row in zip(scores, points, strict=True)]

    def answers(
        self, small: np.ndarray, floor: float = OWN_SCORE
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Detect the faces of uint8 (h, w, 3) pixels as they are, the best first.

        Returns:
            Boxes (n, 4), x1, y1, x2, y2; scores (n,), at least `floor`; landmarks (n, 5, 2).
        """
        height, width = (-(-side // STRIDE) * STRIDE for side in small.shape[:2])
        picture = np.full((1, height, width, 3), GREY, np.uint8)
        picture[0, : small.shape[0], : small.shape[1]] = brightened(small)
        boxes, scores, points = self.every_point(picture[0])
        there = np.flatnonzero(scores >= floor)
        boxes, scores, points = boxes[there], scores[there], points[there]
        corners = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
        kept = np.ravel(
            cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), 0.0, OWN_OVERLAP)
        ).astype(int)
        return boxes[kept], scores[kept], points[kept].astype(np.float32)

    def every_point(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Boxes, scores and landmarks at every point, before non-maximum suppression.

        `picture`: uint8 (h, w, 3), whose sides are multiples of `STRIDE`.
        """
        boxes, scores, points = self._session.run(OUTPUTS, {"picture": picture[None]})
        return boxes[0], scores[0], points[0]


def brightened(pixels: np.ndarray) -> np.ndarray:
    """A dark picture, uint8 (h, w, 3), as bright as those that it has learnt from."""
    mean = float(np.mean(cv2.mean(pixels)[:3]))
    if mean >= DARK:
        return pixels
    return cv2.convertScaleAbs(pixels, alpha=min(BRIGHT / max(mean, 1.0), LARGEST_GAIN))


def embedded() -> Path:
    """Return the path of the embedded network."""
    return embedded_folder("finder") / "finder.onnx"
