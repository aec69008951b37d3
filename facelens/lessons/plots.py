"""How the plots of lessons and documents look: calm, teal, grey, and amber for doubt."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

TEAL, GREY, AMBER, INK = "#0f766e", "#9aa5ab", "#b7791f", "#1f2a30"
SERIES = (TEAL, AMBER, "#4a6fa5", GREY, "#7a4f8f", "#5b8c3a")


def style() -> None:
    """Set matplotlib's defaults for every plot that follows."""
    mpl.rcParams.update(
        {
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.prop_cycle": cycler(color=SERIES),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.labelcolor": INK,
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e6eaec",
            "image.cmap": "viridis",
            "legend.frameon": False,
            "text.color": INK,
        }
    )


def pictures(
    images: Sequence[np.ndarray],
    titles: Sequence[str] = (),
    *,
    columns: int = 8,
    width: float = 1.3,
) -> Figure:
    """A grid of pictures, each under its title."""
    rows = -(-len(images) // columns)
    shape = images[0].shape
    height = width * shape[0] / shape[1] + (0.25 if titles else 0.05)
    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * width, rows * height), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, image in zip(axes.flat, images, strict=False):
        axis.imshow(image, cmap="gray" if image.ndim == 2 else None)
    for axis, title in zip(axes.flat, titles, strict=False):
        axis.set_title(title, fontsize=8, loc="center")
    return figure


def bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    errors: Sequence[tuple[float, float]] | None = None,
    label: str = "",
    axis: Axes | None = None,
) -> Figure:
    """Horizontal bars, the first on top; `errors` are (low, high) ends of intervals."""
    if axis is None:
        axis = plt.subplots(figsize=(7, 0.6 + 0.22 * len(names)))[1]
    reach = None
    if errors is not None:
        ends = np.array(errors)
        reach = np.abs(ends.T - np.array(values))
    axis.barh(range(len(names)), values, color=TEAL, height=0.7, xerr=reach, ecolor=AMBER)
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel(label)
    figure = axis.get_figure()
    assert isinstance(figure, Figure)
    return figure
