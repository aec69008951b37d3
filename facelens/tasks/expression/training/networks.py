"""The networks of the ladder: grey pictures float (n, 1, h, w), 0 to 1, to logits (n, classes)."""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.imagenet import MEAN, STD
from facelens.tasks.expression.model import SIDE
from facelens.tasks.expression.names import NAMES
from facelens.training.network import build

CLASSES = len(NAMES)
# Pictures are enlarged to this side for the face network's body, whose last maps are then 8x8.
_LARGE = 128


class Commonest(nn.Module):
    """The commonest class, whatever the picture; `rates` are set from the training faces."""

    rates: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("rates", torch.full((CLASSES,), 1 / CLASSES))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.rates.log().expand(len(pictures), -1)


def study(outputs: int) -> nn.Module:
    """The study's first network: 32 filters of 3x3, pooling of 2, a layer of 128."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(32 * 23 * 23, 128), nn.ReLU(), nn.Linear(128, outputs),
    )  # fmt: skip


def convolutions(dropout: float) -> nn.Module:
    """Four convolutions, each with pooling, and a layer of 256, with `dropout` after each."""

    def stage(inputs: int, outputs: int) -> list[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
        return [convolution, nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(dropout / 2)]

    return nn.Sequential(
        *stage(1, 32), *stage(32, 64), *stage(64, 128), *stage(128, 128), nn.Flatten(),
        nn.Linear(128 * 3 * 3, 256), nn.ReLU(), nn.Dropout(dropout), nn.Linear(256, CLASSES),
    )  # fmt: skip


class Mapped(nn.Module):
    """A body, global average pooling and one linear layer: its activation maps are exact."""

    body: nn.Module
    head: nn.Linear
    views: tuple[tuple[str, str, str], ...]  # module in the body, title, what it does

    def prepare(self, pictures: Tensor) -> Tensor:
        """What the body sees of the pictures."""
        raise NotImplementedError

    def forward(self, pictures: Tensor) -> Tensor:
        return self.head(self.drop(self.body(self.prepare(pictures)).mean((2, 3))))

    drop: nn.Module


def _unit(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Residual(nn.Module):
    """Two convolutions that add to what comes in (He et al., 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _unit(width, width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm.weight)  # begins as nothing added (Goyal et al., 2017)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


class Shrink(nn.Module):
    """Two thirds of the side, by linear interpolation: 12x12 to 8x8, the least that maps show."""

    def forward(self, x: Tensor) -> Tensor:
        size = [round(side * 2 / 3) for side in x.shape[2:]]
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class Ours(Mapped):
    """A residual network of about a million weights.

    Most of them work on small maps, where a weight costs least: 48, 24, 12 and 8 pixels a side.
    """

    views = (
        ("stem", "First convolution", "Small filters slide over the picture and look for edges."),
        ("smaller", "Second convolution", "Edges are combined into lines and corners: lids, brows, "
         "lips."),
        ("quarter", "Stage 1", "Parts in places: the corner of a mouth, a brow that is raised."),
        ("last", "Last feature maps", "What the answers are read from: each answer is a weighted "
         "sum of these maps."),
    )  # fmt: skip

    def __init__(self, widths: tuple[int, int, int, int] = (24, 48, 96, 192)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.body = nn.Sequential(
            OrderedDict(
                stem=_unit(1, a),
                smaller=_unit(a, b, 2),
                lines=Residual(b),
                quarter=_unit(b, c, 2),
                parts=Residual(c),
                shrink=Shrink(),
                wide=_unit(c, d),
                last=Residual(d),
            )
        )
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(d, CLASSES)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def prepare(self, pictures: Tensor) -> Tensor:
        """Each picture at a mean of 0 and a spread of 1: its light and contrast say nothing."""
        centred = pictures - pictures.mean((1, 2, 3), keepdim=True)
        return centred / (centred.square().mean((1, 2, 3), keepdim=True) + 1e-4).sqrt()


class Transfer(Mapped):
    """A face network's body, which sees the grey picture enlarged and three times."""

    mean: Tensor
    std: Tensor

    def __init__(self, arch: str = "mobilenet_v2") -> None:
        super().__init__()
        network = build(arch, CLASSES, from_scratch=True)
        self.body, self.head, self.drop = network.body, network.head, network.drop
        self.views = network.views()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def prepare(self, pictures: Tensor) -> Tensor:
        """The pictures enlarged, normalised as the body's pictures were."""
        size = [round(side * _LARGE / SIDE) for side in pictures.shape[2:]]
        large = F.interpolate(pictures, size=size, mode="bilinear", align_corners=False)
        return (large - self.mean) / self.std


MAKERS: dict[str, Callable[[], nn.Module]] = {
    "commonest": Commonest,
    "neutral": lambda: study(1),
    "seven": lambda: study(CLASSES),
    "deep": lambda: convolutions(0.0),
    "dropout": lambda: convolutions(0.5),
    "ours": Ours,
    "transfer": Transfer,
}
