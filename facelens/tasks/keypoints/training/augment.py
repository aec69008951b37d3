"""What is done to the training pictures of the ladder, and to their points."""

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from facelens.tasks.keypoints.marks import MIDDLE, MIRRORED, SIDE

if TYPE_CHECKING:
    from collections.abc import Callable

HALF = SIDE / 2


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


# Those of level 5, each to be tried alone.
AUGMENTATIONS: dict[str, dict[str, Any]] = {
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
) -> tuple[Tensor, Tensor]:
    """Change pictures (n, 96, 96) and points (n, 15, 2), each in its own way.

    The pictures come back as floats from 0 to 255; a point that has left its picture is NaN.
    """
    x, points = _moved(pictures[:, None].float(), points, how, generator)
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
    x: Tensor, points: Tensor, how: Augmentation, generator: torch.Generator
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
    points = torch.where(flipped[:, None, None], points[:, torch.from_numpy(MIRRORED)], points)
    points = (points - MIDDLE) @ turn.transpose(1, 2) + MIDDLE + shift[:, None]
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
