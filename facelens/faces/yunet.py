"""YuNet, a small network that gives a box and five landmarks a face."""

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facelens.bundles.session import open_session, threads
from facelens.errors import DetectorError
from facelens.faces import align, landmarks
from facelens.faces.boxes import bounded
from facelens.faces.face import MIN_SCORE, Detection

# Beyond this YuNet finds only smaller faces: `python benchmarks/faces.py small`.
YUNET_SIDE = 512
YUNET_CONFIDENCE = 0.6
YUNET_OVERLAP = 0.3  # IoU
YUNET_STRIDES = (8, 16, 32)
YUNET_OUTPUTS = [f"{kind}_{n}" for kind in ("cls", "obj", "bbox", "kps") for n in YUNET_STRIDES]

# The nose moves when a head turns sideways, the eyes move least.
YUNET_WEIGHTS = np.array([2, 2, 0.3, 1, 1])
YUNET_PASSES = 2


class Yunet:
    """The network, run by ONNX Runtime, or by OpenCV where the file fixes the size.

    ONNX Runtime computes it sooner than OpenCV's own `FaceDetectorYN`, and what is made of its
    outputs is the same. But it holds to the size that a file fixes for its input; OpenCV does not,
    so such files are OpenCV's to run.
    """

    name = "yunet"

    def __init__(self, path: Path) -> None:
        cv2.setNumThreads(threads())
        self._lock = threading.Lock()
        self._points = landmarks.load()
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

    def find(self, pixels: np.ndarray) -> list[Detection]:
        small, factor = bounded(pixels, YUNET_SIDE)
        rows = self._rows(small)
        if not rows:
            return []
        full = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        found = []
        for score, seen in rows:
            five = (seen + 0.5) * factor - 0.5
            warp = align.similarity(five, align.TEMPLATE, YUNET_WEIGHTS)
            # YuNet's landmarks lean towards upright: 4 tenths of a turn are lost in them.
            better, sure = self._points(full, warp, YUNET_PASSES)
            if sure >= MIN_SCORE:
                moved = align.apply(align.compose(align.invert(better), warp), five)
                found.append(Detection(better, moved, score))
            else:
                found.append(Detection(warp, five, score))
        return found

    def _rows(self, small: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Give each face's confidence and its five landmarks, float32 (5, 2); the surest first."""
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
        surest, seen = np.concatenate(scores), np.concatenate(fives)
        kept = cv2.dnn.NMSBoxes(
            np.concatenate(boxes).astype(int).tolist(), surest.tolist(), 0.0, YUNET_OVERLAP
        )
        return [(float(surest[i]), seen[i].astype(np.float32)) for i in np.ravel(kept).astype(int)]

    def _rows_of_theirs(self, small: np.ndarray) -> list[tuple[float, np.ndarray]]:
        with self._lock:
            self._theirs.setInputSize(small.shape[1::-1])
            rows = self._theirs.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1]
        return [(float(row[14]), row[4:14].reshape(5, 2)) for row in ([] if rows is None else rows)]
