"""Errors of keypoints by group of faces."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from facelens.metrics import resample_people
from facelens.tasks.fairness import TOO_FEW, interval, titles
from facelens.tasks.keypoints.marks import Faces, eye_errors

UNIT = "of the eyes' distance"


def errors_by_group(
    predicted: np.ndarray, faces: Faces, labels: Mapping[str, np.ndarray], *, draws: int = 1000
) -> dict[str, dict[str, Any]]:
    """Mean error by combination of labels, as a share of the eyes' distance, with intervals.

    Args:
        predicted: float (n, 15, 2) in pixels.
        faces: n faces; those of which an eye is not marked count nowhere.
        labels: int8 (n,) by name: 1 for yes, 0 for no, -1 for a blank, which is in no group.
    """
    errors = eye_errors(predicted, faces.points)
    columns = np.stack(list(labels.values()), 1)
    groups: dict[str, dict[str, Any]] = {}
    for title, wanted in titles(list(labels)):
        inside = (columns == wanted).all(1) & np.isfinite(errors)
        n = int(inside.sum())
        if n < TOO_FEW:
            groups[title] = {"faces": n, "error": "too few"}
            continue
        people = faces.people[inside]
        weights = resample_people(people, draws=draws)
        low, high = interval(weights @ errors[inside] / weights.sum(1), people)
        groups[title] = {
            "faces": n, "error": float(errors[inside].mean()), "low": low, "high": high,
        }  # fmt: skip
    return groups
