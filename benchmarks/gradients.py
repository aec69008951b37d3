"""Maps by gradients, from a bundle's weights in torch: Grad-CAM and LayerCAM."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from facelens.training.augment import plain
from facelens.training.network import AttributeNetwork

Method = Callable[[Tensor, Tensor], Tensor]


def grad_cam(features: Tensor, gradients: Tensor) -> Tensor:
    """Channels weighted by their mean gradient, what is positive (Selvaraju et al., 2017)."""
    return (gradients.mean((2, 3), keepdim=True) * features).sum(1).relu()


def layer_cam(features: Tensor, gradients: Tensor) -> Tensor:
    """Every field weighted by its own gradient where positive (Jiang et al., 2021)."""
    return (gradients.relu() * features).sum(1).relu()


def maps(
    network: AttributeNetwork,
    layer: str,
    method: Method,
    crop: np.ndarray,
    *,
    wanted: Sequence[int],
    size: tuple[int, int],
) -> np.ndarray:
    """Maps float32 (wanted, h, w) of a crop and its mirror image, averaged as the answer is.

    Args:
        layer: a module within the network's body.
        crop: uint8 (218, 178, 3).
        wanted: attributes, by number.
    """
    picture = plain(torch.from_numpy(np.array(crop)[None]), size)
    found = [
        _one(network, layer, method, pixels.repeat(len(wanted), 1, 1, 1), wanted)
        for pixels in (picture, picture.flip(3))
    ]
    return ((found[0] + found[1].flip(2)) / 2).numpy()


def _one(
    network: AttributeNetwork, layer: str, method: Method, pictures: Tensor, wanted: Sequence[int]
) -> Tensor:
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        # What follows may work in place on what is returned, not on what is kept.
        kept.append(output)
        return output.clone()

    hook = network.body.get_submodule(layer).register_forward_hook(keep)
    try:
        logits = network(pictures)
    finally:
        hook.remove()
    chosen = logits[torch.arange(len(wanted)), torch.as_tensor(wanted)].sum()
    (gradients,) = torch.autograd.grad(chosen, kept)
    return method(kept[0].detach(), gradients)
