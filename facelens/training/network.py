"""A torchvision body, global average pooling and one linear layer.

That head makes class activation maps exact: the weights of an attribute times the last feature
map is a picture whose mean, plus the bias, is the attribute's logit.
"""

import pickle
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from facelens.errors import DataError

# The layers worth looking at, by family: (module in the body, title, what it does).
_VIEWS = {
    "mobilenet_v2": (
        ("0.1", "Stem convolution", "32 small filters slide over the picture and look for edges "
         "and colour changes."),
        ("0.2", "Stem ReLU", "The same maps with everything below zero cut off (and above six): "
         "only where a filter answers stays bright."),
        ("3", "Stage 1", "Edges are combined into short lines, corners and patches of skin or "
         "hair."),
        ("6", "Stage 2", "Textures and parts: strands, lids, lips."),
        ("13", "Stage 3", "Parts of a face in coarse places."),
        ("18", "Last feature maps", "What the answers are read from: each answer is a weighted "
         "sum of these maps."),
    ),
    "resnet": (
        ("bn1", "Stem convolution", "64 filters of 7x7 pixels look for edges and colour "
         "changes."),
        ("relu", "Stem ReLU", "The same maps with everything below zero cut off."),
        ("maxpool", "Pooling", "The strongest answer in every 3x3 window: half the size, the "
         "same pattern."),
        ("layer1", "Stage 1", "Edges are combined into lines, corners and patches."),
        ("layer2", "Stage 2", "Textures and parts: strands, lids, lips."),
        ("layer3", "Stage 3", "Parts of a face in coarse places."),
        ("layer4", "Last feature maps", "What the answers are read from: each answer is a "
         "weighted sum of these maps."),
    ),
}  # fmt: skip


class AttributeNetwork(nn.Module):
    """Normalised pictures (n, 3, h, w) to logits (n, attributes)."""

    def __init__(self, arch: str, body: nn.Module, channels: int, outputs: int) -> None:
        super().__init__()
        self.arch = arch
        self.body = body
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(channels, outputs)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.head(self.drop(self.body(pictures).mean((2, 3))))

    def views(self) -> tuple[tuple[str, str, str], ...]:
        """The layers to show: module name within the body, title, explanation."""
        for family, views in _VIEWS.items():
            if self.arch.startswith(family):
                return views
        last = list(dict(self.body.named_children()))[-1]
        return ((last, "Last feature maps", _VIEWS["resnet"][-1][2]),)


def build(
    arch: str,
    outputs: int,
    *,
    backbone_weights: Path | None = None,
    from_scratch: bool = False,
    fine_maps: bool = True,
) -> AttributeNetwork:
    """Build the network `arch` (a torchvision name) for `outputs` attributes.

    Args:
        backbone_weights: a file of torchvision weights; without it torchvision fetches its
            ImageNet weights.
        from_scratch: start from random weights.
        fine_maps: undo the last stride, so that the maps are twice as fine.
    """
    if arch not in torchvision.models.list_models(module=torchvision.models):
        raise DataError(f"torchvision has no classifier called {arch!r}.")
    online = "DEFAULT" if backbone_weights is None and not from_scratch else None
    if online and arch == "mobilenet_v2":
        online = "IMAGENET1K_V1"
    net = torchvision.models.get_model(arch, weights=online)
    if backbone_weights is not None:
        try:
            state = torch.load(backbone_weights, map_location="cpu", weights_only=True)
            net.load_state_dict(state)
        except (OSError, RuntimeError, ValueError, TypeError, pickle.UnpicklingError) as error:
            raise DataError(f"{backbone_weights} holds no weights of {arch}.") from error
    body = (
        net.features
        if hasattr(net, "features")
        else nn.Sequential(_children(net, until=("avgpool", "fc", "heads", "classifier")))
    )
    try:
        if fine_maps:
            undo_last_stride(body)
        with torch.no_grad():
            _, channels, _, _ = body.eval()(torch.zeros(1, 3, 128, 128)).shape
    except (RuntimeError, ValueError, TypeError, AssertionError, IndexError) as error:
        raise DataError(
            f"{arch} does not end in feature maps and one pooling, which exact activation maps "
            "need; take a ResNet, MobileNet, EfficientNet, ConvNeXt or RegNet."
        ) from error
    return AttributeNetwork(arch, body.train(), channels, outputs)


def _children(net: nn.Module, *, until: tuple[str, ...]) -> "OrderedDict[str, nn.Module]":
    kept: OrderedDict[str, nn.Module] = OrderedDict()
    for name, child in net.named_children():
        if name in until:
            break
        kept[name] = child
    return kept


def undo_last_stride(body: nn.Module) -> None:
    """Make the final feature maps twice as fine: every last stride of 2 becomes 1.

    The weights stay as they are ("last stride 1" of Luo et al., 2019, Bag of Tricks).
    Dilating the kernels after it as well trains a quarter slower on a CPU.
    """
    order: list[tuple[nn.Module, tuple[int, ...]]] = []
    hooks = [
        module.register_forward_hook(lambda m, _, out: order.append((m, tuple(out.shape[2:]))))
        for module in body.modules()
        if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d)
    ]
    with torch.no_grad():
        body.eval()(torch.zeros(1, 3, 128, 128))
    for hook in hooks:
        hook.remove()
    final = order[-1][1]
    for module, shape in order:
        if shape == final and isinstance(module, nn.Conv2d) and module.stride == (2, 2):
            module.stride = (1, 1)
        elif shape == final and not isinstance(module, nn.Conv2d):
            raise DataError("The last stride of this architecture is a pooling layer.")
    body.train()


def parts(net: AttributeNetwork) -> Iterator[list[nn.Parameter]]:
    """Three groups of parameters for discriminative rates: early body, late body, head."""
    children = list(net.body.children())
    half = len(children) // 2
    for modules in (children[:half], children[half:], [net.head]):
        yield [parameter for module in modules for parameter in module.parameters()]
