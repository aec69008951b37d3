"""A graph whose kernels are stored in fewer bits; it computes in float32 as before."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from facelens.errors import DataError

_SMALLEST = 1024  # numbers; what is smaller is not worth a node
PRECISIONS = ("float32", "float16", "int8")


def shrink(path: Path, precision: str) -> None:
    """Store the kernels of the graph at `path` as "float16", or as "int8" with a scale a filter.

    Biases and small tables stay as they are. ONNX Runtime turns the kernels back into float32
    once, when it opens the graph: a smaller file, the same speed.
    """
    if precision not in PRECISIONS:
        raise DataError(f"There is no precision {precision!r}; there are {', '.join(PRECISIONS)}.")
    if precision == "float32":
        return
    proto = onnx.load(path)
    graph = proto.graph
    filters = {name for node in graph.node for name in _kernels(node)}
    nodes, stored = [], []
    for tensor in graph.initializer:
        if tensor.name not in filters or np.prod(tensor.dims) < _SMALLEST:
            stored.append(tensor)
        elif precision == "float16":
            half = numpy_helper.to_array(tensor).astype(np.float16)
            stored.append(numpy_helper.from_array(half, f"{tensor.name}_half"))
            nodes.append(_cast(f"{tensor.name}_half", tensor.name))
        else:
            whole, scale = _rounded(numpy_helper.to_array(tensor))
            stored.append(numpy_helper.from_array(whole, f"{tensor.name}_int8"))
            stored.append(numpy_helper.from_array(scale, f"{tensor.name}_scale"))
            wide = f"{tensor.name}_wide"
            nodes.append(_cast(f"{tensor.name}_int8", wide))
            nodes.append(helper.make_node("Mul", [wide, f"{tensor.name}_scale"], [tensor.name]))
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


def _rounded(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 numbers and the float32 scale of each filter, which together give `kernel`."""
    axes = tuple(range(1, kernel.ndim))
    scale = np.abs(kernel).max(axis=axes, keepdims=True).astype(np.float32) / 127
    scale[scale == 0] = 1
    return np.rint(kernel / scale).clip(-127, 127).astype(np.int8), scale


def _cast(source: str, target: str) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [target], to=TensorProto.FLOAT)
