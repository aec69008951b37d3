"""How good a finder's file is: on held-out photos with boxes, on pasted faces, on grounds alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from facelens.faces.boxes import bounded
from facelens.faces.own import OWN_SCORE, OWN_SIDE, Own
from facelens.training.finder.paste import Scene, scene

FAINT = 0.02  # of a score, below which a box does not count in average precision
SAME = 0.5  # IoU from which a box is that face
_SIDE = 320


def figures(
    finder: Own,
    photos: Sequence[Scene],
    crops: Sequence[np.ndarray],
    grounds: Sequence[Sequence[np.ndarray]],
    seed: int = 0,
) -> dict[str, Any]:
    """The figures of a manifest.

    Args:
        photos: with boxed faces, held out.
        crops: aligned validation faces, one pasted picture each.
        grounds: as `grounds.ground` takes them.
    """
    random = np.random.default_rng([seed, 1])
    pasted = [scene(crops, grounds, _SIDE, random) for _ in crops]
    answers = [finder.answers(picture.pixels, FAINT) for picture in pasted]
    small = [bounded(photo.pixels, 2 * OWN_SIDE) for photo in photos]
    found = [finder.answers(np.ascontiguousarray(pixels), FAINT) for pixels, _ in small]
    boxes = [(each[0] * factor, each[1]) for each, (_, factor) in zip(found, small, strict=True)]
    errors = landmark_errors(pasted, answers)
    return {
        "photos": len(photos),
        "boxes": sum(len(photo.faces) for photo in photos),
        "photos_ap50": round(average_precision([p.faces[:, 1:5] for p in photos], boxes), 4),
        "pasted": sum(len(picture.faces) for picture in pasted),
        "pasted_ap50": round(
            average_precision([p.faces[:, 1:5] for p in pasted], [a[:2] for a in answers]), 4
        ),
        "landmark_error_median": round(float(np.median(errors)), 4) if len(errors) else None,
    }


def average_precision(
    truth: Sequence[np.ndarray], answers: Sequence[tuple[np.ndarray, np.ndarray]]
) -> float:
    """Area under the precision and recall curve of one class, 0 to 1 (Everingham et al., 2010).

    Args:
        truth: the true boxes of each picture, (n, 4).
        answers: its boxes, (m, 4), and their scores, (m,).
    """
    scores, right = [], []
    for true, (boxes, marks) in zip(truth, answers, strict=True):
        free = np.ones(len(true), bool)
        for row in np.argsort(-marks, kind="stable"):
            ious = np.where(free, overlaps(boxes[row], true), 0.0)
            best = int(ious.argmax()) if len(ious) else -1
            hit = best >= 0 and ious[best] >= SAME
            if hit:
                free[best] = False
            scores.append(marks[row])
            right.append(hit)
    total = sum(map(len, truth))
    if not total or not scores:
        return 0.0
    hits = np.array(right, float)[np.argsort(-np.array(scores), kind="stable")]
    recall = hits.cumsum() / total
    precision = hits.cumsum() / np.arange(1, len(hits) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0) * highest).sum())


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU of one box with (n, 4) others, all x1, y1, x2, y2."""
    both = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    area = np.clip(both, 0, None).prod(1)
    return area / ((box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - area)


def landmark_errors(
    pictures: Sequence[Scene], answers: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Mean distance of the five landmarks of each found face, as a share of its size."""
    errors = []
    for picture, (boxes, scores, points) in zip(pictures, answers, strict=True):
        for face in picture.faces:
            near = overlaps(face[1:5], boxes) * (scores >= OWN_SCORE)
            if len(near) and near.max() >= SAME and not np.isnan(face[5:]).any():
                off = points[int(near.argmax())] - face[5:].reshape(5, 2)
                size = np.sqrt((face[3:5] - face[1:3]).prod())
                errors.append(np.hypot(*off.T).mean() / size)
    return np.array(errors)
