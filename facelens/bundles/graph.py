"""What a stranger's graph may contain, read from its bytes before ONNX Runtime sees it.

A graph is a program. It is refused if it can repeat itself or call code that is not ONNX's own, and
if the size of anything in it follows from the values of the picture. So it does the same work for
every picture of a size, and a trial on a blank one (`trial.py`) shows what it costs.
"""

from functools import cache
from typing import Any

from facelens.errors import BundleError, printable

MOST_NODES = 20_000  # the embedded networks have 400; a ResNet152 in int8 has 2,000

# Lists, text, compressed pictures: no network for faces needs them, and their sizes are values.
_REFUSED = {
    "ConcatFromSequence", "ImageDecoder", "If", "Loop", "Optional", "OptionalGetElement",
    "OptionalHasElement", "RegexFullMatch", "Scan", "SequenceAt", "SequenceConstruct",
    "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap",
    "SplitToSequence", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer",
}  # fmt: skip
# The inputs of an operator whose values say how large its output is; None if all of them do.
# https://onnx.ai/onnx/operators, up to opset 27.
_SIZES: dict[str, tuple[int, ...] | None] = {
    "AffineGrid": (1,), "BlackmanWindow": (0,), "CenterCropPad": (1,), "Col2Im": (1, 2),
    "Compress": None, "ConstantOfShape": (0,), "DFT": (1, 2), "Expand": (1,), "HammingWindow": (0,),
    "HannWindow": (0,), "MaxUnpool": (2,), "MelWeightMatrix": (0, 1), "NonMaxSuppression": (2,),
    "NonZero": None, "OneHot": (1,), "Pad": (1, 3), "Range": None, "Reshape": (1,),
    "Resize": (1, 2, 3), "STFT": (1, 3), "Slice": (1, 2, 3, 4), "Split": (1,), "Squeeze": (1,),
    "Tile": (1, 2), "TopK": (1,), "Unique": None, "Unsqueeze": (1,), "Upsample": (1,),
    **{
        f"Reduce{kind}": (1,)
        for kind in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum",
                     "SumSquare")
    },
}  # fmt: skip
_RANDOM = {
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike",
}  # fmt: skip
# The shape of a tensor follows from its picture's size, not from the picture.
_SHAPES = {"Shape", "Size"}


def check_graph(data: bytes, where: object) -> None:
    """Refuse a graph, given as the bytes of `model.onnx`, that may do more than compute.

    `where`: what a sentence calls it.

    Raises:
        BundleError: it is no graph, or it is refused.
    """
    from google.protobuf.message import DecodeError

    try:
        model = _message().FromString(data)
    except (DecodeError, ValueError, RecursionError) as error:
        raise BundleError(f"The graph of {where} cannot be run.") from error
    graph = model.graph
    if len(graph.node) > MOST_NODES:
        raise BundleError(f"The graph of {where} has more than {MOST_NODES:,} operators; refused.")
    if len(model.functions):
        raise BundleError(f"The graph of {where} has functions of its own; refused.")
    given = {each.name for each in graph.initializer}
    varying = {each.name for each in graph.input} - given
    for node in graph.node:
        if node.domain not in ("", "ai.onnx"):
            raise BundleError(
                f"The graph of {where} needs an operator that is not ONNX's own "
                f"({printable(node.domain)[:40]}); refused."
            )
        if node.op_type in _REFUSED or any(_has_graph(each) for each in node.attribute):
            raise BundleError(
                f"The graph of {where} has an operator that may repeat for ever or of any size "
                f"({printable(node.op_type)[:40]}); refused."
            )
        if varying.intersection(_sizes(node)):
            raise BundleError(
                f"The graph of {where} has a size that follows from the picture's values "
                f"({printable(node.op_type)[:40]}); refused."
            )
        if node.op_type in _RANDOM or (
            node.op_type not in _SHAPES and varying.intersection(node.input)
        ):
            varying.update(filter(None, node.output))


def _has_graph(attribute: Any) -> bool:
    return attribute.HasField("g") or len(attribute.graphs) > 0


def _sizes(node: Any) -> list[str]:
    """The inputs of a node that say how large its output is."""
    if node.op_type not in _SIZES:
        return []
    at = _SIZES[node.op_type]
    return [name for i, name in enumerate(node.input) if name and (at is None or i in at)]


@cache
def _message() -> Any:
    """The class of ONNX's ModelProto, with the few fields that are looked at.

    The package `onnx` has all of it, and comes with the extra `train` only. Numbers are those of
    https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    text, many = descriptor_pb2.FieldDescriptorProto.TYPE_STRING, True
    messages: dict[str, list[tuple[str, int, Any, bool]]] = {
        "Named": [("name", 8, text, False)],
        "Value": [("name", 1, text, False)],
        "Attribute": [("g", 6, "Graph", False), ("graphs", 11, "Graph", many)],
        "Node": [
            ("input", 1, text, many), ("output", 2, text, many), ("op_type", 4, text, False),
            ("attribute", 5, "Attribute", many), ("domain", 7, text, False),
        ],
        "Graph": [
            ("node", 1, "Node", many), ("initializer", 5, "Named", many),
            ("input", 11, "Value", many),
        ],
        "Model": [("graph", 7, "Graph", False), ("functions", 25, "Value", many)],
    }  # fmt: skip
    package = "facelens.graph"
    file = descriptor_pb2.FileDescriptorProto(name=package, package=package, syntax="proto2")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            entry = message.field.add(name=field, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                entry.type, entry.type_name = entry.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                entry.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.Model"))
