"""The network that every peer runs: torchvision's ResNet50 at 224 with 40 outputs.

    python -m peers.network FOLDER

Writes it to FOLDER as resnet50.onnx, and as resnet50_maps.onnx with the exact class activation
maps beside the logits. The weights are drawn, not learnt: the time does not depend on them.
"""

import io
import sys
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import models, transforms

ATTRIBUTES, SIZE = 40, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def resnet50() -> nn.Module:
    torch.manual_seed(0)
    network = models.resnet50(num_classes=ATTRIBUTES)
    return network.eval()


def prepare() -> transforms.Compose:
    """The transforms of torchvision's documents: a PIL picture to one of the network's inputs."""
    return transforms.Compose(
        [
            transforms.Resize(SIZE),
            transforms.CenterCrop(SIZE),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


class WithMaps(nn.Module):
    """The logits, and the head's weights times the last features: (n, 40, 7, 7)."""

    def __init__(self) -> None:
        super().__init__()
        self.network = resnet50()
        self.body = nn.Sequential(*list(self.network.children())[:-2])

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(pictures)
        maps = torch.einsum("ac,nchw->nahw", self.network.fc.weight, features)
        return self.network.fc(features.mean((2, 3))), maps


def main() -> None:
    folder = Path(sys.argv[1])
    example = (torch.zeros(1, 3, SIZE, SIZE),)
    for network, name, gives in (
        (resnet50(), "resnet50", ["logits"]),
        (WithMaps().eval(), "resnet50_maps", ["logits", "maps"]),
    ):
        torch.onnx.export(
            network, example, folder / f"{name}.onnx", input_names=["pictures"],
            output_names=gives, dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip


if __name__ == "__main__":
    main()
