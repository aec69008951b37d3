"""OpenCV's Haar cascades."""

import threading

import cv2
import numpy as np

from facelens.bundles.session import threads
from facelens.errors import DetectorError
from facelens.faces import align, landmarks
from facelens.faces.boxes import bounded, nms
from facelens.faces.face import MIN_SCORE, Detection

HAAR_SIDE = 640  # pixels; a larger picture is shrunk
SMALLEST_FACE = 30
NEIGHBOURS = 2
HAAR_PASSES = 3
TURNS = (22.0, -22.0)  # degrees


class Haar:
    """Haar cascades, and a small network that predicts the five landmarks in their boxes.

    The cascade misses tilted faces, so a picture without a detection is rotated either way.
    """

    name = "haar"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        cv2.setNumThreads(threads())
        self._cascade = cv2.CascadeClassifier(landmarks.CASCADE)
        if self._cascade.empty():
            raise DetectorError("OpenCV's face cascades are missing: install opencv below 5.")
        self._refiner = landmarks.load()

    def detect(self, pixels: np.ndarray) -> list[Detection]:
        small, factor = bounded(pixels, HAAR_SIDE)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        full = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        with self._lock:
            found = self._detect(grey, full, factor, 0.0)
            if not found:
                found = [f for turn in TURNS for f in self._detect(grey, full, factor, turn)]
        return nms(found)

    def _detect(
        self, grey: np.ndarray, full: np.ndarray, factor: float, turn: float
    ) -> list[Detection]:
        rotated, rotation = rotate(grey, turn)
        boxes = self._cascade.detectMultiScale(
            rotated,
            scaleFactor=1.1,
            minNeighbors=NEIGHBOURS,
            minSize=(SMALLEST_FACE, SMALLEST_FACE),
        )
        to_small = np.array([[1, 0, 0.5], [0, 1, 0.5]], np.float32) / factor
        to_small[:, 2] -= 0.5
        found = []
        for x, y, w, _ in boxes:
            guess = align.compose(landmarks.guess(x, y, w), align.compose(rotation, to_small))
            warp, score = self._refiner(full, guess, HAAR_PASSES)
            if score >= MIN_SCORE:
                points = align.apply(align.invert(warp), align.TEMPLATE)
                found.append(Detection(warp, points, score))
        return found


def rotate(grey: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Rotate a picture about its centre on a canvas that holds all of it; return the 2x3 too."""
    height, width = grey.shape
    rotation = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    if degrees == 0:
        return grey, np.asarray(rotation, np.float32)
    cos, sin = abs(rotation[0, 0]), abs(rotation[0, 1])
    w, h = round(width * cos + height * sin), round(width * sin + height * cos)
    rotation[:, 2] += ((w - width) / 2, (h - height) / 2)
    rotated = cv2.warpAffine(grey, rotation, (w, h), borderMode=cv2.BORDER_REPLICATE)
    return rotated, np.asarray(rotation, np.float32)
