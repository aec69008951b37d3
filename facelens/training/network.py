"""A torchvision body, global average pooling and one linear layer.

That head makes class activation maps exact: the weights of an attribute times the last feature
map is a picture whose mean, plus the bias, is the attribute's logit.
"""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import WeightsEnum

from facelens.errors import DataError, DownloadError

# The layers worth looking at, by family: (module in the body, title, what it does).
_VIEWS = {
    "mobilenet_v2": (
        ("0.1", "Stem convolution", "32 small filters slide over the picture and look for edges "
         "and colour changes."),
        ("0.2", "Stem ReLU", "The same maps with everything below zero cut off (and above six): "
         "only where a filter answers stays bright."),
        ("3", "Stage 1", "Edges are combined into short lines, corners and patches of skin or "
         "hair."),
        ("6", "Stage 2", "Textures and first hints of parts: strands, lids, lips."),
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
        ("layer2", "Stage 2", "Textures and first hints of parts: strands, lids, lips."),
        ("layer3", "Stage 3", "Parts of a face in coarse places."),
        ("layer4", "Last feature maps", "What the answers are read from: each answer is a "
         "weighted sum of these maps."),
    ),
}  # fmt: skip


class AttributeNetwork(nn.Module):
    """Normalised pictures (n, 3, h, w) to logits (n, attributes)."""

    head: Any  # one nn.Linear, or fastai's

    def __init__(self, arch: str, body: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.arch = arch
        self.body = body
        self.drop = nn.Dropout(0.2)
        self.head = head

    @property
    def maps_are_exact(self) -> bool:
        """Whether the head is one linear layer, so that activation maps add up to the logits."""
        return isinstance(self.head, nn.Linear)

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.body(pictures)
        return self.head(self.drop(maps.mean((2, 3))) if self.maps_are_exact else maps)

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
    spread_kernels: bool = False,
    narrow_kernels: bool = False,
    head: str = "linear",
) -> AttributeNetwork:
    """Build the network `arch` (a torchvision name) for `outputs` attributes.

    Args:
        backbone_weights: a file of torchvision weights; without it torchvision fetches its
            ImageNet weights.
        from_scratch: start from random weights.
        fine_maps: undo the last stride, so that the maps are twice as fine.
        spread_kernels: and spread the kernels after it, which then look where they looked.
        narrow_kernels: and leave of the kernels from there on their middle alone, so that the
            last maps say nothing about places that the stage before did not see.
        head: "linear" for one linear layer, whose maps are exact, or "fastai" for fastai's own,
            which cannot be exported.
    """
    weights = imagenet_weights(arch)
    net: Any  # torchvision's networks say nothing of their parts
    if backbone_weights is None and from_scratch:
        net = _random(arch)
    elif backbone_weights is None:
        net = _pretrained(arch, weights)
    else:
        net = torchvision.models.get_model(arch, weights=None)
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
    if head not in _HEADS:
        raise DataError(f"There is no head {head!r}; there are {' and '.join(_HEADS)}.")
    try:
        if fine_maps:
            undo_last_stride(body, dilate=spread_kernels, narrow=narrow_kernels)
        with torch.no_grad():
            _, channels, _, _ = body.eval()(torch.zeros(1, 3, 128, 128)).shape
    except (RuntimeError, ValueError, TypeError, AssertionError, IndexError) as error:
        raise DataError(
            f"{arch} does not end in feature maps and one pooling, which exact activation maps "
            "need; take a ResNet, MobileNet, EfficientNet, ConvNeXt or RegNet."
        ) from error
    return AttributeNetwork(arch, body.train(), _HEADS[head](channels, outputs))


def imagenet_weights(arch: str) -> WeightsEnum:
    """The ImageNet weights that `arch` starts from: torchvision's best, MobileNetV2's first."""
    if arch not in torchvision.models.list_models(module=torchvision.models):
        raise DataError(f"torchvision has no classifier called {arch!r}.")
    weights = torchvision.models.get_model_weights(arch)
    return weights["IMAGENET1K_V1" if arch == "mobilenet_v2" else "DEFAULT"]


def imagenet_file(arch: str) -> Path:
    """Where torchvision keeps the ImageNet weights of `arch` once it has fetched them."""
    return Path(torch.hub.get_dir()) / "checkpoints" / imagenet_weights(arch).url.rpartition("/")[2]


def _pretrained(arch: str, weights: WeightsEnum) -> nn.Module:
    try:
        return torchvision.models.get_model(arch, weights=weights)
    except (OSError, RuntimeError) as error:  # no network, or a file cut short
        raise DownloadError(
            f"The ImageNet weights of {arch} could not be fetched ({error}): name their file by "
            f"--backbone-weights, put {imagenet_file(arch).name} in {imagenet_file(arch).parent}, "
            "or give --from-scratch for random weights."
        ) from error


def _random(arch: str) -> nn.Module:
    """Random weights, drawn only for what is kept: VGG's own head alone takes many seconds."""
    if arch in {"inception_v3", "googlenet"}:
        return torchvision.models.get_model(arch, weights=None, init_weights=False)
    if arch.startswith("resnet"):  # each block begins as nothing added (Goyal et al., 2017)
        return torchvision.models.get_model(arch, weights=None, zero_init_residual=True)
    if not arch.startswith("vgg"):
        return torchvision.models.get_model(arch, weights=None)
    with torch.device("meta"):
        net = torchvision.models.get_model(arch, weights=None, init_weights=False)
    for layer in net.features.to_empty(device="cpu"):
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return net


def _linear_head(channels: int, outputs: int) -> nn.Module:
    head = nn.Linear(channels, outputs)
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    return head


def _fastai_head(channels: int, outputs: int) -> nn.Module:
    """The head of fastai's `vision_learner`: average and maximum pooling and two layers."""
    from fastai.torch_core import apply_init
    from fastai.vision.learner import create_head

    head = create_head(channels, outputs)
    apply_init(head, nn.init.kaiming_normal_)
    return head


_HEADS: dict[str, Callable[[int, int], nn.Module]] = {
    "linear": _linear_head,
    "fastai": _fastai_head,
}


def _children(net: nn.Module, *, until: tuple[str, ...]) -> "OrderedDict[str, nn.Module]":
    """The modules of `net` up to its pooling, without Inception's second answer on the side.

    What Inception does to ImageNet pictures beforehand, its first batch norm can learn.
    """
    kept: OrderedDict[str, nn.Module] = OrderedDict()
    for name, child in net.named_children():
        if name in until:
            break
        if name != "AuxLogits":
            kept[name] = child
    return kept


def undo_last_stride(body: nn.Module, *, dilate: bool = False, narrow: bool = False) -> None:
    """Make the final feature maps twice as fine: every last stride of 2 becomes 1.

    The weights stay as they are ("last stride 1" of Luo et al., 2019, Bag of Tricks).

    Args:
        dilate: spread the kernels after it as well. Each then looks where it looked before: every
            second value of the maps is what it was, and those between are what it would have
            been had the picture been moved a little. To fine-tune a network that was
            trained with its stride; it must be fine-tuned, for its statistics are others.
        narrow: each kernel from there on becomes one weight a channel, the sum of its own, which
            answers the same where nothing changes from place to place. To be fine-tuned as well.
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
    undone = False
    for module, shape in order:
        if shape != final:
            continue
        if not isinstance(module, nn.Conv2d):
            raise DataError("The last stride of this architecture is a pooling layer.")
        strided = module.stride == (2, 2)
        if strided:
            if dilate and not all(size % 2 for size in module.kernel_size):
                raise DataError("The last stride of this architecture cuts it into patches.")
            module.stride, undone = (1, 1), True
        if undone and narrow:
            narrow_kernel(module)
        elif undone and dilate and not strided:
            spread_kernel(module)
    body.train()


def spread_kernel(layer: nn.Conv2d) -> None:
    """Let a convolution look at every second field alone, over twice the distance."""
    layer.dilation = tuple(2 * step for step in layer.dilation)  # type: ignore[assignment]
    if not isinstance(layer.padding, str):
        layer.padding = tuple(2 * step for step in layer.padding)  # type: ignore[assignment]


def narrow_kernel(layer: nn.Conv2d) -> None:
    """Give a convolution kernels of 1 x 1, the sums of its own."""
    layer.weight = nn.Parameter(narrowed(layer.weight.detach()))
    layer.kernel_size, layer.padding, layer.dilation = (1, 1), (0, 0), (1, 1)


def narrowed(kernels: Tensor) -> Tensor:
    """Kernels (out, in, h, w) as (out, in, 1, 1), each the sum of one."""
    return kernels.sum((2, 3), keepdim=True)


def widened(kernels: Tensor, size: tuple[int, ...]) -> Tensor:
    """Kernels (out, in, 1, 1) in the middle of zeros, which answer the same."""
    whole = kernels.new_zeros((*kernels.shape[:2], *size))
    whole[:, :, size[0] // 2, size[1] // 2] = kernels[:, :, 0, 0]
    return whole


def fitted(state: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The weights `state`, with kernels narrowed or widened to those of `network`.

    Widening changes no answer; narrowing keeps those where nothing changes from place to place.
    """
    own = network.state_dict()
    return {
        name: _fitted(value, own[name].shape) if name in own and value.ndim == 4 else value
        for name, value in state.items()
    }


def _fitted(kernels: Tensor, shape: Sequence[int]) -> Tensor:
    if tuple(kernels.shape) == tuple(shape) or tuple(kernels.shape[:2]) != tuple(shape[:2]):
        return kernels
    if tuple(shape[2:]) == (1, 1):
        return narrowed(kernels)
    return widened(kernels, tuple(shape[2:])) if kernels.shape[2:] == (1, 1) else kernels


def parameter_groups(net: AttributeNetwork) -> Iterator[list[nn.Parameter]]:
    """Three groups of parameters for discriminative rates: early body, late body, head."""
    children = list(net.body.children())
    half = len(children) // 2
    for modules in (children[:half], children[half:], [net.head]):
        yield [parameter for module in modules for parameter in module.parameters()]
