"""A graph that computes in int8: a quarter of the file, and a good deal faster."""

import contextlib
import io
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime import quantization as q

from facelens.errors import DataError
from facelens.files import folder_aside

# Of all values that a layer gives, this many in a hundred lie within what int8 can say; the rest is
# cut off, and the steps are the finer for it.
PERCENTILE = 99.99
# The first convolutions stay in float32: they are few and quick, and their filters differ so much
# in size that rounding them would do more harm than all the rest.
KEPT = 3
CROPS = 256  # training crops from which ranges are taken,
ENOUGH = 4096  # and from how many they are drawn
_BATCH = 16
_ROUNDED = ("Conv", "Relu", "Clip", "Add", "MaxPool")

log = logging.getLogger(__name__)


def quantise(
    path: Path,
    crops: np.ndarray,
    *,
    head: Callable[[onnx.GraphProto], set[str]] | None = None,
    batch: int = _BATCH,
) -> None:
    """Have the graph at `path` compute in int8, ranges taken from `crops`.

    Kernels get a scale for each filter, activations one for each layer (static quantisation,
    written as pairs of QuantizeLinear and DequantizeLinear, which ONNX Runtime fuses). The head
    stays in float32, so that maps add up to logits exactly as before.

    Args:
        crops: what the graph takes, of the training split: uint8 (n, 218, 178, 3), say.
        head: names the values that the head begins with; by default what it pools.
        batch: how many at a time; what every layer says of them is in memory.
    """
    with folder_aside(Path(tempfile.gettempdir())) as folder:
        plain = folder / "plain.onnx"
        _fold(path, plain)
        proto = onnx.load(plain)
        _part_views(proto.graph)
        onnx.save(proto, plain)
        asked = _Crops(crops, proto.graph.input[0].name, batch)
        _quietly(plain, path, asked, _nodes(proto.graph, (head or _pooled)(proto.graph)))


def _fold(path: Path, out: Path) -> None:
    """Compute once what is constant."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(out)
    options.log_severity_level = 3
    ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _part_views(graph: onnx.GraphProto) -> None:
    """Give what is seen of a convolution before its ReLU a convolution of its own.

    Else the two could not be rounded as one: what a ReLU cuts off would take up most of the range.
    Nobody computes the copy until somebody looks.
    """
    shown = {output.name for output in graph.output}
    for node in list(graph.node):
        if node.op_type != "Conv":
            continue
        seen = node.output[0]
        rectifiers = [n for n in graph.node if n.op_type in ("Relu", "Clip") and seen in n.input]
        others = [n for n in graph.node if seen in n.input and n not in rectifiers]
        only_seen = all(set(n.output) <= shown for n in others)
        if rectifiers and only_seen and (others or seen in shown):
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{node.name}_seen"
            node.output[0] = f"{seen}_inner"
            for rectifier in rectifiers:
                rectifier.input[0] = node.output[0]
            graph.node.insert(list(graph.node).index(node) + 1, copy)


def _pooled(graph: onnx.GraphProto) -> set[str]:
    """What a classifier's head pools."""
    pools = [node.input[0] for node in graph.node if node.op_type in _POOLS]
    if not pools:
        raise DataError("The graph has no pooling before its head; it cannot be quantised.")
    # The last is the head's: squeeze-and-excitation pools within the body.
    return {pools[-1]}


def _nodes(graph: onnx.GraphProto, head: set[str]) -> list[str]:
    """The nodes to compute in int8: the body without its first convolutions, not the head."""
    after, kept, chosen = set(head), 0, []
    for node in graph.node:
        if after & set(node.input):  # sorted, so whatever comes after the features is met later
            after.update(node.output)
        elif node.op_type in _ROUNDED and not node.name.endswith("_seen"):
            kept += node.op_type == "Conv"
            if kept > KEPT:
                chosen.append(node.name)
    if not chosen:  # of no names at all ONNX Runtime would round every node
        raise DataError("The graph has too few convolutions to be quantised.")
    return chosen


_POOLS = ("ReduceMean", "GlobalAveragePool")


class _Crops(q.CalibrationDataReader):
    """Batches of crops, one at a time: what every layer says of all of them is many gigabytes."""

    def __init__(self, crops: np.ndarray, name: str, batch: int) -> None:
        starts = range(0, len(crops), batch)
        self._batches = [np.ascontiguousarray(crops[start : start + batch]) for start in starts]
        self._name = name
        self._asked = iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._asked = iter(self._batches[start_index:end_index])

    def get_next(self) -> dict[str, np.ndarray] | None:
        crops = next(self._asked, None)
        return None if crops is None else {self._name: crops}


def _quietly(plain: Path, out: Path, crops: _Crops, nodes: list[str]) -> None:
    """Quantise; ONNX Runtime prints progress, and advises to fold what is folded already."""
    printed, before = io.StringIO(), logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(printed):
            _quantise(plain, out, crops, nodes)
    finally:
        logging.disable(before)
    log.debug("%s", printed.getvalue())


def _quantise(plain: Path, out: Path, crops: _Crops, nodes: list[str]) -> None:
    q.quantize_static(
        plain,
        out,
        crops,
        quant_format=q.QuantFormat.QDQ,
        op_types_to_quantize=list(_ROUNDED),
        nodes_to_quantize=nodes,
        per_channel=True,
        activation_type=q.QuantType.QUInt8,
        weight_type=q.QuantType.QInt8,
        calibrate_method=q.CalibrationMethod.Percentile,
        extra_options={"CalibPercentile": PERCENTILE, "CalibStridedMinMax": 1},
    )
