"""OpenCV's Haar cascades."""

import threading

import cv2
import numpy as np

from facelens.bundles.session import threads
from facelens.errors import DetectorError
from facelens.faces import align, landmarks, search
from facelens.faces.boxes import bounded, nms
from facelens.faces.face import MIN_SCORE, SURE_SCORE, Detection

HAAR_SIDE = 640  # pixels; a larger picture is shrunk
# The step between the sizes of boxes, and the smallest box in pixels; a face is 0.84 times as wide.
# Finer levels have many more pixels: their larger step takes two thirds of the time and finds as
# many faces.
FIRST_LOOK = (1.1, 30)
FINER_LOOK = (1.2, 24)
NARROWEST = 30.0  # pixels; of narrower faces the first look misses many
NEIGHBOURS = 2
# A lower score is enough, and a face that is seen at one place and scale.
EAGER_NEIGHBOURS, EAGER_FLOOR = 1, 0.8
HAAR_PASSES = 3
# The cascade sees a face at several places and scales, 30 in the median. Where there are fewer than
# MANY, the landmark network has to recognise the face with a score of FLOOR, and two more passes
# have to end within STILL template pixels of each other. All true faces of portraits that lean by
# up to 30 degrees and of loosely framed CelebA faces do, few false ones: `python
# benchmarks/faces.py floor`.
MANY = 12
FLOOR = 0.97
STILL = 2.5
TURNS = (22.0, -22.0)  # degrees
# Further turns cost a quarter of the time each, for they look at half the size; quarter turns come
# first, for that is how photos lie.
FAR_TURNS = (180.0, 90.0, 270.0, 60.0, 300.0, 120.0, 240.0, 150.0, 210.0)
FAR_SIDE = 320  # pixels


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

    def detect(
        self, pixels: np.ndarray, *, finer: bool = False, eager: bool = False
    ) -> list[Detection]:
        first = search.Tile(*bounded(pixels, HAAR_SIDE))
        grey = search.Tile(cv2.cvtColor(first.pixels, cv2.COLOR_RGB2GRAY), first.factor)
        full = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        with self._lock:
            found = self._detect(grey, full, 0.0, eager)
            if not found:
                found = [f for turn in TURNS for f in self._detect(grey, full, turn, eager)]
            found = nms(found)
            if not finer:
                return found
            found = search.finer(
                full, HAAR_SIDE, NARROWEST, found, lambda tile: self._detect(tile, full, 0.0, eager)
            )
            if any(face.fit >= SURE_SCORE for face in found):
                return found
            return nms(found + self._turned(grey, full))

    def _turned(self, grey: search.Tile, full: np.ndarray) -> list[Detection]:
        """Turn the picture further until it shows a whole upright face."""
        small, by = bounded(grey.pixels, FAR_SIDE)
        tile = search.Tile(small, grey.factor * by)
        for turn in FAR_TURNS:
            found = [face for face in self._detect(tile, full, turn) if face.fit >= SURE_SCORE]
            if found:
                return found
        return []

    def _detect(
        self, tile: search.Tile, full: np.ndarray, turn: float, eager: bool = False
    ) -> list[Detection]:
        """Detect the faces of a grey tile rotated by `turn`, and refine them in the grey photo."""
        rotated, rotation = rotate(tile.pixels, turn)
        step, smallest = FINER_LOOK if tile.largest else FIRST_LOOK
        boxes, votes = self._cascade.detectMultiScale2(
            rotated,
            scaleFactor=step,
            minNeighbors=EAGER_NEIGHBOURS if eager else NEIGHBOURS,
            minSize=(smallest, smallest),
            maxSize=(tile.largest, tile.largest),
        )
        to_rotated = align.compose(rotation, tile.from_photo)
        found = []
        for (x, y, w, _), count in zip(boxes, np.ravel(votes), strict=True):
            guess = align.compose(landmarks.guess(x, y, w), to_rotated)
            warp, score = self._refiner(full, guess, HAAR_PASSES)
            if score >= MIN_SCORE and count < MANY:
                floor = EAGER_FLOOR if eager else FLOOR
                warp, score = self._refiner.confirm(full, warp, floor, STILL)
            if score >= MIN_SCORE:
                points = align.apply(align.invert(warp), align.TEMPLATE)
                found.append(Detection(warp, points, score, score))
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
