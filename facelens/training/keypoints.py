"""The ladder of networks that find fifteen points, from the mean face to one with heat maps.

Rungs 1 to 5 follow Daniel Nouri, "Using convolutional neural nets to detect facial keypoints"
(2014). Every network takes uint8 (n, 96, 96) grey and gives (n, 15, 2) in pixels; what is not
marked counts nowhere.
"""

import copy
import logging
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.errors import DataError
from facelens.keypoints import MIRRORED, NAMES, SIDE, SPECIALISTS, Faces, mean_face, rmse
from facelens.training.callbacks import has_bf16

log = logging.getLogger(__name__)

HALF = SIDE / 2
MIDDLE = (SIDE - 1) / 2
MAP = 24  # side of a heat map
SPOT = 3.0  # how wide a spot on it is to be, in pixels of the picture
SPOT_WEIGHT = 3.0  # what that counts beside a distance of a pixel
_WARM_UP = 0.1


# The networks


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
    """Rung 0: the same points for every picture."""

    points: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("points", torch.full((len(NAMES), 2), MIDDLE))

    def features(self, pictures: Tensor) -> Tensor:
        return pictures[:, :1, :1].float()

    def answer(self, features: Tensor) -> Tensor:
        return self.points.expand(len(features), -1, -1)


class Regression(Network):
    """Rungs 1 to 5: layers, and at their end two numbers a point.

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
    """Rung 1: one hidden layer of 100."""
    return Regression(nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 100), nn.ReLU()), 100)


def cnn(hidden: int = 500, drops: tuple[float, ...] = (0, 0, 0, 0)) -> Regression:
    """Rung 2: three convolutions of 3, 2 and 2 pixels, two hidden layers."""
    layers: list[nn.Module] = []
    for inputs, filters, side, drop in zip(
        (1, 32, 64), (32, 64, 128), (3, 2, 2), drops[:3], strict=True
    ):
        layers += [nn.Conv2d(inputs, filters, side), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(drop)]
    layers += [nn.Flatten(), nn.Linear(128 * 11 * 11, hidden), nn.ReLU(), nn.Dropout(drops[3])]
    layers += [nn.Linear(hidden, hidden), nn.ReLU()]
    return Regression(nn.Sequential(*layers), hidden)


def deep() -> Regression:
    """Rung 3: the same, wider and with dropout."""
    return cnn(1000, (0.1, 0.2, 0.3, 0.5))


class Specialists(Network):
    """Rungs 4 and 5: a network for each group of points, asked for its own points only."""

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
    """Rung 6: convolutions down to 6x6 and back up to 24x24, one map a point, and its middle.

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
        apart = (_divergence(maps, between) + _divergence(spots, between)) / 2
        distances = F.smooth_l1_loss(answer[known], marks, reduction="none")
        return _mean(distances) + SPOT_WEIGHT * _mean(apart)


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


# What is done to the pictures


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture may stray from the original.

    `rotation` in degrees, `scale` as a share, `shift` in pixels, uniformly either way; `flip` a
    probability. `light`: exponent of the grey values and a ramp over the picture. `contrast`,
    `sharpen`, `thresholds`: of a picture's changes, at most one is chosen, as likely as none:
    contrast within this share, the inverse of a blur, and black or white by the mean of so many
    pixels around.
    """

    flip: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    light: float = 0.0
    contrast: float = 0.0
    sharpen: bool = False
    thresholds: tuple[int, ...] = ()


# Those of rung 5, each to be tried alone.
AUGMENTATIONS = {
    "contrast": {"contrast": 0.5},
    "inverse blur": {"sharpen": True},
    "adaptive threshold 3x3": {"thresholds": (3,)},
    "adaptive threshold 9x9": {"thresholds": (9,)},
    "rotation": {"rotation": 15.0},
}


def augment(
    pictures: Tensor,
    points: Tensor,
    how: Augmentation,
    generator: torch.Generator,
    *,
    axis: float = HALF,
) -> tuple[Tensor, Tensor]:
    """Change pictures (n, 96, 96) and points (n, 15, 2), each in its own way.

    `axis` is where the mirror of the points stands, as `Faces` have it.
    The pictures come back as floats from 0 to 255; a point that has left its picture is NaN.
    """
    x, points = _moved(pictures[:, None].float(), points, how, generator, axis)
    if how.light:
        x = _lit(x, how.light, generator)
    changes: list[Callable[[Tensor], Tensor]] = []
    if how.contrast:
        changes.append(partial(_contrasted, reach=how.contrast, generator=generator))
    if how.sharpen:
        changes.append(_sharpened)
    changes += [partial(_thresholded, side=side) for side in how.thresholds]
    chosen = torch.randint(len(changes) + 1, (len(x),), generator=generator).to(x.device)
    for i, change in enumerate(changes):
        x = torch.where((chosen == i).view(-1, 1, 1, 1), change(x), x)
    return x[:, 0].clamp(0, 255), points


def _draw(n: int, reach: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=generator) * 2 - 1) * reach


def _moved(
    x: Tensor, points: Tensor, how: Augmentation, generator: torch.Generator, axis: float
) -> tuple[Tensor, Tensor]:
    n = len(x)
    flipped = torch.rand(n, generator=generator) < how.flip
    angle = _draw(n, math.radians(how.rotation), generator)
    zoom = _draw(n, how.scale, generator).exp()
    shift = torch.stack([_draw(n, how.shift, generator) for _ in "xy"], 1)
    cos, sin, sign = angle.cos() * zoom, angle.sin() * zoom, 1 - 2.0 * flipped
    turn = torch.stack([torch.stack([cos * sign, -sin], 1), torch.stack([sin * sign, cos], 1)], 1)
    # grid_sample asks where each pixel comes from, and counts in halves of the picture.
    back = torch.linalg.inv(turn)
    theta = torch.cat([back, -back @ shift[..., None] / HALF], 2).to(x.device)
    turn, shift, flipped = (part.to(x.device) for part in (turn, shift, flipped))
    centre = points.new_tensor([axis, MIDDLE])
    points = torch.where(flipped[:, None, None], points[:, torch.from_numpy(MIRRORED)], points)
    points = (points - centre) @ turn.transpose(1, 2) + centre + shift[:, None]
    inside = ((points > -0.5) & (points < SIDE - 0.5)).all(2, keepdim=True)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return x, points.where(inside, math.nan)


def _lit(x: Tensor, reach: float, generator: torch.Generator) -> Tensor:
    n = len(x)
    gamma, slope = _draw(n, 1.5 * reach, generator).exp(), _draw(n, reach, generator)
    way = _draw(n, math.pi, generator)
    gamma, slope, way = (part.view(n, 1, 1, 1).to(x.device) for part in (gamma, slope, way))
    ramp = torch.linspace(-1, 1, SIDE, device=x.device)
    side = way.cos() * ramp + way.sin() * ramp[:, None]
    return (255 * (x / 255) ** gamma * (1 + slope * side)).clamp(0, 255)


def _contrasted(x: Tensor, reach: float, generator: torch.Generator) -> Tensor:
    share = 1 + _draw(len(x), reach, generator).view(-1, 1, 1, 1).to(x.device)
    return x.mean((2, 3), keepdim=True).lerp(x, share)


def _sharpened(x: Tensor) -> Tensor:
    return _blurred(x, 3).lerp(x, 2.0)


def _thresholded(x: Tensor, side: int) -> Tensor:
    """OpenCV's `adaptiveThreshold` by the mean, with its constant of 2."""
    return 255.0 * (x > _blurred(x, side) - 2)


def _blurred(x: Tensor, side: int) -> Tensor:
    around = side // 2
    return F.avg_pool2d(F.pad(x, [around] * 4, mode="replicate"), side, 1)


# The ladder


@dataclass(frozen=True)
class Step:
    """A rung: a network and how it is trained.

    `rates`, `momenta`: the first and last of the training, linear between them, for SGD after
    Nesterov. `adam`: AdamW instead, its rate rising shortly to the first of `rates` and falling
    to nothing. `patience`: after so many epochs without a better one, stop and take the best.
    `start`: the rung whose weights are gone on from.
    """

    what: str
    make: Callable[[], Network]
    epochs: int
    rates: tuple[float, float] = (0.01, 0.01)
    momenta: tuple[float, float] = (0.9, 0.9)
    batch: int = 128
    adam: bool = False
    weight_decay: float = 0.0
    augmentation: Augmentation = Augmentation()
    patience: int | None = None
    start: str | None = None


_FALLING, _GROWING = (0.03, 0.001), (0.9, 0.999)

LADDER = {
    "mean": Step("the mean of the training points", MeanFace, 0),
    "layer": Step("one hidden layer of 100", layer, 400),
    "cnn": Step("three convolutions, two hidden layers of 500", cnn, 100),
    "deep": Step(
        "the same, hidden 1000 and 1000, with dropout, flips, and rates that change",
        deep, 150, _FALLING, _GROWING, augmentation=Augmentation(flip=0.5),
    ),
    "specialists": Step(
        "six of these, one for each group of points, with early stopping",
        Specialists, 40, _FALLING, _GROWING, patience=10, start="deep",
        augmentation=Augmentation(flip=0.5),
    ),
    "augmented": Step(
        "six on pictures with other contrast, sharpened, black and white, and turned",
        Specialists, 40, _FALLING, _GROWING, patience=10, start="deep",
        augmentation=Augmentation(
            flip=0.5, rotation=15, contrast=0.5, sharpen=True, thresholds=(3, 9)
        ),
    ),
    "ours": Step(
        "heat maps, and batch norm, shifts, turns and sizes, AdamW",
        HeatMaps, 60, (0.008, 0), batch=64, adam=True, weight_decay=0.02,
        augmentation=Augmentation(flip=0.5, rotation=25, scale=0.2, shift=6, light=0.3),
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, its learning curves, and what it cost.

    `curves`: a row an epoch: network ("" or the specialist's group), epoch from 1, train and valid
    RMSE in pixels, the first on pictures as they were changed. `minutes` on this machine.
    """

    step: str
    network: Network
    curves: list[dict[str, str | int | float]] = field(default_factory=list)
    minutes: float = 0.0


def hold_out(faces: Faces, share: float = 0.15, seed: int = 0) -> tuple[Faces, Faces]:
    """Split by people: the rest, and the faces of a `share` of the people."""
    people = np.unique(faces.people)
    count = round(share * len(people))
    if not 0 < count < len(people):
        raise DataError(f"{len(people)} people are too few to hold out {share:.0%} of them.")
    chosen = np.random.default_rng(seed).permutation(people)[:count]
    held = np.isin(faces.people, chosen)
    return faces.take(~held), faces.take(held)


def train(
    name: str,
    faces: Faces,
    valid: Faces,
    *,
    seed: int = 0,
    step: Step | None = None,
    epochs: int | None = None,
    start: Network | None = None,
    device: str | None = None,
) -> Trained:
    """Train the rung `name` of the `LADDER`.

    Args:
        valid: faces of other people, as `hold_out` gives, for the curves and early stopping.
        step: the rung where it is another than the ladder's, as with one augmentation alone.
        epochs: at most so many, instead of the rung's own.
        start: the network to go on from where the rung needs one.
    """
    if name not in LADDER:
        raise DataError(f"There is no rung {name!r}; there are {', '.join(LADDER)}.")
    if set(faces.people) & set(valid.people):
        raise DataError("The same people are in training and validation; use `hold_out`.")
    step = step or LADDER[name]
    if step.start and start is None:
        raise DataError(f"{name} goes on from {step.start}: train that first.")
    began = time.monotonic()
    torch.manual_seed(seed)
    network = step.make()
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    network.to(chosen)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # half the time
    curves: list[dict[str, str | int | float]] = []
    fit = _Fit(step, faces, valid, seed, epochs or step.epochs, chosen)
    if isinstance(network, MeanFace):
        network.points.copy_(torch.from_numpy(mean_face(faces)))
    elif isinstance(network, Specialists):
        for expert, (group, names) in zip(network.experts, SPECIALISTS.items(), strict=True):
            if start is not None:
                expert.load_state_dict(start.state_dict())
            curves += fit(cast("Network", expert), group, [NAMES.index(name) for name in names])
    else:
        if start is not None:
            network.load_state_dict(start.state_dict())
        curves += fit(network)
    return Trained(name, network.eval(), curves, (time.monotonic() - began) / 60)


def predict(network: Network, pictures: np.ndarray, *, batch: int = 128) -> np.ndarray:
    """The points float32 (n, 15, 2) on pictures uint8 (n, 96, 96), by a trained network."""
    device = next(iter(network.state_dict().values())).device
    with torch.inference_mode():
        answers = [network(part.to(device)).cpu() for part in _tensor(pictures).split(batch)]
    return torch.cat(answers).numpy()


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


@dataclass(frozen=True)
class _Fit:
    """Trains networks by one step on the same faces, which lie in the device's memory."""

    step: Step
    faces: Faces
    valid: Faces
    seed: int
    epochs: int
    device: torch.device

    def __call__(
        self, network: Network, group: str = "", points: list[int] | None = None
    ) -> list[dict[str, str | int | float]]:
        """Train `network` on these `points`, all if none are given; return its curves."""
        step = self.step
        generator = torch.Generator().manual_seed(self.seed)
        pictures = _tensor(self.faces.pictures).to(self.device)
        truth = _tensor(_only(self.faces.points, points)).to(self.device)
        looked_at = _tensor(self.valid.pictures).to(self.device).split(2 * step.batch)
        seen = _only(self.valid.points, points)
        batches = max(len(pictures) // step.batch, 1)
        optimiser = _optimiser(step, network)
        curves: list[dict[str, str | int | float]] = []
        best, kept, waited = math.inf, None, 0
        for epoch in range(self.epochs):
            network.train()
            total, count = 0.0, 0
            order = torch.randperm(len(pictures), generator=generator)
            for i, rows in enumerate(order[: batches * step.batch].chunk(batches)):
                _set(optimiser, step, (epoch + i / batches) / self.epochs)
                x, y = augment(
                    pictures[rows.to(self.device)], truth[rows.to(self.device)],
                    step.augmentation, generator, axis=self.faces.axis,
                )  # fmt: skip
                features = self._features(network, x)
                answer = network.answer(features)
                optimiser.zero_grad()
                network.loss(features, answer, y).backward()
                optimiser.step()
                known = y.isfinite()
                total += float((answer.detach() - y)[known].square().sum())
                count += int(known.sum())
            network.eval()
            with torch.no_grad():
                answers = [network.answer(self._features(network, x)) for x in looked_at]
            error = rmse(torch.cat(answers).cpu().numpy(), seen)
            curves.append(
                {
                    "network": group,
                    "epoch": epoch + 1,
                    "train": math.sqrt(total / max(count, 1)),
                    "valid": error,
                }
            )
            log.info("%s", curves[-1])
            if step.patience is None:
                continue
            if error < best:
                best, kept, waited = error, copy.deepcopy(network.state_dict()), 0
            elif (waited := waited + 1) >= step.patience:
                break
        if kept is not None:
            network.load_state_dict(kept)
        return curves

    def _features(self, network: Network, pictures: Tensor) -> Tensor:
        half = has_bf16(self.device)
        with torch.autocast(self.device.type, torch.bfloat16) if half else nullcontext():
            return network.features(pictures).float()


def _only(points: np.ndarray, wanted: list[int] | None) -> np.ndarray:
    """Hide all points but those that are `wanted`."""
    if wanted is None:
        return points
    hidden = np.full_like(points, np.nan)
    hidden[:, wanted] = points[:, wanted]
    return hidden


def _optimiser(step: Step, network: nn.Module) -> torch.optim.Optimizer:
    if step.adam:
        return torch.optim.AdamW(network.parameters(), weight_decay=step.weight_decay)
    return torch.optim.SGD(network.parameters(), momentum=step.momenta[0], nesterov=True)


def _set(optimiser: torch.optim.Optimizer, step: Step, done: float) -> None:
    """Set rate and momentum for when a share `done` of the training is over."""
    for group in optimiser.param_groups:
        if step.adam:
            group["lr"] = (
                step.rates[0] * min(done / _WARM_UP, 1) * (1 + math.cos(math.pi * done)) / 2
            )
        else:
            for key, (first, last) in (("lr", step.rates), ("momentum", step.momenta)):
                group[key] = first + (last - first) * done
