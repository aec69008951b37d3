"""A taught word and its base to one bundle, whose graph answers the word as well."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from safetensors.numpy import save

from facelens.bundles.bundle import check_place, read_tensors, write_manifest
from facelens.errors import DataError
from facelens.files import atomic_folder, write_bytes, write_text
from facelens.tasks import load_model
from facelens.tasks.attributes.head import Head, last_view
from facelens.tasks.attributes.model import AttributeModel
from facelens.tasks.attributes.taught import TaughtModel
from facelens.tasks.example import write_example

_TRAINING = "model.safetensors"


def export_taught(
    taught: TaughtModel, out: Path, *, name: str | None = None, version: str
) -> AttributeModel:
    """Write `taught` as a bundle into the folder `out`, which opens without its head."""
    check_place(out.resolve())
    base, head = taught.base, taught.head
    slug = "".join(c if c.isalnum() else "_" for c in head.word.lower())
    config = replace(taught.config, name=name or f"{base.config.name}_{slug}", version=version)
    with atomic_folder(out.resolve()) as draft:
        graph = onnx.load_model_from_string(base.bundle.read("model.onnx"))
        add_word(graph, head, last_view(base).output, mirrored=config.flip_average)
        write_bytes(draft / "model.onnx", graph.SerializeToString())
        if _TRAINING in base.bundle.files:
            write_bytes(draft / _TRAINING, save(_with_row(read_tensors(base.bundle), head)))
        config.save(draft / "config.json")
        taught.curves.save(draft / "curves.json")
        write_text(draft / "README.md", taught.card)
        write_manifest(draft)
        write_example(load_model(str(draft)))
    return load_model(str(out))  # type: ignore[no-any-return]


def _with_row(tensors: dict[str, np.ndarray], head: Head) -> dict[str, np.ndarray]:
    """Training weights with a row for the word."""
    weight, bias = tensors["head.weight"], tensors["head.bias"]
    return tensors | {
        "head.weight": np.concatenate([weight, head.weight[None].astype(weight.dtype)]),
        "head.bias": np.append(bias, head.bias).astype(bias.dtype),
    }


def add_word(model: onnx.ModelProto, head: Head, layer: str, *, mirrored: bool) -> None:
    """Have a graph answer the word after its own attributes, with its activation map.

    The word is computed in float32 beside the graph's own head, whatever that computes in.

    Args:
        model: the graph, changed in place.
        layer: its output with the last feature maps (n, d, h, w).
        mirrored: whether it averages with the mirrored crop; then `layer` is the first half of the
            feature maps (2 n, d, h, w) of both.
    """
    graph = model.graph
    source = layer
    if mirrored:
        made = next((node for node in graph.node if layer in node.output), None)
        if made is None or made.op_type != "Slice":
            raise DataError("This graph does not show the feature maps of the mirrored face.")
        source = made.input[0]
    constants: dict[str, np.ndarray] = {
        "weight": head.weight[None, :, None, None].astype(np.float32),
        "bias": np.array([head.bias], np.float32),
        "half": np.array([0.5], np.float32),
        "last": np.array([-1], np.int64),
        "before": np.array([np.iinfo(np.int64).min], np.int64),
        "across": np.array([3], np.int64),
        "cells": np.array([2, 3], np.int64),
    }
    graph.initializer.extend(
        numpy_helper.from_array(value, f"word_{name}") for name, value in constants.items()
    )

    def node(kind: str, takes: list[str], gives: list[str], **attributes: Any) -> None:
        graph.node.append(helper.make_node(kind, takes, gives, f"word_{gives[0]}", **attributes))

    if mirrored:
        node("Conv", [source, "word_weight"], ["word_both"])
        node("Split", ["word_both"], ["word_first", "word_second"], axis=0, num_outputs=2)
        node(
            "Slice",
            ["word_second", "word_last", "word_before", "word_across", "word_last"],
            ["word_back"],
        )
        node("Add", ["word_first", "word_back"], ["word_sum"])
        node("Mul", ["word_sum", "word_half"], ["word_map"])
    else:
        node("Conv", [source, "word_weight"], ["word_map"])
    node("ReduceMean", ["word_map", "word_cells"], ["word_mean"], keepdims=0)
    node("Add", ["word_mean", "word_bias"], ["word_logit"])
    for output, own in (("logits", "word_logit"), ("activation_maps", "word_map")):
        _rename(graph, output, f"own_{output}")
        node("Concat", [f"own_{output}", own], [output], axis=1)
        (shape,) = (each.type.tensor_type.shape for each in graph.output if each.name == output)
        shape.dim[1].dim_value += 1
    onnx.checker.check_model(model)


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    """Give the value `old` another name within the graph; the outputs keep theirs."""
    for each in graph.node:
        for names in (each.input, each.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new
