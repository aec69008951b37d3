"""A torch module to one ONNX file that says nothing of the machine it was made on."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn


def write_graph(
    module: nn.Module,
    example: Tensor,
    path: Path,
    *,
    takes: str,
    gives: Sequence[str],
    sides: Mapping[int, Any] | None = None,
) -> None:
    """Write `module` as a graph of one input `takes`, whose first axis may be any length.

    Args:
        module: what to write, in evaluation mode.
        example: an input, two items long.
        path: where the .onnx file goes.
        takes: name of the input.
        gives: names of the outputs.
        sides: other axes that may have several lengths, each a `torch.export.Dim`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about torch's own inside, of which nobody can do anything
        torch.onnx.export(
            module,
            (example,),
            path,
            input_names=[takes],
            output_names=list(gives),
            dynamic_shapes=({0: torch.export.Dim("n", min=1, max=1024), **(sides or {})},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    proto = onnx.load(path)
    graph = proto.graph
    values = (*graph.value_info, *graph.input, *graph.output)
    # The exporter notes the source file of every node, with its full path.
    for part in (proto, graph, *graph.node, *values, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(proto, path)
