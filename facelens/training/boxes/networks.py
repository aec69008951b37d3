"""A one-stage, anchor-free detector: a body, a feature pyramid, a small head for each level.

Every point of every level answers whether a face is there, which class it has, a box around it, as
offset and size from the point (Ge et al., 2021, YOLOX), and landmarks, if asked. The pyramid is
that of Lin et al. (2017), its convolutions separable as in NanoDet and YuNet.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.errors import DataError
from facelens.imagenet import MEAN, STD
from facelens.training.network import build

# Columns of the output of a point: face logit, box, the point and its stride, class logits; x and y
# of each landmark come last.
FACE, BOX, POINT, STEP, LOGITS = 0, slice(1, 5), slice(5, 7), 7, 8
_RARE = 0.01  # the share of points that answer "face" at first
_LARGEST = 5.0  # of a logarithm of a size in strides: 150 strides

# Which children of a body give the maps of which stride.
TAPS = {
    "mobilenet_v2": {4: 3, 8: 6, 16: 13, 32: 17},
    "small": {4: 2, 8: 4, 16: 7, 32: 9},
    "finder": {4: 2, 8: 5, 16: 8, 32: 10},
}
# Bodies of separable convolutions, a row each: channels, stride.
_ROWS = {
    "small": (
        (16, 2), (16, 1), (32, 2), (48, 2), (48, 1), (64, 2), (64, 1), (64, 1), (96, 2), (96, 1),
    ),
    "finder": (
        (16, 2), (16, 1), (32, 2), (64, 2), (64, 1), (64, 1), (96, 2), (96, 1), (96, 1), (128, 2),
        (128, 1),
    ),
}  # fmt: skip


class Detector(nn.Module):
    """Pictures uint8 or float (n, 3, h, w), 0 to 255, to float (n, points, 8 + classes + …).

    h and w are multiples of 32. See `FACE`, `BOX`, …: boxes are x1, y1, x2, y2 in pixels.

    Args:
        body: a key of `TAPS`.
        strides: of the levels, ascending.
        width: channels of the pyramid.
        classes: none for a finder of faces.
        landmarks: of a face, whose x and y in pixels are the last columns of the output.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        body: str,
        *,
        strides: tuple[int, ...],
        width: int,
        classes: int,
        landmarks: int = 0,
    ) -> None:
        super().__init__()
        taps, self.kind = TAPS[body], body
        self.strides, self.taps = strides, [taps[stride] for stride in strides]
        self.body = _mobilenet(self.taps[-1]) if body == "mobilenet_v2" else _plain(_ROWS[body])
        self.landmarks = landmarks
        self.register_buffer("mean", 255 * torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(STD).view(3, 1, 1), persistent=False)
        channels = [_channels(self.body, tap) for tap in self.taps]
        self.laterals = nn.ModuleList(_block(count, width, 1) for count in channels)
        self.smooth = nn.ModuleList(_separable(width, width) for _ in strides)
        self.heads = nn.ModuleList(_head(width, 5 + classes + 2 * landmarks) for _ in strides)

    def forward(self, pictures: Tensor) -> Tensor:
        x = (pictures.float() - self.mean) / self.std
        return torch.cat(
            [
                _placed(head(level), stride, self.landmarks)
                for head, level, stride in zip(
                    self.heads, self.levels(x), self.strides, strict=True
                )
            ],
            1,
        )

    def levels(self, x: Tensor) -> list[Tensor]:
        """The maps of the pyramid, the finest first."""
        seen = []
        for number, block in enumerate(self.body):
            x = block(x)
            if number in self.taps:
                seen.append(x)
        levels = [lateral(each) for lateral, each in zip(self.laterals, seen, strict=True)]
        for i in reversed(range(len(levels) - 1)):
            levels[i] = levels[i] + F.interpolate(levels[i + 1], scale_factor=2.0, mode="nearest")
        return [smooth(level) for smooth, level in zip(self.smooth, levels, strict=True)]


def _placed(raw: Tensor, stride: int, landmarks: int = 0) -> Tensor:
    """The answers of a level, raw (n, 5 + classes + …, h, w), in pixels: (n, h * w, …)."""
    n, _, high, wide = raw.shape
    raw = raw.float()
    y = (torch.arange(high, device=raw.device, dtype=torch.float32) + 0.5) * stride
    x = (torch.arange(wide, device=raw.device, dtype=torch.float32) + 0.5) * stride
    points = torch.stack([x.expand(high, wide), y[:, None].expand(high, wide)], -1)
    points = points.reshape(1, high * wide, 2).expand(n, high * wide, 2)
    raw = raw.permute(0, 2, 3, 1).reshape(n, high * wide, raw.shape[1])
    middle = points + raw[..., 1:3] * stride
    half = raw[..., 3:5].clamp(-_LARGEST, _LARGEST).exp() * (stride / 2)
    step = torch.full_like(raw[..., :1], float(stride))
    logits = raw[..., 5 : raw.shape[2] - 2 * landmarks]
    parts = [raw[..., :1], middle - half, middle + half, points, step, logits]
    if landmarks:
        offsets = raw[..., raw.shape[2] - 2 * landmarks :] * stride
        parts.append(points.repeat(1, 1, landmarks) + offsets)
    return torch.cat(parts, -1)


def _block(given: int, wanted: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(given, wanted, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(wanted),
        nn.ReLU(inplace=True),
    )


def _separable(given: int, wanted: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(
        _block(given, given, 3, stride=stride, groups=given), _block(given, wanted, 1)
    )


def _head(width: int, outputs: int) -> nn.Module:
    last = nn.Conv2d(width, outputs, 1)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)  # type: ignore[arg-type]
    with torch.no_grad():
        last.bias[FACE] = -math.log((1 - _RARE) / _RARE)  # type: ignore[index]
        last.bias[3:5] = math.log(2)  # type: ignore[index]
    return nn.Sequential(_separable(width, width), _separable(width, width), last)


def _mobilenet(last: int) -> nn.Sequential:
    """The blocks of MobileNetV2 up to `last`, with random weights."""
    return _cut(build("mobilenet_v2", 1, from_scratch=True, fine_maps=False).body, last)


def _cut(body: Any, last: int) -> nn.Sequential:
    return nn.Sequential(*list(body)[: last + 1])


def _plain(rows: Sequence[tuple[int, int]]) -> nn.Sequential:
    blocks, given = [], 3
    for channels, stride in rows:
        make = _separable if given > 3 else None
        blocks.append(
            make(given, channels, stride) if make else _block(given, channels, 3, stride=stride)
        )
        given = channels
    return nn.Sequential(*blocks)


def _channels(body: nn.Sequential, tap: int) -> int:
    convolutions = [m for m in body[tap].modules() if isinstance(m, nn.Conv2d)]
    return convolutions[-1].out_channels


def take_imagenet(network: Detector, weights: Path | None) -> None:
    """Begin with the body of ImageNet's MobileNetV2, from a file or as torchvision fetches it.

    Raises:
        DataError: the file holds something else, or the network has another body.
        DownloadError: it cannot be fetched.
    """
    if network.kind != "mobilenet_v2":
        raise DataError("Only the body of MobileNetV2 has ImageNet weights; give --from-scratch.")
    start = build("mobilenet_v2", 1, backbone_weights=weights, fine_maps=False).body
    network.body.load_state_dict(_cut(start, network.taps[-1]).state_dict())
