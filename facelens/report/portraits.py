"""The pictures of a report: a face in its photo, aligned, and under its map; nobody else's."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facelens.report.canvas import INK
from facelens.report.report import Report
from facelens.tasks.attributes.names import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    from facelens.faces import Box
    from facelens.photo import Photo

PICTURE = (360, 441)  # a 178 x 218 crop a little over twice as large
PAPER, BOX = "#f4f7f7", "#4fd8cf"


def pictures(report: Report) -> list[tuple["Image.Image", str]]:
    """The photo around the face, the aligned face and the heat map, with captions."""
    from PIL import Image

    from facelens.explain.layers import overlay

    pixels = blurred(report)
    crop = aligned(report, pixels, PICTURE)
    of = f" ({report.number} of {report.count})" if report.count > 1 else ""
    shown = [
        (boxed(report, pixels), f"The face{of}, found in the photo"),
        (Image.fromarray(crop), "The same face, aligned"),
    ]
    attribute = describe(report.chosen)
    if report.judgements or not attribute.is_judgement:
        heat = Image.fromarray(overlay(crop, report.heat, opacity=0.75))
        lit = report.heat.max() > 0
        caption = (
            f"Bright: speaks for {attribute.yes}" if lit else f"Nothing speaks for {attribute.yes}"
        )
        shown.append((heat, caption))
    return shown


def aligned(report: Report, pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The network's crop at a higher resolution, uint8 (height, width, 3) of `size`."""
    from facelens.faces.align import align_face

    scale = size[0] / report.face.crop.shape[1]
    return align_face(pixels, np.asarray(report.face.warp * scale, np.float32), size)


class Rect(NamedTuple):
    """A rectangle of whole pixels; right and bottom are exclusive, as in Pillow."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def meets(self, other: "Rect") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: "Rect") -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )


def face_of(box: "Box", photo: "Photo", *, hair: bool = False) -> Rect:
    """A face's pixels in the photo, from brows to chin; with `hair` the whole head."""
    side, top, below = (0.18, 0.35, 0.08) if hair else (0, 0, 0)
    left, right = box.x - side * box.w, box.x + (1 + side) * box.w
    high, low = box.y - top * box.h, box.y + (1 + below) * box.h
    x = np.clip([math.floor(left), math.ceil(right)], 0, photo.width)
    y = np.clip([math.floor(high), math.ceil(low)], 0, photo.height)
    return Rect(int(x[0]), int(y[0]), int(x[1]), int(y[1]))


def blurred(report: Report) -> np.ndarray:
    """The photo with every other face blurred beyond recognition."""
    import cv2

    photo, own = report.photo, face_of(report.face.box, report.photo)
    if not report.others:
        return photo.pixels
    pixels = photo.pixels.copy()
    for left, top, right, bottom in (face_of(box, photo, hair=True) for box in report.others):
        if left < right and top < bottom:
            head = pixels[top:bottom, left:right]
            few = cv2.resize(head, (4, 5), interpolation=cv2.INTER_AREA)
            head[:] = cv2.resize(few, head.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    area = slice(own.top, own.bottom), slice(own.left, own.right)
    pixels[area] = photo.pixels[area]
    return pixels


def boxed(report: Report, pixels: np.ndarray) -> "Image.Image":
    """The part of the photo around the face, with its box."""
    from PIL import Image, ImageDraw

    window = _window(report)
    scale = min(PICTURE[0] / window.width, PICTURE[1] / window.height)
    size = max(1, round(window.width * scale)), max(1, round(window.height * scale))
    corner = (PICTURE[0] - size[0]) // 2, (PICTURE[1] - size[1]) // 2
    part = pixels[window.top : window.bottom, window.left : window.right]
    picture = Image.new("RGB", PICTURE, PAPER)
    picture.paste(Image.fromarray(part).resize(size, Image.Resampling.LANCZOS), corner)

    face = face_of(report.face.box, report.photo)
    x = [round((side - window.left) * scale) + corner[0] for side in (face.left, face.right)]
    y = [round((side - window.top) * scale) + corner[1] for side in (face.top, face.bottom)]
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((x[0] - 1, y[0] - 1, x[1] + 1, y[1] + 1), 8, outline=INK, width=6)
    draw.rounded_rectangle((x[0], y[0], x[1], y[1]), 7, outline=BOX, width=4)
    return picture


def _window(report: Report) -> Rect:
    """The part of the photo to show: around the face, without other heads if possible.

    If the photo has other faces and `others` does not have their boxes, only the head is shown.
    """
    photo, box = report.photo, report.face.box
    blind = report.count > 1 and not report.others
    width = (1.6 if blind else 3.2) * box.w
    height = width * PICTURE[1] / PICTURE[0]
    x, y = box.centre
    left, right = _slide(x - width / 2, width, 0, photo.width)
    top, bottom = _slide(y - height / 2, height, 0, photo.height)
    window = Rect(left, top, right, bottom)
    own, head = face_of(box, photo), face_of(box, photo, hair=True)
    for other in (face_of(each, photo, hair=True) for each in report.others):
        if window.meets(other):
            window = _without(window, other, head) or _without(window, other, own) or window

    # With the aspect ratio of its place, as far as the head allows.
    shape = PICTURE[0] / PICTURE[1]
    width = max(min(window.width, window.height * shape), min(head.width, window.width))
    height = max(min(window.height, window.width / shape), min(head.height, window.height))
    left, right = _slide(x - width / 2, width, window.left, window.right)
    top, bottom = _slide(y - height / 2, height, window.top, window.bottom)
    return Rect(left, top, right, bottom)


def _slide(start: float, length: float, low: int, high: int) -> tuple[int, int]:
    """Shift an interval of the given length into low to high; shorten it if it is longer."""
    whole = max(1, min(round(length), high - low))
    first = min(max(round(start), low), high - whole)
    return first, first + whole


def _without(window: Rect, other: Rect, kept: Rect) -> Rect | None:
    """The largest part of a window that excludes `other` and holds `kept`, if there is one."""
    parts: Iterator[Rect] = (
        part
        for part in (
            window._replace(left=other.right),
            window._replace(right=other.left),
            window._replace(top=other.bottom),
            window._replace(bottom=other.top),
        )
        if part.holds(kept)
    )
    return max(parts, key=lambda part: part.width * part.height, default=None)
