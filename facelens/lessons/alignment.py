"""What aligning a face is worth: crops that were disturbed, cut out in other ways, and served."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from facelens.data.synthetic import Placed, match, place_on_canvas
from facelens.errors import DataError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Box, Face, align, find_faces
from facelens.metrics import resample_people
from facelens.photo import Photo
from facelens.tasks.attributes.model import AttributeModel

if TYPE_CHECKING:
    from facelens.training.data import Store


def moved(
    crop: np.ndarray, *, turn: float = 0.0, shift: float = 0.0, zoom: float = 1.0
) -> np.ndarray:
    """Disturb an aligned crop about the middle of its face, its edge pixels repeated.

    `turn`: degrees, anticlockwise. `shift`: pixels to the right. `zoom`: above 1 is nearer.
    """
    warp = cv2.getRotationMatrix2D(align.TEMPLATE_BOX.centre, turn, zoom)
    warp[0, 2] += shift
    return align.align_face(np.ascontiguousarray(crop), np.asarray(warp, np.float32))


def example(pictures: Sequence[np.ndarray], *, seed: int = 0) -> tuple[Placed, Face]:
    """The first picture that is framed with a turn of at least 15 degrees and found again."""
    for i, picture in enumerate(pictures):
        framed = place_on_canvas(np.ascontiguousarray(picture), seed, i)
        turn = np.degrees(np.arctan2(framed.warp[1, 0], framed.warp[0, 0]))
        face, _ = match(framed, find_faces(Photo(framed.canvas)))
        if face is not None and abs(turn) >= 15 and framed.width > 120:
            return framed, face
    raise DataError("No loosely framed face was found: take more pictures.")


def upright(photo: Photo, box: Box) -> np.ndarray:
    """Cut a face out by its box alone, at the template's size: moved and scaled, not turned."""
    scale = align.TEMPLATE_BOX.w / box.w
    x, y = np.subtract(align.TEMPLATE_BOX.centre, np.multiply(box.centre, scale))
    return align.align_face(photo.pixels, np.array([[scale, 0, x], [0, scale, y]], np.float32))


def tight(photo: Photo, box: Box) -> np.ndarray:
    """Cut out no more than a face's box, at the template's size: what many programs do."""
    scale = CROP_WIDTH / box.w
    x, y = np.subtract((CROP_WIDTH / 2, CROP_HEIGHT / 2), np.multiply(box.centre, scale))
    return align.align_face(photo.pixels, np.array([[scale, 0, x], [0, scale, y]], np.float32))


def answers(model: AttributeModel, crops: Sequence[np.ndarray], faces: "Store") -> np.ndarray:
    """The network's yes or no to every question of `faces`, bool (n, attributes)."""
    said = np.stack([prediction.probabilities for prediction in model.predict(crops)])
    return said[:, [model.names.index(name) for name in faces.names]] >= 0.5


def disturb(
    model: AttributeModel, faces: "Store", changes: Mapping[str, Sequence[float]]
) -> list[dict[str, Any]]:
    """What turning, shifting or zooming every crop does to the answers, a row each.

    `accuracy` is the mean over faces and attributes, `changed` the share of answers that differ
    from those on the crops as they are.

    Args:
        changes: amounts for `turn`, `shift` or `zoom` of `moved`.
    """
    before = answers(model, list(faces.images), faces)
    rows = []
    for change, amounts in changes.items():
        for amount in amounts:
            crops = [moved(crop, **{change: amount}) for crop in faces.images]
            after = answers(model, crops, faces)
            rows.append(
                {
                    "change": change,
                    "amount": amount,
                    **_mean((after == faces.labels).mean(1), faces.people),
                    "changed": float((after != before).mean()),
                }
            )
    return rows


def served(
    model: AttributeModel, faces: "Store", *, seed: int = 0, detector: str | None = None
) -> list[dict[str, Any]]:
    """Mean accuracy on loosely framed faces by how each is cut out, a row each.

    Only faces that the detector finds count, so that all ways answer about the same faces.
    """
    rows, straight, plain, close = [], [], [], []
    for i, crop in enumerate(faces.images):
        framed = place_on_canvas(np.ascontiguousarray(crop), seed, i)
        face, _ = match(framed, find_faces(Photo(framed.canvas), detector=detector))
        if face is not None:
            rows.append(i)
            straight.append(face.crop)
            plain.append(upright(Photo(framed.canvas), face.box))
            close.append(tight(Photo(framed.canvas), face.box))
    if not rows:
        raise DataError("No face was found in the loosely framed pictures.")
    seen = faces.take(np.array(rows))
    ways = {
        "the data set's own crop": list(seen.images),
        "box, landmarks, aligned": straight,
        "box, framed alike, not turned": plain,
        "the box and nothing else": close,
    }
    return [
        {
            "way": way,
            "faces": len(rows),
            **_mean((answers(model, crops, seen) == seen.labels).mean(1), seen.people),
        }
        for way, crops in ways.items()
    ]


def _mean(values: np.ndarray, people: np.ndarray) -> dict[str, float]:
    """A mean over faces with its 95 % interval by bootstrap over people."""
    weights = resample_people(people, draws=500)
    low, high = np.percentile(weights @ values / weights.sum(1), [2.5, 97.5])
    return {"accuracy": float(values.mean()), "low": float(low), "high": float(high)}
