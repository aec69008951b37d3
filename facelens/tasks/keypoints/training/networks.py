"""The networks of the ladder that finds fifteen keypoints.

Levels 1 to 5 follow Daniel Nouri, "Using convolutional neural nets to detect facial keypoints"
(2014). Every network takes uint8 (n, 96, 96) grey and gives (n, 15, 2) in pixels.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.tasks.keypoints.marks import MIDDLE, MIRRORED, NAMES, SIDE, SPECIALISTS

HALF = SIDE / 2
MAP = 24  # side of a heat map
SPOT = 3.0  # how wide a spot on it is to be, in pixels of the picture
SPOT_WEIGHT = 3.0  # what that counts beside a distance of a pixel


class Network(nn.Module):
    """A network in two parts: `features` may be computed in half precision, `answer` may not."""

    def features(self, pictures: Tensor) -> Tensor:
        raise NotImplementedError

    def answer(self, features: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, pictures: Tensor) -> Tensor:
        return self.answer(self.features(pictures))

    def loss(self, features: Tensor, answer: Tensor, truth: Tensor) -> Tensor:  # noqa: ARG002
        """Mean squared error of what is known, on the scale of the original study."""
        known = truth.isfinite()
        return _mean(((answer[known] - truth[known]) / HALF) ** 2)


def _mean(values: Tensor) -> Tensor:
    """Their mean, 0 where there are none."""
    return values.sum() / max(values.numel(), 1)


class MeanFace(Network):
    """Level 0: the same points for every picture."""

    face: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("face", torch.full((len(NAMES), 2), MIDDLE))

    def features(self, pictures: Tensor) -> Tensor:
        return pictures[:, :1, :1].float()

    def answer(self, features: Tensor) -> Tensor:
        return self.face + 0 * features


class Regression(Network):
    """Levels 1 to 5: layers, and at their end two numbers a point.

    Args:
        body: layers that take floats (n, 1, 96, 96) from 0 to 1.
        width: how many features they give.
    """

    def __init__(self, body: nn.Sequential, width: int) -> None:
        super().__init__()
        self.body = body
        self.last = nn.Linear(width, 2 * len(NAMES))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):  # as Lasagne begins
                nn.init.xavier_uniform_(layer.weight)
                layer.bias.data.zero_()  # type: ignore[union-attr]

    def features(self, pictures: Tensor) -> Tensor:
        return self.body(pictures[:, None].float() / 255)

    def answer(self, features: Tensor) -> Tensor:
        return self.last(features).view(-1, len(NAMES), 2) * HALF + HALF


def layer() -> Regression:
    """Level 1: one hidden layer of 100."""
    return Regression(nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 100), nn.ReLU()), 100)


def cnn(hidden: int = 500, drops: tuple[float, ...] = (0, 0, 0, 0)) -> Regression:
    """Level 2: three convolutions of 3, 2 and 2 pixels, two hidden layers."""
    layers: list[nn.Module] = []
    for inputs, filters, side, drop in zip(
        (1, 32, 64), (32, 64, 128), (3, 2, 2), drops[:3], strict=True
    ):
        # Pooled first: the same numbers, a quarter of them to be cut.
        layers += [nn.Conv2d(inputs, filters, side), nn.MaxPool2d(2), nn.ReLU(), nn.Dropout(drop)]
    layers += [nn.Flatten(), nn.Linear(128 * 11 * 11, hidden), nn.ReLU(), nn.Dropout(drops[3])]
    layers += [nn.Linear(hidden, hidden), nn.ReLU()]
    return Regression(nn.Sequential(*layers), hidden)


def deep() -> Regression:
    """Level 3: the same, wider and with dropout."""
    return cnn(1000, (0.1, 0.2, 0.3, 0.5))


class BothWays(nn.Module):
    """The mean of what a network says of a picture and of its mirror image.

    This is test-time augmentation.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        n = pictures.shape[0]
        points = self.network(torch.cat([pictures, pictures.flip(2)]))
        other = points[n:, MIRRORED.tolist()]
        other = torch.cat([2 * MIDDLE - other[..., :1], other[..., 1:]], 2)
        return (points[:n] + other) / 2


class Specialists(Network):
    """Levels 4 and 5: a network for each group of points, asked for its own points only."""

    def __init__(self, make: Callable[[], Network] = deep) -> None:
        super().__init__()
        self.experts = nn.ModuleList(make() for _ in SPECIALISTS)

    def forward(self, pictures: Tensor) -> Tensor:
        answers = [expert(pictures) for expert in self.experts]
        return torch.stack([answers[who][:, point] for point, who in enumerate(_EXPERT)], 1)


_EXPERT = [
    next(i for i, group in enumerate(SPECIALISTS.values()) if name in group) for name in NAMES
]


class HeatMaps(Network):
    """Level 6: convolutions down to 6x6 and back up to 24x24, one map a point, and its middle.

    The middle of a map after softmax (Sun et al., "Integral human pose regression", 2018) lies
    between its pixels and has a gradient.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 48, 64)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.down = nn.ModuleList(
            [
                nn.Sequential(_step(1, a, 5, 2), _step(a, b, 3, 2), _Residual(b)),
                nn.Sequential(_step(b, c, 3, 2), _Residual(c)),
                nn.Sequential(_step(c, d, 3, 2), _Residual(d)),
            ]
        )
        self.across = nn.ModuleList([nn.Conv2d(d, c, 1), nn.Conv2d(c, b, 1)])
        self.up = nn.ModuleList([_step(c, c, 3, 1), _step(b, b, 3, 1)])
        self.last = nn.Conv2d(b, len(NAMES), 1)
        # The middle of each of the map's pixels, in pixels of the picture.
        self.register_buffer("ramp", (torch.arange(MAP) + 0.5) * SIDE / MAP - 0.5)

    ramp: Tensor

    def features(self, pictures: Tensor) -> Tensor:
        x = pictures[:, None].float()
        mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True)
        x = (x - mean) / (var + 100).sqrt()
        seen = []
        for down in self.down:
            x = down(x)
            seen.append(x)
        for across, up, finer in zip(self.across, self.up, seen[-2::-1], strict=True):
            x = up(finer + F.interpolate(across(x), scale_factor=2.0))
        return x

    def maps(self, features: Tensor) -> Tensor:
        """How likely each point is in each pixel of the map (n, 15, 24, 24)."""
        logits = self.last(features)
        return logits.flatten(2).softmax(2).view_as(logits)

    def answer(self, features: Tensor) -> Tensor:
        maps = self.maps(features)
        return torch.stack([maps.sum(2) @ self.ramp, maps.sum(3) @ self.ramp], 2)

    def loss(self, features: Tensor, answer: Tensor, truth: Tensor) -> Tensor:
        """Distances in pixels, squared below one so that a wrong mark pulls no harder than others.

        Beside that, each map is to be one spot (Nibali et al., "Numerical coordinate regression
        with convolutional neural networks", 2018): its divergence from a spot on the mark.
        """
        known = truth.isfinite().all(2)
        maps, marks = self.maps(features)[known], truth[known]
        x, y = (-(((self.ramp - marks[:, i, None]) / SPOT) ** 2) / 2 for i in (0, 1))
        spots = y.softmax(1)[:, :, None] * x.softmax(1)[:, None]
        between = (maps + spots) / 2
        divergence = (_divergence(maps, between) + _divergence(spots, between)) / 2
        distances = F.smooth_l1_loss(answer[known], marks, reduction="none")
        return _mean(distances) + SPOT_WEIGHT * _mean(divergence)


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    """Kullback and Leibler's, of maps (n, h, w)."""
    return (p * ((p + 1e-12).log() - (q + 1e-12).log())).sum((1, 2))


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(width)
        nn.init.zeros_(last.weight)  # begins as if it were not there
        self.inner = nn.Sequential(
            _step(width, width, 3, 1), nn.Conv2d(width, width, 3, padding=1, bias=False), last
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.inner(x))


def _step(inputs: int, outputs: int, side: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )
