"""A finder as one ONNX graph."""

from pathlib import Path

import torch
from torch import Tensor, nn

from facelens.faces.own import OUTPUTS, STRIDE
from facelens.training.boxes.networks import BOX, FACE, LOGITS, Detector
from facelens.training.float16 import to_float16
from facelens.training.graph import write_graph

_LEAST, _MOST = 2 * STRIDE, 2048  # pixels of a side of the pictures that a graph takes


class Answers(nn.Module):
    """Pictures uint8 (n, h, w, 3) to boxes (n, points, 4), scores (n, points) and landmarks."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network.eval()

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        answers = self.network(pictures.permute(0, 3, 1, 2))
        points = answers[..., LOGITS:].unflatten(-1, (-1, 2))
        return answers[..., BOX], answers[..., FACE].sigmoid(), points


def export(network: Detector, path: Path) -> None:
    """Write a finder as a graph for pictures of several sizes.

    Its kernels are stored in float16 and compute in float32: the file is half as large, the answers
    are the same.
    """
    dims = {
        axis: STRIDE * torch.export.Dim(name, min=_LEAST // STRIDE, max=_MOST // STRIDE)
        for axis, name in ((1, "rows"), (2, "columns"))
    }
    example = torch.zeros(2, 256, 256 + STRIDE, 3, dtype=torch.uint8)
    write_graph(Answers(network), example, path, takes="picture", gives=OUTPUTS, sides=dims)
    to_float16(path)
