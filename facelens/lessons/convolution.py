"""A convolution by hand, LeNet-5, and what the layers of a larger network show of one face."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

import facelens
from facelens.errors import DataError
from facelens.faces import CROP_HEIGHT, CROP_WIDTH, align, find_faces
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
            seen = watch(self.layers, names, scaled(picture[None]))
        return {name.split()[0]: maps[0].numpy() for name, maps in zip(names, seen, strict=True)}

    def free_parameters(self) -> dict[str, int]:
        """How many numbers each layer learns."""
        counts = {
            name: sum(p.numel() for p in layer.parameters())
            for name, layer in self.layers.named_children()
        }
        counts["C3"] -= int((self.layers.get_buffer("C3.mask") == 0).sum()) * 25
        return {name: count for name, count in counts.items() if count}


def scaled(pictures: np.ndarray) -> Tensor:
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

    Half of the faces are mirrored, at random. A loop of its own, not `training.fit`: it takes a
    minute, needs no run to resume, and shows a reader all that a training is.
    """
    net = untrained(seed)
    pictures, wanted = scaled(faces[0]), torch.from_numpy(faces[1].astype(np.float32))
    steps = epochs * -(-len(pictures) // batch_size)
    optimizer = torch.optim.Adam(net.parameters(), rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    history = []
    for epoch in range(epochs):
        losses = []
        for rows in torch.randperm(len(pictures)).split(batch_size):
            batch = pictures[rows]
            mirror = torch.rand(len(rows), 1, 1, 1) < 0.5
            batch = torch.where(mirror, batch.flip(3), batch)
            loss = F.binary_cross_entropy_with_logits(net(batch), wanted[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
        accuracy = float(((say(net, valid[0]) >= 0.5) == valid[1]).mean())
        history.append({"epoch": epoch + 1, "loss": float(np.mean(losses)), "accuracy": accuracy})
    return net, history


def say(net: LeNet5, pictures: np.ndarray) -> np.ndarray:
    """The probability of yes for grey pictures (n, 32, 32), float32 (n,)."""
    with torch.no_grad():
        return torch.sigmoid(net(scaled(pictures))).numpy()


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
        if hasattr(module, "inplace"):  # a later layer would overwrite what is shown
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
    lower = [lowered(crop, down) for crop in crops[1::2]]
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


def lowered(crop: np.ndarray, down: int) -> np.ndarray:
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
