"""Pictures as they are trained on: moved, mirrored, lit, partly covered, mixed in pairs."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture may stray from the original.

    `rotation` in degrees, `scale` as a share, `shift` in pixels, uniformly either way; `flip` a
    probability. `light`: exponent of the grey values and a ramp over the picture. `erase`: the
    probability that a rectangle is covered.
    """

    flip: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    light: float = 0.0
    erase: float = 0.0


def as_input(pictures: Tensor) -> Tensor:
    """Pictures uint8 (n, 48, 48) as networks take them: float (n, 1, 48, 48), 0 to 1."""
    return pictures[:, None].float() / 255


def augment(pictures: Tensor, how: Augmentation, size: int, generator: torch.Generator) -> Tensor:
    """Change pictures uint8 (n, 48, 48), each in its own way: float (n, 1, size, size), 0 to 1."""
    x = as_input(pictures)
    if how != Augmentation() or size != x.shape[-1]:
        x = _moved(x, how, size, generator)
    if how.light:
        x = _lit(x, how.light, generator)
    if how.erase:
        x = _erased(x, how.erase, generator)
    return x


def mix(
    pictures: Tensor, targets: Tensor, alpha: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Blend every picture and its target with another's (Zhang et al., 2018)."""
    n = len(pictures)
    # A beta variate of equal parameters out of two gamma variates.
    pairs = torch._standard_gamma(torch.full((2, n), alpha), generator=generator) + 1e-9  # noqa: SLF001
    share = (pairs[0] / pairs.sum(0)).to(pictures.device)
    share = torch.maximum(share, 1 - share)
    other = torch.randperm(n, generator=generator).to(pictures.device)
    return (
        torch.lerp(pictures[other], pictures, share.view(n, 1, 1, 1)),
        torch.lerp(targets[other], targets, share.view(n, 1)),
    )


def _draw(n: int, reach: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=generator) * 2 - 1) * reach


def _moved(x: Tensor, how: Augmentation, size: int, generator: torch.Generator) -> Tensor:
    n, half = len(x), x.shape[-1] / 2
    sign = 1 - 2.0 * (torch.rand(n, generator=generator) < how.flip)
    angle = _draw(n, math.radians(how.rotation), generator)
    zoom = _draw(n, how.scale, generator).exp()
    shift = [_draw(n, how.shift / half, generator) for _ in "xy"]
    # Where each pixel comes from, in halves of the picture.
    cos, sin = angle.cos() * zoom, angle.sin() * zoom
    rows = [cos * sign, -sin, shift[0], sin * sign, cos, shift[1]]
    theta = torch.stack(rows, 1).view(n, 2, 3).to(x.device)
    grid = F.affine_grid(theta, [n, 1, size, size], align_corners=False)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def _lit(x: Tensor, reach: float, generator: torch.Generator) -> Tensor:
    n, side = len(x), x.shape[-1]
    gamma, slope = _draw(n, 1.5 * reach, generator).exp(), _draw(n, reach, generator)
    way = _draw(n, math.pi, generator)
    gamma, slope, way = (part.view(n, 1, 1, 1).to(x.device) for part in (gamma, slope, way))
    ramp = torch.linspace(-1, 1, side, device=x.device)
    tilt = way.cos() * ramp + way.sin() * ramp[:, None]
    return (x.clamp(1e-3, 1) ** gamma * (1 + slope * tilt)).clamp(0, 1)


def _erased(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Cover a rectangle with the picture's mean (DeVries and Taylor, 2017), up to half a side."""
    n, side = len(x), x.shape[-1]
    wide, tall = (side * (0.15 + 0.35 * torch.rand(n, generator=generator)) for _ in "xy")
    wide = wide * (torch.rand(n, generator=generator) < share)  # else nothing is covered
    middle = side * torch.rand(2, n, generator=generator)
    at = torch.arange(side) + 0.5
    across = (at - middle[0, :, None]).abs() < wide[:, None] / 2
    down = (at - middle[1, :, None]).abs() < tall[:, None] / 2
    covered = (down[:, None, :, None] & across[:, None, None, :]).to(x.device)
    return torch.where(covered, x.mean((1, 2, 3), keepdim=True), x)
