"""From a photo to answers, whatever a task's graph sees: aligned crops of faces, or whole photos.

A detector's task finds its own: what it answers about a photo has a box, a confidence, landmarks
and hints, as a `Face` has, and is the answer too.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facelens.errors import DetectorError

if TYPE_CHECKING:
    from facelens.photo import Photo
    from facelens.tasks.base import Model, Task


def find(task: "Task", model: "Model", photo: "Photo", *, detector: str | None = None) -> list[Any]:
    """The faces of a photo that `task` answers about, largest first.

    Args:
        detector: as for `find_faces`; a task that sees photos needs none.
    """
    from facelens.faces import find_faces

    if task.sees == "photo":
        _refuse(task, detector)
        return list(model.predict([photo.pixels])[0])
    return find_faces(photo, detector=detector)


def answer(task: "Task", model: "Model", found: Sequence[Any], *, maps: bool = False) -> list[Any]:
    """The answer about each face that `find` has found; with `maps`, of crops, its maps too."""
    if task.sees == "photo":
        return list(found)
    return model.predict(found, maps=True) if maps else model.predict(found)


def same_face(face: Any, found: Sequence[Any]) -> Any | None:
    """Which of the boxes that a detector's task has found is that of a `face`; None if none is.

    Both have a `box`; the one that overlaps most counts, from an IoU of `MIN_IOU` on.
    """
    from facelens.faces.boxes import iou
    from facelens.faces.track import MIN_IOU

    best = max(found, key=lambda each: iou(face.box, each.box), default=None)
    return best if best is not None and iou(face.box, best.box) >= MIN_IOU else None


def finder(task: "Task", model: "Model", detector: str | None) -> str:
    """What finds the faces: the detector in use, or the model itself."""
    from facelens.faces import detector_in_use

    if task.sees == "photo":
        _refuse(task, detector)
        return model.title
    return detector_in_use(detector)


def _refuse(task: "Task", detector: str | None) -> None:
    """Refuse a detector where the network is one."""
    if detector:
        raise DetectorError(f"The task {task.name} finds faces itself; give no --detector.")
