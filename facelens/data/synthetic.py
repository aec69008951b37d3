"""Place aligned crops at random on a larger canvas, and draw masks, to measure what is detected."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face
from facelens.faces.align import TEMPLATE_BOX, apply, scale_of

CANVAS_WIDTH, CANVAS_HEIGHT = 640, 480
LARGEST_TURN = 30.0
SMALLEST_FACE, LARGEST_FACE = 60.0, 240.0


@dataclass(frozen=True, eq=False)
class Placed:
    """A crop placed on a canvas, with the ground truth.

    `canvas`: uint8 (480, 640, 3) RGB. `centre`: x and y of the face box's centre. `width`: of the
    face, in canvas pixels. `warp`: float32 (2, 3), takes canvas coordinates back to the crop.
    """

    canvas: np.ndarray
    centre: tuple[float, float]
    width: float
    warp: np.ndarray


def place_on_canvas(
    crop: np.ndarray,
    seed: int,
    index: int,
    *,
    widths: tuple[float, float] | None = None,
    turn: float | None = None,
    smooth: bool = False,
) -> Placed:
    """Rotate, scale and shift a 178x218 crop on a canvas, as `seed` and `index` decide.

    The angle is uniform within 30 degrees, the face width log-uniform from 60 to 240 px or between
    `widths`, the centre uniform such that the rotated face box lies inside the canvas. Around the
    crop its edge is replicated and blurred.

    Args:
        turn: the angle in degrees, instead of one by chance.
        smooth: blur a crop that is scaled down as a camera's pixels would average it.
    """
    smallest, largest = widths or (SMALLEST_FACE, LARGEST_FACE)
    random = np.random.default_rng([seed, index])
    chance = random.uniform(-LARGEST_TURN, LARGEST_TURN)
    angle = np.radians(chance if turn is None else turn)
    width = float(np.exp(random.uniform(np.log(smallest), np.log(largest))))
    scale = width / TEMPLATE_BOX.w
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    half_x = (abs(cos) * TEMPLATE_BOX.w + abs(sin) * TEMPLATE_BOX.h) / 2
    half_y = (abs(sin) * TEMPLATE_BOX.w + abs(cos) * TEMPLATE_BOX.h) / 2
    x = random.uniform(half_x, CANVAS_WIDTH - half_x)
    y = random.uniform(half_y, CANVAS_HEIGHT - half_y)
    place = np.array([[cos, -sin, 0], [sin, cos, 0]])
    place[:, 2] = (x, y) - apply(place, np.array([TEMPLATE_BOX.centre]))[0]

    if smooth and scale < 1:
        # As wide as the difference of two Gaussians of half a pixel, of the canvas and the crop.
        crop = cv2.GaussianBlur(crop, (0, 0), float(np.sqrt(1 / scale**2 - 1)) / 2)
    size = (CANVAS_WIDTH, CANVAS_HEIGHT)
    sharp = cv2.warpAffine(
        crop, place, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    inside = cv2.warpAffine(np.full((CROP_HEIGHT, CROP_WIDTH), 255, np.uint8), place, size)
    canvas = np.where(inside[..., None] > 127, sharp, cv2.GaussianBlur(sharp, (0, 0), 12))
    warp = np.asarray(cv2.invertAffineTransform(place), np.float32)
    return Placed(canvas, (float(x), float(y)), width, warp)


def match(placed: Placed, faces: Sequence[Face]) -> tuple[Face | None, int]:
    """Pick the detected face that matches the placed one, and count the others.

    A match has its centre within a quarter of the face's width and its size within a factor of 1.5.
    """
    for face in faces:
        x, y = face.box.centre
        distance = np.hypot(x - placed.centre[0], y - placed.centre[1])
        ratio = face.box.w / placed.width
        if distance <= placed.width / 4 and 1 / 1.5 <= ratio <= 1.5:
            return face, len(faces) - 1
    return None, len(faces)


# RGB: surgical blue, white, black, pink, patterned fabric's mean.
FABRICS = ((120, 175, 210), (238, 240, 240), (30, 30, 34), (225, 150, 170), (110, 120, 80))
# A mask on the template: over the nose, along the cheeks, under the chin.
MASK = np.array(
    [
        [50, 126], [70, 121], [88, 117], [107, 121], [127, 126],
        [125, 164], [106, 186], [88, 191], [71, 186], [52, 164],
    ],
    np.float32,
)  # fmt: skip


def draw_mask(
    pixels: np.ndarray,
    to_photo: np.ndarray,
    random: np.random.Generator,
    fabric: tuple[int, int, int] | None = None,
) -> np.ndarray:
    """A photo with a mask drawn over the face that lies on the template under `to_photo`, a 2x3.

    Args:
        fabric: its colour; by default one of `FABRICS` by chance.
    """
    layer = pixels.copy()

    def there(points: np.ndarray) -> np.ndarray:
        moved = np.asarray(points, np.float32) + random.normal(0, 1.5, np.shape(points))
        return np.rint(apply(to_photo, moved)).astype(np.int32)

    colour = fabric or FABRICS[random.integers(len(FABRICS))]
    cv2.fillPoly(layer, [there(MASK)], colour, cv2.LINE_AA)
    darker = [round(0.85 * value) for value in colour]
    for y in (140, 152, 164):  # its folds
        ends = there(np.array([[56, y], [121, y]]))
        wide = max(1, round(1.5 * scale_of(to_photo)))
        cv2.line(layer, ends[0], ends[1], darker, wide, cv2.LINE_AA)
    return layer
