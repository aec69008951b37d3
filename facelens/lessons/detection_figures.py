"""What the second lesson draws: boxes kept and wrong, the steps of alignment, what it is worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from facelens.data.synthetic import Placed
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, Face, align
from facelens.lessons.alignment import upright
from facelens.lessons.detection import (
    BAR_WIDTH,
    KINDS,
    PUBLISHED,
    PUBLISHED_SCALE,
    PUBLISHED_SIZE,
    Windows,
    kind,
)
from facelens.lessons.plots import AMBER, GREY, INK, SERIES, TEAL, bars
from facelens.photo import Photo

_COLOURS = (TEAL, AMBER, GREY)


def kept_figure(
    rows: Sequence[Mapping[str, Any]], *, name: str = "default", how: str = "grey"
) -> Figure:
    """Share of pictures kept against minNeighbors: a panel a minSize, a line a scaleFactor."""
    rows = [row for row in rows if row["cascade"] == name and row["look"] == how]
    sizes = sorted({int(row["min_size"]) for row in rows})
    factors = sorted({float(row["scale_factor"]) for row in rows})
    figure, axes = plt.subplots(
        1, len(sizes), figsize=(1 + 2.6 * len(sizes), 3), sharey=True, squeeze=False
    )
    for axis, size in zip(axes[0], sizes, strict=True):
        for colour, factor in zip(SERIES, factors, strict=False):
            line = sorted(
                (int(row["min_neighbors"]), float(row["kept_percent"]))
                for row in rows
                if int(row["min_size"]) == size and float(row["scale_factor"]) == factor
            )
            axis.plot(*zip(*line, strict=True), "o-", color=colour, label=f"scaleFactor {factor}")
        if size == PUBLISHED_SIZE:
            axis.plot(*zip(*PUBLISHED.items(), strict=True), "D", color=INK, mfc="none",
                      label=f"published, {PUBLISHED_SCALE}")  # fmt: skip
        axis.set(title=f"minSize {size}", xlabel="minNeighbors")
    axes[0, 0].set_ylabel("pictures kept, %")
    handles = {label: h for a in axes[0] for h, label in zip(*a.get_legend_handles_labels())}  # noqa: B905
    axes[0, 0].legend(handles.values(), handles.keys(), fontsize=8)
    return figure


def published_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """What every variant keeps at the published settings, beside the published shares."""
    rows = [row for row in rows if row["published_percent"]]
    names = list(dict.fromkeys(f"{row['cascade']}, {row['look']}" for row in rows))
    figure, axis = plt.subplots(figsize=(8, 1 + 0.32 * len(names)))
    for (count, share), colour in zip(PUBLISHED.items(), (TEAL, AMBER), strict=True):
        axis.axvspan(share - 3, share + 3, color=colour, alpha=0.12, lw=0)
        axis.axvline(share, color=colour, ls="--", lw=1)
        mine = [row for row in rows if int(row["min_neighbors"]) == count]
        places = [names.index(f"{row['cascade']}, {row['look']}") for row in mine]
        kept, low, high, one = (
            np.array([float(row[key]) for row in mine])
            for key in ("kept_percent", "low", "high", "one_percent")
        )
        axis.errorbar(kept, places, xerr=np.abs([kept - low, high - kept]), fmt="o", color=colour,
                      ecolor=GREY, label=f"minNeighbors {count}: a box")  # fmt: skip
        axis.plot(one, places, "|", color=colour, ms=12, label="exactly one box")
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlabel("pictures kept, %")
    axis.legend(fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


def price_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """What a minSize saves in wrong boxes, and what it costs in pictures."""
    figure, axis = plt.subplots(figsize=(6, 3))
    sizes = [int(row["min_size"]) for row in rows]
    wrong = [float(row["false_percent"]) for row in rows]
    lost = [100 - float(row["kept_percent"]) for row in rows]
    axis.plot(sizes, wrong, "o-", color=AMBER, label="boxes that are wrong")
    axis.plot(sizes, lost, "s-", color=TEAL, label="pictures without a box")
    axis.set(xlabel="minSize, pixels", ylabel="%", xticks=sizes)
    axis.set_ylim(bottom=0)
    axis.legend()
    return figure


def compare_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Pictures kept and wrong boxes of Facelens' detectors."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 0.9 + 0.4 * len(rows)), sharey=True)
    names = [row["detector"] for row in rows]
    for axis, key, label in zip(
        axes, ("kept_percent", "false_percent"), ("pictures kept, %", "boxes that are wrong, %"),
        strict=True,
    ):  # fmt: skip
        bars(names, [float(row[key]) for row in rows], label=label, axis=axis)
        for i, row in enumerate(rows):
            axis.text(float(row[key]), i, f" {float(row[key]):.1f}", va="center")
        axis.margins(x=0.15)
    return figure


def size_figure(rows: Sequence[Mapping[str, Any]], *, name: str = "default") -> Figure:
    """How wide the boxes are, by whether they hold the face; a panel a minNeighbors."""
    rows = [row for row in rows if row["cascade"] == name]
    counts = sorted({int(row["min_neighbors"]) for row in rows})
    figure, axes = plt.subplots(
        1, len(counts), figsize=(1 + 2.8 * len(counts), 3), squeeze=False, sharey=True
    )
    for axis, count in zip(axes[0], counts, strict=True):
        _stacked(axis, [row for row in rows if int(row["min_neighbors"]) == count])
        axis.set(title=f"minNeighbors {count}", xlabel="width of the box, pixels")
        axis.set_yscale("symlog", linthresh=1)
    axes[0, 0].set_ylabel("boxes")
    axes[0, 0].legend(fontsize=8)
    return figure


def _stacked(axis: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    for i, name in enumerate(KINDS):
        mine = [row for row in rows if row["kind"] == name]
        left = np.array([int(row["width"]) for row in mine]) + (i + 0.5) * BAR_WIDTH / 3.3
        axis.bar(left, [int(row["boxes"]) for row in mine], BAR_WIDTH / 3.3, color=_COLOURS[i],
                 label=name)  # fmt: skip


def boxes_figure(windows: Windows, pictures: Sequence[np.ndarray], min_neighbors: int) -> Figure:
    """Where the wrong boxes lie on the mean of all pictures, and how far from the eyes."""
    boxes = np.concatenate(windows.boxes(windows.smallest, min_neighbors))
    kinds = kind(boxes)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(8, 4), gridspec_kw={"width_ratios": [1, 1.7]}
    )
    left.imshow(np.mean(pictures, axis=0).astype(np.uint8))
    left.axis("off")
    for (x, y, w, h), colour in zip(boxes, np.array(_COLOURS)[kinds], strict=True):
        if colour != TEAL:
            left.add_patch(Rectangle((x, y), w, h, fill=False, color=colour, alpha=0.5, lw=0.8))
    left.set_title("wrong boxes on the mean face")
    eyes = align.TEMPLATE[:2].mean(0)
    away = np.hypot(*(boxes[:, :2] + boxes[:, 2:] / 2 - eyes).T)
    for i, name in enumerate(KINDS):
        right.scatter(boxes[kinds == i, 2], away[kinds == i], s=10, alpha=0.6, color=_COLOURS[i],
                      label=name)  # fmt: skip
    right.set(xlabel="width of the box, pixels", ylabel="from its middle to mid-eyes, pixels")
    right.legend(fontsize=8)
    return figure


def wrong_figure(
    windows: Windows, pictures: Sequence[np.ndarray], min_neighbors: int, *, count: int = 16
) -> Figure:
    """Wrong boxes in their pictures, parts of a face first, from the smallest to the largest."""
    boxes = windows.boxes(windows.smallest, min_neighbors)
    wrong = [
        (what, tuple(box), i)
        for i, each in enumerate(boxes)
        for box, what in zip(each, kind(each), strict=True)
        if what
    ]
    parts = sorted(wrong, key=lambda w: (w[0], w[1][2]))
    shown = (
        [parts[i] for i in np.unique(np.linspace(0, len(parts) - 1, count).astype(int))]
        if parts
        else []
    )
    columns = 8
    rows = max(1, -(-len(shown) // columns))
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.25 * columns, 0.3 + 1.6 * rows), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, (what, (x, y, w, h), i) in zip(axes.flat, shown, strict=False):
        axis.imshow(pictures[i])
        axis.add_patch(Rectangle((x, y), w, h, fill=False, color=_COLOURS[what], lw=2))
        axis.set_title(f"{w} px", fontsize=8, loc="center")
    figure.suptitle(f"{len(parts)} wrong boxes in {len(pictures)} pictures", fontsize=10)
    return figure


def road_figure(framed: Placed, face: Face) -> Figure:
    """The road of one face: box, five points, and the crop without and with the turn."""
    figure, axes = plt.subplots(
        1, 4, figsize=(11, 2.8), gridspec_kw={"width_ratios": [1.35, 1.35, 0.82, 0.82]}
    )
    photo = Photo(framed.canvas)
    titles = ("1. a box", "2. five points", "box only", "3. aligned")
    shown = (photo.pixels, photo.pixels, upright(photo, face.box), face.crop)
    for axis, title, picture in zip(axes, titles, shown, strict=True):
        axis.imshow(picture)
        axis.set_title(title)
        axis.axis("off")
    axes[0].add_patch(Rectangle(face.box[:2], face.box.w, face.box.h, fill=False, color=TEAL, lw=2))
    corners = np.array([[0, 0], [CROP_WIDTH, 0], [CROP_WIDTH, CROP_HEIGHT], [0, CROP_HEIGHT]])
    frame_of = align.apply(align.invert(face.warp), corners)
    axes[1].fill(*frame_of.T, fill=False, edgecolor=AMBER, lw=1.5)
    axes[1].set(xlim=(0, photo.width), ylim=(photo.height, 0))
    axes[1].scatter(*face.landmarks.T, s=18, color=TEAL, edgecolor="white", lw=0.6)
    for axis in axes[2:]:
        axis.scatter(*align.TEMPLATE.T, s=40, facecolor="none", edgecolor="white", lw=1)
    return figure


def disturb_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Accuracy, and the share of changed answers, against how far the crops were disturbed."""
    units = {"turn": "turned by, degrees", "shift": "shifted by, pixels", "zoom": "zoomed, times"}
    changes = list(dict.fromkeys(row["change"] for row in rows))
    figure, axes = plt.subplots(
        2, len(changes), figsize=(1 + 2.8 * len(changes), 4.6), sharey="row", sharex="col",
        squeeze=False,
    )  # fmt: skip
    for (above, below), change in zip(axes.T, changes, strict=True):
        mine = sorted((r for r in rows if r["change"] == change), key=lambda r: r["amount"])
        amounts = [row["amount"] for row in mine]
        low, high = ([100 * row[end] for row in mine] for end in ("low", "high"))
        above.fill_between(amounts, low, high, color=TEAL, alpha=0.15, lw=0)
        above.plot(amounts, [100 * row["accuracy"] for row in mine], "o-", color=TEAL)
        below.plot(amounts, [100 * row["changed"] for row in mine], "o-", color=AMBER)
        below.set_xlabel(units[change])
    axes[0, 0].set_ylabel("mean accuracy, %")
    axes[1, 0].set_ylabel("answers changed, %")
    return figure


def served_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Mean accuracy by how loosely framed faces were cut out, with 95 % intervals."""
    figure, axis = plt.subplots(figsize=(7, 1 + 0.3 * len(rows)))
    values, low, high = (
        np.array([100 * row[key] for row in rows]) for key in ("accuracy", "low", "high")
    )
    places = np.arange(len(rows))
    axis.errorbar(values, places, xerr=(values - low, high - values), fmt="o", color=TEAL,
                  ecolor=GREY)  # fmt: skip
    axis.set_yticks(places, [row["way"] for row in rows])
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel(f"mean accuracy on {rows[0]['faces']} faces, %")
    return figure
