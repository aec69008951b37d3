"""Follow faces through a moving picture, so that a person keeps a number."""

from dataclasses import dataclass

import numpy as np

from facelens.faces import align, detect, face_of, landmarks
from facelens.faces.boxes import iou
from facelens.faces.face import MIN_SCORE, Box, Detection, Face
from facelens.photo import Photo

# Frames from one search of the whole picture to the next; between them each face is looked for
# where it was. The cascades take ten times as long as YuNet.
DETECT_EVERY = {"yunet": 3, "haar": 12}
# A face that is out of sight this many searches in a row has left.
PATIENCE = 10
PASSES = 2
# Two boxes are one face if they share at least this much of what they cover.
LEAST_SHARED = 0.25
# How much of a step is believed at once, and how much of it becomes speed: a Kalman filter for
# steady motion comes to such constants (Kalata, 1984).
BELIEVED, HASTE = 0.8, 0.3


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """A face of one frame; `number`, from 1, stays with it while it is in sight."""

    number: int
    face: Face


class _Track:
    """One face: where it lies, as middle and size, and how fast they change a frame.

    `five`: its points on the template, as the last search saw them.
    """

    def __init__(self, number: int, found: Detection) -> None:
        self.number, self.missed = number, 0
        self.state = _state(found.warp)
        self.speed = np.zeros(3)
        self.found: Detection | None = found
        self.five = align.apply(found.warp, found.landmarks)

    def move(self) -> None:
        """Go on as before."""
        self.state = self.state + self.speed
        self.found = None

    def see(self, found: Detection) -> None:
        """Take what was found as where the face is."""
        away = _state(found.warp) - self.state
        self.state = self.state + BELIEVED * away
        self.speed = self.speed + HASTE * away
        self.found, self.missed = found, 0

    def miss(self) -> None:
        """Stand still: what is hidden is looked for where it was last."""
        self.speed = np.zeros(3)
        self.missed += 1

    def guess(self) -> np.ndarray:
        """The warp that the face would have, were it upright."""
        x, y, size = self.state
        scale = np.exp(-size)
        middle = np.array(align.TEMPLATE_BOX.centre)
        shift = middle - scale * np.array([x, y])
        return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)

    @property
    def box(self) -> Box:
        return align.face_box(self.guess())


def _state(warp: np.ndarray) -> np.ndarray:
    return np.array([*align.face_box(warp).centre, -np.log(align.scale_of(warp))])


class FaceTracker:
    """Find the faces of frame after frame.

    Args:
        detector: as in `facelens.find_faces`.
        every: how many frames lie between two searches of the whole picture.
    """

    def __init__(self, detector: str | None = None, *, every: int | None = None) -> None:
        self._finder = detect.open_detector(detector)
        self._points = landmarks.load()
        self._every = every or DETECT_EVERY[self._finder.name]
        self._tracks: list[_Track] = []
        self._count = 0
        self._until_search = 0

    def follow(self, photo: Photo) -> list[TrackedFace]:
        """The faces of the next frame, those first that have been in sight longest."""
        for track in self._tracks:
            track.move()
        if self._until_search <= 0 or not self._tracks:
            self._search(photo.pixels)
            self._until_search = self._every
        else:
            self._look_near(photo.pixels)
        self._until_search -= 1
        return [
            TrackedFace(track.number, face_of(photo, track.found, self._finder.name))
            for track in self._tracks
            if track.found
        ]

    @property
    def numbers(self) -> set[int]:
        """Who has not left: in sight, or missed a moment ago."""
        return {track.number for track in self._tracks}

    def forget(self) -> None:
        """Begin anew: another film, another camera."""
        self._tracks, self._until_search = [], 0

    def _search(self, pixels: np.ndarray) -> None:
        """Look everywhere, and say which faces are those that were there."""
        found = self._finder.find(pixels)
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
        for share, t, f in pairs:
            track = self._tracks[t]
            if share >= LEAST_SHARED and f not in taken and not track.found:
                track.see(found[f])
                track.five = align.apply(found[f].warp, found[f].landmarks)
                taken.add(f)
        for track in self._tracks:
            if not track.found:
                track.miss()
        self._tracks = [track for track in self._tracks if track.missed < PATIENCE]
        for f, each in enumerate(found):
            if f not in taken:
                self._count += 1
                self._tracks.append(_Track(self._count, each))

    def _look_near(self, pixels: np.ndarray) -> None:
        """Look for each face where it should be; without it there, the next frame is searched."""
        import cv2

        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        for track in self._tracks:
            if track.missed:
                continue
            warp, sure = self._points(grey, track.guess(), PASSES)
            found = Detection(warp, align.apply(align.invert(warp), track.five), sure)
            if sure >= MIN_SCORE and iou(track.box, align.face_box(warp)) > 0:
                track.see(found)
            else:
                self._until_search = 0
