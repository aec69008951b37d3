"""Where no face was found, or one was missed: why, and what a visitor may have tried."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facelens.faces import Face, find_faces
from facelens.faces.boxes import iou
from facelens.faces.drawn import face_in
from facelens.faces.face import Box
from facelens.faces.quality import DARKEST_MEAN, SMALLEST_WIDTH
from facelens.faces.thorough import brightness, search_thoroughly
from facelens.photo import Photo

# Seconds after which nothing more is tried to say why there is no face.
PATIENCE = 1.5
LONGEST = 5.0  # seconds after which a search that was asked for begins no further try
LEANING = 30.0  # degrees
SAME = 0.5  # IoU from which on two boxes are of one face
NONE = "No face was found in this photo."
Shares = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Found:
    """A photo, its faces, largest first, and which of them to show."""

    photo: Photo
    faces: Sequence[Face]
    first: int = 0


def search(
    photo: Photo, faces: Sequence[Face], how: str, box: Shares | None, detector: str | None
) -> Found | None:
    """Look once more; None if that shows no more than before.

    Args:
        photo: the photo on the page.
        faces: those that were found in it.
        how: "rotate" by a quarter turn clockwise, "finer", or "box".
        box: x, y, width and height of what was drawn, in shares of the photo.
        detector: as in `facelens.find_faces`.
    """
    if how == "rotate" and not faces:
        turned = replace(photo, pixels=np.ascontiguousarray(np.rot90(photo.pixels, -1)))
        return Found(turned, find_faces(turned, detector=detector))
    added: list[Face] = []
    if how == "finer":
        added = search_thoroughly(photo, detector=detector, seconds=LONGEST)
    elif how == "box" and box:
        x, y, w, h = np.clip(box, 0, 1) * (photo.width, photo.height, photo.width, photo.height)
        drawn = face_in(photo, Box(float(x), float(y), float(w), float(h)))
        added = [drawn] if drawn else []
    return _joined(photo, faces, added)


def _joined(photo: Photo, faces: Sequence[Face], added: Sequence[Face]) -> Found | None:
    """Put new faces among the others; show the largest of the new ones."""
    more = [face for face in added if not any(iou(face.box, f.box) > SAME for f in faces)]
    if not more:
        return None
    together = sorted([*faces, *more], key=lambda face: face.box.w * face.box.h, reverse=True)
    return Found(photo, together, next(i for i, face in enumerate(together) if face is more[0]))


def in_vain(how: str, faces: Sequence[Face]) -> tuple[str, str]:
    """What to say, and its state, where a search has shown nothing more."""
    tried = {
        "rotate": "No face was found in the rotated photo. Rotate it again, or draw the box.",
        "finer": "A finer search shows no face either. Draw a box around it by hand.",
        "box": "This box is too small, or its face has one already. Draw it around a whole face.",
    }
    return tried.get(how, NONE), "done" if faces else "none"


def why(photo: Photo, detector: str | None) -> str:
    """Say that there is no face, and which of dark, turned and small is probably the reason.

    The photo's brightness says the first; for the others an eager search looks what might be one.
    """
    dark = brightness(photo.pixels) < DARKEST_MEAN
    maybe = search_thoroughly(photo, detector=detector, seconds=PATIENCE)
    width = maybe[0].box.w if maybe else 0
    if maybe and width < SMALLEST_WIDTH:
        reason = f"What might be one is small, only {width:.0f} pixels wide."
    elif maybe and _leaning(maybe[0]) > LEANING:
        reason = "What might be one is turned on its side or upside down."
    elif dark:
        reason = "The photo is dark: more light helps most."
    elif maybe:
        reason = "What might be one is unclear: turned away, covered or blurred."
    else:
        reason = "If there is one, it is probably turned away from the camera, covered or small."
    return f"{NONE} {reason}"


def _leaning(face: Face) -> float:
    """By how many degrees a face leans from upright, 0 to 180."""
    return float(abs(np.degrees(np.arctan2(face.warp[1, 0], face.warp[0, 0]))))
