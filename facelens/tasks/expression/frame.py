"""Where FER2013's frame lies in CelebA's crop, measured on its own pictures."""

from dataclasses import dataclass

import cv2
import numpy as np

from facelens.faces import align
from facelens.faces.detect import open_detector
from facelens.tasks.expression.model import SIDE

_LARGER = 4  # detectors want larger faces than those of 48 pixels


@dataclass(frozen=True)
class Frame:
    """The median over faces: the frame's middle in the crop, and crop pixels per picture pixel.

    `spread`: half of what lies between the quartiles, of the same three.
    """

    faces: int
    found: int
    x: float
    y: float
    step: float
    spread: tuple[float, float, float]


def measure_frame(pictures: np.ndarray, *, detector: str | None = None) -> Frame:
    """Detect the face on each picture uint8 (n, 48, 48), and say where the frame lies around it."""
    opened = open_detector(detector)
    edge = (SIDE * _LARGER, SIDE * _LARGER)
    rows = []
    for picture in pictures:
        large = cv2.resize(picture, edge, interpolation=cv2.INTER_CUBIC)
        found = opened.detect(np.repeat(large[..., None], 3, 2), finer=False)
        if found:
            warp = max(found, key=lambda each: each.score).warp  # large picture to crop
            middle = align.apply(warp, np.array([[(edge[0] - 1) / 2] * 2], np.float32))[0]
            rows.append((*middle, align.scale_of(warp) * _LARGER))
    table = np.array(rows).reshape(-1, 3)
    x, y, step = np.median(table, 0)
    low, high = np.percentile(table, [25, 75], axis=0)
    spread = tuple(float(half) for half in (high - low) / 2)
    return Frame(len(pictures), len(rows), float(x), float(y), float(step), spread)  # type: ignore[arg-type]
