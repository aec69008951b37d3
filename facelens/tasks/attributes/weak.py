"""Attributes that validation found to be often wrong on faces as small as this one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from facelens.metrics import wilson

if TYPE_CHECKING:
    from facelens.faces import Face

TIMES = 2.0  # as often wrong as over all validation faces


class Bucket(NamedTuple):
    """Faces of `low` to `high` pixels in width, for which faces shrunk to `width` stand."""

    low: int
    width: int
    high: int


# Below 40 pixels (`faces.quality.SMALLEST_WIDTH`) everything is doubtful.
BUCKETS = (Bucket(40, 47, 55), Bucket(55, 62, 70))


def often_wrong(errors: np.ndarray, whole: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Which attributes are wrong at least `TIMES` as often as over all faces, bool (attributes,).

    Even the lower end of the error's 95 % Wilson interval has to be above that.

    Args:
        errors: which answers are wrong, bool (faces, attributes).
        whole: how often each attribute is wrong over all validation faces, 0 to 1 (attributes,).
        faces: how many of those of `errors` have an answer, int (attributes,).
    """
    low, _ = wilson(errors.sum(0), faces)
    return np.asarray(low > TIMES * whole)


def measured(
    names: Sequence[str],
    whole: np.ndarray,
    shrunk: Mapping[Bucket, np.ndarray],
    faces: np.ndarray,
) -> list[dict[str, Any]]:
    """What `config.metrics["weak"]` holds: a row a bucket with its attributes and both errors.

    Args:
        whole: which answers are wrong over all validation faces, bool (faces, attributes).
        shrunk: the same of these faces as small as each bucket's.
        faces: how many have an answer to each attribute, int (attributes,).
    """
    overall = whole.sum(0) / np.maximum(faces, 1)
    return [
        {
            "from": bucket.low,
            "below": bucket.high,
            "faces": len(errors),
            "names": {
                names[i]: {
                    "error": round(float(errors[:, i].sum() / faces[i]), 4),
                    "overall": round(float(overall[i]), 4),
                }
                for i in map(int, np.flatnonzero(often_wrong(errors, overall, faces)))
            },
        }
        for bucket, errors in shrunk.items()
    ]


def weak(metrics: Mapping[str, Any], face: "Face") -> dict[str, str]:
    """The attributes that are often wrong on faces like this one: name to a sentence.

    Args:
        metrics: of the bundle's `config.json`; without a key "weak" nothing was measured.
    """
    return {
        each["name"]: each["text"]
        for each in weak_for_page(metrics)
        if each["from"] <= face.box.w < each["below"]
    }


def weak_for_page(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that are often wrong on small faces: `from` and `below` which width, and why."""
    return [
        {
            "name": name,
            "from": bucket.low,
            "below": bucket.high,
            "text": f"On faces {bucket.low} to {bucket.high} pixels wide it is wrong on "
            f"{round(100 * error)} of 100, instead of {round(100 * overall)}.",
        }
        for bucket, name, error, overall in _rows(metrics)
    ]


def _rows(metrics: Mapping[str, Any]) -> Iterator[tuple[Bucket, str, float, float]]:
    """Bucket, name, error and error over all faces; nothing of what is not so written."""
    try:
        for row in metrics.get("weak") or ():
            bucket = Bucket(int(row["from"]), 0, int(row["below"]))
            for name, numbers in row["names"].items():
                yield bucket, str(name), float(numbers["error"]), float(numbers["overall"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return
