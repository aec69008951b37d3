"""YuNet, a small network that predicts a box and five landmarks per face."""

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facelens.bundles.session import open_session, threads
from facelens.errors import DetectorError
from facelens.faces import align, landmarks, search
from facelens.faces.boxes import bounded, distinct
from facelens.faces.face import MIN_SCORE, SURE_SCORE, Detection

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

# The nose moves most when a head turns sideways, the eyes least.
YUNET_WEIGHTS = np.array([2, 2, 0.3, 1, 1])
YUNET_PASSES = 2


class Yunet:
    """YuNet, a small network that predicts a box and five landmarks per face.

    ONNX Runtime is faster than OpenCV's own `FaceDetectorYN` and gives the same detections. But it
    insists on a fixed input size if the file has one; OpenCV does not, so OpenCV runs such files.
    """

    name = "yunet"

    def __init__(self, path: Path) -> None:
        cv2.setNumThreads(threads())
        self._lock = threading.Lock()
        self._refiner = landmarks.load()
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

    def detect(
        self, pixels: np.ndarray, *, finer: bool = False, eager: bool = False
    ) -> list[Detection]:
        floor = EAGER_CONFIDENCE if eager else YUNET_CONFIDENCE
        full = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        first = search.Tile(*bounded(pixels, YUNET_SIDE))

        def look(tile: search.Tile) -> list[Detection]:
            rows = self._rows(tile.pixels, floor)
            found = [self._refined(pixels, full, tile.to_photo(row), score) for score, row in rows]
            if eager:
                return [face for face in found if face.fit >= MIN_SCORE]
            if tile is first:
                return found
            return [face for face in found if face.fit >= MIN_SCORE or face.score >= UNREFINED]

        found = look(first)
        if finer:
            found = search.finer(pixels, YUNET_SIDE, NARROWEST, found, look)
        sure = [face for face in found if face.fit >= SURE_SCORE]
        if found and len(sure) == len(found):
            return found
        # A face on its side is missed now and then, or its landmarks are.
        lying = self._sideways(pixels, full, first)
        return distinct([*sure, *lying, *found])

    def _refined(
        self, pixels: np.ndarray, full: np.ndarray, points: np.ndarray, score: float
    ) -> Detection:
        """Refine five landmarks in `full`, the grey photo; turn the face upright if need be."""
        warp = align.similarity(points, align.TEMPLATE, YUNET_WEIGHTS)
        # YuNet's landmarks are biased towards upright: they show 6 tenths of a face's tilt.
        refined, fit = self._refiner(full, warp, YUNET_PASSES)
        if fit < SURE_SCORE:
            upright = self._upright(pixels, full, warp, score)
            if upright:
                return upright
        if fit < MIN_SCORE:
            return Detection(warp, points, score, fit)
        moved = align.apply(align.compose(align.invert(refined), warp), points)
        return Detection(refined, moved, score, fit)

    def _upright(
        self, pixels: np.ndarray, full: np.ndarray, rough: np.ndarray, score: float
    ) -> Detection | None:
        """Turn a face upright and detect it once more there; None if no turn shows a face."""
        turned = self._refiner.turned(full, rough)
        if turned is None:
            return None
        rows = self._rows(align.align_face(pixels, turned))
        if not rows:
            return None
        points = min((row for _, row in rows), key=lambda row: np.abs(row - align.TEMPLATE).sum())
        warp = align.similarity(points, align.TEMPLATE, YUNET_WEIGHTS)
        refined, fit = self._refiner(full, align.compose(warp, turned), YUNET_PASSES)
        moved = align.apply(align.compose(align.invert(refined), warp), points)
        return Detection(refined, moved, score, fit) if fit >= SURE_SCORE else None

    def _sideways(
        self, pixels: np.ndarray, full: np.ndarray, first: search.Tile
    ) -> list[Detection]:
        """Detect faces that lie on their side."""
        rows = self._rows(np.ascontiguousarray(np.rot90(first.pixels)))
        last = first.pixels.shape[1] - 1
        found = [
            self._refined(
                pixels, full, first.to_photo(np.stack([last - row[:, 1], row[:, 0]], 1)), score
            )
            for score, row in rows
        ]
        return [face for face in found if face.fit >= SURE_SCORE]

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
