"""Predict on a stream of frames: faces are tracked, and their answers smoothed over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from facelens.faces import Face
from facelens.faces.track import FaceTracker, TrackedFace
from facelens.photo import Photo
from facelens.tasks import TASKS
from facelens.tasks.base import Model, Task
from facelens.tasks.road import answer, same_face
from facelens.video.boxes import BoxTracker

# Time constant of the smoothing, in seconds: short enough for a smile, long enough that a blink or
# a blurred frame does not make a verdict flicker.
STEADY = 0.3
# Further tasks that see whole photos are asked every so many frames, for they take the longest: in
# between a face keeps what was found where it lies.
FIND_EVERY = 3


@dataclass(frozen=True, eq=False)
class Observation:
    """A face of one frame; `number` is its track's and stays the same while it is in sight.

    `answer`: the task's, smoothed over this frame and those before; a classifier's has maps, of
    this frame only, if they were requested. `others`: likewise those of further tasks, by name.
    """

    number: int
    face: Face
    answer: Any
    others: Mapping[str, Any] = field(default_factory=dict)


class _Finder:
    """What one task that sees whole photos finds in the frames, each followed by itself."""

    def __init__(self, task: Task, model: Model) -> None:
        self._model, self._tracker = model, BoxTracker(task, model)
        self._seen: list[Observation] = []
        self._answers: dict[int, Any] = {}
        self._wait, self._seconds = 0, 0.0

    def find(self, photo: Photo, seconds: float) -> list[Observation]:
        """What was found last: on this frame, or at most `FIND_EVERY` - 1 before it."""
        self._wait -= 1
        if self._wait >= 0:
            return self._seen
        self._wait = FIND_EVERY - 1
        share = 1 - np.exp(-max(0.0, seconds - self._seconds) / STEADY)
        self._seconds = seconds
        tracked, alive = self._tracker.track(photo), self._tracker.numbers
        self._answers = {each: said for each, said in self._answers.items() if each in alive}
        for each in tracked:
            before = self._answers.get(each.number, each.face)
            self._answers[each.number] = self._model.blend(before, each.face, share)
        self._seen = [
            Observation(each.number, each.face, self._answers[each.number]) for each in tracked
        ]
        return self._seen


class LivePredictor:
    """Predict frame after frame.

    Args:
        model: the network that answers.
        detector: as in `facelens.find_faces`.
        task: the model's; one that sees whole photos finds what it answers about itself.

    `found`: what further tasks that see whole photos have found last, by task, whether it lies on
    one of the faces or not.
    """

    def __init__(
        self, model: Model, detector: str | None = None, *, task: Task | None = None
    ) -> None:
        self.model, self._task = model, task
        self._tracker: FaceTracker | BoxTracker = (
            BoxTracker(task, model, detector)
            if task and task.sees == "photo"
            else FaceTracker(detector)
        )
        self.found: dict[str, list[Observation]] = {}
        self._finders: dict[str, _Finder] = {}
        self._smoothed: dict[tuple[str, int], Any] = {}
        self._seconds = 0.0
        self._shape: tuple[int, ...] = ()

    def predict(
        self,
        photo: Photo,
        seconds: float,
        *,
        maps: bool = False,
        others: Mapping[str, Model] | None = None,
    ) -> list[Observation]:
        """Observe the faces of the frame at `seconds`; `maps` come from the same forward pass.

        `others`: networks of further tasks that are asked about this frame too, by task.
        """
        if photo.pixels.shape != self._shape:  # a rotated phone, another camera
            self.forget()
            self._shape = photo.pixels.shape
        tracked = self._tracker.track(photo)
        share = 1 - np.exp(-max(0.0, seconds - self._seconds) / STEADY)
        self._seconds = seconds
        others = others or {}
        finders = {
            name: task
            for name in others
            if (task := TASKS.get(name)) is not None and task.sees == "photo"
        }
        self._finders = {
            name: self._finders[name] for name in finders.keys() & self._finders.keys()
        }
        self._smoothed = {
            (task, number): answer
            for (task, number), answer in self._smoothed.items()
            if number in self._tracker.numbers and (not task or task in others)
        }
        for name in finders.keys() - self._finders.keys():
            self._finders[name] = _Finder(finders[name], others[name])
        self.found = {name: each.find(photo, seconds) for name, each in self._finders.items()}
        answers = self._ask("", self.model, tracked, share, maps=maps)
        further = {
            name: self._ask(name, model, tracked, share)
            for name, model in others.items()
            if name not in finders
        }
        return [
            Observation(
                each.number,
                each.face,
                answers[i],
                {name: said[i] for name, said in further.items()} | self._on(each.face),
            )
            for i, each in enumerate(tracked)
        ]

    def _on(self, face: Face) -> dict[str, Any]:
        """What such tasks have found where a face lies."""
        found = {
            name: same_face(face, [each.answer for each in seen])
            for name, seen in self.found.items()
        }
        return {name: said for name, said in found.items() if said is not None}

    def _ask(
        self,
        task: str,
        model: Model,
        tracked: Sequence[TrackedFace],
        share: float,
        *,
        maps: bool = False,
    ) -> list[Any]:
        """The smoothed answers of a network about a frame's faces; the first is of no `task`."""
        faces = [each.face for each in tracked]
        if self._task and not task:
            found = answer(self._task, model, faces, maps=maps)
        else:
            found = model.predict(faces, maps=maps)
        for each, said in zip(tracked, found, strict=True):
            before = self._smoothed.get((task, each.number), said)
            self._smoothed[task, each.number] = model.blend(before, said, share)
        return [self._smoothed[task, each.number] for each in tracked]

    def forget(self) -> None:
        """Drop all tracks and answers, for another film or another camera."""
        self._tracker.forget()
        self.found, self._finders = {}, {}
        self._smoothed, self._seconds = {}, 0.0
