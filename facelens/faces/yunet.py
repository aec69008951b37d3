"""YuNet, a small network that predicts a box and five landmarks per face."""

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facelens.bundles.session import open_session
from facelens.errors import DetectorError
from facelens.faces.refined import RefinedDetector, Settings

# A larger picture only helps with smaller faces: `python benchmarks/faces.py small`.
YUNET_SIDE = 512
NARROWEST = 16.0  # pixels; of faces half as wide it misses every fourth
YUNET_CONFIDENCE = 0.6
EAGER_CONFIDENCE = 0.25  # where the landmark network has to see a face too
# At finer levels, where there is more to mistake, a face that cannot be refined needs this score.
UNREFINED = 0.8
YUNET_OVERLAP = 0.3  # IoU
YUNET_STRIDES = (8, 16, 32)
YUNET_OUTPUTS = [f"{kind}_{n}" for kind in ("cls", "obj", "bbox", "kps") for n in YUNET_STRIDES]

# The nose moves most when a head turns sideways, the eyes least. The landmarks are biased towards
# upright: they show 6 tenths of a face's tilt.
YUNET_WEIGHTS = np.array([2, 2, 0.3, 1, 1])
YUNET_PASSES = 2


class Yunet(RefinedDetector):
    """YuNet, a small network that predicts a box and five landmarks per face.

    ONNX Runtime is faster than OpenCV's own `FaceDetectorYN` and gives the same detections. But it
    insists on a fixed input size if the file has one; OpenCV does not, so OpenCV runs such files.
    """

    name = "yunet"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._lock = threading.Lock()
        try:
            self._session = open_session(path.read_bytes())
            (put,) = self._session.get_inputs()
            self._input = put.name
            self._opencv: Any = None
            # A network without these outputs makes OpenCV crash the whole process.
            is_yunet = {out.name for out in self._session.get_outputs()} >= set(YUNET_OUTPUTS)
            if is_yunet and any(isinstance(side, int) for side in put.shape[2:]):
                self._opencv = cv2.FaceDetectorYN.create(
                    str(path), "", (64, 64), YUNET_CONFIDENCE, YUNET_OVERLAP
                )
            self._rows(np.zeros((64, 64, 3), np.uint8))
        except Exception as error:
            raise DetectorError(
                f"{path} is damaged or is not a YuNet face detector; download it again."
            ) from error

    @property
    def settings(self) -> Settings:
        return Settings(
            side=YUNET_SIDE, narrowest=NARROWEST, score=YUNET_CONFIDENCE,
            finer_score=YUNET_CONFIDENCE,
            eager_score=EAGER_CONFIDENCE, doubtful=(YUNET_CONFIDENCE, UNREFINED),
            confirmed=(0.0, 0.0, 0.0, 0.0), upright=0.0, weights=YUNET_WEIGHTS, passes=YUNET_PASSES,
        )  # fmt: skip

    def _rows(
        self, small: np.ndarray, floor: float = YUNET_CONFIDENCE
    ) -> list[tuple[float, np.ndarray]]:
        """Return each face's score, at least `floor`, and landmarks, float32 (5, 2); best first."""
        if self._opencv:
            return self._opencv_rows(small, floor)
        height, width = (-(-side // 32) * 32 for side in small.shape[:2])
        picture = np.zeros((1, 3, height, width), np.float32)
        for channel, plane in enumerate(cv2.split(small)):  # it was trained on BGR
            picture[0, 2 - channel, : small.shape[0], : small.shape[1]] = plane
        values = self._session.run(YUNET_OUTPUTS, {self._input: picture})
        scores, boxes, points = [], [], []
        for level, stride in enumerate(YUNET_STRIDES):
            face, objectness, box, offsets = (value[0] for value in values[level::3])
            score = np.sqrt(np.clip(face, 0, 1) * np.clip(objectness, 0, 1))[:, 0]
            cells = np.flatnonzero(score >= floor)
            corner = np.stack([cells % (width // stride), cells // (width // stride)], 1)
            size = np.exp(box[cells, 2:])
            scores.append(score[cells])
            boxes.append(stride * np.hstack([corner + box[cells, :2] - size / 2, size]))
            points.append(stride * (corner[:, None] + offsets[cells].reshape(-1, 5, 2)))
        all_scores, all_points = np.concatenate(scores), np.concatenate(points)
        kept = cv2.dnn.NMSBoxes(
            np.concatenate(boxes).astype(int).tolist(), all_scores.tolist(), 0.0, YUNET_OVERLAP
        )
        return [
            (float(all_scores[i]), all_points[i].astype(np.float32))
            for i in np.ravel(kept).astype(int)
        ]

    def _opencv_rows(self, small: np.ndarray, floor: float) -> list[tuple[float, np.ndarray]]:
        with self._lock:
            self._opencv.setScoreThreshold(floor)
            self._opencv.setInputSize(small.shape[1::-1])
            rows = self._opencv.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1]
        return [(float(row[14]), row[4:14].reshape(5, 2)) for row in ([] if rows is None else rows)]
