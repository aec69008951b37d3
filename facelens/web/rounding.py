"""Float weights rounded to fewer binary digits, so that a graph packs smaller.

A float32 has 24 digits, of which gzip can pack hardly any. With 13, a rounding of at most one part
in 16,384, a quarter of the bytes is gone; the graph is the same, and a test says how little its
answers move. Where tensors lie follows from ONNX's protobuf: a model's field 7 is its graph, a
graph's field 5 a tensor, and of that 2 the type, 9 the raw values.
"""

from collections.abc import Iterator

import numpy as np

DIGITS = 13
_GRAPH, _TENSOR, _TYPE, _RAW = 7, 5, 2, 9
_FLOAT = 1
_VARINT, _LONG, _BYTES, _SHORT = 0, 1, 2, 5  # protobuf's kinds of fields
_SIZES = {_LONG: 8, _SHORT: 4}


def rounded(graph: bytes, digits: int = DIGITS) -> bytes:
    """A graph, the bytes of an .onnx file, with each float32 weight rounded to so many digits."""
    data = bytearray(graph)
    for start, end in _floats(graph):
        bits = np.frombuffer(graph[start:end], np.uint32)
        dropped = 24 - digits
        half, mask = np.uint32(1 << (dropped - 1)), np.uint32(2**32 - (1 << dropped))
        # To the nearest; a carry into the exponent is the next power of two, as it should be.
        data[start:end] = ((bits + half) & mask).tobytes()
    return bytes(data)


def _floats(graph: bytes) -> Iterator[tuple[int, int]]:
    """Where the raw values of float32 tensors begin and end."""
    for number, start, end in _fields(graph, 0, len(graph)):
        if number != _GRAPH:
            continue
        for inner, first, last in _fields(graph, start, end):
            if inner != _TENSOR:
                continue
            found = {field: span for field, *span in _fields(graph, first, last)}
            if _RAW in found and found.get(_TYPE) == [_FLOAT, 0]:
                low, high = found[_RAW]
                yield low, high


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message: number, and where its bytes begin and end; of a number its value."""
    while at < end:
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value, 0
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        else:
            size = _SIZES[kind]
        yield number, at, at + size
        at += size


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
