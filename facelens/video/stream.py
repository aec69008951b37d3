"""Predict on a stream of frames: faces are tracked, and their answers smoothed over time."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from facelens.faces import Face
from facelens.faces.track import FaceTracker
from facelens.photo import Photo
from facelens.tasks.base import Model

# Time constant of the smoothing, in seconds: short enough for a smile, long enough that a blink or
# a blurred frame does not make a verdict flicker.
STEADY = 0.3


@dataclass(frozen=True, eq=False)
class Observation:
    """A face of one frame; `number` is its track's and stays the same while it is in sight.

    `answer`: the task's, smoothed over this frame and those before; a classifier's has maps, of
    this frame only, if they were requested.
    """

    number: int
    face: Face
    answer: Any


class LivePredictor:
    """Predict frame after frame.

    Args:
        model: the network that answers.
        detector: as in `facelens.find_faces`.
    """

    def __init__(self, model: Model, detector: str | None = None) -> None:
        self.model = model
        self._tracker = FaceTracker(detector)
        self._smoothed: dict[int, Any] = {}
        self._seconds = 0.0
        self._shape: tuple[int, ...] = ()

    def predict(self, photo: Photo, seconds: float, *, maps: bool = False) -> list[Observation]:
        """Observe the faces of the frame at `seconds`; `maps` come from the same forward pass."""
        if photo.pixels.shape != self._shape:  # a rotated phone, another camera
            self.forget()
            self._shape = photo.pixels.shape
        tracked = self._tracker.track(photo)
        faces = [each.face for each in tracked]
        answers = self.model.predict(faces, maps=maps)
        share = 1 - np.exp(-max(0.0, seconds - self._seconds) / STEADY)
        self._seconds = seconds
        alive = self._tracker.numbers
        self._smoothed = {n: answer for n, answer in self._smoothed.items() if n in alive}
        for each, answer in zip(tracked, answers, strict=True):
            before = self._smoothed.get(each.number, answer)
            self._smoothed[each.number] = self.model.blend(before, answer, share)
        return [
            Observation(each.number, each.face, self._smoothed[each.number]) for each in tracked
        ]

    def forget(self) -> None:
        """Drop all tracks and answers, for another film or another camera."""
        self._tracker.forget()
        self._smoothed, self._seconds = {}, 0.0
