"""Two face detectors behind one interface: YuNet, and the Haar cascades that OpenCV brings."""

import os
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from facelens.errors import DetectorError
from facelens.faces import align, points
from facelens.session import open_session, threads

# The same network twice: the newer file takes pictures of any size, in the older the size is fixed.
YUNET_FILES = ("face_detection_yunet_2026may.onnx", "face_detection_yunet_2023mar.onnx")
HAAR_SIDE = 640
# Beyond this YuNet finds only smaller faces: `python benchmarks/faces.py small`.
YUNET_SIDE = 512
SMALLEST_FACE = 30
YUNET_CONFIDENCE = 0.6
YUNET_OVERLAP = 0.3
YUNET_STRIDES = (8, 16, 32)
YUNET_OUTPUTS = [f"{kind}_{n}" for kind in ("cls", "obj", "bbox", "kps") for n in YUNET_STRIDES]
# The nose moves when a head turns sideways, the eyes move least.
YUNET_WEIGHTS = np.array([2, 2, 0.3, 1, 1])
YUNET_PASSES = 2
# Below this the point network sees no face.
LEAST_SURE = 0.5
HAAR_PASSES = 3
TURNS = (22.0, -22.0)
NEIGHBOURS = 2


@dataclass(frozen=True, eq=False)
class Found:
    """A face in a photo before it is laid straight.

    `warp`: float32 (2, 3), photo to template. `points`: float32 (5, 2), in photo pixels.
    """

    warp: np.ndarray
    points: np.ndarray
    confidence: float


class Detector(Protocol):
    """Anything that finds faces in RGB pixels."""

    name: str

    def find(self, pixels: np.ndarray) -> list[Found]:
        """Find the faces of a uint8 (height, width, 3) RGB picture."""


def cache_folder() -> Path:
    """Name the folder that downloads are kept in; FACELENS_CACHE moves it."""
    if chosen := os.environ.get("FACELENS_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "facelens"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "facelens"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facelens"


def cached_yunet() -> Path | None:
    """Find the YuNet file that `facelens download detector` has put into the cache."""
    paths = (cache_folder() / name for name in YUNET_FILES)
    return next((path for path in paths if path.is_file()), None)


def resolve(spec: str | None = None) -> tuple[str, Path | None]:
    """Say which detector `spec` (or FACELENS_DETECTOR, or `auto`) means, and YuNet's file.

    Raises:
        DetectorError: there is no such detector, or YuNet's file is not there.
    """
    spec = spec or os.environ.get("FACELENS_DETECTOR") or "auto"
    if spec == "haar":
        return "haar", None
    if spec in ("auto", "yunet"):
        path = cached_yunet()
        if path is None and spec == "auto":
            return "haar", None
    elif spec.startswith("yunet:") or spec.endswith(".onnx"):
        path = Path(spec.removeprefix("yunet:")).expanduser()
    else:
        raise DetectorError(
            f"There is no face detector called '{spec}': use auto, haar, yunet or yunet:PATH."
        )
    if path is None:
        raise DetectorError(
            "YuNet's file is not in the cache: run `facelens download detector` or use haar."
        )
    if not path.is_file():
        raise DetectorError(f"There is no YuNet file at {path}.")
    return "yunet", path


def open_detector(spec: str | None = None) -> Detector:
    """Open the detector that `spec` means, once in a process."""
    _, path = resolve(spec)
    if path is None:
        return _haar()
    stat = path.stat()
    return _yunet(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _yunet(path: Path, _changed: int, _size: int) -> "Yunet":
    return Yunet(path)


@lru_cache(maxsize=1)
def _haar() -> "Haar":
    return Haar()


class Yunet:
    """YuNet, a small network that gives a box and five points a face.

    ONNX Runtime computes it sooner than OpenCV's own `FaceDetectorYN`, and what is made of its
    outputs is the same. But it holds to the size that a file fixes for its input; OpenCV does not,
    so such files are OpenCV's to run.
    """

    name = "yunet"

    def __init__(self, path: Path) -> None:
        cv2.setNumThreads(threads())
        self._lock = threading.Lock()
        self._points = points.load()
        try:
            self._session = open_session(path.read_bytes())
            (put,) = self._session.get_inputs()
            self._input = put.name
            self._theirs: Any = None
            # OpenCV takes the whole process down with a network that lacks these outputs.
            is_yunet = {out.name for out in self._session.get_outputs()} >= set(YUNET_OUTPUTS)
            if is_yunet and any(isinstance(side, int) for side in put.shape[2:]):
                self._theirs = cv2.FaceDetectorYN.create(
                    str(path), "", (64, 64), YUNET_CONFIDENCE, YUNET_OVERLAP
                )
            self._rows(np.zeros((64, 64, 3), np.uint8))
        except Exception as error:
            raise DetectorError(
                f"{path} is damaged or is not a YuNet face detector: fetch it again."
            ) from error

    def find(self, pixels: np.ndarray) -> list[Found]:
        small, factor = _bounded(pixels, YUNET_SIDE)
        rows = self._rows(small)
        if not rows:
            return []
        full = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        found = []
        for score, seen in rows:
            five = (seen + 0.5) * factor - 0.5
            warp = align.similarity(five, align.TEMPLATE, YUNET_WEIGHTS)
            # YuNet's points lean towards upright: 4 tenths of a turn are lost in them.
            better, sure = self._points(full, warp, YUNET_PASSES)
            if sure >= LEAST_SURE:
                moved = align.apply(align.compose(align.invert(better), warp), five)
                found.append(Found(better, moved, score))
            else:
                found.append(Found(warp, five, score))
        return found

    def _rows(self, small: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Give each face's confidence and its five points, float32 (5, 2); the surest first."""
        if self._theirs:
            return self._rows_of_theirs(small)
        height, width = (-(-side // 32) * 32 for side in small.shape[:2])
        picture = np.zeros((1, 3, height, width), np.float32)
        for channel, plane in enumerate(cv2.split(small)):  # it learnt from BGR
            picture[0, 2 - channel, : small.shape[0], : small.shape[1]] = plane
        values = self._session.run(YUNET_OUTPUTS, {self._input: picture})
        scores, boxes, fives = [], [], []
        for level, stride in enumerate(YUNET_STRIDES):
            sure, there, box, five = (value[0] for value in values[level::3])
            score = np.sqrt(np.clip(sure, 0, 1) * np.clip(there, 0, 1))[:, 0]
            cells = np.flatnonzero(score >= YUNET_CONFIDENCE)
            corner = np.stack([cells % (width // stride), cells // (width // stride)], 1)
            size = np.exp(box[cells, 2:])
            scores.append(score[cells])
            boxes.append(stride * np.hstack([corner + box[cells, :2] - size / 2, size]))
            fives.append(stride * (corner[:, None] + five[cells].reshape(-1, 5, 2)))
        surest, points = np.concatenate(scores), np.concatenate(fives)
        kept = cv2.dnn.NMSBoxes(
            np.concatenate(boxes).astype(int).tolist(), surest.tolist(), 0.0, YUNET_OVERLAP
        )
        return [
            (float(surest[i]), points[i].astype(np.float32)) for i in np.ravel(kept).astype(int)
        ]

    def _rows_of_theirs(self, small: np.ndarray) -> list[tuple[float, np.ndarray]]:
        with self._lock:
            self._theirs.setInputSize(small.shape[1::-1])
            rows = self._theirs.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1]
        return [(float(row[14]), row[4:14].reshape(5, 2)) for row in ([] if rows is None else rows)]


class Haar:
    """Haar cascades, and a small network that finds the five points in their boxes.

    The cascade misses faces that lean, so the picture is turned either way where the upright one
    shows nothing.
    """

    name = "haar"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        cv2.setNumThreads(threads())
        self._cascade = cv2.CascadeClassifier(points.CASCADE)
        if self._cascade.empty():
            raise DetectorError("OpenCV's face cascades are missing: install opencv below 5.")
        self._points = points.load()

    def find(self, pixels: np.ndarray) -> list[Found]:
        small, factor = _bounded(pixels, HAAR_SIDE)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        full = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        with self._lock:
            found = self._look(grey, full, factor, 0.0)
            if not found:
                found = [f for turn in TURNS for f in self._look(grey, full, factor, turn)]
        return without_doubles(found)

    def _look(self, grey: np.ndarray, full: np.ndarray, factor: float, turn: float) -> list[Found]:
        turned, there = turned_by(grey, turn)
        boxes = self._cascade.detectMultiScale(
            turned, scaleFactor=1.1, minNeighbors=NEIGHBOURS, minSize=(SMALLEST_FACE, SMALLEST_FACE)
        )
        to_small = np.array([[1, 0, 0.5], [0, 1, 0.5]], np.float32) / factor
        to_small[:, 2] -= 0.5
        found = []
        for x, y, w, _ in boxes:
            guess = align.compose(points.guess(x, y, w), align.compose(there, to_small))
            warp, confidence = self._points(full, guess, HAAR_PASSES)
            if confidence >= LEAST_SURE:
                five = align.apply(align.invert(warp), align.TEMPLATE)
                found.append(Found(warp, five, confidence))
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


def without_doubles(found: list[Found]) -> list[Found]:
    """Keep the surest of faces that cover each other: centres closer than half a face."""
    kept: list[Found] = []
    for face in sorted(found, key=lambda f: f.confidence, reverse=True):
        box = align.face_box(face.warp)
        for other in map(align.face_box, (k.warp for k in kept)):
            away = np.hypot(*np.subtract(box.centre, other.centre))
            if away < max(box.w, other.w) / 2:
                break
        else:
            kept.append(face)
    return kept


def _bounded(pixels: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Shrink a picture to `side` at most; also give how many photo pixels one of its pixels is."""
    height, width = pixels.shape[:2]
    factor = max(height, width) / side
    if factor <= 1:
        return pixels, 1.0
    size = (max(round(width / factor), 1), max(round(height / factor), 1))
    # Halved while it can be, then interpolated: as smooth as averaging at once, in less time.
    while factor >= 2 and min(pixels.shape[:2]) > 1 and pixels.shape[1] // 2 >= size[0]:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), factor
