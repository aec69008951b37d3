"""Training pictures of a finder: aligned faces pasted at known places, sizes and angles.

The template's five landmarks, moved as the face was, are exact labels at every angle. How a face
joins its ground differs from picture to picture (a whole crop, one with soft edges, an oval, a crop
whose edges run on as a blur), so that the edges tell nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from facelens.data.synthetic import draw_mask
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, align
from facelens.faces.align import TEMPLATE, TEMPLATE_BOX
from facelens.training.finder.grounds import ground

COLUMNS = 15  # of a face: a class, always 0, then x1, y1, x2, y2, then x and y of five landmarks
SMALLEST = 9.0  # pixels of the width of a face
_LARGEST = 0.9  # of the side of a picture
_VISIBLE = 0.65  # of a face's box that has to lie in the picture
_APART = 0.25  # of the smaller of two boxes that the other may hide
_LEAST = 7.0  # pixels of a side of a box, below which nobody can tell
MIRRORED = np.array([1, 0, 2, 4, 3])  # which landmark is which in a mirror
_CROPS = (CROP_WIDTH, CROP_HEIGHT)


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture uint8 (side, side, 3), and its faces float32 (n, `COLUMNS`); NaN is not known."""

    pixels: np.ndarray
    faces: np.ndarray


def oval_box(warp: np.ndarray) -> np.ndarray:
    """Return x1, y1, x2, y2 around the oval that fills `TEMPLATE_BOX`, in the photo of a 2x3."""
    back = align.invert(warp)
    x, y = align.apply(back, np.array([TEMPLATE_BOX.centre]))[0]
    across, down = back[:, 0] * TEMPLATE_BOX.w / 2, back[:, 1] * TEMPLATE_BOX.h / 2
    half = np.hypot(across, down)
    # A pixel's middle has whole numbers, and a box has edges.
    edges = [x - half[0], y - half[1], x + half[0], y + half[1]]
    return np.array(edges, np.float32) + np.float32(0.5)


def angle(random: np.random.Generator) -> float:
    """Draw a face's tilt in degrees: mostly as people hold their heads, some at any angle."""
    kind = random.random()
    if kind < 0.75:
        return float(np.clip(random.normal(0, 18), -45, 45))
    return float(random.uniform(-90, 90) if kind < 0.9 else random.uniform(-180, 180))


def scene(
    crops: Sequence[np.ndarray],
    grounds: Sequence[Sequence[np.ndarray]],
    side: int,
    random: np.random.Generator,
    boxed: Scene | None = None,
) -> Scene:
    """Paste none to a dozen of `crops` on a ground and disturb the whole.

    Args:
        crops: uint8 (218, 178, 3) RGB, aligned faces.
        grounds: photos without faces, as `grounds.ground` takes them.
        boxed: a photo with faces, a window of which is the ground instead; half of these windows
            stay as they are.
    """
    count = int(random.choice([0, 1, 2, 4, 7, 11], p=[0.06, 0.26, 0.24, 0.22, 0.14, 0.08]))
    faces: list[np.ndarray] = []
    if boxed is None:
        canvas = ground(grounds, side, random)
    else:
        seen = _window(boxed, side, random)
        canvas, faces = seen.pixels, list(seen.faces)
        count = 0 if random.random() < 0.5 else min(count, 4)
    top = math.log(_LARGEST * side / max(1.0, math.sqrt(count)))
    if boxed is not None:
        top = math.log(0.4 * side)
    # What later pastes leave as it is: a crop reaches far beyond its face.
    taken = np.zeros((side, side), np.uint8)
    for face in faces:
        _take(taken, face[1:5])
    for number in range(count):
        width = math.exp(random.uniform(math.log(SMALLEST), top))
        crop = crops[int(random.integers(len(crops)))]
        for _ in range(8):
            place = _place(width, side, random)
            box = oval_box(align.invert(place))
            if _fits(box, faces, side):
                alone = number == 0 and boxed is None
                canvas, points = _paste(canvas, taken, crop, place, random, alone=alone)
                _take(taken, box)
                faces.append(np.concatenate([[0.0], box, points.ravel()]))
                break
    if random.random() < 0.08:
        canvas, faces = _scrambled(canvas, crops, faces, random)
    table = np.array(faces, np.float32).reshape(-1, COLUMNS)
    return disturb(Scene(canvas, trim(table, side)), random)


def _place(width: float, side: int, random: np.random.Generator) -> np.ndarray:
    """Draw the 2x3 from the template to a picture for a face of `width`."""
    scale, turn = width / TEMPLATE_BOX.w, math.radians(angle(random))
    cos, sin = scale * math.cos(turn), scale * math.sin(turn)
    place = np.array([[cos, -sin, 0], [sin, cos, 0]], np.float32)
    middle = random.uniform(0, side, 2)
    if width > side / 2:
        middle = side / 2 + (middle - side / 2) / 2
    place[:, 2] = middle - align.apply(place, np.array([TEMPLATE_BOX.centre]))[0]
    return place


def _fits(box: np.ndarray, faces: Sequence[np.ndarray], side: int) -> bool:
    """Whether enough of a box lies in the picture and off the faces that are there."""
    area = (box[2:] - box[:2]).prod()
    inside = np.clip(box, 0, side)
    if (inside[2:] - inside[:2]).prod() < _VISIBLE * area:
        return False
    for face in faces:
        other = face[1:5]
        both = np.clip(np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2]), 0, None)
        if both.prod() > _APART * min(area, (other[2:] - other[:2]).prod()):
            return False
    return True


def _take(taken: np.ndarray, box: np.ndarray) -> None:
    """Mark the oval in a box as taken, 255."""
    middle = (box[:2] + box[2:]) / 2
    axes = np.maximum(np.rint((box[2:] - box[:2]) / 2), 1).astype(int)
    place = tuple(int(value) for value in np.rint(middle))
    cv2.ellipse(taken, place, tuple(int(value) for value in axes), 0, 0, 360, 255, -1)


def _paste(
    canvas: np.ndarray,
    taken: np.ndarray,
    crop: np.ndarray,
    place: np.ndarray,
    random: np.random.Generator,
    *,
    alone: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Paste a crop under the 2x3 `place`; return the picture and the five landmarks in it."""
    points = TEMPLATE
    if random.random() < 0.5:
        crop = np.ascontiguousarray(crop[:, ::-1])
        points = (TEMPLATE * (-1, 1) + (CROP_WIDTH - 1, 0))[MIRRORED]
    landmarks = align.apply(place, points)
    if random.random() < 0.1:
        crop = draw_mask(crop, np.eye(2, 3, dtype=np.float32), random)
    if random.random() < 0.08:
        crop = _covered(crop, random)
    mask, runs_on = _mask(random, alone=alone)
    scale = align.scale_of(place)
    small, back = crop, np.eye(2, 3, dtype=np.float32)
    if scale < 0.7:
        size = tuple(max(8, round(length * scale * 1.2)) for length in _CROPS)
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        x, y = _CROPS[0] / size[0], _CROPS[1] / size[1]
        back = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]], np.float32)
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    move = align.compose(place, back)
    side = canvas.shape[0]
    if runs_on:
        sharp = cv2.warpAffine(small, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
        mask = cv2.warpAffine(mask, move, (side, side))[..., None]
        around = cv2.blur(sharp, (25, 25))
        return np.where(mask > 127, sharp, around), landmarks
    corners = align.apply(move, np.array(
        [[0, 0], [small.shape[1], 0], [0, small.shape[0]], small.shape[1::-1]], np.float32
    ))  # fmt: skip
    x1, y1 = np.clip(np.floor(corners.min(0)).astype(int), 0, side - 1)
    x2, y2 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, (x1 + 1, y1 + 1), side)
    move = move - np.array([[0, 0, x1], [0, 0, y1]], np.float32)
    size = int(x2 - x1), int(y2 - y1)
    warped = cv2.warpAffine(small, move, size, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(mask, move, size).astype(np.float32)[..., None] / 255
    share[taken[y1:y2, x1:x2] > 0] = 0
    part = canvas[y1:y2, x1:x2]
    canvas[y1:y2, x1:x2] = np.rint(warped * share + part * (1 - share)).astype(np.uint8)
    return canvas, landmarks


def _mask(random: np.random.Generator, *, alone: bool) -> tuple[np.ndarray, bool]:
    """What of a crop is pasted, uint8 (218, 178), and whether its edges run on over the ground."""
    kind = random.random()
    if alone and kind < 0.15:
        return np.full((CROP_HEIGHT, CROP_WIDTH), 255, np.uint8), True
    if kind < 0.55:  # an oval around the head, out of round
        mask = np.zeros((CROP_HEIGHT, CROP_WIDTH), np.uint8)
        reach = np.array([random.uniform(48, 84), random.uniform(72, 104)])
        turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        wave = 1 + 0.06 * np.sin(turns * random.integers(2, 5) + random.uniform(0, 6))
        ring = np.stack([np.cos(turns), np.sin(turns)], 1) * reach * wave[:, None]
        middle = (89, random.uniform(106, 116))
        cv2.fillPoly(mask, [np.rint(ring + middle).astype(np.int32)], 255)
        soft = random.uniform(0.5, 9)
    else:  # a part of the crop that holds the face
        mask = np.zeros((CROP_HEIGHT, CROP_WIDTH), np.uint8)
        left, top = random.integers(0, 34), random.integers(0, 50)
        right, bottom = CROP_WIDTH - random.integers(0, 34), CROP_HEIGHT - random.integers(0, 26)
        mask[top:bottom, left:right] = 255
        soft = random.uniform(0.1, 12)
    if soft > 1:
        mask = cv2.blur(mask, (2 * round(soft) + 1,) * 2, borderType=cv2.BORDER_CONSTANT)  # type: ignore[assignment]
    return mask, False


def _covered(crop: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Hide a part of a face behind a shape."""
    crop = crop.copy()
    x, y = (int(random.integers(low, high)) for low, high in ((40, 138), (70, 190)))
    axes = int(random.integers(10, 38)), int(random.integers(10, 38))
    colour = [int(value) for value in random.integers(0, 256, 3)]
    cv2.ellipse(crop, (x, y), axes, float(random.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return crop


def _scrambled(
    canvas: np.ndarray,
    crops: Sequence[np.ndarray],
    faces: list[np.ndarray],
    random: np.random.Generator,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Add the parts of a face out of order, which are no face."""
    crop = crops[int(random.integers(len(crops)))][60:200, 36:141]
    tall, wide = crop.shape[0] // 4, crop.shape[1] // 3
    parts = [
        crop[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide]
        for row in range(4) for column in range(3)
    ]  # fmt: skip
    order = random.permutation(len(parts))
    mixed = np.vstack([np.hstack([parts[i] for i in order[row * 3 : row * 3 + 3]])
                       for row in range(4)])  # fmt: skip
    side = canvas.shape[0]
    width = int(random.uniform(20, side / 2.5))
    mixed = cv2.resize(mixed, (width, round(width * 4 / 3)), interpolation=cv2.INTER_AREA)
    x, y = (int(random.integers(side - length)) for length in mixed.shape[1::-1])
    box = np.array([x, y, x + mixed.shape[1], y + mixed.shape[0]], np.float32)
    if all(_fits(box, [face], side) for face in faces):
        canvas[y : y + mixed.shape[0], x : x + mixed.shape[1]] = mixed
    return canvas, faces


def _window(photo: Scene, side: int, random: np.random.Generator) -> Scene:
    """A random window of a photo with boxes, scaled and mirrored: `side` pixels."""
    high, wide = photo.pixels.shape[:2]
    scale = side / max(high, wide) * math.exp(random.uniform(math.log(0.8), math.log(3.0)))
    shift = [
        random.uniform(min(0.0, room), max(0.0, room))
        for room in (side - wide * scale, side - high * scale)
    ]
    half = (scale - 1) / 2
    move = np.array([[scale, 0, shift[0] + half], [0, scale, shift[1] + half]], np.float32)
    pixels = photo.pixels
    if scale < 0.6:
        pixels = cv2.blur(pixels, (round(1 / scale),) * 2)
    canvas = cv2.warpAffine(pixels, move, (side, side), borderValue=(114, 114, 114))
    faces = photo.faces.copy()
    faces[:, 1:] = faces[:, 1:] * scale + np.tile(shift, (COLUMNS - 1) // 2)
    if random.random() < 0.5:
        canvas, faces = np.ascontiguousarray(canvas[:, ::-1]), mirror(faces, side)
    return Scene(canvas, trim(faces, side))


def mirror(faces: np.ndarray, side: int) -> np.ndarray:
    """The faces of a picture of `side` pixels in a mirror."""
    turned = faces.copy()
    turned[:, [1, 3]] = side - faces[:, [3, 1]]
    points = faces[:, 5:].reshape(-1, 5, 2)[:, MIRRORED]
    turned[:, 5:] = (points * (-1, 1) + (side - 1, 0)).reshape(-1, 10)
    return turned


def trim(faces: np.ndarray, side: int) -> np.ndarray:
    """Clip boxes to the picture; without those of which too little is left."""
    clipped = faces.copy()
    clipped[:, 1:5] = np.clip(faces[:, 1:5], 0, side)
    before, after = (each[:, 3:5] - each[:, 1:3] for each in (faces, clipped))
    enough = after.prod(1) >= 0.5 * before.prod(1)
    return clipped[enough & (after >= _LEAST).all(1)]


def disturb(picture: Scene, random: np.random.Generator) -> Scene:
    """Light, tint, blur, noise, grey and JPEG, each as chance has it."""
    pixels = picture.pixels
    contrast, light = random.uniform(0.5, 1.35), random.uniform(-45, 45)
    tint = 1 + random.uniform(-0.12, 0.12, 3)
    table = np.arange(256)[:, None] * tint * contrast + 127.5 * (1 - contrast) + light
    pixels = cv2.LUT(pixels, np.clip(table, 0, 255).astype(np.uint8)[None])
    kind = random.random()
    if kind < 0.15:
        pixels = cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.4, 1.3))
    elif kind < 0.3:
        cv2.setRNGSeed(int(random.integers(2**31)))
        noise = cv2.randn(np.empty(pixels.shape, np.int16), 0, random.uniform(2, 12))  # type: ignore[call-overload]
        pixels = cv2.add(pixels, noise, dtype=cv2.CV_8U)
    if random.random() < 0.12:
        pixels = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if random.random() < 0.25:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(30, 90))]
        packed = cv2.imencode(".jpg", pixels, quality)[1]
        pixels = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    return Scene(pixels, picture.faces)
