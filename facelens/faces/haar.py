"""The Haar cascades that OpenCV brings."""

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
    """Haar cascades, and a small network that finds the five landmarks in their boxes.

    The cascade misses faces that lean, so the picture is turned either way where the upright one
    shows nothing.
    """

    name = "haar"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        cv2.setNumThreads(threads())
        self._cascade = cv2.CascadeClassifier(landmarks.CASCADE)
        if self._cascade.empty():
            raise DetectorError("OpenCV's face cascades are missing: install opencv below 5.")
        self._points = landmarks.load()

    def find(self, pixels: np.ndarray) -> list[Detection]:
        small, factor = bounded(pixels, HAAR_SIDE)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        full = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        with self._lock:
            found = self._look(grey, full, factor, 0.0)
            if not found:
                found = [f for turn in TURNS for f in self._look(grey, full, factor, turn)]
        return nms(found)

    def _look(
        self, grey: np.ndarray, full: np.ndarray, factor: float, turn: float
    ) -> list[Detection]:
        turned, there = turned_by(grey, turn)
        boxes = self._cascade.detectMultiScale(
            turned, scaleFactor=1.1, minNeighbors=NEIGHBOURS, minSize=(SMALLEST_FACE, SMALLEST_FACE)
        )
        to_small = np.array([[1, 0, 0.5], [0, 1, 0.5]], np.float32) / factor
        to_small[:, 2] -= 0.5
        found = []
        for x, y, w, _ in boxes:
            guess = align.compose(landmarks.guess(x, y, w), align.compose(there, to_small))
            warp, confidence = self._points(full, guess, HAAR_PASSES)
            if confidence >= MIN_SCORE:
                five = align.apply(align.invert(warp), align.TEMPLATE)
                found.append(Detection(warp, five, confidence))
        return found


def turned_by(grey: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn a picture about its middle on a canvas that holds all of it; give the 2x3 too."""
    height, width = grey.shape
    there = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    if degrees == 0:
        return grey, np.asarray(there, np.float32)
    cos, sin = abs(there[0, 0]), abs(there[0, 1])
    w, h = round(width * cos + height * sin), round(width * sin + height * cos)
    there[:, 2] += ((w - width) / 2, (h - height) / 2)
    turned = cv2.warpAffine(grey, there, (w, h), borderMode=cv2.BORDER_REPLICATE)
    return turned, np.asarray(there, np.float32)
