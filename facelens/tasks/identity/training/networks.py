"""A face network's body, global average pooling, and a projection to an embedding.

Pooling and projection are linear, so the embedding is the mean of as many maps, and what of a face
speaks for a person is a picture whose mean is the cosine.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from facelens.errors import DataError
from facelens.training.network import build, fitted
from facelens.training.recipe import Recipe
from facelens.training.run import DAMAGE, weights_file

KERNELS = ("fine_maps", "spread_kernels", "narrow_kernels")  # of a `Recipe`


class Head(nn.Module):
    """Pooled features (n, d) to embeddings (n, width), and to the cosine to each person.

    `classes`: (people, width), where each person's embeddings are drawn to; in training alone.
    """

    def __init__(self, channels: int, width: int, people: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, width, bias=False)
        # Spreads the numbers evenly; folded into the projection when exported.
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.classes = nn.Parameter(torch.empty(people, width))
        nn.init.normal_(self.classes, std=0.01)

    def forward(self, features: Tensor) -> Tensor:
        return self.norm(self.linear(features))

    def cosines(self, embeddings: Tensor) -> Tensor:
        """The cosine (n, people) to each person."""
        # In bfloat16 a cosine has two digits, and is then scaled.
        with torch.autocast(embeddings.device.type, enabled=False):
            return F.linear(F.normalize(embeddings.float()), F.normalize(self.classes.float()))

    def projection(self) -> tuple[Tensor, Tensor]:
        """The weight (width, d) and bias (width,) of linear layer and norm as one."""
        mean, variance = self.norm.running_mean, self.norm.running_var
        assert mean is not None
        assert variance is not None
        scale = (variance + self.norm.eps).rsqrt()
        return self.linear.weight * scale[:, None], -mean * scale


class EmbeddingNetwork(nn.Module):
    """Normalised pictures (n, 3, h, w) to embeddings; in training to cosines to all people."""

    def __init__(
        self, arch: str, body: nn.Module, width: int, people: int, *, dropout: float = 0.1
    ) -> None:
        super().__init__()
        with torch.no_grad():
            channels = body.eval()(torch.zeros(1, 3, 64, 64)).shape[1]
        self.arch, self.body, self.drop = arch, body.train(), nn.Dropout(dropout)
        self.head = Head(channels, width, people)

    def forward(self, pictures: Tensor) -> Tensor:
        embeddings = self.head(self.drop(self.body(pictures).mean((2, 3))))
        return self.head.cosines(embeddings) if self.training else embeddings


class CosFace(nn.Module):
    """Cross-entropy of scaled cosines, that to one's own person less a margin.

    `margin`: of this moment. Of validation faces, whose people are none of training, there is none.
    """

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale, self.margin = scale, 0.0

    def forward(self, outputs: Tensor, people: Tensor) -> Tensor:
        if (people < 0).any():
            return outputs.sum() * 0
        own = F.one_hot(people, outputs.shape[1])
        return F.cross_entropy(self.scale * (outputs - self.margin * own), people)


def make(
    recipe: Recipe,
    width: int,
    people: int,
    *,
    backbone_weights: Path | None = None,
    start_from: Path | None = None,
    empty: bool = False,
    dropout: float = 0.1,
) -> EmbeddingNetwork:
    """Build the network of `recipe` for so many training people.

    Args:
        backbone_weights: a file of torchvision's ImageNet weights.
        start_from: the folder of a bundle or run whose body is taken over.
        empty: begin with random weights, which others may replace.
        dropout: of pooled features, in training.
    """
    network = EmbeddingNetwork(
        recipe.arch,
        build(
            recipe.arch,
            1,
            backbone_weights=backbone_weights,
            from_scratch=empty or start_from is not None,
            **{name: getattr(recipe, name) for name in KERNELS},
        ).body,
        width,
        people,
        dropout=dropout,
    )
    if start_from is not None:
        take_body(network, start_from)
    return network


def take_body(network: EmbeddingNetwork, folder: Path) -> None:
    """Begin with the body of a face network's bundle or run.

    Raises:
        DataError: it does not fit.
    """
    file = weights_file(folder)
    try:
        state = fitted(load_file(file), network)
        network.body.load_state_dict(
            {key.removeprefix("body."): v for key, v in state.items() if key.startswith("body.")}
        )
    except DAMAGE as error:
        raise DataError(f"{file} does not fit {network.arch}.") from error


def kernels_of(folder: Path) -> dict[str, bool]:
    """How the last kernels of a bundle's or run's body are, as its config.json says."""
    try:
        config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        known = config["recipe"]
        known = known.get("recipe", known)  # of an embedding network's
        return {name: bool(known[name]) for name in KERNELS if name in known}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
