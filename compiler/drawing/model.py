"""What a drawing shows, before it is known how: boxes, the frames of blocks, arrows.

A picture says nothing of places or of a format. :func:`picture_of` makes it of a typed graph with every
use of a block open; :mod:`hornbook.compiler.drawing.folding` makes it smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, final

from ...specs.base import WIRING, Item
from ...specs.blocks import Origin
from ...specs.write import flow
from ..graph import Argument, Graph, Literal, TypedGraph, TypedNode, Value

CARDINAL: Final = "×"
FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "activation": "activation",
        "adaptive": "pool",
        "attention": "attention",
        "augmentation": "data",
        "cells": "recurrent",
        "conv": "conv",
        "conv_recurrent": "recurrent",
        "core": "dense",
        "einsum": "dense",
        "features": "data",
        "merging": "merge",
        "normalization": "norm",
        "ops": "op",
        "pooling": "pool",
        "preprocessing": "data",
        "recurrent": "recurrent",
        "regularization": "norm",
        "reshaping": "shape",
    }
)
"""The colour of a layer, by the file that declares it."""

APART: Final[Mapping[str, str]] = MappingProxyType(
    {"Activation": "activation", "Identity": "shape", "Masking": "shape"}
)
"""Layers that look otherwise than their file."""

GIVEN, RETURNED, CLOSED = "input", "output", "block"
"""The families of what is no layer: inputs, outputs, blocks that are not opened."""


@final
@dataclass(frozen=True, slots=True)
class Box:
    """One call of a layer, an input, an output, or a closed block.

    ``key`` is unique in the picture. ``label`` is the name where the spec chose one. ``parameters`` is
    None where there are none to speak of. ``turns`` counts the repetitions that a closed block stands for.
    """

    key: str
    title: str
    family: str
    label: str = ""
    arguments: tuple[str, ...] = ()
    shape: str = ""
    parameters: int | None = None
    shared: bool = False
    turns: int = 1
    cluster: int | None = None

    @property
    def face(self) -> tuple[object, ...]:
        """What turns of a repetition must have in common to be drawn once."""
        return (
            self.title,
            self.family,
            self.arguments,
            self.shape,
            self.parameters,
            self.shared,
            self.turns,
        )

    @property
    def heading(self) -> str:
        """The title, with the number of turns."""
        return counted(self.title, self.turns)

    @property
    def weights(self) -> str:
        """What is said of its parameters."""
        if self.shared:
            return "shared weights"
        return f"{self.parameters:,} params" if self.parameters else ""


@final
@dataclass(frozen=True, slots=True)
class Cluster:
    """The frame around one use of a block, or around all the turns that are alike.

    ``group`` says which item of the spec it is a turn of.
    """

    title: str
    label: str
    parent: int | None
    group: tuple[int | None, int]
    turns: int = 1

    @property
    def heading(self) -> str:
        """The name of the block, with the number of turns."""
        return counted(self.title, self.turns)


@final
@dataclass(frozen=True, slots=True)
class Arrow:
    """A value on its way: from the output ``port`` of one box to another box."""

    tail: int
    head: int
    port: int = 0


@final
@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and arrows, by position; a cluster stands after the one that holds it."""

    name: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    clusters: tuple[Cluster, ...] = ()


def counted(title: str, turns: int) -> str:
    """Write how often something is done behind its name."""
    return title if turns == 1 else f"{title} {CARDINAL} {turns}"


def picture_of(typed: TypedGraph) -> Picture:
    """Return all that a graph holds: a box a call, every use of a block as a cluster."""
    graph = typed.graph
    boxes = [
        Box(one.name, "Input", GIVEN, label=one.name, shape=str(one.type)) for one in graph.inputs
    ]
    places = {one.name: place for place, one in enumerate(graph.inputs)}
    arrows: dict[Arrow, None] = {}
    seen: set[str] = set()
    for one in typed.nodes:
        arrows |= {
            Arrow(places[value.name], len(boxes), value.index or 0): None
            for value in one.node.parents
        }
        places[one.node.name] = len(boxes)
        boxes.append(_box(one, graph, one.layer.name in seen))
        seen.add(one.layer.name)
    outputs = typed.outputs()
    for value in graph.outputs:
        arrows[Arrow(places[value.name], len(boxes), value.index or 0)] = None
        name = str(value)
        boxes.append(
            Box(f"output {name}", "Output", RETURNED, label=name, shape=str(outputs[name]))
        )
    clusters = tuple(
        Cluster(use.block, use.name, use.parent, (use.parent, use.item))
        for use in graph.expansion.uses
    )
    return Picture(graph.name, tuple(boxes), tuple(arrows), clusters)


def _box(one: TypedNode, graph: Graph, again: bool) -> Box:
    kind = type(one.layer.spec)
    weights = sum(weight.size for weight in one.weights)
    origins = graph.expansion.origins
    origin = origins[int(one.node.path[1])] if origins else None
    return Box(
        key=one.node.name,
        title=kind.__name__,
        family=APART.get(kind.__name__) or FAMILIES.get(kind.__module__.split(".")[-1], "op"),
        label=_label(one, origin),
        arguments=(*_of_layer(one), *_of_call(one)),
        shape=str(one.type),
        parameters=weights or None,
        shared=again and bool(weights),
        cluster=None if origin is None else origin.use,
    )


def _label(one: TypedNode, origin: Origin | None) -> str:
    """Return the name that the spec gives; in a block that is without the name of the block."""
    if origin is not None:
        return origin.local or ""
    chosen = one.layer.spec.name is not None or one.node.name != one.layer.name
    return one.node.name if chosen else ""


def _of_layer(one: TypedNode) -> Iterable[str]:
    """Yield what the spec says of a layer besides its wiring, where Keras would not do so anyway."""
    yield from (f"{field}={_value(value)}" for field, value in _set(one.layer.spec))
    if not one.layer.is_op and not getattr(one.layer.spec, "trainable", True):
        yield "trainable=false"


def _of_call(one: TypedNode) -> Iterable[str]:
    """Yield the operands that are numbers, and the arguments of the call."""
    if any(isinstance(given, Literal) for given in one.node.operands):
        yield "of " + ", ".join(_operand(given) for given in one.node.operands)
    named = dict(one.node.arguments)
    yield from (f"{field}={_given(value)}" for field, value in named.items())
    if one.node.call is not None:
        yield from (
            f"{field}={_value(value)}" for field, value in _set(one.node.call) if field not in named
        )


def _set(item: Item) -> Iterable[tuple[str, Any]]:
    """Yield the arguments of an item that were given and are not what they would be anyway."""
    for field, about in type(item).model_fields.items():
        value = getattr(item, field)
        if field in item.model_fields_set - WIRING and value != about.default:
            yield field, value


def _value(value: Any) -> str:
    if isinstance(value, Item):
        inner = ", ".join(f"{field}={_value(part)}" for field, part in _set(value))
        return f"{type(value).__name__}({inner})" if inner else type(value).__name__
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return flow(value)


def _operand(given: Value | Literal) -> str:
    return str(given) if isinstance(given, Value) else flow(given.value)


def _given(given: Argument) -> str:
    if isinstance(given, tuple):
        return "[" + ", ".join(_given(one) for one in given) + "]"
    return "null" if given is None else str(given)
