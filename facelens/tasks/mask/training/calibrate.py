"""Two numbers of a bundle, from photos held out: a temperature, and where a box is a face."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facelens.data.boxes import BoxedPhoto
from facelens.tasks.mask.figures import Answers, match
from facelens.tasks.mask.model import MaskedFace

_TEMPERATURES = np.geomspace(0.25, 4, 81)
_SCORES = np.arange(0.1, 0.901, 0.01)
_OVERLAP = 0.5  # IoU from which a box is that of a face
_ANY = "face"

Found = Sequence[Sequence[MaskedFace]]


@dataclass(frozen=True, eq=False)
class _Faces:
    """The true boxes of a photo, all of one class."""

    boxes: np.ndarray
    labels: Sequence[str]


def min_score(found: Found, photos: Sequence[BoxedPhoto]) -> float:
    """The score from which a box is a face, whatever its class: that of the best F1."""
    truth = [_Faces(photo.boxes, [_ANY] * len(photo.boxes)) for photo in photos]
    answers = [
        Answers(
            np.array([face.corners for face in faces]).reshape(-1, 4),
            [_ANY] * len(faces),
            np.array([face.confidence for face in faces]),
        )
        for faces in found
    ]
    of = match(truth, answers, [_ANY])["all"][_ANY]
    hit, total = of.hit[0] & ~of.ignored[0], int(of.counts.sum())
    f1 = [
        2 * (hit & (of.scores >= at)).sum() / max((of.scores >= at).sum() + total, 1)
        for at in _SCORES
    ]
    return round(float(_SCORES[int(np.argmax(f1))]), 2)


def temperature(found: Found, photos: Sequence[BoxedPhoto]) -> float:
    """What to divide class logits by for the least cross-entropy; 1 without a box that is right."""
    logits, labels = [], []
    for faces, photo in zip(found, photos, strict=True):
        for box, label in zip(photo.boxes, photo.labels, strict=True):
            overlaps = [iou(face.corners, box) for face in faces]
            if overlaps and max(overlaps) >= _OVERLAP:
                face = faces[int(np.argmax(overlaps))]
                logits.append(face.logits)
                labels.append(face.names.index(label))
    if not labels:
        return 1.0
    scaled = np.array(logits, float)[None] / _TEMPERATURES[:, None, None]
    scaled -= scaled.max(2, keepdims=True)
    right = np.take_along_axis(scaled, np.array(labels)[None, :, None], 2)[..., 0]
    losses = (np.log(np.exp(scaled).sum(2)) - right).mean(1)
    return float(_TEMPERATURES[int(np.argmin(losses))])


def iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes x1, y1, x2, y2."""
    a, b = np.asarray(one, float), np.asarray(other, float)
    both = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    return float(both / max((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both, 1e-9))
