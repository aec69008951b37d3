"""Track what a detector's task finds from frame to frame, by its boxes alone."""

from dataclasses import dataclass
from typing import Any

from facelens.faces.boxes import iou
from facelens.faces.face import Box
from facelens.faces.track import MIN_IOU, PATIENCE, TrackedFace
from facelens.photo import Photo
from facelens.tasks.base import Model, Task
from facelens.tasks.road import find, finder


@dataclass
class _Track:
    """`box`: where it was last seen. `missed`: frames in a row without it."""

    number: int
    box: Box
    missed: int = 0


class BoxTracker:
    """Track the faces of frame after frame; every frame is asked about as a whole.

    Args:
        task, model: one that sees whole photos.
        detector: none, since the model is one.
    """

    def __init__(self, task: Task, model: Model, detector: str | None = None) -> None:
        finder(task, model, detector)
        self._task, self._model = task, model
        self._tracks: list[_Track] = []
        self._count = 0

    def track(self, photo: Photo) -> list[TrackedFace]:
        """The faces of the next frame, oldest track first; the best overlap is matched first."""
        found = find(self._task, self._model, photo)
        pairs = sorted(
            (
                (iou(track.box, face.box), t, f)
                for t, track in enumerate(self._tracks)
                for f, face in enumerate(found)
            ),
            reverse=True,
        )
        matched: dict[int, Any] = {}
        for overlap, t, f in pairs:
            if overlap >= MIN_IOU and t not in matched and f not in matched.values():
                matched[t] = f
        for t, track in enumerate(self._tracks):
            if t in matched:
                track.box, track.missed = found[matched[t]].box, 0
            else:
                track.missed += 1
        seen = [(self._tracks[t], found[f]) for t, f in sorted(matched.items())]
        for f, face in enumerate(found):
            if f not in matched.values():
                self._count += 1
                self._tracks.append(_Track(self._count, face.box))
                seen.append((self._tracks[-1], face))
        self._tracks = [track for track in self._tracks if track.missed < PATIENCE]
        return [TrackedFace(track.number, face) for track, face in seen]

    @property
    def numbers(self) -> set[int]:
        """Numbers of the tracks that are alive: in sight, or missed a moment ago."""
        return {track.number for track in self._tracks}

    def forget(self) -> None:
        """Drop all tracks, for another film or another camera."""
        self._tracks = []
