"""Draw a report as one picture with Pillow."""

import math
from datetime import UTC
from typing import TYPE_CHECKING

from facelens import __version__
from facelens.report.canvas import INK, Canvas, fit, leading, wrap
from facelens.report.portraits import PICTURE, pictures
from facelens.report.report import NOTE, OUT_OF_REACH, YOU_SAY, Report, Row
from facelens.tasks.attributes.names import GROUPS, JUDGEMENTS_NOTE, group_title
from facelens.tasks.base import Verdict, probability_text

if TYPE_CHECKING:
    from PIL import Image


def as_png(report: Report) -> bytes:
    """Draw the report as one tall picture."""
    shown = pictures(report)
    height = _draw(Canvas(WIDTH, 1), report, shown)
    canvas = Canvas(WIDTH, height)
    _draw(canvas, report, shown)
    return canvas.png()


# The page, in pixels.
WIDTH, MARGIN, GAP = 1240, 56, 40
INNER = WIDTH - 2 * MARGIN
COLUMN = (INNER - GAP) // 2
BETWEEN = 24  # pictures
GAPS = 4  # warnings about groups on a page
ROW, ROW_WITH_NOTE, HEADING = 46, 68, 62
TEAR = 120  # a page may be this much longer to keep a group in one column

QUIET, LINE, CARD, TRACK = "#526164", "#d5dede", "#f4f7f7", "#e6ebeb"
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

MOVES = (
    "Thin line: how far the answer moves when the picture is shifted, scaled, lit or mirrored a "
    "little."
)

# How the map came about.
WAYS = {
    "map": "Map: the exact class activation map, which adds up to the score.",
    "occlusion": "Map: bright where the score falls if a square of the face is covered.",
}


def _draw(canvas: Canvas, report: Report, shown: list[tuple["Image.Image", str]]) -> int:
    """Draw the page from top to bottom and return its height."""
    y = 48
    canvas.write((MARGIN, y), "What a network reads in this face", 48, bold=True)
    y += 84

    for i, (picture, caption) in enumerate(shown):
        x = MARGIN + i * (PICTURE[0] + BETWEEN)
        canvas.paste(picture, x, y)
        canvas.write((x, y + PICTURE[1] + 10), fit(caption, 19, PICTURE[0]), 19, QUIET)
    y += PICTURE[1] + 64

    y = _card(canvas, report, y) + 12
    rows = [row for row in report.rows if not row.attribute.is_judgement]
    y = _board(canvas, rows, y)
    moves = [] if report.prediction.spread is None else [MOVES]
    legend = " ".join((LEGEND, *moves, WAYS[report.way]))
    y = canvas.paragraph((MARGIN, y + 20), legend, 19, QUIET)

    judged = [row for row in report.rows if row.attribute.is_judgement]
    if judged:
        y = _rule(canvas, y + 28) + 28
        canvas.write((MARGIN, y), group_title("judgements"), 28, bold=True)
        y = canvas.paragraph((MARGIN, y + 46), JUDGEMENTS_NOTE, 19, QUIET)
        y = _board(canvas, judged, y + 8, headings=False)

    y = _further(canvas, report, y)
    y = _rule(canvas, y + 32) + 24
    y = canvas.paragraph((MARGIN, y), NOTE, 21)
    y = _fairness(canvas, report, y)
    made = report.made.astimezone(UTC)
    credit = (
        f"{report.model} · {report.detector} · Facelens {__version__} · "
        f"{made.day} {made:%B %Y} (UTC)"
    )
    y = canvas.paragraph((MARGIN, y + 6), credit, 19, QUIET)
    y = canvas.paragraph((MARGIN, y), report.licence, 19, QUIET)
    return canvas.paragraph((MARGIN, y), report.project, 19, BARS[Verdict.YES]) + 40


def _further(canvas: Canvas, report: Report, y: int) -> int:
    """Write what other tasks say of the face: a sentence, their words, what has to be known."""
    for each in report.further:
        y = _rule(canvas, y + 28) + 28
        canvas.write((MARGIN, y), each.task.capitalize(), 28, bold=True)
        words = sorted(each.words, key=lambda word: -word.value)
        said = " · ".join(f"{word.label} {probability_text(word.value)}" for word in words)
        y = canvas.paragraph((MARGIN, y + 46), each.sentence, 24)
        y = canvas.paragraph((MARGIN, y + 4), said, 21)
        y = canvas.paragraph((MARGIN, y + 4), each.caution, 19, QUIET)
        y = canvas.paragraph((MARGIN, y), f"By another network, {each.model}.", 19, QUIET)
    return y


def _fairness(canvas: Canvas, report: Report, y: int) -> int:
    """Write what is known of errors by group: the widest gaps, and how many more there are."""
    shown = report.fairness[:GAPS]
    if len(report.fairness) > GAPS:
        shown.append(f"{len(report.fairness) - GAPS} more such warnings are in the model card.")
    for text in shown:
        y = canvas.paragraph((MARGIN, y + 6), text, 19, QUIET)
    return y


def _rule(canvas: Canvas, y: int) -> int:
    canvas.draw.line((MARGIN, y, WIDTH - MARGIN, y), LINE, 2)
    return y


def _card(canvas: Canvas, report: Report, y: int) -> int:
    """Draw the sentence and the hints; return the card's lower end."""
    inside = INNER - 56
    hints = " ".join(("Every answer here is marked doubtful.", *report.face.hints))
    parts = [(report.sentence, 30, INK)]
    if report.face.hints:
        parts.append((hints, 21, CHIPS[Verdict.DOUBTFUL][0]))
    height = 48 + sum(leading(size) * len(wrap(text, size, inside)) for text, size, _ in parts)
    canvas.pill((MARGIN, y, INNER, height), CARD, 12)
    canvas.pill((MARGIN, y, 6, height), BARS[Verdict.YES], 3)
    below = y + 24
    for text, size, colour in parts:
        below = canvas.paragraph((MARGIN + 28, below), text, size, colour, width=inside)
    return y + height


def _board(canvas: Canvas, rows: list[Row], y: int, *, headings: bool = True) -> int:
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


def _row(canvas: Canvas, row: Row, x: int, y: int) -> None:
    """Draw label, bar with threshold, probability and verdict, and a note below the label."""
    label, number, chip = 234, 54, 96
    bar = COLUMN - label - number - chip - 24
    middle = y + ROW // 2
    canvas.draw.line((x, y, x + COLUMN, y), TRACK, 1)
    canvas.write((x, middle), fit(row.attribute.label, 21, label - 8), 21, anchor="lm")
    canvas.write((x, y + ROW - 7), _note(row), 18, QUIET)

    left = x + label
    canvas.pill((left, middle - 6, bar, 12), TRACK, 4)
    canvas.pill((left, middle - 6, bar, 12), BARS[row.verdict], 4, share=row.probability)
    if math.isfinite(row.threshold):
        tick = left + round(row.threshold * bar)
        canvas.draw.rectangle((tick - 1, middle - 12, tick + 1, middle + 11), INK)

    if row.low is not None and row.high is not None:
        ends = left + round(row.low * bar), max(left + round(row.high * bar), left + 1)
        canvas.draw.line((ends[0], middle + 11, ends[1], middle + 11), QUIET, 2)

    right = x + COLUMN
    canvas.write((right - chip - 14, middle), probability_text(row.probability), 21, anchor="rm")
    ink, paper = CHIPS[row.verdict]
    canvas.pill((right - chip, middle - 15, chip, 30), paper, 15)
    bold = row.verdict is Verdict.YES
    canvas.write((right - chip // 2, middle), row.verdict, 18, ink, bold=bold, anchor="mm")
