"""What the lesson and the documents draw of the fifteen keypoints.

The tables call a level of the ladder a rung.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from facelens.lessons.plots import AMBER, GREY, SERIES, TEAL, bars
from facelens.tasks.keypoints.marks import NAMES, PLAIN, SIDE, Faces, face_errors, point_errors
from facelens.tasks.keypoints.training.ladder import LADDER, Trained, predict
from facelens.tasks.keypoints.training.networks import BothWays, HeatMaps

Rows = Sequence[Mapping[str, str]]


def read(path: str | Path) -> list[dict[str, str]]:
    """The rows of a table of `benchmarks/keypoints.py`."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def marked(
    pictures: np.ndarray,
    truth: np.ndarray | None = None,
    answers: np.ndarray | None = None,
    titles: Sequence[str] = (),
    *,
    columns: int = 8,
) -> Figure:
    """Faces with their marks in amber and answers in teal, a line between the two."""
    count = len(pictures)
    shape = (-(-count // columns), columns)
    figure, axes = plt.subplots(
        *shape, figsize=(1.4 * shape[1], (1.62 if len(titles) else 1.42) * shape[0]), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    for i, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
        if truth is not None and answers is not None:
            axis.plot(*np.stack([truth[i], answers[i]]).transpose(2, 0, 1), color="w", lw=0.6)
        for points, colour in ((truth, AMBER), (answers, TEAL)):
            if points is not None:
                axis.scatter(*points[i].T, s=7, color=colour, edgecolors="w", linewidths=0.3)
        axis.set(xlim=(-0.5, SIDE - 0.5), ylim=(SIDE - 0.5, -0.5))
        if len(titles):
            axis.set_title(titles[i], fontsize=8, loc="center")
    return figure


def best_and_worst(answers: np.ndarray, faces: Faces, count: int = 8) -> Figure:
    """The faces with the least error, then those with the most."""
    errors = face_errors(answers, faces.points)
    order = np.argsort(errors)
    order = order[np.isfinite(errors[order])]
    chosen = np.concatenate([order[:count], order[-count:]])
    return marked(
        faces.pictures[chosen],
        faces.points[chosen],
        answers[chosen],
        [f"{errors[i]:.1f} px" for i in chosen],
        columns=count,
    )


def by_point(answers: np.ndarray, faces: Faces) -> Figure:
    """Bars: the error of each point, the best first."""
    errors = point_errors(answers, faces.points)
    order = np.argsort(errors)
    names = [PLAIN[NAMES[i]] for i in order]
    return bars(names, errors[order].tolist(), label="error in pixels of 96")


def curves(climbed: Mapping[str, Trained]) -> Figure:
    """The learning curves of each level, of all its networks."""
    shown = {level: trained for level, trained in climbed.items() if trained.curves}
    figure, axes = plt.subplots(
        1, len(shown), figsize=(2.6 * len(shown), 2.8), sharey=True, squeeze=False
    )
    for axis, (level, trained) in zip(axes.flat, shown.items(), strict=True):
        _curve(axis, trained)
        axis.set(title=level, xlabel="epoch")
    axes[0, 0].set(ylabel="error in pixels")
    axes[0, 0].set_yscale("log")
    axes[0, 0].set_yticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
    axes[0, 0].minorticks_off()
    axes[0, 0].legend(["training", "other people"])
    return figure


def _curve(axis: Axes, trained: Trained) -> None:
    for network in dict.fromkeys(row["network"] for row in trained.curves):
        rows = [row for row in trained.curves if row["network"] == network]
        epochs = [row["epoch"] for row in rows]
        axis.plot(epochs, [row["train"] for row in rows], color=GREY, lw=1)
        axis.plot(epochs, [row["valid"] for row in rows], color=TEAL, lw=1.5)


def heat_maps(trained: Trained, picture: np.ndarray, points: Sequence[str]) -> Figure:
    """A face (96, 96), and the heat maps of some points with their middles."""
    network = trained.network.network if isinstance(trained.network, BothWays) else trained.network
    assert isinstance(network, HeatMaps)
    with torch.inference_mode():
        batch = torch.from_numpy(picture[None].copy()).to(network.ramp.device)
        maps = network.maps(network.features(batch))[0].cpu().numpy()
    answers = predict(network, picture[None])[0]
    figure, axes = plt.subplots(1, 1 + len(points), figsize=(1.7 * (1 + len(points)), 2))
    for axis in axes:
        axis.imshow(picture, cmap="gray")
        axis.axis("off")
    axes[0].scatter(*answers.T, s=9, color=TEAL, edgecolors="w", linewidths=0.3)
    for axis, name in zip(axes[1:], points, strict=True):
        i = NAMES.index(name)
        axis.imshow(maps[i], alpha=0.6, extent=(-0.5, SIDE - 0.5, SIDE - 0.5, -0.5))
        axis.plot(*answers[i], "+", color="w")
        axis.set_title(PLAIN[name], fontsize=8, loc="center")
    return figure


def ladder(rows: Rows) -> Figure:
    """Bars: the error of each level, mean of the seeds, with a dot for each seed."""
    levels = [level for level in LADDER if any(row["rung"] == level for row in rows)]
    each = [[float(row["rmse_px"]) for row in rows if row["rung"] == level] for level in levels]
    figure = bars(
        [f"{level}: {LADDER[level].what}" for level in levels],
        [float(np.mean(values)) for values in each],
        label="error on test people, pixels of 96; a dot a seed",
        axis=plt.subplots(figsize=(9, 0.6 + 0.32 * len(levels)))[1],
    )
    for i, values in enumerate(each):
        figure.axes[0].plot(values, [i] * len(values), "o", color=AMBER, ms=4)
    return figure


def augmentations(rows: Rows) -> Figure:
    """Bars: the third level's error after it was fine-tuned with each augmentation alone."""
    names = list(dict.fromkeys(row["augmentation"] for row in rows))
    values = [
        float(np.mean([float(row["rmse_px"]) for row in rows if row["augmentation"] == name]))
        for name in names
    ]
    return bars(names, values, label="error on test people, pixels of 96")


def table_curves(rows: Rows) -> Figure:
    """The learning curves of a table of `benchmarks/keypoints.py`, one line a network."""
    levels = list(dict.fromkeys(row["rung"] for row in rows))
    figure, axis = plt.subplots(figsize=(8, 3.6))
    for level, colour in zip(levels, SERIES * 2, strict=False):
        mine = [row for row in rows if row["rung"] == level]
        for i, network in enumerate(dict.fromkeys(row["network"] for row in mine)):
            own = [row for row in mine if row["network"] == network]
            axis.plot(
                [int(row["epoch"]) for row in own],
                [float(row["valid"]) for row in own],
                color=colour, lw=1.5, label="" if i else level,
            )  # fmt: skip
    axis.set(xlabel="epoch", ylabel="error on people held out, pixels")
    axis.set_yscale("log")
    axis.set_yticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
    axis.legend()
    return figure
