"""Batch augmentation on the device: one resampling from the crop to the network's input."""

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from facelens.imagenet import MEAN, STD


@dataclass(frozen=True)
class Augmentation:
    """How far a training crop may stray from the original, uniformly either way.

    `rotation` in degrees, `scale` and `shift` as a share of the crop, `light` (brightness,
    contrast) and `colour` (saturation) as a share of the range; `flip` a probability.
    """

    flip: float = 0.5
    rotation: float = 8.0
    scale: float = 0.08
    shift: float = 0.04
    light: float = 0.2
    colour: float = 0.2

    def asdict(self) -> dict[str, float]:
        return asdict(self)


def normalise(pixels: Tensor, *, most: float = 1) -> Tensor:
    """Floats (n, 3, h, w) from 0 to `most` as the backbone expects them."""
    mean = pixels.new_tensor(MEAN).view(1, 3, 1, 1) * most
    std = pixels.new_tensor(STD).view(1, 3, 1, 1) * most
    return (pixels - mean) / std


def shrink(pixels: Tensor, size: tuple[int, int], *, antialias: bool) -> Tensor:
    """Resize floats (n, 3, h, w) bilinearly; with `antialias` every pixel counts."""
    return F.interpolate(pixels, size, mode="bilinear", align_corners=False, antialias=antialias)


def plain(crops: Tensor, size: tuple[int, int], *, antialias: bool = False) -> Tensor:
    """Crops uint8 (n, 218, 178, 3) to normalised floats (n, 3, *size), nothing changed."""
    small = shrink(crops.permute(0, 3, 1, 2).float(), size, antialias=antialias)
    return normalise(small, most=255)  # two steps over few pixels: seen in the time of an answer


def augment(
    crops: Tensor,
    size: tuple[int, int],
    how: Augmentation,
    generator: torch.Generator,
    *,
    part: tuple[int, int] = (0, 1),
    antialias: bool = False,
) -> Tensor:
    """Crops uint8 (n, 218, 178, 3) to normalised floats (n, 3, *size), each its own way.

    Args:
        part: (0, 2) is the first half of a batch, treated as it would be in the whole batch.
        antialias: shrink crops first, as `plain` does, and then turn and move them.
    """
    n, height, width, _ = crops.shape
    which, parts = part

    def chance() -> Tensor:
        return torch.rand(n * parts, generator=generator)[which * n : (which + 1) * n]

    def draw(reach: float) -> Tensor:
        return (chance() * 2 - 1) * reach

    angle = draw(math.radians(how.rotation))
    zoom = torch.exp(draw(how.scale))
    mirror = torch.where(chance() < how.flip, -1.0, 1.0)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    # grid_sample counts in half-widths and half-heights: hence the aspect in the off-diagonal.
    theta = torch.stack(
        [
            torch.stack([cos * mirror, -sin * height / width, draw(2 * how.shift)], 1),
            torch.stack([sin * mirror * width / height, cos, draw(2 * how.shift)], 1),
        ],
        1,
    ).to(crops.device)
    pixels = crops.permute(0, 3, 1, 2).float()
    if antialias:
        pixels = shrink(pixels, size, antialias=True)
    grid = F.affine_grid(theta, [n, 3, *size], align_corners=False)
    pixels = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False).div_(255)

    def each(reach: float) -> Tensor:
        return (1 + draw(reach)).view(n, 1, 1, 1).to(crops.device)

    pixels = pixels.mul_(each(how.light))
    pixels = torch.lerp(pixels.mean((1, 2, 3), keepdim=True), pixels, each(how.light))
    pixels = torch.lerp(pixels.mean(1, keepdim=True), pixels, each(how.colour))
    return normalise(pixels.clamp_(0, 1))
