"""Faces in a moving picture: who is who, and what the network says of each, steadied over time."""

from dataclasses import dataclass

import numpy as np

from facelens.faces import Face
from facelens.faces.track import FaceTracker
from facelens.photo import Photo
from facelens.tasks.base import Prediction
from facelens.tasks.classifier import Model

# Seconds in which an answer comes two thirds of the way to another: short enough for a smile, long
# enough that a blink or a blurred frame does not turn a verdict to and fro.
STEADY = 0.3


@dataclass(frozen=True, eq=False)
class Observation:
    """A face of one frame; `number` stays with its person while the face is in sight.

    `prediction`: of this frame and those before it. `maps`: float32 (attributes, h, w), the signed
    evidence in this frame alone, or None where nobody asked.
    """

    number: int
    face: Face
    prediction: Prediction
    maps: np.ndarray | None


class LivePredictor:
    """Look at frame after frame.

    Args:
        model: the network that answers.
        detector: as in `facelens.find_faces`.
    """

    def __init__(self, model: Model, detector: str | None = None) -> None:
        self.model = model
        self._follower = FaceTracker(detector)
        self._steady: dict[int, np.ndarray] = {}
        self._seconds = 0.0
        self._shape: tuple[int, ...] = ()

    def see(self, photo: Photo, seconds: float, *, maps: bool = False) -> list[Observation]:
        """What there is in the frame at `seconds`; asking for `maps` costs no second pass."""
        if photo.pixels.shape != self._shape:  # a phone was turned, a camera changed
            self.forget()
            self._shape = photo.pixels.shape
        followed = self._follower.follow(photo)
        faces = [each.face for each in followed]
        evidence: list[np.ndarray | None] = [None] * len(faces)
        if maps:
            looks = self.model.look(faces)
            answers, evidence = [look.prediction for look in looks], [look.maps for look in looks]
        else:
            answers = self.model.predict(faces)
        share = 1 - np.exp(-max(0.0, seconds - self._seconds) / STEADY)
        self._seconds = seconds
        there = self._follower.numbers
        self._steady = {number: was for number, was in self._steady.items() if number in there}
        for each, answer in zip(followed, answers, strict=True):
            was = self._steady.get(each.number, answer.logits)
            self._steady[each.number] = was + share * (answer.logits - was)
        return [
            Observation(
                each.number, each.face, self.model.prediction(self._steady[each.number]), seen
            )
            for each, seen in zip(followed, evidence, strict=True)
        ]

    def forget(self) -> None:
        """Begin anew, with another film or another camera."""
        self._follower.forget()
        self._steady, self._seconds = {}, 0.0
