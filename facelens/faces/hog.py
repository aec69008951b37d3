"""dlib's HOG detector: gradients in cells of 8 pixels, and five linear templates that slide over.

Dalal and Triggs, 2005; its training: King, "Max-Margin Object Detection", 2015. It comes with the
extra `hog` and is for frontal faces that stand upright. Nothing here turns the picture for it: what
that costs is shown by `python benchmarks/faces.py angles`.
"""

import importlib.util
import threading
from typing import Any

import cv2
import numpy as np

from facelens.errors import MissingExtraError
from facelens.faces import align, landmarks, search
from facelens.faces.boxes import bounded, nms
from facelens.faces.face import MIN_SCORE, Detection

HOG_SIDE = 640  # pixels; a larger picture is shrunk
# Its window has 80 pixels; a picture enlarged twofold shows faces of 40, in four times the time.
ENLARGED = 1
NARROWEST = 42.0  # pixels
HOG_SCORE, EAGER_SCORE = 0.0, -0.5
# 95 % of the boxes on CelebA's training faces score more; below, the landmark network has to
# confirm the face, as it has to for the cascades.
HOG_SURE = 0.5
FLOOR, EAGER_FLOOR = 0.97, 0.8
STILL = 2.5  # template pixels
HOG_PASSES = 3
# The mean boxes of its templates on 388 aligned CelebA training crops: centre and side in template
# pixels; the frontal one, two for faces turned to a side, and two for tilted faces, which count as
# the frontal.
_FRONTAL = ((88.7, 134.9), 88.2)
TEMPLATES = (_FRONTAL, ((88.9, 128.2), 97.7), ((88.2, 128.5), 101.0), _FRONTAL, _FRONTAL)


def check_installed() -> None:
    """Check that dlib is installed, without loading it.

    Raises:
        MissingExtraError: it is not.
    """
    if importlib.util.find_spec("dlib") is None:
        raise MissingExtraError("The HOG detector needs dlib: pip install 'facelens[hog]'.")


class Hog:
    """dlib's HOG detector, and a small network that predicts the five landmarks in its boxes."""

    name = "hog"

    def __init__(self) -> None:
        check_installed()
        try:
            import dlib

            self._detector = dlib.get_frontal_face_detector()
        except (ImportError, AttributeError) as error:
            raise MissingExtraError(
                f"dlib cannot be loaded ({error}): pip install --force-reinstall 'facelens[hog]'."
            ) from error
        self._lock = threading.Lock()
        self._refiner = landmarks.load()

    def detect(
        self, pixels: np.ndarray, *, finer: bool = False, eager: bool = False
    ) -> list[Detection]:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        small, factor = bounded(grey, HOG_SIDE)
        with self._lock:
            found = nms(self._detect(search.Tile(small, factor), grey, eager))
            if not finer:
                return found
            return search.finer(
                grey, HOG_SIDE, NARROWEST, found, lambda tile: self._detect(tile, grey, eager)
            )

    def _detect(self, tile: search.Tile, full: np.ndarray, eager: bool) -> list[Detection]:
        """Detect the faces of a grey tile, and refine them in the grey photo."""
        rectangles, scores, templates = self._detector.run(
            np.ascontiguousarray(tile.pixels), ENLARGED, EAGER_SCORE if eager else HOG_SCORE
        )
        found = []
        for box, score, template in zip(rectangles, scores, templates, strict=True):
            # At a finer level this is no small face, but a part of one that a coarser level shows.
            if tile.largest and box.width() > tile.largest:
                continue
            warp = align.compose(_guess(box, int(template)), tile.from_photo)
            warp, fit = self._refiner(full, warp, HOG_PASSES)
            if fit >= MIN_SCORE and score < HOG_SURE:
                floor = EAGER_FLOOR if eager else FLOOR
                warp, fit = self._refiner.confirm(full, warp, floor, STILL)
            if fit >= MIN_SCORE:
                points = align.apply(align.invert(warp), align.TEMPLATE)
                found.append(Detection(warp, points, fit, fit))
        return found


def _guess(box: Any, template: int) -> np.ndarray:
    """Return the rough 2x3 warp that takes a dlib rectangle to its mean box on the template."""
    centre, side = TEMPLATES[template]
    width, x, y = box.width(), box.left(), box.top()
    scale = side / width
    return np.array(
        [
            [scale, 0, centre[0] - scale * (x + (width - 1) / 2)],
            [0, scale, centre[1] - scale * (y + (box.height() - 1) / 2)],
        ],
        np.float32,
    )
