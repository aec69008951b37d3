"""Write small ONNX graphs as one writes numpy: values with operators, and a call an operator.

g = Graph()
x = g.input("x", np.float32, ("n", 3))
g.output("y", g("Relu", 2 * x + 1))
data = g.finish("example")
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

OPSET = 18  # the first in which ReduceMean takes its axes as an input


class Value:
    """A tensor of a graph that is being written; `kind` is its dtype."""

    def __init__(self, graph: "Graph", name: str, kind: Any) -> None:
        self.graph, self.name, self.kind = graph, name, np.dtype(kind)

    def __add__(self, other: "Operand") -> "Value":
        return self.graph("Add", self, other)

    def __sub__(self, other: "Operand") -> "Value":
        return self.graph("Sub", self, other)

    def __mul__(self, other: "Operand") -> "Value":
        return self.graph("Mul", self, other)

    def __truediv__(self, other: "Operand") -> "Value":
        return self.graph("Div", self, other)

    def __matmul__(self, other: "Operand") -> "Value":
        return self.graph("MatMul", self, other)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: "Operand") -> "Value":
        return self.graph("Sub", self.graph.constant(other, self.kind), self)

    def __rtruediv__(self, other: "Operand") -> "Value":
        return self.graph("Div", self.graph.constant(other, self.kind), self)

    def __getitem__(self, at: int | tuple[int, ...]) -> "Value":
        """The entry at fixed places of the first axes; a negative place counts from the end."""
        found = self
        for place in at if isinstance(at, tuple) else (at,):
            found = self.graph("Gather", found, self.graph.constant(place, np.int64), axis=0)
        return found

    def part(self, start: "Operand", end: "Operand", axis: int) -> "Value":
        """From `start` to before `end` along an axis; both are numbers or values of shape ()."""
        ends = [
            each.reshape(1) if isinstance(each, Value) else np.array([each], np.int64)
            for each in (start, end)
        ]
        return self.graph("Slice", self, *ends, np.array([axis], np.int64))

    def cast(self, kind: Any) -> "Value":
        """The same values in another dtype."""
        return self.graph.cast(self, kind)

    def reshape(self, *shape: "int | Value") -> "Value":
        """The same values in another shape, of numbers and of values of shape ()."""
        return self.graph("Reshape", self, self.graph.vector(shape))

    def take(self, indices: "Value", axis: int) -> "Value":
        """The entries at `indices` along an axis."""
        return self.graph("Gather", self, indices, axis=axis)

    def clip(self, low: "Operand", high: "Operand") -> "Value":
        """No less than `low`, no more than `high`, both of shape ()."""
        return self.graph("Min", self.graph("Max", self, low), high)

    def round(self) -> "Value":
        """Rounded, halves to the even number."""
        return self.graph("Round", self)

    def side(self, axis: int) -> "Value":
        """How long an axis is, int64 ()."""
        return self.graph("Shape", self, kind=np.int64)[axis]

    def mean(self, axes: Sequence[int] | None = None) -> "Value":
        """The mean over `axes`, which vanish; by default over all."""
        over = [] if axes is None else [np.array(axes, np.int64)]
        return self.graph("ReduceMean", self, *over, keepdims=0)


Operand = Value | np.ndarray | float | int


class Graph:
    """A graph that is being written."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0

    def input(self, name: str, kind: Any, shape: Sequence[int | str]) -> Value:
        """An input of the graph."""
        from onnx import helper

        self._inputs.append(helper.make_tensor_value_info(name, _element(kind), list(shape)))
        return Value(self, name, kind)

    def output(self, name: str, value: Value, shape: Sequence[int | str]) -> None:
        """Give `value` out as `name`."""
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [value.name], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, _element(value.kind), list(shape)))

    def constant(self, value: Any, kind: Any) -> Value:
        """A fixed tensor; equal ones are kept once."""
        from onnx import numpy_helper

        array = np.asarray(value, kind)
        for known in self._constants:
            other = numpy_helper.to_array(known)
            if (other.dtype, other.shape) == (array.dtype, array.shape) and (other == array).all():
                return Value(self, known.name, kind)
        name = self._name()
        self._constants.append(numpy_helper.from_array(array, name))
        return Value(self, name, kind)

    def cast(self, value: Value, kind: Any) -> Value:
        """`value` in another dtype."""
        if value.kind == np.dtype(kind):
            return value
        return self("Cast", value, kind=kind, to=_element(kind))

    def vector(self, parts: Sequence[int | Value]) -> Value:
        """Numbers and values of shape () side by side, int64 (n,)."""
        if all(isinstance(part, int) for part in parts):
            return self.constant(parts, np.int64)
        each = [
            self("Unsqueeze", part, np.zeros(1, np.int64))
            if isinstance(part, Value)
            else self.constant([part], np.int64)
            for part in parts
        ]
        return self("Concat", *each, axis=0)

    def __call__(
        self, op: str, *inputs: Operand, kind: Any = None, outputs: int = 1, **attributes: Any
    ) -> Any:
        """Add an operator; numbers among its inputs take the dtype of the first value.

        `kind`: of its outputs, by default that of its first input.
        """
        from onnx import helper

        first = next(each for each in inputs if isinstance(each, Value))
        values = [
            each
            if isinstance(each, Value)
            else self.constant(each, each.dtype if isinstance(each, np.ndarray) else first.kind)
            for each in inputs
        ]
        names = [self._name() for _ in range(outputs)]
        self._nodes.append(helper.make_node(op, [v.name for v in values], names, **attributes))
        found = [Value(self, name, kind or values[0].kind) for name in names]
        return found[0] if outputs == 1 else found

    def finish(self, name: str) -> bytes:
        """The graph as a file's bytes; the same graph gives the same bytes."""
        from onnx import checker, helper

        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, initializer=self._constants
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9, producer_name=""
        )
        checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"


def _element(kind: Any) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
