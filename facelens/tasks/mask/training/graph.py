"""A detector as one ONNX graph: photos in, the boxes that non-maximum suppression leaves out."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from facelens.files import write_bytes
from facelens.tasks.mask.model import MAX_SIDE, MIN_SIDE, MOST, STRIDE
from facelens.tasks.mask.names import NAMES
from facelens.tasks.mask.training.detect import MIN_SCORE, OVERLAP
from facelens.training.boxes.networks import BOX, FACE, LOGITS, Detector
from facelens.training.graph import write_graph


class Dense(nn.Module):
    """Photos uint8 (n, h, w, 3) to all boxes (n, points, 4), scores (n, points) and logits."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network.eval()

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        answers = self.network(photos.permute(0, 3, 1, 2))
        return answers[..., BOX], answers[..., FACE].sigmoid(), answers[..., LOGITS:]


def write_dense(network: Detector, path: Path, side: int) -> None:
    """Write a detector as a graph without suppression, for photos of several sizes."""
    low, high = MIN_SIDE // STRIDE, MAX_SIDE // STRIDE
    dims = {
        axis: STRIDE * torch.export.Dim(name, min=low, max=high)
        for axis, name in ((1, "rows"), (2, "columns"))
    }
    example = torch.zeros(2, side, side + STRIDE, 3, dtype=torch.uint8)
    gives = ["all_boxes", "all_scores", "all_logits"]
    write_graph(Dense(network), example, path, takes="photos", gives=gives, sides=dims)


def head(graph: onnx.GraphProto) -> set[str]:
    """What the last convolution of each level takes: it and all after it stay in float32."""
    return {
        node.input[0] for node in graph.node
        if node.op_type == "Conv"
        and not any(
            node.output[0] in other.input and other.op_type in _BODY for other in graph.node
        )
    }  # fmt: skip


_BODY = {"Conv", "Relu", "Clip", "Add", "BatchNormalization", "Resize", "QuantizeLinear"}


def add_suppression(path: Path) -> None:
    """Add non-maximum suppression to a dense graph: the `MOST` best boxes of each photo.

    Where fewer are left the rest has a score of 0. ONNX's operator names the boxes that are kept;
    the scores of all others become 0, and the highest are taken, so that the size of the answer
    does not follow from the photo.
    """
    proto = onnx.load(path)
    graph = proto.graph
    constants = {
        "nms_axis": np.array([1]),
        "nms_last": np.array([-1]),
        "nms_most": np.array([MOST]),
        "nms_overlap": np.array([OVERLAP], np.float32),
        "nms_min_score": np.array([MIN_SCORE], np.float32),
        "nms_columns": np.array([0, 2]),
        "nms_zero": np.array(0, np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())
    node = helper.make_node
    graph.node.extend([
        node("Unsqueeze", ["all_scores", "nms_axis"], ["nms_scores"]),
        # x and y change places in boxes and grid alike, which leaves their overlap as it is.
        node(
            "NonMaxSuppression",
            ["all_boxes", "nms_scores", "nms_most", "nms_overlap", "nms_min_score"],
            ["nms_chosen"],
        ),
        node("Gather", ["nms_chosen", "nms_columns"], ["nms_where"], axis=1),
        node("GatherND", ["all_scores", "nms_where"], ["nms_kept"]),
        node("Mul", ["all_scores", "nms_zero"], ["nms_none"]),
        node("ScatterND", ["nms_none", "nms_where", "nms_kept"], ["nms_left"]),
        node("TopK", ["nms_left", "nms_most"], ["scores", "nms_best"], axis=1),
        node("Unsqueeze", ["nms_best", "nms_last"], ["nms_rows"]),
        node("GatherND", ["all_boxes", "nms_rows"], ["boxes"], batch_dims=1),
        node("GatherND", ["all_logits", "nms_rows"], ["logits"], batch_dims=1),
    ])  # fmt: skip
    first = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    del graph.output[:]
    shapes = {"boxes": [MOST, 4], "scores": [MOST], "logits": [MOST, len(NAMES)]}
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [first, *shape])
        for name, shape in shapes.items()
    )
    onnx.checker.check_model(proto)
    write_bytes(path, proto.SerializeToString())
