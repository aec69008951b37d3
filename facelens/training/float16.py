"""Kernels in half the bits: as weights, and in a graph, which computes in float32 as before."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

_SMALLEST = 1024  # numbers; what is smaller is not worth a node


def to_float16(path: Path) -> None:
    """Store the kernels of the graph at `path` as float16.

    Biases and small tables stay as they are. ONNX Runtime turns the kernels back into float32
    once, when it opens the graph: a smaller file, the same speed.
    """
    proto = onnx.load(path)
    graph = proto.graph
    filters = {name for node in graph.node for name in _kernels(node)}
    nodes, stored = [], []
    for tensor in graph.initializer:
        if tensor.name in filters and np.prod(tensor.dims) >= _SMALLEST:
            half = f"{tensor.name}_half"
            kernel = numpy_helper.to_array(tensor).astype(np.float16)
            stored.append(numpy_helper.from_array(kernel, half))
            nodes.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
        else:
            stored.append(tensor)
    nodes += graph.node
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(stored)
    graph.node.extend(nodes)
    onnx.checker.check_model(proto)
    onnx.save(proto, path)


def _kernels(node: onnx.NodeProto) -> list[str]:
    """The inputs of `node` that hold filters, an output a row."""
    if node.op_type == "Conv":
        return [node.input[1]]
    turned = {a.name: a.i for a in node.attribute}.get("transB", 0)
    return [node.input[1]] if node.op_type == "Gemm" and turned else []


def halved(value: Tensor) -> Tensor:
    """Kernels as float16, half the size; statistics and biases, few but delicate, as they are."""
    return value.half().contiguous() if value.ndim > 1 else value.contiguous()
