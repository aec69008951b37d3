"""What the third lesson draws: kernels, feature maps, a sum, what channels look for."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from facelens.explain.layers import colour, grid, overlay
from facelens.lessons.convolution import (
    KERNELS,
    LeNet5,
    Place,
    convolve,
    lowered,
    max_pool,
    relu,
    scaled,
)
from facelens.lessons.plots import AMBER, GREY, INK, TEAL
from facelens.tasks.attributes.training.export import watch
from facelens.tasks.base import Layer
from facelens.training.data import Store


def step_figure(picture: np.ndarray, kernel: np.ndarray, row: int, column: int) -> Figure:
    """One step of a convolution in numbers: a patch, the kernel, their products and the sum."""
    size = len(kernel)
    patch = picture[row : row + size, column : column + size]
    products = patch * kernel
    figure, axes = plt.subplots(1, 4, figsize=(11, 2.8))
    axes[0].imshow(picture, cmap="gray", vmin=0, vmax=1)
    axes[0].add_patch(
        Rectangle((column - 0.5, row - 0.5), size, size, fill=False, color=AMBER, lw=2)
    )
    axes[0].set_title(f"the picture, {picture.shape[1]} x {picture.shape[0]}")
    reach = max(1, float(np.abs(products).max()))
    titles = ("nine pixels", "x  the kernel", f"=  products; sum {products.sum():.2f}")
    for axis, title, values in zip(axes[1:], titles, (patch, kernel, products), strict=True):
        low = 0 if values is patch else -reach
        axis.imshow(values, cmap="gray", vmin=low, vmax=reach)
        for (y, x), value in np.ndenumerate(values):
            shade = "white" if value < (low + reach) / 2 else INK
            axis.text(x, y, f"{value:.2f}", ha="center", va="center", color=shade)
        axis.set_title(title)
    for axis in axes:
        axis.axis("off")
    return figure


def kernels_figure(picture: np.ndarray) -> Figure:
    """A picture under each of `KERNELS`; mid-grey is zero."""
    return _row([picture, *(convolve(picture, kernel) for kernel in KERNELS.values())],
                ["the picture", *KERNELS])  # fmt: skip


def chain_figure(picture: np.ndarray, kernel: np.ndarray) -> Figure:
    """A picture through convolution, ReLU and pooling, sizes in the titles."""
    answer = convolve(picture, kernel)
    steps = {"picture": picture, "convolution": answer, "ReLU": relu(answer),
             "max pooling": max_pool(relu(answer))}  # fmt: skip
    titles = [f"{name}, {v.shape[1]} x {v.shape[0]}" for name, v in steps.items()]
    return _row(list(steps.values()), titles)


def _row(pictures: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Signed pictures side by side, each symmetrical about mid-grey, the first as it is."""
    figure, axes = plt.subplots(1, len(pictures), figsize=(2.3 * len(pictures), 2.6))
    for i, (axis, picture, title) in enumerate(zip(axes, pictures, titles, strict=True)):
        reach = float(np.abs(picture).max())
        axis.imshow(picture, cmap="gray", vmin=-reach if i else 0, vmax=reach if i else 1)
        axis.set_title(title, fontsize=9)
        axis.axis("off")
    return figure


def history_figure(history: Sequence[dict[str, float]], base: float) -> Figure:
    """Accuracy on validation faces, epoch by epoch, above the base rate."""
    figure, axis = plt.subplots(figsize=(6, 3))
    epochs = [row["epoch"] for row in history]
    axis.plot(epochs, [100 * row["accuracy"] for row in history], "o-", label="LeNet-5")
    axis.axhline(100 * base, color=GREY, ls="--", label="always the commoner answer")
    axis.set(xlabel="epoch", ylabel="validation accuracy, %", xticks=epochs)
    axis.legend()
    return figure


def filters_figure(before: LeNet5, after: LeNet5) -> Figure:
    """C1's six filters before and after training; mid-grey is zero."""
    figure, axes = plt.subplots(2, 6, figsize=(8, 3))
    for line, net, name in zip(axes, (before, after), ("random", "trained"), strict=True):
        weights = net.layers.get_parameter("C1.weight").detach().numpy()[:, 0]
        reach = float(np.abs(weights).max())
        for axis, kernel in zip(line, weights, strict=True):
            axis.imshow(kernel, cmap="gray", vmin=-reach, vmax=reach)
            axis.set(xticks=[], yticks=[])
            axis.grid(visible=False)
        line[0].set_ylabel(name)
    return figure


def maps_figure(net: LeNet5, picture: np.ndarray) -> Figure:
    """The feature maps of one face after C1, S2, C3 and S4."""
    maps = net.maps(picture)
    figure, axes = plt.subplots(len(maps), 16, figsize=(11, 0.8 * len(maps)), squeeze=False)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
        axis.grid(visible=False)
    for line, (name, channels) in zip(axes, maps.items(), strict=True):
        for axis, channel in zip(line, channels, strict=False):
            axis.imshow(colour(channel))
        line[0].set_ylabel(f"{name}\n{channels.shape[2]} x {channels.shape[1]}", fontsize=8)
    return figure


def sum_figure(net: LeNet5, picture: np.ndarray) -> Figure:
    """The last layer's sum: 84 numbers times 84 weights, sorted, and what they come to."""
    with torch.no_grad():
        values = watch(net.layers, ["F6 squashed"], scaled(picture[None]))[0][0]
    weights, bias = (net.layers.get_parameter(f"output.{part}") for part in ("weight", "bias"))
    products = np.sort((values * weights[0]).detach().numpy())
    logit = float(products.sum() + bias.item())
    figure, axis = plt.subplots(figsize=(8, 2.8))
    axis.bar(range(len(products)), products, color=np.where(products < 0, GREY, TEAL))
    axis.set(xlabel="the 84 products, sorted", ylabel="value x weight")
    axis.set_title(
        f"sum {products.sum():+.2f}, with bias {logit:+.2f}: yes with probability "
        f"{1 / (1 + np.exp(-logit)):.2f}"
    )
    return figure


def cases_figure(pictures: Sequence[np.ndarray], cases: dict[str, np.ndarray]) -> Figure:
    """A row of faces for each of `surest`'s cases."""
    width = max(1, *(len(rows) for rows in cases.values()))
    figure, axes = plt.subplots(len(cases), width, figsize=(1.1 * width, 5.2), squeeze=False)
    for line, (name, rows) in zip(axes, cases.items(), strict=True):
        for axis in line:
            axis.axis("off")
        line[0].set_title(f"{name}", fontsize=9)
        for axis, i in zip(line, rows, strict=False):
            axis.imshow(pictures[i], cmap="gray", vmin=0, vmax=1)
    return figure


def stages_figure(layers: Sequence[Layer], title: str, count: int = 8) -> Figure:
    """The strongest maps of every layer, a row each."""
    figure, axes = plt.subplots(len(layers), 1, figsize=(9, 1.45 * len(layers)), squeeze=False)
    for axis, layer in zip(axes[:, 0], layers, strict=True):
        channels, height, width = layer.maps.shape
        axis.imshow(grid(layer, count, columns=count, tile=96), interpolation="nearest")
        axis.set_title(f"{layer.title}: {count} of {channels} maps, {width} x {height}", fontsize=9)
        axis.axis("off")
    figure.suptitle(title, ha="left", x=0.01)
    return figure


def places_figure(found: Sequence[Place], faces: Store, *, down: int = 26) -> Figure:
    """Mean answer of each picked channel over the mean face, still and moved down."""
    face = faces.images[1::2].mean(0).astype(np.uint8)
    lower = lowered(face, down)
    rows = -(-len(found) // 2)
    figure, axes = plt.subplots(rows, 4, figsize=(10, 3.6 * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for place, (left, right) in zip(found, axes.reshape(-1, 2), strict=False):
        left.imshow(overlay(face, place.still, opacity=0.8))
        right.imshow(overlay(lower, place.moved, opacity=0.8))
        left.set_title(
            f"{place.part}? {place.layer}, channel {place.channel}\n{place.there:.1f}x", fontsize=9
        )
        right.set_title(
            f"moved: {place.followed:.1f}x,\nwhere it was: {place.stayed:.1f}x", fontsize=9
        )
    return figure
