"""A convolution by hand, LeNet-5, and what the layers of a larger network show of one face."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

import facelens
from facelens.errors import DataError
from facelens.explain.layers import colour, grid, overlay
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, align, find_faces
from facelens.lessons.plots import AMBER, GREY, INK, TEAL
from facelens.photo import read_photo
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.training.export import watch
from facelens.tasks.base import Layer
from facelens.training.augment import plain
from facelens.training.data import Store
from facelens.training.network import AttributeNetwork

SIDE = 32  # of LeNet-5's pictures
# The square of a crop that LeNet sees: forehead to chin, four crop pixels to one of its own.
LEFT, TOP, VIEW = 25, 58, 128

KERNELS = {
    "vertical edges": np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]], np.float32),
    "horizontal edges": np.array([[-1, -1, -1], [0, 0, 0], [1, 1, 1]], np.float32),
    "edges of any direction": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32),
    "blur": np.full((3, 3), 1 / 9, np.float32),
}
# Which maps of S2 each of C3's 16 maps looks at: LeCun et al., 1998, table I.
_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5), (0, 1, 2, 3), (1, 2, 3, 4),
    (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5), (0, 1, 3, 4), (1, 2, 4, 5),
    (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip
# Where parts of the face lie on an aligned crop: left, top, right, bottom.
PARTS = {"eyes": (54, 98, 124, 124), "mouth": (62, 142, 116, 166)}


def example() -> np.ndarray:
    """The crop of the astronaut whose photo comes with Facelens, NASA, public domain."""
    return find_faces(read_photo(Path(facelens.__file__).parent / "ui" / "astronaut.jpg"))[0].crop


def grey(crop: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The face of an aligned RGB crop as a grey square, float32 (side, side) from 0 to 1."""
    square = np.ascontiguousarray(crop[TOP : TOP + VIEW, LEFT : LEFT + VIEW])
    small = cv2.resize(
        cv2.cvtColor(square, cv2.COLOR_RGB2GRAY), (side, side), interpolation=cv2.INTER_AREA
    )
    return small.astype(np.float32) / 255


def convolve(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Slide a kernel over a picture; each place gives the sum of products, float32 (h, w)."""
    return F.conv2d(_batch(picture), _batch(kernel))[0, 0].numpy()


def relu(picture: np.ndarray) -> np.ndarray:
    """Cut off what is below zero."""
    return F.relu(_batch(picture))[0, 0].numpy()


def max_pool(picture: np.ndarray, size: int = 2) -> np.ndarray:
    """Keep the largest number of every `size` by `size` square."""
    return F.max_pool2d(_batch(picture), size)[0, 0].numpy()


def connect(picture: np.ndarray, weights: np.ndarray, bias: float = 0.0) -> float:
    """Lay a picture out as a row of numbers and give their weighted sum: one logit."""
    row = torch.from_numpy(np.asarray(weights, np.float32)[None])
    return float(F.linear(_batch(picture).flatten(1), row)[0, 0] + bias)


def _batch(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture, np.float32))[None, None]


class Subsample(nn.Module):
    """S2 and S4: the mean of every 2x2 square, times a learned weight, plus a learned bias."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        return F.avg_pool2d(maps, 2) * self.weight + self.bias


class Sparse(nn.Conv2d):
    """C3: a convolution whose maps look at some of the maps below only."""

    mask: Tensor

    def __init__(self) -> None:
        super().__init__(6, len(_TABLE), 5)
        mask = torch.zeros(len(_TABLE), 6, 1, 1)
        for i, sources in enumerate(_TABLE):
            mask[i, list(sources)] = 1
        self.register_buffer("mask", mask)

    def forward(self, maps: Tensor) -> Tensor:
        return F.conv2d(maps, self.weight * self.mask, self.bias)


class Squash(nn.Module):
    """LeNet's answer to what ReLU does today: 1.7159 tanh(2x / 3)."""

    def forward(self, values: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(values * 2 / 3)


class LeNet5(nn.Module):
    """LeNet-5 (LeCun et al., 1998) on grey 32x32 pictures, with one logit instead of ten digits.

    Pictures (n, 1, 32, 32) in, logits (n,) out. The ten radial units of the original's last
    layer are one linear unit; all the rest is as published.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        for name, layer in (
            ("C1", nn.Conv2d(1, 6, 5)),
            ("C1 squashed", Squash()),
            ("S2", Subsample(6)),
            ("S2 squashed", Squash()),
            ("C3", Sparse()),
            ("C3 squashed", Squash()),
            ("S4", Subsample(16)),
            ("S4 squashed", Squash()),
            ("C5", nn.Conv2d(16, 120, 5)),
            ("C5 squashed", Squash()),
            ("flat", nn.Flatten()),
            ("F6", nn.Linear(120, 84)),
            ("F6 squashed", Squash()),
            ("output", nn.Linear(84, 1)),
        ):
            self.layers.add_module(name, layer)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers(pictures)[:, 0]

    def maps(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """What C1, S2, C3 and S4 give for one grey picture, each (channels, h, w)."""
        with torch.no_grad():
            names = ("C1 squashed", "S2 squashed", "C3 squashed", "S4 squashed")
            seen = watch(self.layers, names, _scaled(picture[None]))
        return {name.split()[0]: maps[0].numpy() for name, maps in zip(names, seen, strict=True)}

    def free_parameters(self) -> dict[str, int]:
        """How many numbers each layer learns."""
        counts = {
            name: sum(p.numel() for p in layer.parameters())
            for name, layer in self.layers.named_children()
        }
        counts["C3"] -= int((self.layers.get_buffer("C3.mask") == 0).sum()) * 25
        return {name: count for name, count in counts.items() if count}


def _scaled(pictures: np.ndarray) -> Tensor:
    """Grey (n, h, w) from 0 to 1, centred as LeNet's authors did: mean about 0, spread about 1."""
    return (torch.from_numpy(pictures)[:, None] - 0.45) * 4


def small_faces(faces: Store) -> tuple[np.ndarray, np.ndarray]:
    """Grey faces (n, 32, 32) and the yes or no of their one attribute, bool (n,)."""
    if len(faces.names) != 1:
        raise DataError("LeNet learns one attribute: choose it by `only`.")
    return np.stack([grey(crop) for crop in faces.images]), faces.labels[:, 0]


def untrained(seed: int = 0) -> LeNet5:
    """LeNet-5 as `train_lenet` begins with it."""
    torch.manual_seed(seed)
    return LeNet5()


def train_lenet(
    faces: tuple[np.ndarray, np.ndarray],
    valid: tuple[np.ndarray, np.ndarray],
    *,
    epochs: int = 8,
    batch_size: int = 64,
    rate: float = 2e-3,
    seed: int = 0,
) -> tuple[LeNet5, list[dict[str, float]]]:
    """Train LeNet-5 on `small_faces`; give it and a row an epoch of loss and accuracy.

    Half of the faces are mirrored, at random.
    """
    net = untrained(seed)
    pictures, wanted = _scaled(faces[0]), torch.from_numpy(faces[1].astype(np.float32))
    steps = epochs * -(-len(pictures) // batch_size)
    optimiser = torch.optim.Adam(net.parameters(), rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    history = []
    for epoch in range(epochs):
        losses = []
        for rows in torch.randperm(len(pictures)).split(batch_size):
            batch = pictures[rows]
            mirror = torch.rand(len(rows), 1, 1, 1) < 0.5
            batch = torch.where(mirror, batch.flip(3), batch)
            loss = F.binary_cross_entropy_with_logits(net(batch), wanted[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        accuracy = float(((say(net, valid[0]) >= 0.5) == valid[1]).mean())
        history.append({"epoch": epoch + 1, "loss": float(np.mean(losses)), "accuracy": accuracy})
    return net, history


def say(net: LeNet5, pictures: np.ndarray) -> np.ndarray:
    """The probability of yes for grey pictures (n, 32, 32), float32 (n,)."""
    with torch.no_grad():
        return torch.sigmoid(net(_scaled(pictures))).numpy()


def base_rate(labels: np.ndarray) -> float:
    """The accuracy of always giving the commoner answer."""
    return float(max(labels.mean(), 1 - labels.mean()))


def surest(said: np.ndarray, labels: np.ndarray, count: int = 8) -> dict[str, np.ndarray]:
    """The faces of which the network is surest, right and wrong: indices by what happened."""
    cases = {
        "yes, and the label agrees": (said >= 0.5) & labels,
        "no, and the label agrees": (said < 0.5) & ~labels,
        "yes, but the label says no": (said >= 0.5) & ~labels,
        "no, but the label says yes": (said < 0.5) & labels,
    }
    order = np.argsort(-np.abs(said - 0.5), kind="stable")
    return {name: order[mask[order]][:count] for name, mask in cases.items()}


def stages(net: AttributeNetwork, crop: np.ndarray, size: tuple[int, int]) -> list[Layer]:
    """What every viewable layer of a torch network computes for one crop."""
    for module in net.modules():
        if hasattr(module, "inplace"):  # a later layer would write over what is shown
            module.inplace = False  # type: ignore[assignment]
    views = net.views()
    training = net.training
    net.eval()
    with torch.no_grad():
        pictures = plain(torch.from_numpy(np.ascontiguousarray(crop[None])), size)
        maps = watch(net.body, [name for name, _, _ in views], pictures)
    net.train(training)
    return [
        Layer(name, title, caption, seen[0].numpy())
        for (name, title, caption), seen in zip(views, maps, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Place:
    """The channel of a layer that answers most at one part of the face, and whether it follows.

    `still` and `moved`: float32 (h, w), its mean answer over aligned faces and over the same
    faces moved down. The rest say how much stronger than elsewhere it answers: `there` at the
    part, `followed` at the part of the moved faces, `stayed` where the part had been.
    """

    part: str
    layer: str
    channel: int
    still: np.ndarray
    moved: np.ndarray
    there: float
    followed: float
    stayed: float


def places(model: AttributeModel, faces: Store, title: str, *, down: int = 26) -> list[Place]:
    """Test the story that a layer's channels see parts of a face, one part of `PARTS` each.

    A channel is picked on every other face and measured on the rest. Faces moved `down` by so
    many pixels tell an answer to a mouth from one to the middle of the picture.
    """
    crops = [np.ascontiguousarray(crop) for crop in faces.images]
    lower = [_lowered(crop, down) for crop in crops[1::2]]
    picked, still, moved = (
        _mean_maps(model, some, title) for some in (crops[::2], crops[1::2], lower)
    )
    found = []
    for part, (left, top, right, bottom) in PARTS.items():
        here, there = (left, top, right, bottom), (left, top + down, right, bottom + down)
        channel = int(_strength(picked, here).argmax())
        a, b = still[channel], moved[channel]
        strengths = (_strength(a, here), _strength(b, there), _strength(b, here))
        found.append(Place(part, title, channel, a, b, *map(float, strengths)))
    return found


def _lowered(crop: np.ndarray, down: int) -> np.ndarray:
    return align.align_face(crop, np.array([[1, 0, 0], [0, 1, down]], np.float32))


def _mean_maps(model: AttributeModel, crops: Sequence[np.ndarray], title: str) -> np.ndarray:
    """The mean of what each channel says above zero, float32 (channels, h, w)."""
    total = [
        np.maximum(layer.maps, 0)
        for crop in crops
        for layer in model.layers(crop)
        if layer.title == title
    ]
    if not total:
        raise DataError(f"{model.title} has no layer called {title!r}.")
    return np.mean(total, 0)


def _strength(maps: np.ndarray, region: tuple[int, int, int, int]) -> np.ndarray:
    """How many times as strong as on the whole crop maps (..., h, w) are in a region of it."""
    height, width = maps.shape[-2:]
    left, right = (round(x * width / CROP_WIDTH) for x in region[::2])
    top, bottom = (round(y * height / CROP_HEIGHT) for y in region[1::2])
    return maps[..., top:bottom, left:right].mean((-2, -1)) / (maps.mean((-2, -1)) + 1e-9)


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
        values = watch(net.layers, ["F6 squashed"], _scaled(picture[None]))[0][0]
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
    lower = _lowered(face, down)
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
