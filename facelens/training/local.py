"""Train maps that lie on the evidence: what a part of the face shows, its map has to show.

Exact maps may lie beside what they are about, since every field of the last feature maps sees most
of the face. Two parts of a loss train that away: a face cut into tiles, each seen alone, has to
give the maps of the whole (Jo and Yu, 2021, Puzzle-CAM), and so has a window of it, moved and
scaled (Wang et al., 2020, SEAM). A third exchanges a box between two aligned faces (as Yun et al.,
2019, CutMix, do): the maps of the mixed face have to be the maps of each, exchanged alike.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from fastai.callback.core import Callback
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.errors import DataError
from facelens.training import processes
from facelens.training.callbacks import has_bf16
from facelens.training.recipe import Recipe

CUTS = ("tiles", "window", "both", "swap")

_SIDE = (0.5, 0.9)  # of the face that a window shows
_ZOOM = 0.2  # of its scale, up or down, on a logarithmic measure
_LEAST = 2  # fields that a tile is high and wide, without its margin


class Local(Callback):
    """Add to the loss how far the maps of parts of a face are from those of the whole.

    Args:
        weight: of the distance `apart`.
        cut: "tiles": two by two or three by three, cut elsewhere in every step; their answer, the
            mean of the merged maps, has its cross-entropy too. "window": of another place and
            scale for every face. "both": the one or the other, drawn in each step. "swap": each
            face with a box of the next in it.
        margin: fields around a tile that the network sees and the comparison leaves out, as it
            does at the edges of a window: there the network sees padding instead of the face.
            With "swap" so many fields within and around the edge of a box, which see both faces.
    """

    order = 2  # before gradients are accumulated
    run_valid = False

    def __init__(self, recipe: Recipe, stage: int) -> None:
        self.weight, self.margin = recipe.local, recipe.local_margin
        self.cut, self.seed = recipe.local_cut, (recipe.seed * 1_000 + stage) * 1_000
        self.features: list[Tensor] = []

    @property
    def network(self) -> Any:
        return processes.unwrapped(self.learn.model)

    def before_fit(self) -> None:
        if not self.network.maps_are_exact:
            raise DataError("--local needs a network with one linear layer, whose maps are exact.")

        def keep(_module: nn.Module, _inputs: Any, features: Tensor) -> None:
            if self.learn.training:
                self.features = [features]

        self.hook = self.network.body.register_forward_hook(keep)

    def after_fit(self) -> None:
        self.hook.remove()
        self.features = []

    def before_epoch(self) -> None:
        # Apart from what the pictures are drawn from.
        self.draw = torch.Generator().manual_seed(self.seed + self.epoch + (1 << 40))

    def after_loss(self) -> None:
        (pictures,), (targets,) = self.xb, self.yb
        whole = self._maps(self.features.pop())
        cut = self.cut
        if cut == "both":
            cut = CUTS[int(torch.randint(2, (1,), generator=self.draw))]
        if cut == "swap":
            more = self.weight * apart(*self._swap(pictures, whole))
        elif cut == "tiles":
            merged = self._tiles(pictures, whole)
            answers = merged.mean((2, 3)) + self.network.head.bias.float()
            more = self.learn.loss_func(answers, targets) + self.weight * apart(merged, whole)
        else:
            more = self.weight * apart(*self._window(pictures, whole))
        self.learn.loss_grad = self.learn.loss_grad + more

    def _maps(self, features: Tensor) -> Tensor:
        """Activation maps float32 (n, attributes, h, w)."""
        return F.conv2d(features.float(), self.network.head.weight.float()[:, :, None, None])

    def _see(self, pictures: Tensor) -> Tensor:
        """The maps of parts of faces; they leave the statistics of batch norm as they are."""
        device = pictures.device
        body = self.network.body
        half = torch.autocast(device.type, torch.bfloat16) if has_bf16(device) else nullcontext()
        with settled(body), half:
            features = body(pictures.contiguous(memory_format=torch.channels_last))
        self.features.clear()
        return self._maps(features)

    def _tiles(self, pictures: Tensor, whole: Tensor) -> Tensor:
        """The maps of tiles of the faces, put together."""
        step = stride(pictures, whole)
        parts = 2 + int(torch.randint(2, (1,), generator=self.draw))
        rows, columns = (cuts(fields, parts, self.draw) for fields in whole.shape[2:])
        return torch.cat(
            [
                torch.cat([self._tile(pictures, row, column, step) for column in columns], 3)
                for row in rows
            ],
            2,
        )

    def _tile(
        self, pictures: Tensor, row: tuple[int, int], column: tuple[int, int], step: int
    ) -> Tensor:
        """The maps of the fields of a tile, which is seen with its margin."""
        sides, kept = [], []
        for first, end in (row, column):
            begin = max(first - self.margin, 0)
            # Past the last row of pixels a slice ends by itself.
            sides.append(slice(begin * step, (end + self.margin) * step))
            kept.append(slice(first - begin, end - begin))
        maps = self._see(pictures[:, :, sides[0], sides[1]])
        return maps[:, :, kept[0], kept[1]]

    def _swap(self, pictures: Tensor, whole: Tensor) -> tuple[Tensor, Tensor]:
        """The maps of faces with a box of the next face in them, and what they have to be."""
        n, step = len(pictures), stride(pictures, whole)
        rank, world = processes.rank(), processes.world()
        drawn = torch.rand(n * world, 4, generator=self.draw)[rank * n : (rank + 1) * n]
        inside = boxes(drawn, (whole.shape[2], whole.shape[3])).to(whole.device)
        high, wide = pictures.shape[2:]
        of_pixels = inside.repeat_interleave(step, 2).repeat_interleave(step, 3)[..., :high, :wide]
        seen = self._see(torch.where(of_pixels, pictures.roll(1, 0), pictures))
        there = torch.where(inside, whole.roll(1, 0), whole)
        # Fields at the edge of a box see both faces.
        size, inside = 2 * self.margin + 1, inside.float()
        most, least = (sign * F.max_pool2d(sign * inside, size, 1, self.margin) for sign in (1, -1))
        clear = most == least
        return seen * clear, there * clear

    def _window(self, pictures: Tensor, whole: Tensor) -> tuple[Tensor, Tensor]:
        """The maps of a window of each face, and what the whole faces' maps are there."""
        n, step = len(pictures), stride(pictures, whole)
        low, high = _SIDE
        side, zoom = torch.rand(2, generator=self.draw).tolist()
        side, zoom = low + side * (high - low), math.exp((2 * zoom - 1) * _ZOOM)
        size = [
            max(2 * self.margin + 1, round(pixels * side * zoom / step)) * step
            for pixels in pictures.shape[2:]
        ]
        rank, world = processes.rank(), processes.world()
        place = torch.rand(n * world, 2, generator=self.draw)[rank * n : (rank + 1) * n]
        centre = ((place * 2 - 1) * (1 - side)).to(pictures.device)
        seen = self._see(look(pictures, centre, side, tuple(size), (1.0, 1.0)))
        # The last fields may reach past the picture: in halves of the maps it is so large.
        high, wide = (
            pixels / (fields * step)
            for pixels, fields in zip(pictures.shape[2:], whole.shape[2:], strict=True)
        )
        there = look(whole, centre, side, tuple(seen.shape[2:]), (wide, high))
        inner = slice(self.margin, -self.margin or None)
        return seen[:, :, inner, inner], there[:, :, inner, inner]


def boxes(drawn: Tensor, fields: tuple[int, int]) -> Tensor:
    """A box of two fields or more a side in each map, from (n, 4) numbers of 0 to 1: bool masks.

    Returns:
        (n, 1, h, w), true within the box.
    """
    masks = []
    for side, place, count in zip((0, 1), (2, 3), fields, strict=True):
        length = (_LEAST + drawn[:, side] * (count - _LEAST)).round()
        first = (drawn[:, place] * (count + 1 - length)).floor()
        at = torch.arange(count)
        masks.append((at >= first[:, None]) & (at < (first + length)[:, None]))
    rows, columns = masks
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def look(
    values: Tensor,
    centre: Tensor,
    side: float,
    shape: tuple[int, ...],
    share: tuple[float, float],
) -> Tensor:
    """Resample a window of each of some pictures or maps (n, c, h, w) to `shape`.

    Args:
        centre: (n, 2), x and y of the window, -1 to 1 over the picture.
        side: of the window, as a share of the picture's.
        share: how much of the width and height of `values` the picture is, from the left and top.
    """
    of = values.new_tensor(share)
    theta = values.new_zeros(len(values), 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = side * of
    theta[:, :, 2] = (centre + 1) * of - 1
    grid = F.affine_grid(theta, [*values.shape[:2], *shape], align_corners=False)
    return F.grid_sample(values, grid, padding_mode="border", align_corners=False)


def apart(maps: Tensor, whole: Tensor) -> Tensor:
    """How far maps are from others: 0 if the same, about 1 if one says nothing of the other.

    The mean square of their difference as a share of what both vary by from face to face, the mean
    over attributes. Both are moved towards each other: the whole has to give what its parts can
    know. Since the share does not change with their scale, small maps are no way out, nor is a
    pattern that all faces have.
    """
    square = (maps - whole).square().mean((0, 2, 3))
    varies = sum(each.var(0, correction=0).mean((1, 2)) for each in (maps, whole))
    return (square / (varies + 1e-6)).mean()


def cuts(fields: int, parts: int, draw: torch.Generator) -> list[tuple[int, int]]:
    """Divide `fields` into about `parts` pieces at random, each of two fields or more."""
    parts = max(1, min(parts, fields // _LEAST))
    # Each piece has its least; the rest goes to them at random.
    spare = fields - parts * _LEAST
    between, _ = torch.randint(spare + 1, (parts - 1,), generator=draw).sort()
    given = torch.diff(between, prepend=torch.tensor([0]), append=torch.tensor([spare]))
    ends = (given + _LEAST).cumsum(0).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))


def stride(pictures: Tensor, maps: Tensor) -> int:
    """How many pixels of a picture are a field of its maps."""
    steps = {
        2 ** round(math.log2(pixels / fields))
        for pixels, fields in zip(pictures.shape[2:], maps.shape[2:], strict=True)
    }
    step = min(steps)
    if len(steps) > 1 or [math.ceil(p / step) for p in pictures.shape[2:]] != [*maps.shape[2:]]:
        raise DataError(
            "The feature maps of this network are not its picture divided by a power of two, which "
            "--local needs; train it without."
        )
    return step


@contextmanager
def settled(body: nn.Module) -> Iterator[None]:
    """Let batch norm use its running statistics, and leave them as they are."""
    norms = [m for m in body.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001
    were = [norm.training for norm in norms]
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm, was in zip(norms, were, strict=True):
            norm.train(was)
