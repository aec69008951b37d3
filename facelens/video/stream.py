"""Faces in a moving picture: who is who, and what the network says of each, steadied over time."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from facelens.faces import Face
from facelens.faces.track import FaceTracker
from facelens.photo import Photo
from facelens.tasks.base import Model

# Seconds in which an answer comes two thirds of the way to another: short enough for a smile, long
# enough that a blink or a blurred frame does not turn a verdict to and fro.
STEADY = 0.3


@dataclass(frozen=True, eq=False)
class Observation:
    """A face of one frame; `number` stays with its person while the face is in sight.

    `answer`: the task's, of this frame and those before it; a classifier's has maps, of this frame
    alone, where they were asked for.
    """

    number: int
    face: Face
    answer: Any


class LivePredictor:
    """Look at frame after frame.

    Args:
        model: the network that answers.
        detector: as in `facelens.find_faces`.
    """

    def __init__(self, model: Model, detector: str | None = None) -> None:
        self.model = model
        self._follower = FaceTracker(detector)
        self._steady: dict[int, Any] = {}
        self._seconds = 0.0
        self._shape: tuple[int, ...] = ()

    def see(self, photo: Photo, seconds: float, *, maps: bool = False) -> list[Observation]:
        """What there is in the frame at `seconds`; asking for `maps` costs no second pass."""
        if photo.pixels.shape != self._shape:  # a phone was turned, a camera changed
            self.forget()
            self._shape = photo.pixels.shape
        followed = self._follower.follow(photo)
        faces = [each.face for each in followed]
        answers = self.model.predict(faces, maps=maps)
        share = 1 - np.exp(-max(0.0, seconds - self._seconds) / STEADY)
        self._seconds = seconds
        there = self._follower.numbers
        self._steady = {number: was for number, was in self._steady.items() if number in there}
        for each, answer in zip(followed, answers, strict=True):
            was = self._steady.get(each.number, answer)
            self._steady[each.number] = self.model.blend(was, answer, share)
        return [Observation(each.number, each.face, self._steady[each.number]) for each in followed]

    def forget(self) -> None:
        """Begin anew, with another film or another camera."""
        self._follower.forget()
        self._steady, self._seconds = {}, 0.0
