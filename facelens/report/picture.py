"""Draw a report as one picture with Pillow."""

import io
import math
import unicodedata
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from facelens import __version__
from facelens.report.report import NOTE, OUT_OF_REACH, YOU_SAY, Report, Row
from facelens.tasks.attributes.names import GROUPS, JUDGEMENTS_NOTE, describe, group_title
from facelens.tasks.base import Verdict, probability_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image, ImageFont

    from facelens.faces import Box
    from facelens.photo import Photo


def as_png(report: Report) -> bytes:
    """Draw the report as one tall picture."""
    pictures = _pictures(report)
    height = _draw(_Canvas(1), report, pictures)
    canvas = _Canvas(height)
    _draw(canvas, report, pictures)
    file = io.BytesIO()
    canvas.page.save(file, "PNG")
    return file.getvalue()


# The page, in pixels.
WIDTH, MARGIN, GAP = 1240, 56, 40
INNER = WIDTH - 2 * MARGIN
COLUMN = (INNER - GAP) // 2
PICTURE, BETWEEN = (360, 441), 24  # a 178 x 218 crop a little over twice as large
GAPS = 4  # warnings about groups on a page
ROW, ROW_WITH_NOTE, HEADING = 46, 68, 62
TEAR = 120  # a page may be this much longer to keep a group in one column

INK, QUIET, LINE, CARD = "#1c2b2d", "#526164", "#d5dede", "#f4f7f7"
TRACK, BOX = "#e6ebeb", "#4fd8cf"
BARS = {Verdict.YES: "#0b7373", Verdict.NO: "#8b989b", Verdict.DOUBTFUL: "#b86e00"}
CHIPS = {
    Verdict.YES: ("#0b7373", "#d8efed"),
    Verdict.NO: (QUIET, TRACK),
    Verdict.DOUBTFUL: ("#935200", "#fdeccf"),
}
LEGEND = (
    "Bar: how likely the network finds a yes. Tick: from there on it counts as one. "
    "Doubtful: too near the tick, or a face that is hard to read."
)


def _draw(canvas: "_Canvas", report: Report, pictures: list[tuple["Image.Image", str]]) -> int:
    """Draw the page from top to bottom and return its height."""
    y = 48
    canvas.write((MARGIN, y), "What a network reads in this face", 48, bold=True)
    y += 84

    for i, (picture, caption) in enumerate(pictures):
        x = MARGIN + i * (PICTURE[0] + BETWEEN)
        canvas.paste(picture, x, y)
        canvas.write((x, y + PICTURE[1] + 10), _fit(caption, 19, PICTURE[0]), 19, QUIET)
    y += PICTURE[1] + 64

    y = _card(canvas, report, y) + 12
    rows = [row for row in report.rows if not row.attribute.is_judgement]
    y = _board(canvas, rows, y)
    y = canvas.paragraph((MARGIN, y + 20), LEGEND, 19, QUIET)

    judged = [row for row in report.rows if row.attribute.is_judgement]
    if judged:
        y = _rule(canvas, y + 28) + 28
        canvas.write((MARGIN, y), group_title("judgements"), 28, bold=True)
        y = canvas.paragraph((MARGIN, y + 46), JUDGEMENTS_NOTE, 19, QUIET)
        y = _board(canvas, judged, y + 8, headings=False)

    y = _rule(canvas, y + 32) + 24
    y = canvas.paragraph((MARGIN, y), NOTE, 21)
    y = _fairness(canvas, report, y)
    made = report.made.astimezone(UTC)
    credit = (
        f"{report.model} · {report.detector} · Facelens {__version__} · "
        f"{made.day} {made:%B %Y} (UTC)"
    )
    y = canvas.paragraph((MARGIN, y + 6), credit, 19, QUIET)
    return canvas.paragraph((MARGIN, y), report.licence, 19, QUIET) + 40


def _fairness(canvas: "_Canvas", report: Report, y: int) -> int:
    """Write what is known of errors by group: the widest gaps, and how many more there are."""
    shown = report.fairness[:GAPS]
    if len(report.fairness) > GAPS:
        shown.append(f"{len(report.fairness) - GAPS} more such warnings are in the model card.")
    for text in shown:
        y = canvas.paragraph((MARGIN, y + 6), text, 19, QUIET)
    return y


def _rule(canvas: "_Canvas", y: int) -> int:
    canvas.draw.line((MARGIN, y, WIDTH - MARGIN, y), LINE, 2)
    return y


def _card(canvas: "_Canvas", report: Report, y: int) -> int:
    """Draw the sentence and the hints; return the card's lower end."""
    inside = INNER - 56
    hints = " ".join(("Every answer here is marked doubtful.", *report.face.hints))
    parts = [(report.sentence, 30, INK)]
    if report.face.hints:
        parts.append((hints, 21, CHIPS[Verdict.DOUBTFUL][0]))
    height = 48 + sum(_leading(size) * len(_wrap(text, size, inside)) for text, size, _ in parts)
    canvas.pill((MARGIN, y, INNER, height), CARD, 12)
    canvas.pill((MARGIN, y, 6, height), BARS[Verdict.YES], 3)
    below = y + 24
    for text, size, colour in parts:
        below = canvas.paragraph((MARGIN + 28, below), text, size, colour, width=inside)
    return y + height


def _board(canvas: "_Canvas", rows: list[Row], y: int, *, headings: bool = True) -> int:
    """Draw rows in two columns, by group; return the lower end of the longer one."""
    ends = [y]
    for i, column in enumerate(_columns(rows)):
        x, below, group = MARGIN + i * (COLUMN + GAP), y, ""
        for row in column:
            if headings and row.attribute.group != group:
                group = row.attribute.group
                canvas.write((x, below + 26), group_title(group), 22, bold=True)
                below += HEADING
            _row(canvas, row, x, below)
            below += _height(row)
        ends.append(below)
    return max(ends)


def _columns(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Split rows into two columns of similar height; split a group only if that saves enough."""
    order = [*GROUPS, *sorted({row.attribute.group for row in rows} - set(GROUPS))]
    rows = sorted(rows, key=lambda row: order.index(row.attribute.group))
    if not rows:
        return [], []

    def height(column: list[Row]) -> int:
        groups = {row.attribute.group for row in column}
        return sum(map(_height, column)) + HEADING * len(groups)

    def cost(cut: int) -> int:
        left, right = rows[:cut], rows[cut:]
        torn = bool(right) and left[-1].attribute.group == right[0].attribute.group
        judged = rows[0].attribute.is_judgement  # a single group, without a heading to repeat
        return max(height(left), height(right)) + TEAR * (torn and not judged)

    cut = min(range(1, len(rows) + 1), key=cost)
    return rows[:cut], rows[cut:]


def _note(row: Row) -> str:
    reach = "" if math.isfinite(row.threshold) else f"threshold {OUT_OF_REACH}"
    own = "" if row.you_say is None else f"you say {YOU_SAY[row.you_say]}"
    return " · ".join(filter(None, (own, reach)))


def _height(row: Row) -> int:
    return ROW_WITH_NOTE if _note(row) else ROW


def _row(canvas: "_Canvas", row: Row, x: int, y: int) -> None:
    """Draw label, bar with threshold, probability and verdict, and a note below the label."""
    label, number, chip = 234, 54, 96
    bar = COLUMN - label - number - chip - 24
    middle = y + ROW // 2
    canvas.draw.line((x, y, x + COLUMN, y), TRACK, 1)
    canvas.write((x, middle), _fit(row.attribute.label, 21, label - 8), 21, anchor="lm")
    canvas.write((x, y + ROW - 7), _note(row), 18, QUIET)

    left = x + label
    canvas.pill((left, middle - 6, bar, 12), TRACK, 4)
    canvas.pill((left, middle - 6, bar, 12), BARS[row.verdict], 4, share=row.probability)
    if math.isfinite(row.threshold):
        tick = left + round(row.threshold * bar)
        canvas.draw.rectangle((tick - 1, middle - 12, tick + 1, middle + 11), INK)

    right = x + COLUMN
    canvas.write((right - chip - 14, middle), probability_text(row.probability), 21, anchor="rm")
    ink, paper = CHIPS[row.verdict]
    canvas.pill((right - chip, middle - 15, chip, 30), paper, 15)
    bold = row.verdict is Verdict.YES
    canvas.write((right - chip // 2, middle), row.verdict, 18, ink, bold=bold, anchor="mm")


class _Canvas:
    """A page to draw on; what lies below its end is only measured."""

    def __init__(self, height: int) -> None:
        from PIL import Image, ImageDraw

        self.page = Image.new("RGB", (WIDTH, height), "white")
        self.draw = ImageDraw.Draw(self.page)

    def write(
        self,
        at: tuple[int, int],
        text: str,
        size: int,
        colour: str = INK,
        *,
        bold: bool = False,
        anchor: str = "la",
    ) -> None:
        # Pillow's own font has one weight; a stroke makes it bold.
        stroke = size / 40 if bold else 0
        self.draw.text(at, _plain(text), colour, _font(size), anchor, stroke_width=stroke)

    def paragraph(
        self, at: tuple[int, int], text: str, size: int, colour: str = INK, *, width: int = INNER
    ) -> int:
        """Write lines of at most `width` and return the y of the next one."""
        x, y = at
        for line in _wrap(text, size, width):
            self.write((x, y), line, size, colour)
            y += _leading(size)
        return y

    def pill(
        self, box: tuple[int, int, int, int], colour: str, radius: int, *, share: float = 1
    ) -> None:
        """Fill the left `share` of a rounded rectangle: x, y, width, height."""
        x, y, width, height = box
        self.page.paste(colour, (x, y), _rounded((width, height), radius, share))

    def paste(self, picture: "Image.Image", x: int, y: int) -> None:
        self.page.paste(picture, (x, y), _rounded(picture.size, 10))


def _rounded(size: tuple[int, int], radius: int, share: float = 1) -> "Image.Image":
    """A mask with anti-aliased corners, cut off at `share` of its width."""
    from PIL import Image, ImageDraw

    fine = 4
    width, height = size[0] * fine, size[1] * fine
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius * fine, 255)
    draw.rectangle((round(share * width), 0, width, height), 0)
    return mask.reduce(fine)


@lru_cache
def _font(size: int) -> "ImageFont.FreeTypeFont":
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _leading(size: int) -> int:
    return round(1.45 * size)


def _wrap(text: str, size: int, width: int, *, most: int = 12) -> list[str]:
    """Wrap text into at most `most` lines."""
    lines: list[str] = []
    for word in _plain(text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _font(size).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(_fit(word, size, width))
    if len(lines) > most:
        lines[most - 1] = _fit(f"{' '.join(lines[most - 1 :])}", size, width)
    return lines[:most]


def _fit(text: str, size: int, width: int) -> str:
    """Shorten text that is too wide, with an ellipsis."""
    text = _plain(text)
    if _font(size).getlength(text) <= width:
        return text
    text = text[:width]  # no letter is narrower than a pixel
    while text and _font(size).getlength(f"{text}…") > width:
        text = text[:-1].rstrip()
    return f"{text}…"


# Letters that Pillow's font lacks and Unicode does not decompose.
_SPELT = {"–": "-", "—": "-", "−": "-", "×": "x", "⁄": "/", "ß": "ss"}  # noqa: RUF001


def _plain(text: str) -> str:
    """Text in the letters that the font has: accents dropped, unknown letters as question marks."""
    return "".join(map(_spell, text))


@lru_cache
def _spell(letter: str) -> str:
    if _has(letter):
        return letter
    parts = unicodedata.normalize("NFKD", _SPELT.get(letter, letter))
    parts = "".join(_SPELT.get(part, part) for part in parts if not unicodedata.combining(part))
    return "".join(part if _has(part) else "?" for part in parts)


def _has(letter: str) -> bool:
    def ink(shown: str) -> bytes:
        return bytes(_font(20).getmask(shown))

    return letter.isprintable() and ink(letter) != ink("\uffff")


# The pictures.


def _pictures(report: Report) -> list[tuple["Image.Image", str]]:
    """The photo around the face, the aligned face and the heat map, with captions."""
    from PIL import Image

    from facelens.explain.layers import overlay
    from facelens.faces.align import align_face

    pixels = _blurred(report)
    # The warp of the network's crop, at a higher resolution.
    scale = PICTURE[0] / report.face.crop.shape[1]
    crop = align_face(pixels, np.asarray(report.face.warp * scale, np.float32), PICTURE)
    of = f" ({report.number} of {report.count})" if report.count > 1 else ""
    pictures = [
        (_boxed(report, pixels), f"The face{of}, found in the photo"),
        (Image.fromarray(crop), "The same face, aligned"),
    ]
    attribute = describe(report.chosen)
    if report.judgements or not attribute.is_judgement:
        heat = Image.fromarray(overlay(crop, report.heat, opacity=0.75))
        lit = report.heat.max() > 0
        caption = (
            f"Bright: speaks for {attribute.yes}" if lit else f"Nothing speaks for {attribute.yes}"
        )
        pictures.append((heat, caption))
    return pictures


class _Rect(NamedTuple):
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

    def meets(self, other: "_Rect") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: "_Rect") -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )


def _face_of(box: "Box", photo: "Photo", *, hair: bool = False) -> _Rect:
    """A face's pixels in the photo, from brows to chin; with `hair` the whole head."""
    side, top, below = (0.18, 0.35, 0.08) if hair else (0, 0, 0)
    left, right = box.x - side * box.w, box.x + (1 + side) * box.w
    high, low = box.y - top * box.h, box.y + (1 + below) * box.h
    x = np.clip([math.floor(left), math.ceil(right)], 0, photo.width)
    y = np.clip([math.floor(high), math.ceil(low)], 0, photo.height)
    return _Rect(int(x[0]), int(y[0]), int(x[1]), int(y[1]))


def _blurred(report: Report) -> np.ndarray:
    """The photo with every other face blurred beyond recognition."""
    import cv2

    photo, own = report.photo, _face_of(report.face.box, report.photo)
    if not report.others:
        return photo.pixels
    pixels = photo.pixels.copy()
    for left, top, right, bottom in (_face_of(box, photo, hair=True) for box in report.others):
        if left < right and top < bottom:
            head = pixels[top:bottom, left:right]
            few = cv2.resize(head, (4, 5), interpolation=cv2.INTER_AREA)
            head[:] = cv2.resize(few, head.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    area = slice(own.top, own.bottom), slice(own.left, own.right)
    pixels[area] = photo.pixels[area]
    return pixels


def _boxed(report: Report, pixels: np.ndarray) -> "Image.Image":
    """The part of the photo around the face, with its box."""
    from PIL import Image, ImageDraw

    window = _window(report)
    scale = min(PICTURE[0] / window.width, PICTURE[1] / window.height)
    size = max(1, round(window.width * scale)), max(1, round(window.height * scale))
    corner = (PICTURE[0] - size[0]) // 2, (PICTURE[1] - size[1]) // 2
    part = pixels[window.top : window.bottom, window.left : window.right]
    picture = Image.new("RGB", PICTURE, CARD)
    picture.paste(Image.fromarray(part).resize(size, Image.Resampling.LANCZOS), corner)

    face = _face_of(report.face.box, report.photo)
    x = [round((side - window.left) * scale) + corner[0] for side in (face.left, face.right)]
    y = [round((side - window.top) * scale) + corner[1] for side in (face.top, face.bottom)]
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((x[0] - 1, y[0] - 1, x[1] + 1, y[1] + 1), 8, outline=INK, width=6)
    draw.rounded_rectangle((x[0], y[0], x[1], y[1]), 7, outline=BOX, width=4)
    return picture


def _window(report: Report) -> _Rect:
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
    window = _Rect(left, top, right, bottom)
    own, head = _face_of(box, photo), _face_of(box, photo, hair=True)
    for other in (_face_of(each, photo, hair=True) for each in report.others):
        if window.meets(other):
            window = _without(window, other, head) or _without(window, other, own) or window

    # With the aspect ratio of its place, as far as the head allows.
    shape = PICTURE[0] / PICTURE[1]
    width = max(min(window.width, window.height * shape), min(head.width, window.width))
    height = max(min(window.height, window.width / shape), min(head.height, window.height))
    left, right = _slide(x - width / 2, width, window.left, window.right)
    top, bottom = _slide(y - height / 2, height, window.top, window.bottom)
    return _Rect(left, top, right, bottom)


def _slide(start: float, length: float, low: int, high: int) -> tuple[int, int]:
    """Shift an interval of the given length into low to high; shorten it if it is longer."""
    whole = max(1, min(round(length), high - low))
    first = min(max(round(start), low), high - whole)
    return first, first + whole


def _without(window: _Rect, other: _Rect, kept: _Rect) -> _Rect | None:
    """The largest part of a window that excludes `other` and holds `kept`, if there is one."""
    parts: Iterator[_Rect] = (
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
