"""What lesson 12 draws: boxes, grids, suppression step by step, precision and recall."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from facelens.data.boxes import BoxedPhoto
from facelens.lessons.boxes import Dense, Step, curve, iou, matched
from facelens.lessons.plots import AMBER, GREY, INK, SERIES, TEAL
from facelens.tasks.mask.figures import Answers
from facelens.tasks.mask.names import LABELS, NAMES

_COLOURS = dict(zip(NAMES, (TEAL, AMBER, INK), strict=True))


def _box(axis: Axes, box: np.ndarray, colour: str, *, width: float = 1.5, style: str = "-") -> None:
    x1, y1, x2, y2 = (float(value) for value in box)
    axis.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec=colour, lw=width, ls=style))


def _show(axis: Axes, pixels: np.ndarray, title: str = "") -> None:
    axis.imshow(pixels)
    axis.set_title(title, fontsize=9)
    axis.axis("off")


def some(photos: Sequence[BoxedPhoto], count: int = 3) -> Figure:
    """Photos with several faces and their true boxes, a colour for each class."""
    chosen = sorted(photos, key=lambda photo: abs(len(photo.boxes) - 5))[:count]
    figure, axes = plt.subplots(1, len(chosen), figsize=(3.4 * len(chosen), 3), squeeze=False)
    for axis, photo in zip(axes[0], chosen, strict=True):
        _show(axis, photo.pixels, f"{len(photo.boxes)} boxes")
        for box, label in zip(photo.boxes, photo.labels, strict=True):
            _box(axis, box, _COLOURS[label])
    handles = [Rectangle((0, 0), 1, 1, fill=False, ec=_COLOURS[name]) for name in NAMES]
    figure.legend(handles, [LABELS[name] for name in NAMES], ncols=3, loc="outside lower center")
    return figure


def overlap_figure(shifts: Sequence[float] = (0.0, 0.1, 0.25, 0.5, 0.8)) -> Figure:
    """A box and one of the same size beside it: what is shared, and the IoU."""
    figure, axes = plt.subplots(1, len(shifts), figsize=(2 * len(shifts), 2.4))
    for axis, shift in zip(axes, shifts, strict=True):
        one, other = (0.0, 0.0, 1.0, 1.3), (shift, shift / 2, 1 + shift, 1.3 + shift / 2)
        axis.add_patch(
            Rectangle((shift, shift / 2), 1 - shift, 1.3 - shift / 2, fc=TEAL, alpha=0.3, lw=0)
        )
        _box(axis, np.array(one), INK)
        _box(axis, np.array(other), TEAL)
        axis.set(xlim=(-0.1, 2), ylim=(1.9, -0.1), aspect="equal")
        axis.set_title(f"IoU {iou(one, other):.2f}", loc="center")
        axis.axis("off")
    return figure


def grid_figure(seen: Dense) -> Figure:
    """A photo, and the scores of every point of each grid over it."""
    figure, axes = plt.subplots(1, 1 + len(seen.maps), figsize=(3 * (1 + len(seen.maps)), 3))
    _show(axes[0], seen.picture, "as the network sees it")
    high, wide = seen.picture.shape[:2]
    for axis, (stride, scores) in zip(axes[1:], seen.maps.items(), strict=True):
        axis.imshow(seen.picture.mean(-1), cmap="gray")
        axis.imshow(
            scores, extent=(0, wide, high, 0), alpha=0.65, vmin=0, vmax=1, interpolation="nearest"
        )
        axis.set_title(f"a point every {stride} px: {scores.size}", fontsize=9)
        axis.axis("off")
    return figure


def suppression_figure(seen: Dense, steps: Sequence[Step], *, most: int = 4) -> Figure:
    """The first steps: the box that stays in teal, those that go in amber, the rest in grey."""
    shown = list(steps[:most])
    figure, axes = plt.subplots(
        1, len(shown) + 1, figsize=(2.9 * (len(shown) + 1), 3), squeeze=False
    )
    every = [row for step in steps for row in (step.best, *step.removed)]
    _show(axes[0, 0], seen.picture, f"{len(every)} boxes before")
    for row in every:
        _box(axes[0, 0], seen.boxes[row], GREY, width=0.7)
    done: list[int] = []
    for number, (axis, step) in enumerate(zip(axes[0, 1:], shown, strict=True), 1):
        _show(axis, seen.picture, f"step {number}: one stays, {len(step.removed)} go")
        for row in step.left:
            _box(axis, seen.boxes[row], GREY, width=0.7)
        for row in step.removed:
            _box(axis, seen.boxes[row], AMBER, width=0.7)
        for row in (*done, step.best):
            _box(axis, seen.boxes[row], TEAL, width=2)
        done.append(step.best)
    return figure


def curves(photos: Sequence[BoxedPhoto], found: Mapping[str, Sequence[Answers]]) -> Figure:
    """Precision against recall of every detector, the staircase and its area."""
    figure, axis = plt.subplots(figsize=(6, 3.6))
    for colour, (name, each) in zip(SERIES, found.items(), strict=False):
        matches = matched(photos, each)
        recalls, precision = curve(matches)
        if len(recalls):
            highest = np.maximum.accumulate(precision[::-1])[::-1]
            axis.plot(recalls, precision, color=colour, lw=0.6, alpha=0.6)
            area = float(matches.average_precision()[0])
            axis.step(recalls, highest, color=colour, where="pre", label=f"{name}, AP50 {area:.3f}")
    axis.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.03))
    axis.legend(fontsize=8, loc="lower left")
    return figure


def limits_figure(photos: Sequence[BoxedPhoto], found: Mapping[str, Sequence[Answers]]) -> Figure:
    """Average precision against how well a box has to fit."""
    from facelens.tasks.mask.figures import IOUS

    figure, axis = plt.subplots(figsize=(6, 2.8))
    for colour, (name, each) in zip(SERIES, found.items(), strict=False):
        axis.plot(IOUS, matched(photos, each).average_precision(), "o-", color=colour, label=name)
    axis.set(xlabel="IoU from which a box is right", ylabel="average precision", ylim=(0, 1))
    axis.legend(fontsize=8)
    return figure


def answered(photo: BoxedPhoto, found: Mapping[str, Answers], least: float = 0.4) -> Figure:
    """A photo with the true boxes dashed and what each detector finds with a score of `least`."""
    figure, axes = plt.subplots(1, len(found), figsize=(3.2 * len(found), 3), squeeze=False)
    for axis, (name, each) in zip(axes[0], found.items(), strict=True):
        kept = each.boxes[each.scores >= least]
        _show(axis, photo.pixels, f"{name}: {len(kept)} of {len(photo.boxes)}")
        for box in photo.boxes:
            _box(axis, box, INK, width=1, style=":")
        for box in kept:
            _box(axis, box, TEAL)
    return figure
