"""An int8 graph whose weights stay int8 and whose activations are float, for browsers.

Rounding activations to 256 steps makes answers differ from device to device: a value half way
between two steps falls to either side, and what follows follows. In WASM it is no quicker either.
So each pair of `QuantizeLinear` and `DequantizeLinear` between two layers becomes the `Clip` that
it also is. Weights are read as they were: the file is as small.

The few fields of ONNX's messages are read by their numbers, as in `facelens.web.rounding`:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

import json
from collections.abc import Iterator, Mapping

import numpy as np

from facelens.bundles.session import open_session
from facelens.tasks.example import example_face

_GRAPH, _NODE, _TENSOR = 7, 1, 5
_INPUT, _OUTPUT, _KIND = 1, 2, 4
_TYPE, _FLOATS, _WHOLE, _NAME, _RAW = 2, 4, 5, 8, 9
_TYPES = {1: np.float32, 2: np.uint8, 3: np.int8}
_VARINT, _LONG, _BYTES, _SHORT = 0, 1, 2, 5
_SIZES = {_LONG: 8, _SHORT: 4}
# Decoders of JPEG differ by a level or two; nothing else does.
TOLERANCE = 0.05


def lighter(graph: bytes) -> bytes:
    """The bytes of an .onnx file with float activations; as they are if none are quantised."""
    return b"".join(
        _field(_GRAPH, _without_rounding(content)) if number == _GRAPH else raw
        for number, raw, content in _parts(graph)
    )


def answered(example: bytes, graph: bytes) -> bytes:
    """A classifier's example.json with the answers of another graph of the same network."""
    values = json.loads(example)
    crop = example_face(values["warp"]).crop
    (logits,) = open_session(graph).run(["logits"], {"crops": crop[None]})
    values["answers"] = np.round(np.asarray(logits[0], float), 5).tolist()
    values["tolerance"] = TOLERANCE
    return json.dumps(values).encode()


def _without_rounding(graph: bytes) -> bytes:
    parts = list(_parts(graph))
    given = {
        name: values
        for number, _, content in parts
        if number == _TENSOR
        for name, values in [_tensor(content)]
    }
    nodes = [_node(content) for number, _, content in parts if number == _NODE]
    rounding = {
        outputs[0]: inputs
        for kind, inputs, outputs in nodes
        if kind == "QuantizeLinear" and inputs[0] not in given and _range(inputs, given) is not None
    }
    kept, limits = [], []
    for number, raw, content in parts:
        if number == _NODE:
            kind, inputs, outputs = _node(content)
            if outputs[0] in rounding:
                continue
            if kind == "DequantizeLinear" and inputs[0] in rounding:
                found = _range(rounding[inputs[0]], given)
                assert found is not None
                names = [f"{outputs[0]}_{end}" for end in ("least", "most")]
                limits += [_scalar(name, value) for name, value in zip(names, found, strict=True)]
                kept.append(_clip(rounding[inputs[0]][0], names, outputs[0]))
                continue
        kept.append(raw)
    return b"".join([*kept, *limits])


def _range(inputs: list[str], given: Mapping[str, np.ndarray | None]) -> tuple[float, float] | None:
    """The least and the greatest value after rounding; None if that is not one pair for all."""
    scale, zero = (given.get(name) for name in inputs[1:3]) if len(inputs) > 2 else (None, None)
    if scale is None or zero is None or scale.size != 1 or zero.dtype.kind not in "iu":
        return None
    ends = np.iinfo(zero.dtype)
    least, most = (
        float((end - int(zero.ravel()[0])) * scale.ravel()[0]) for end in (ends.min, ends.max)
    )
    return least, most


def _node(content: bytes) -> tuple[str, list[str], list[str]]:
    """Kind, inputs and outputs of a node."""
    found: dict[int, list[str]] = {_INPUT: [], _OUTPUT: [], _KIND: []}
    for number, _, value in _parts(content):
        if number in found:
            found[number].append(value.decode())
    return found[_KIND][0], found[_INPUT], found[_OUTPUT]


def _tensor(content: bytes) -> tuple[str, np.ndarray | None]:
    """Name and values of a constant; None for a type that is not looked at."""
    name, kind, raw, floats, whole = "", 0, b"", b"", b""
    for number, field, value in _parts(content):
        if number == _NAME:
            name = value.decode()
        elif number == _TYPE:
            kind, _ = _varint(field, 1)
        elif number == _RAW:
            raw = value
        elif number == _FLOATS:
            floats = value
        elif number == _WHOLE:
            whole = value
    if kind not in _TYPES:
        return name, None
    if whole:
        return name, np.array(list(_numbers(whole)), np.int64).astype(_TYPES[kind])
    return name, np.frombuffer(raw or floats, _TYPES[kind]) if raw or floats else None


def _numbers(data: bytes) -> Iterator[int]:
    """Packed numbers; a negative one is stored as 2^64 more."""
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value - (1 << 64) if value >> 63 else value


def _clip(source: str, limits: list[str], result: str) -> bytes:
    inputs = b"".join(_field(_INPUT, name.encode()) for name in (source, *limits))
    node = inputs + _field(_OUTPUT, result.encode()) + _field(_KIND, b"Clip")
    return _field(_NODE, node)


def _scalar(name: str, value: float) -> bytes:
    raw = _field(_RAW, np.float32(value).tobytes())
    return _field(_TENSOR, bytes([_TYPE << 3, 1]) + _field(_NAME, name.encode()) + raw)


def _field(number: int, content: bytes) -> bytes:
    size, head = len(content), bytearray([number << 3 | _BYTES])
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    return bytes(head) + bytes([size]) + content


def _parts(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The fields of a message: number, all of its bytes, and its content if it has a length."""
    at = 0
    while at < len(data):
        start = at
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        content = b""
        if kind == _VARINT:
            _, at = _varint(data, at)
        elif kind == _BYTES:
            size, at = _varint(data, at)
            content = data[at : at + size]
            at += size
        else:
            at += _SIZES[kind]
        yield number, data[start:at], content


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the least first, and where the next field begins."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
