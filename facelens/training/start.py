"""What a training begins with: ImageNet, random weights, or those of a bundle or another run."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from facelens.errors import DataError
from facelens.training.data import Store
from facelens.training.network import AttributeNetwork, build, fitted
from facelens.training.recipe import Recipe
from facelens.training.run import load_weights, weights_file

log = logging.getLogger(__name__)


def facts(
    train_set: Store, valid_set: Store, start: str, *, teachers: Sequence[str] = ()
) -> dict[str, Any]:
    """What a run's config.json and the model card say of a training besides its recipe.

    Args:
        start: the weights it begins with, in words: "ImageNet", "random" or a network's title.
        teachers: titles of the networks that it learns from.
    """
    data = {"train": len(train_set), "valid": len(valid_set), "names": train_set.names}
    return {"data": data, "start": start, "teachers": list(teachers)}


def begin(
    recipe: Recipe,
    train_set: Store,
    *,
    backbone_weights: Path | None = None,
    from_scratch: bool = False,
    start_from: Path | None = None,
    resumed: bool = False,
) -> AttributeNetwork:
    """Build the network of `recipe` for the attributes of `train_set`.

    Args:
        start_from: the folder of a bundle or run. Its body is taken over, and of its head the rows
            of the attributes that both have; the others begin at their base rates.
        resumed: the weights come from a checkpoint, so none are needed here.
    """
    network = build(
        recipe.arch,
        len(train_set.names),
        backbone_weights=backbone_weights,
        from_scratch=from_scratch or start_from is not None or resumed,
        fine_maps=recipe.fine_maps,
        spread_kernels=recipe.spread_kernels,
        narrow_kernels=recipe.narrow_kernels,
        head=recipe.head,
    )
    if resumed:
        return network
    known = names_of(start_from) if start_from else ()
    if start_from and (known == train_set.names or not network.maps_are_exact or not known):
        load_weights(network, start_from)
        return network
    if network.maps_are_exact:
        # Start from the base rates: the first steps need not learn that most people wear no hat.
        rate = np.clip(np.nan_to_num(train_set.rates, nan=0.5), 0.001, 0.999)
        with torch.no_grad():
            network.head.bias.copy_(torch.from_numpy(np.log(rate / (1 - rate))))
    if start_from:
        _transfer(network, start_from, known, train_set.names)
    return network


def names_of(folder: Path) -> tuple[str, ...]:
    """The attributes that a bundle's or a run's folder answers; none if it does not say."""
    try:
        config: Any = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
        names = config.get("names") or config.get("data", {}).get("names") or ()
        return tuple(map(str, names))
    except (OSError, ValueError, AttributeError, TypeError):
        return ()


def _transfer(
    network: AttributeNetwork, folder: Path, known: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Take over the body in `folder`, and the head's rows of the names that both have."""
    file = weights_file(folder)
    try:
        state = fitted(load_file(file), network)
        head: nn.Linear = network.head
        own: dict[str, Tensor] = {"weight": head.weight.detach(), "bias": head.bias.detach()}
        for part, rows in own.items():
            learnt = state[f"head.{part}"].to(rows.dtype)
            for row, name in enumerate(names):
                if name in known:
                    rows[row] = learnt[known.index(name)]
            state[f"head.{part}"] = rows
        network.load_state_dict(state)
    except (RuntimeError, ValueError, KeyError, IndexError, SafetensorError) as error:
        raise DataError(f"{file} does not fit {network.arch}.") from error
    shared = [name for name in names if name in known]
    log.info(
        "The backbone begins as that of %s; of %d attributes it knows %d.",
        folder, len(names), len(shared),
    )  # fmt: skip
