"""Annotate the frames of a film: boxes, numbers and a few answers for each face."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from facelens.faces import Box, Face
from facelens.faces.boxes import intersection
from facelens.tasks.base import Verdict, Word, probability_text
from facelens.video.stream import Observation

if TYPE_CHECKING:
    from PIL import ImageFont

# The page's colours on a dark ground.
_SHADES = {Verdict.YES: "#4fd8cf", Verdict.NO: "#9aa9ac", Verdict.DOUBTFUL: "#f0b04a"}
_WORDS = {Verdict.YES: "#4fd8cf", Verdict.NO: "#c2cdcf", Verdict.DOUBTFUL: "#f0b04a"}
_PLATE = "#0b1416c8"
# Seconds for a box to fade out after its face was last seen, and for moved words to fade in.
_GONE, _COME = 0.25, 0.15
# The 1 EUR filter (Casiez et al., 2012) smooths slow motion, which removes jitter, and follows fast
# motion closely: minimum cutoff in hertz, its increase per box width per second, and the cutoff for
# the speed itself.
_MIN_CUTOFF, _CUTOFF_GAIN, _SPEED_CUTOFF = 1.0, 5.0, 1.0
# Lines of text per frame's shorter side; the smallest legible and the largest font size in pixels.
_LINES, _SMALLEST, _LARGEST = 34, 9, 96
# Scale of the text by number of people.
_CROWDED = (1.0, 1.0, 1.0, 0.9, 0.8, 0.7)


# Label, probability, the verdict's text, the verdict.
_Row = tuple[str, str, str, Verdict | None]


@dataclass
class _Shown:
    """One person on the film; `box` is as drawn, `speed` per second.

    `words`: the upper left corner of the rows, None if they are hidden. `side`: the side of the box
    on which they are, an index into `_sides`; `since`: the second from which they are there.
    """

    box: np.ndarray
    speed: np.ndarray
    seconds: float
    rows: tuple[_Row, ...] = ()
    words: tuple[float, float] | None = None
    side: int = -1
    since: float = 0.0


class Annotator:
    """Draw boxes, numbers and the words of the answers, smoothed from frame to frame.

    Args:
        words: the words to draw next to a face, from the face and its answer.
    """

    def __init__(self, words: Callable[[Face, Any], list[Word]]) -> None:
        self._words = words
        self._shown: dict[int, _Shown] = {}
        self._seconds = 0.0

    def draw(self, pixels: np.ndarray, seconds: float, seen: list[Observation]) -> np.ndarray:
        """Return an annotated copy of a frame uint8 (h, w, 3), RGB."""
        import cv2

        step, self._seconds = max(1e-3, seconds - self._seconds), seconds
        for each in seen:
            self._update(each, seconds, step)
        self._shown = {
            number: shown
            for number, shown in self._shown.items()
            if seconds - shown.seconds < _GONE
        }
        height, width = pixels.shape[:2]
        size = _size(min(height, width) / _LINES)
        small = _size(min(height, width) / _LINES * _CROWDED[min(len(self._shown), 5)])
        self._arrange(width, height, small, 1.9 * size)
        picture = pixels.copy()
        for number, shown in self._shown.items():
            fresh = picture if shown.seconds == seconds else picture.copy()
            _draw_box(fresh, shown.box, size)
            _draw_number(fresh, shown.box, number, size)
            if shown.words is not None:
                come = 1.0 if shown.since < 0 else min(1.0, (seconds - shown.since) / _COME)
                _paste(fresh, _plate(shown.rows, small), *shown.words, come)
            if fresh is not picture:
                share = 1 - (seconds - shown.seconds) / _GONE
                picture = cv2.addWeighted(fresh, share, picture, 1 - share, 0)
        return picture

    def _update(self, each: Observation, seconds: float, step: float) -> None:
        """Filter a person's box towards the observed one, and set the rows."""
        observed = np.array(each.face.box, np.float64)
        shown = self._shown.setdefault(each.number, _Shown(observed, np.zeros(4), seconds))
        speed = (observed - shown.box) / step
        shown.speed = shown.speed + _gain(_SPEED_CUTOFF, step) * (speed - shown.speed)
        widths = float(np.hypot(*shown.speed[:2])) / max(1.0, observed[2])
        cutoff = _MIN_CUTOFF + _CUTOFF_GAIN * widths
        shown.box = shown.box + _gain(cutoff, step) * (observed - shown.box)
        shown.seconds = seconds
        shown.rows = tuple(
            (word.label, probability_text(word.value), str(word), word.verdict)
            for word in self._words(each.face, each.answer)
        )

    def _arrange(self, width: int, height: int, size: int, badge: float) -> None:
        """Place each person's words within the frame and clear of other people, or hide them."""
        taken: list[Box] = []
        boxes = {}
        for number, shown in self._shown.items():
            x, y, w, h = map(float, shown.box)
            boxes[number] = Box(x, y - badge, w, h + badge)
        for number, shown in self._shown.items():
            were, shown.words = shown.words, None
            if not shown.rows:
                continue
            tall, wide = _plate(shown.rows, size).shape[:2]
            edge = size / 4
            room = np.array([width - wide, height - tall]) - edge
            if room.min() < edge:
                continue
            places = []
            for corner in _sides(boxes[number], wide, tall, size):
                x, y = np.clip(corner, edge, room)
                places.append(Box(float(x), float(y), wide, tall))
            others = [box for other, box in boxes.items() if other != number] + taken
            hidden = [sum(intersection(place, other) for other in others) for place in places]
            costs = [
                4 * bad + intersection(place, boxes[number])
                for bad, place in zip(hidden, places, strict=True)
            ]
            best = int(np.argmin(costs))
            side = shown.side
            # Words keep their side unless another is clearly better.
            if side < 0 or costs[side] > costs[best] + wide * tall / 4:
                side = best
            # They tolerate more overlap before they disappear than before they appear.
            if hidden[side] > wide * tall * (0.04 if were is None else 0.12):
                continue
            taken.append(places[side])
            if side != shown.side:
                shown.since = self._seconds if shown.side >= 0 else -1.0
            shown.side, shown.words = side, places[side][:2]


def _gain(cutoff: float, step: float) -> float:
    """Gain of a low-pass filter of `cutoff` hertz for a step of `step` seconds."""
    return float(1 - np.exp(-2 * np.pi * cutoff * step))


def _size(wanted: float) -> int:
    return min(_LARGEST, max(_SMALLEST, round(wanted)))


def _sides(box: Box, wide: int, tall: int, size: int) -> list[tuple[float, float]]:
    """Upper left corners of words right of a box, left of it, below and above."""
    gap = size / 2
    x, y = box.centre
    return [
        (box.x + box.w + gap, y - tall / 2),
        (box.x - wide - gap, y - tall / 2),
        (x - wide / 2, box.y + box.h + gap),
        (x - wide / 2, box.y - tall - gap),
    ]


def _draw_box(picture: np.ndarray, box: np.ndarray, size: int) -> None:
    import cv2

    height, width = picture.shape[:2]
    thick = max(1, round(size / 7))
    # A box that extends over the edge is drawn along it.
    x0, x1 = np.clip([box[0], box[0] + box[2]], thick, max(thick, width - 1 - thick))
    y0, y1 = np.clip([box[1], box[1] + box[3]], thick, max(thick, height - 1 - thick))
    radius = min(0.6 * size, (x1 - x0) / 2, (y1 - y0) / 2)
    turns = np.linspace(0, np.pi / 2, 9)
    corners = [(x1 - radius, y1 - radius), (x0 + radius, y1 - radius),
               (x0 + radius, y0 + radius), (x1 - radius, y0 + radius)]  # fmt: skip
    line = np.concatenate([
        np.stack([x + radius * np.cos(turns + k * np.pi / 2),
                  y + radius * np.sin(turns + k * np.pi / 2)], 1)
        for k, (x, y) in enumerate(corners)
    ])  # fmt: skip
    left, top = max(0, int(x0) - 3 * thick), max(0, int(y0) - 3 * thick)
    part = picture[top : int(y1) + 3 * thick, left : int(x1) + 3 * thick]
    # OpenCV takes coordinates in sixteenths of a pixel.
    line = np.rint((line - (left, top)) * 16).astype(np.int32)
    shade = part.copy()
    cv2.polylines(shade, [line], True, (0, 0, 0), 2 * thick, cv2.LINE_AA, 4)
    cv2.addWeighted(shade, 0.45, part, 0.55, 0, shade)
    cv2.polylines(shade, [line], True, (255, 255, 255), thick, cv2.LINE_AA, 4)
    part[:] = shade


def _draw_number(picture: np.ndarray, box: np.ndarray, number: int, size: int) -> None:
    """Draw the badge above a box's left corner, or inside if there is no room above."""
    badge = _badge(str(number), size)
    tall, wide = badge.shape[:2]
    height, width = picture.shape[:2]
    x, y = np.clip(
        (box[0], box[1] - tall - size / 4), 0, (max(0, width - wide), max(0, height - tall))
    )
    _paste(picture, badge, x, y)


def _paste(picture: np.ndarray, image: np.ndarray, x: float, y: float, share: float = 1.0) -> None:
    """Blend an image uint8 (h, w, 4), RGBA, into a picture with opacity `share`."""
    left, top = round(x), round(y)
    part = picture[top : top + image.shape[0], left : left + image.shape[1]]
    image = image[: part.shape[0], : part.shape[1]]
    alpha = image[:, :, 3:].astype(np.float32) * (share / 255)
    part[:] = np.rint(part + alpha * (image[:, :, :3].astype(np.float32) - part))


@lru_cache(maxsize=8)
def _font(size: int) -> "ImageFont.ImageFont | ImageFont.FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.load_default(size)


@lru_cache(maxsize=64)
def _badge(text: str, size: int) -> np.ndarray:
    """A number on a dark plate, uint8 (h, w, 4), RGBA."""
    from PIL import ImageDraw

    wide, tall = round(_font(size).getlength(text) + size), round(1.6 * size)
    image = _rounded(wide, tall, size / 2, "#0b7373e6")
    ImageDraw.Draw(image).text((wide / 2, tall / 2), text, "#ffffff", _font(size), "mm")
    return np.asarray(image)


@lru_cache(maxsize=64)
def _plate(rows: tuple[_Row, ...], size: int) -> np.ndarray:
    """Rows of label, probability and verdict on a dark plate, uint8 (h, w, 4), RGBA."""
    from PIL import ImageDraw

    font, line, pad = _font(size), round(1.6 * size), round(size / 2)
    labels = [_spelt(label) for label, *_ in rows]
    # As wide as the widest text that it may hold, so that its width stays constant.
    label = max(map(font.getlength, labels))
    digit = max(map(font.getlength, "0123456789"))
    number = 3 * digit + font.getlength(".")
    word = max(map(font.getlength, [*Verdict, *(text for _, _, text, _ in rows)]))
    wide = round(label + number + word + 6 * pad)
    tall = len(rows) * line + pad
    image = _rounded(wide, tall, pad, _PLATE)
    draw = ImageDraw.Draw(image)
    for i, (name, (_, probability, text, verdict)) in enumerate(zip(labels, rows, strict=True)):
        y = pad / 2 + (i + 0.5) * line
        kind = verdict or Verdict.NO
        shade, tone = _SHADES[kind], _WORDS[kind]
        draw.rectangle((pad * 0.7, y - line * 0.32, pad * 1.1, y + line * 0.32), shade)
        bright = "#ffffff" if verdict != Verdict.NO else "#d9e2e3"
        draw.text((2 * pad, y), name, bright, font, "lm")
        x = 3.5 * pad + label
        for sign in probability:
            step = digit if sign.isdigit() else font.getlength(sign)
            draw.text((x + step / 2, y), sign, bright, font, "mm")
            x += step
        draw.text((x + pad, y), text, tone, font, "lm")
    return np.asarray(image)


def _rounded(wide: int, tall: int, radius: float, colour: str) -> Any:
    """A plate with anti-aliased corners, downscaled from one of four times the size."""
    from PIL import Image, ImageColor, ImageDraw

    *tone, share = ImageColor.getcolor(colour, "RGBA")  # type: ignore[misc]
    mask = Image.new("L", (4 * wide, 4 * tall))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 4 * wide - 1, 4 * tall - 1), 4 * radius, share)
    image = Image.new("RGBA", (wide, tall), (*tone, 0))
    image.putalpha(mask.resize((wide, tall), Image.Resampling.BOX))
    return image


def _spelt(label: str) -> str:
    """A label in letters that Pillow's own font has; a long one is shortened."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", label) if not unicodedata.combining(c))
    return plain if len(plain) <= 28 else f"{plain[:27]}…"
