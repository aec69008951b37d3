"""Draw a card to share: a face, its map, and three words."""

from typing import TYPE_CHECKING

import numpy as np

from facelens.report.canvas import INK, Canvas, fit, leading, length, wrap
from facelens.report.portraits import aligned, blurred
from facelens.report.report import NOTE, Report
from facelens.tasks.attributes.names import describe

if TYPE_CHECKING:
    from PIL import Image

# In pixels: what messengers and social networks show beside a link without cutting it.
WIDTH, HEIGHT = 1200, 630
TALL = (514, HEIGHT)  # the whole crop at the card's height
PICTURE, LINE = 424, 4  # what is seen of it, and between two
PANEL, MARGIN = 2 * (PICTURE + LINE), 32
INNER = WIDTH - PANEL - 2 * MARGIN
WORDS = 3
SIZES = (46, 40, 34, 29)  # of the words: the largest at which all are whole
TOP, RULE, APART, SMALL = 100, 20, 30, 16

PAPER, QUIET, ACCENT = "#f4f7f7", "#526164", "#0b7373"


def as_card(report: Report) -> bytes:
    """Draw the card of a report; of a face that gets no yes it says so. No judgement is on it."""
    canvas = Canvas(WIDTH, HEIGHT, PAPER)
    for i, picture in enumerate(_portraits(report)):
        canvas.page.paste(picture, (i * (PICTURE + LINE), 0))
    x = PANEL + MARGIN
    canvas.write((x, 48), "A neural network reads", 21, QUIET)

    lowest = _footer(canvas, report, x)
    words = report.words[:WORDS] or ["Nothing for sure"]
    size = next((size for size in SIZES if _fits(words, size, lowest - TOP)), SIZES[-1])
    y = TOP
    for word in words:
        canvas.pill((x, y, 40, 4), ACCENT, 2)
        y += RULE
        for line in wrap(word, size, INNER, most=2):
            canvas.write((x, y), line, size, INK, bold=True)
            y += _line(size)
        y += APART
    return canvas.png()


def _footer(canvas: Canvas, report: Report, x: int) -> int:
    """Write what the map shows, what the words are not, and the project; return its upper end."""
    lines = wrap(fit(_where(report), SMALL, 2 * INNER), SMALL, INNER, most=2)
    lines += wrap(NOTE, SMALL, INNER, most=4)
    y = top = HEIGHT - 44 - (len(lines) + bool(report.project)) * leading(SMALL)
    for line in lines:
        canvas.write((x, y), line, SMALL, QUIET)
        y += leading(SMALL)
    if report.project:
        canvas.write((x, y + 8), fit(_short(report.project), SMALL, INNER), SMALL, ACCENT)
    return top


def _portraits(report: Report) -> "list[Image.Image]":
    """The face and the same under its map, cut to the card; without a map it is grey."""
    from PIL import Image

    from facelens.explain.layers import overlay

    face = aligned(report, blurred(report), TALL)
    heat = np.zeros_like(report.heat) if describe(report.chosen).is_judgement else report.heat
    left = (TALL[0] - PICTURE) // 2
    seen = slice(None), slice(left, left + PICTURE)
    return [Image.fromarray(each[seen]) for each in (face, overlay(face, heat, opacity=0.75))]


def _where(report: Report) -> str:
    attribute = describe(report.chosen)
    if attribute.is_judgement or report.heat.max() <= 0:
        return ""
    return f"Bright: speaks for {attribute.yes}."


def _fits(words: list[str], size: int, height: int) -> bool:
    """Whether words stand in two lines each, none of them cut, and together within `height`."""
    lines = [wrap(word, size, INNER, most=99) for word in words]
    parts = [part for word in words for part in word.split()]
    return (
        all(len(each) <= 2 for each in lines)
        and all(length(part, size) <= INNER for part in parts)
        and sum(RULE + len(each) * _line(size) + APART for each in lines) <= height
    )


def _line(size: int) -> int:
    return round(1.15 * size)


def _short(address: str) -> str:
    return address.removeprefix("https://").removeprefix("http://").removesuffix(".git").rstrip("/")
