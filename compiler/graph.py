"""The intermediate representation: a graph of layer calls, untyped and typed.

A layer is a definition, whose identity is its weights. A node is one call of a layer, so a
layer that is applied twice is one :class:`Layer` and two :class:`Node`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ..specs.base import LayerSpec
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
    """An edge: the output of the node, or the model input, that has this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Input:
    """A model input."""

    name: str
    type: TensorType
    span: Span


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer definition. ``named`` tells whether the spec chose the name."""

    name: str
    spec: LayerSpec
    span: Span
    named: bool


@dataclass(frozen=True, slots=True)
class Node:
    """One call of a layer. ``name`` is the layer's own for its first call."""

    name: str
    layer: str
    inputs: tuple[Value, ...]
    span: Span
    path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A model with every reference resolved, no cycle and no dead layer.

    ``layers`` stand in the order in which every style constructs them, ``nodes`` in the order
    in which every style calls them (see :mod:`hornbook.compiler.schedule`).
    """

    name: str
    inputs: tuple[Input, ...]
    layers: tuple[Layer, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class TypedNode:
    """A node with what its rule found: its output's type, its work, its layer's weights."""

    node: Node
    layer: Layer
    type: TensorType
    weights: tuple[Weight, ...]
    flops: int | None


@dataclass(frozen=True, slots=True)
class TypedGraph:
    """A graph in which every value has a type and every layer its exact weights."""

    graph: Graph
    nodes: tuple[TypedNode, ...]
