"""Maps of all 40 attributes of one crop with pytorch-grad-cam, as its README shows.

The ways take the folder that holds crop.png; see `peers.alone`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from peers.alone import Job

if TYPE_CHECKING:
    from pytorch_grad_cam import GradCAM
    from torch import Tensor


def one_by_one(folder: Path, _cores: int) -> Job:
    """A target, and so a forward and a backward pass, an attribute."""
    cam, crop, targets = _ready(folder)
    return lambda: [cam(input_tensor=crop, targets=[target]) for target in targets]


def batch(folder: Path, _cores: int) -> Job:
    """The crop forty times in one batch, a target each."""
    cam, crop, targets = _ready(folder)
    crops = crop.repeat(len(targets), 1, 1, 1)
    return lambda: cam(input_tensor=crops, targets=targets)


def _ready(folder: Path) -> "tuple[GradCAM, Tensor, list]":
    from PIL import Image
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    from peers.network import ATTRIBUTES, prepare, resnet50

    network = resnet50()
    cam = GradCAM(model=network, target_layers=[network.layer4[-1]])
    crop = prepare()(Image.open(folder / "crop.png"))[None]
    return cam, crop, [ClassifierOutputTarget(i) for i in range(ATTRIBUTES)]
