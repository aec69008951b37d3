"""Frame an aligned crop loosely, at random, so that detection and alignment can be measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face
from facelens.faces.align import TEMPLATE_BOX, apply

CANVAS_WIDTH, CANVAS_HEIGHT = 640, 480
LARGEST_TURN = 30.0
SMALLEST_FACE, LARGEST_FACE = 60.0, 240.0


@dataclass(frozen=True, eq=False)
class Placed:
    """A crop somewhere on a canvas, and the truth about where.

    `canvas`: uint8 (480, 640, 3) RGB. `centre`: x and y of the face box's middle. `width`: of the
    face, in canvas pixels. `warp`: float32 (2, 3), takes canvas coordinates back to the crop.
    """

    canvas: np.ndarray
    centre: tuple[float, float]
    width: float
    warp: np.ndarray


def place_on_canvas(crop: np.ndarray, seed: int, index: int) -> Placed:
    """Place a 178x218 crop on a canvas: turned, scaled and shifted by `seed` and `index` alone.

    The turn is uniform within 30 degrees, the face width log-uniform from 60 to 240 px, the
    centre uniform where the turned face box lies inside the canvas. Around the crop its border
    is repeated and blurred.
    """
    random = np.random.default_rng([seed, index])
    angle = np.radians(random.uniform(-LARGEST_TURN, LARGEST_TURN))
    width = float(np.exp(random.uniform(np.log(SMALLEST_FACE), np.log(LARGEST_FACE))))
    scale = width / TEMPLATE_BOX.w
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    half_x = (abs(cos) * TEMPLATE_BOX.w + abs(sin) * TEMPLATE_BOX.h) / 2
    half_y = (abs(sin) * TEMPLATE_BOX.w + abs(cos) * TEMPLATE_BOX.h) / 2
    x = random.uniform(half_x, CANVAS_WIDTH - half_x)
    y = random.uniform(half_y, CANVAS_HEIGHT - half_y)
    place = np.array([[cos, -sin, 0], [sin, cos, 0]])
    place[:, 2] = (x, y) - apply(place, np.array([TEMPLATE_BOX.centre]))[0]

    size = (CANVAS_WIDTH, CANVAS_HEIGHT)
    sharp = cv2.warpAffine(
        crop, place, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    inside = cv2.warpAffine(np.full((CROP_HEIGHT, CROP_WIDTH), 255, np.uint8), place, size)
    canvas = np.where(inside[..., None] > 127, sharp, cv2.GaussianBlur(sharp, (0, 0), 12))
    warp = np.asarray(cv2.invertAffineTransform(place), np.float32)
    return Placed(canvas, (float(x), float(y)), width, warp)


def match(framed: Placed, faces: Sequence[Face]) -> tuple[Face | None, int]:
    """Pick the face that is the framed one, and count the others.

    Found means: the centre within a quarter of the face's width and the size within 1.5 times.
    """
    for face in faces:
        x, y = face.box.centre
        away = np.hypot(x - framed.centre[0], y - framed.centre[1])
        ratio = face.box.w / framed.width
        if away <= framed.width / 4 and 1 / 1.5 <= ratio <= 1.5:
            return face, len(faces) - 1
    return None, len(faces)
