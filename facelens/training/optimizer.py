"""The optimizer of a classifier's training: fused AdamW, its groups of parameters, its rates."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import numpy as np
import torch
from fastai.callback.schedule import combined_cos
from fastai.optimizer import OptimWrapper
from torch import nn

from facelens.training.network import AttributeNetwork, parameter_groups
from facelens.training.recipe import Stage

# What a hyperparameter of the optimizer is when a share of the training, 0 to 1, is done.
Schedule = Mapping[str, Callable[[float], Any]]

_FUSED = {"cpu", "cuda"}  # where torch has AdamW as one kernel
# Each part of the network is two groups: kernels, which decay, then norms and biases.
_GROUPS = 2


def split(network: nn.Module) -> list[list[nn.Parameter]]:
    """Groups of parameters: early body, late body and head, of each what decays and what not."""
    return [
        group
        for part in parameter_groups(cast("AttributeNetwork", network))
        for group in _by_decay(part)
    ]


def _by_decay(part: list[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    yield [parameter for parameter in part if parameter.ndim > 1]
    yield [parameter for parameter in part if parameter.ndim <= 1]


def frozen_groups() -> int:
    """How many of the groups of `split` are the body's."""
    return 2 * _GROUPS


def decays(weight_decay: float) -> list[float]:
    """The weight decay of each group of `split`."""
    return [weight_decay, 0.0] * 3


def adamw(groups: Any, lr: float) -> OptimWrapper:
    """Make fastai's Adam of torch's fused kernels: the same steps, much sooner on a CPU."""
    device = next(p for group in groups for p in group).device
    return OptimWrapper(
        groups,
        torch.optim.AdamW,
        lr=lr,
        betas=(0.9, 0.99),
        eps=1e-5,
        fused=device.type in _FUSED,
    )


def one_cycle(stage: Stage) -> Schedule:
    """What fastai's `fit_one_cycle` does, for early body, late body and head."""
    rates = np.repeat(np.geomspace(stage.rate / stage.spread, stage.rate, 3), _GROUPS)
    return {
        "lr": combined_cos(0.25, rates / 25, rates, rates / 1e4),
        "mom": combined_cos(0.25, 0.95, 0.85, 0.95),
    }
