"""The intermediate representation: a graph of layer calls, untyped and typed.

A layer is a definition, whose identity is its weights. A node is one call of a layer, so a
layer that is applied twice is one :class:`Layer` and two :class:`Node`. A function of
``keras.ops`` is a layer without weights that is called once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from ..specs.base import CallArguments, NodeSpec, OpSpec
from ..specs.blocks import Expansion
from ..specs.diagnostics import Span

Shape = tuple[int | None, ...]
"""Sizes of the axes, the batch first; ``None`` is a size that is known only when data arrives."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """Shape (batch axis included) and dtype of a tensor, as Keras names them."""

    shape: Shape
    dtype: str = "float32"

    @property
    def rank(self) -> int:
        """Number of axes, the batch included."""
        return len(self.shape)

    def __str__(self) -> str:
        inner = ", ".join("None" if size is None else str(size) for size in self.shape)
        return f"({inner},)" if len(self.shape) == 1 else f"({inner})"


@dataclass(frozen=True, slots=True)
class Weight:
    """One variable of a layer: its Keras name, its shape and whether an optimizer moves it."""

    name: str
    shape: tuple[int, ...]
    trainable: bool = True

    @property
    def size(self) -> int:
        """Number of scalars."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Inference:
    """What a shape rule finds: the output's type, the weights in Keras's order, the work.

    ``states`` holds the types of further outputs, where one call of the layer makes several.

    ``flops`` is the number of floating-point operations of one forward pass of one example (a
    multiply-add counts as two), or ``None`` where an axis has no known size.
    """

    output: TensorType
    weights: tuple[Weight, ...] = ()
    flops: int | None = 0
    states: tuple[TensorType, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """An edge: an output of the node, or the model input, that has this name.

    ``index`` counts the outputs of a node that has several; ``None`` stands for the first.
    """

    name: str
    index: int | None = None

    def __str__(self) -> str:
        return self.name if self.index is None else f"{self.name}.{self.index}"


Numbers = bool | int | float | tuple["Numbers", ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """An operand of a function that is a number, or a nested list, all of whose lists are alike."""

    value: Numbers

    @property
    def type(self) -> TensorType:
        """Shape without a batch; ``int`` and ``float`` are the dtypes of bare numbers."""
        shape: list[int] = []
        numbers: tuple[Numbers, ...] = (self.value,)
        while isinstance(numbers[0], tuple):
            shape.append(len(numbers[0]))
            numbers = tuple(one for many in numbers if isinstance(many, tuple) for one in many)
        kinds = {type(one) for one in numbers}
        if kinds == {bool}:
            return TensorType(tuple(shape), "bool")
        kind = "float" if float in kinds else "int"
        return TensorType(
            tuple(shape), {"int": "int32", "float": "float32"}[kind] if shape else kind
        )


@dataclass(frozen=True, slots=True)
class Input:
    """A model input."""

    name: str
    type: TensorType
    span: Span


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer definition. ``named`` tells whether source gives the name.

    ``dtype`` is what it computes in, where that is not for the policy to say.
    """

    name: str
    spec: NodeSpec
    span: Span
    named: bool
    dtype: str | None = None

    @property
    def is_op(self) -> bool:
        """Whether it is a function of ``keras.ops``, which no model counts among its layers."""
        return isinstance(self.spec, OpSpec)


Argument = Value | None | tuple[Value | None, ...]
"""What a call argument names: a value, or one for each input or state."""


@dataclass(frozen=True, slots=True)
class Node:
    """One call of a layer. ``name`` is the layer's own for its first call.

    ``call`` holds the call's arguments as the spec gives them, ``arguments`` those that name values.
    """

    name: str
    layer: str
    operands: tuple[Value | Literal, ...]
    span: Span
    path: tuple[str | int, ...]
    call: CallArguments | None = None
    arguments: tuple[tuple[str, Argument], ...] = ()

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The values that it takes by position."""
        return tuple(one for one in self.operands if isinstance(one, Value))

    @property
    def parents(self) -> tuple[Value, ...]:
        """All values that it takes, call arguments included."""
        return self.inputs + tuple(
            one
            for _, given in self.arguments
            for one in (given if isinstance(given, tuple) else (given,))
            if one is not None
        )


@dataclass(frozen=True, slots=True)
class Graph:
    """A model with every reference resolved, no cycle and no dead layer.

    ``layers`` stand in the order in which every style constructs them, ``nodes`` in the order
    in which every style calls them (see :mod:`hornbook.compiler.schedule`). ``precision`` is the dtype policy
    under which the model is built; types say what float32 would give.
    """

    name: str
    inputs: tuple[Input, ...]
    layers: tuple[Layer, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Value, ...]
    expansion: Expansion = field(default_factory=Expansion, compare=False)
    precision: str = "float32"


@dataclass(frozen=True, slots=True)
class TypedNode:
    """A node with what its rule found: its output's type, its work, its layer's weights."""

    node: Node
    layer: Layer
    type: TensorType
    weights: tuple[Weight, ...]
    flops: int | None
    states: tuple[TensorType, ...] = ()

    @property
    def types(self) -> tuple[TensorType, ...]:
        """The types of all outputs."""
        return (self.type, *self.states)


@dataclass(frozen=True, slots=True)
class TypedGraph:
    """A graph in which every value has a type and every layer its exact weights."""

    graph: Graph
    nodes: tuple[TypedNode, ...]

    def outputs(self) -> dict[str, TensorType]:
        """Return what the model returns, by the name of each output."""
        nodes = {one.node.name: one for one in self.nodes}
        return {
            str(value): nodes[value.name].types[value.index or 0] for value in self.graph.outputs
        }
