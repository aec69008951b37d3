"""Track faces from frame to frame, so that a person keeps a number."""

from dataclasses import dataclass

import numpy as np

from facelens.faces import align, detect, face_of, landmarks
from facelens.faces.boxes import iou
from facelens.faces.face import MIN_SCORE, Box, Detection, Face
from facelens.photo import Photo

# The detector sees the whole picture every so often; in the frames between, each face is only
# refined near its predicted position. The cascades and HOG take ten times
# as long as YuNet.
DETECT_EVERY = {"yunet": 3, "own": 3, "haar": 12, "hog": 12}
# A face that this many detections in a row have missed has left.
PATIENCE = 10
PASSES = 2
# Two boxes with at least this intersection over union are one face.
MIN_IOU = 0.25
# Gains of an alpha-beta filter: the steady state of a Kalman filter for constant velocity (Kalata,
# 1984).
ALPHA, BETA = 0.8, 0.3


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """A face of one frame; `number`, from 1, stays with it while it is in sight."""

    number: int
    face: Face


class _Track:
    """One face: the state (centre x and y, log size, angle) and its speed per frame.

    `landmarks`: on the template, as last detected.
    """

    def __init__(self, number: int, found: Detection) -> None:
        self.number, self.missed = number, 0
        self.state = _state(found.warp)
        self.speed = np.zeros(4)
        self.found: Detection | None = found
        self.landmarks = align.apply(found.warp, found.landmarks)

    def predict(self) -> None:
        """Advance the state by one frame."""
        self.state = self.state + self.speed
        self.found = None

    def update(self, found: Detection) -> None:
        """Correct the state by a detection."""
        residual = _state(found.warp) - self.state
        residual[3] = np.remainder(residual[3] + np.pi, 2 * np.pi) - np.pi
        self.state = self.state + ALPHA * residual
        self.speed = self.speed + BETA * residual
        self.found, self.missed = found, 0

    def miss(self) -> None:
        """Count a missed detection; a hidden face is expected where it was last."""
        self.speed = np.zeros(4)
        self.missed += 1

    def guess(self) -> np.ndarray:
        """The warp of a face in this state."""
        x, y, size, angle = self.state
        a, b = np.exp(-size) * np.cos(angle), np.exp(-size) * np.sin(angle)
        linear = np.array([[a, -b], [b, a]])
        shift = np.array(align.TEMPLATE_BOX.centre) - linear @ [x, y]
        return np.column_stack([linear, shift]).astype(np.float32)

    @property
    def box(self) -> Box:
        return align.face_box(self.guess())


def _state(warp: np.ndarray) -> np.ndarray:
    angle = np.arctan2(warp[1, 0], warp[0, 0])
    return np.array([*align.face_box(warp).centre, -np.log(align.scale_of(warp)), angle])


class FaceTracker:
    """Track the faces of frame after frame.

    Args:
        detector: as in `facelens.find_faces`.
        every: detect in the whole picture every this many frames.
    """

    def __init__(self, detector: str | None = None, *, every: int | None = None) -> None:
        self._detector = detect.open_detector(detector)
        self._refiner = landmarks.load()
        self._every = every or DETECT_EVERY[self._detector.name]
        self._tracks: list[_Track] = []
        self._count = 0
        self._until_detection = 0

    def track(self, photo: Photo) -> list[TrackedFace]:
        """The faces of the next frame, oldest track first."""
        for track in self._tracks:
            track.predict()
        if self._until_detection <= 0 or not self._tracks:
            self._detect(photo.pixels)
            self._until_detection = self._every
        else:
            self._refine(photo.pixels)
        self._until_detection -= 1
        return [
            TrackedFace(track.number, face_of(photo, track.found, self._detector.name))
            for track in self._tracks
            if track.found
        ]

    @property
    def numbers(self) -> set[int]:
        """Numbers of the tracks that are alive: in sight, or missed a moment ago."""
        return {track.number for track in self._tracks}

    def forget(self) -> None:
        """Drop all tracks, for another film or another camera."""
        self._tracks, self._until_detection = [], 0

    def _detect(self, pixels: np.ndarray) -> None:
        """Detect in the whole picture, and match detections to tracks by IoU, best pair first."""
        found = self._detector.detect(pixels)
        boxes = [align.face_box(each.warp) for each in found]
        pairs = sorted(
            (
                (iou(track.box, box), t, f)
                for t, track in enumerate(self._tracks)
                for f, box in enumerate(boxes)
            ),
            reverse=True,
        )
        taken: set[int] = set()
        for overlap, t, f in pairs:
            track = self._tracks[t]
            if overlap >= MIN_IOU and f not in taken and not track.found:
                track.update(found[f])
                track.landmarks = align.apply(found[f].warp, found[f].landmarks)
                taken.add(f)
        for track in self._tracks:
            if not track.found:
                track.miss()
        self._tracks = [track for track in self._tracks if track.missed < PATIENCE]
        for f, each in enumerate(found):
            if f not in taken:
                self._count += 1
                self._tracks.append(_Track(self._count, each))

    def _refine(self, pixels: np.ndarray) -> None:
        """Refine each face near its predicted position; detect in the next frame if one is lost."""
        import cv2

        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        for track in self._tracks:
            if track.missed:
                continue
            warp, score = self._refiner(grey, track.guess(), PASSES)
            found = Detection(warp, align.apply(align.invert(warp), track.landmarks), score, score)
            if score >= MIN_SCORE and iou(track.box, align.face_box(warp)) > 0:
                track.update(found)
            else:
                self._until_detection = 0
