"""Which attributes a network often gets wrong on small faces, measured on validation faces."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facelens.bundles.session import open_session
from facelens.faces.align import TEMPLATE_BOX
from facelens.tasks.attributes.weak import BUCKETS, measured
from facelens.training.data import Store

BATCH = 64
Answer = Callable[[np.ndarray], np.ndarray]


def weak_rows(graph: Path, store: Store, logits: np.ndarray) -> list[dict[str, Any]]:
    """What goes into `config.metrics["weak"]`, see `weak.measured`.

    Args:
        graph: takes crops uint8 (n, 218, 178, 3), gives logits float32 (n, attributes).
        logits: its answers about the faces of `store` as they are.
    """
    session = open_session(graph)

    def answer(crops: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(["logits"], {"crops": crops})[0])

    labels = store.labels >= 0.5
    known = np.ones(labels.shape, bool) if store.known is None else store.known
    shrunk = {
        bucket: ((answers(answer, store.images, bucket.width) >= 0) != labels) & known
        for bucket in BUCKETS
    }
    return measured(store.names, ((logits >= 0) != labels) & known, shrunk, known.sum(0))


def answers(answer: Answer, crops: np.ndarray, width: float) -> np.ndarray:
    """The logits of faces that are `width` pixels wide in their photos.

    Args:
        answer: crops uint8 (n, 218, 178, 3) to logits float32 (n, attributes).
    """
    return np.concatenate(
        [
            answer(np.stack([smaller(crop, width) for crop in crops[start : start + BATCH]]))
            for start in range(0, len(crops), BATCH)
        ]
    )


def smaller(crop: np.ndarray, width: float) -> np.ndarray:
    """The crop, uint8 (218, 178, 3), of a face that is `width` pixels wide in its photo."""
    height, across = crop.shape[:2]
    share = width / TEMPLATE_BOX.w
    size = (round(across * share), round(height * share))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (across, height), interpolation=cv2.INTER_LINEAR)
