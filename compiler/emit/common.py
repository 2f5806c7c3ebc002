"""What the three emitters share: imports, names in source, what a model returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...specs.base import LayerSpec
from ..graph import Graph, Node, TypedGraph, Value
from ..naming import RESERVED, attribute
from ..python import Call, Constant, Dict, Expression, Items, Name
from .values import modules_used

ALWAYS_DIFFERENT = frozenset(
    {
        "AlphaDropout",
        "BatchNormalization",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "MultiHeadAttention",
        "RandomContrast",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
    }
)
DROPPING = ("dropout", "recurrent_dropout")

DRAWS_WHEN_BUILT = frozenset({"MultiHeadAttention"})
"""Classes that draw a seed again when they are built, not only when they are constructed."""


def imports(graph: Graph) -> tuple[str, ...]:
    """Return the import statements that a graph's layers need."""
    names = ", ".join(modules_used(layer.spec for layer in graph.layers))
    return ("import keras", f"from keras import {names}")


def nested(layer: LayerSpec) -> Iterable[LayerSpec]:
    """Yield a layer and those inside it."""
    yield layer
    for value in layer.__dict__.values():
        if isinstance(value, LayerSpec):
            yield from nested(value)


def trains_differently(layer: LayerSpec) -> bool:
    """Tell whether a layer does something else in training than in use, itself or inside."""
    return any(
        type(one).__name__ in ALWAYS_DIFFERENT or any(getattr(one, name, 0) for name in DROPPING)
        for one in nested(layer)
    )


def draws_when_built(graph: Graph) -> bool:
    """Tell whether construction must come before every call, to keep one order of random draws."""
    return any(
        type(one).__name__ in DRAWS_WHEN_BUILT
        for layer in graph.layers
        for one in nested(layer.spec)
    )


def identifiers(
    names: Iterable[str], taken: Iterable[str] = (), suffix: str = "layer"
) -> dict[str, str]:
    """Give each name an identifier of its own, none of the taken ones."""
    used = {*taken, *RESERVED}
    found: dict[str, str] = {}
    for name in names:
        found[name] = attribute(name, used, suffix)
        used.add(found[name])
    return found


def apply(
    function: Expression, node: Node, layer: LayerSpec, values: Mapping[str, Expression]
) -> Call:
    """Return the call of a layer on its inputs; attention on one input attends to itself."""
    inputs = [values[value.name] for value in node.inputs]
    if layer.takes_list:
        return Call(function, (Items(tuple(inputs)),), span=node.span)
    if layer.arity[1] != 1 and len(inputs) < 2:
        inputs *= 2
    return Call(function, tuple(inputs), span=node.span)


def result(outputs: tuple[Value, ...], values: Mapping[str, Expression]) -> Expression:
    """Return what a model returns: its one output, or a dict of them by name."""
    if len(outputs) == 1:
        return values[outputs[0].name]
    return Dict(tuple((one.name, values[one.name]) for one in outputs))


def inputs_of(graph: Graph, values: Mapping[str, Expression]) -> Expression:
    """Return what a model takes: its one input, or a dict of them by name."""
    if len(graph.inputs) == 1:
        return values[graph.inputs[0].name]
    return Dict(tuple((one.name, values[one.name]) for one in graph.inputs))


def named(graph: Graph) -> tuple[str, Expression]:
    """Return the keyword that names the model."""
    return ("name", Constant(graph.name))


def chained(graph: Graph) -> frozenset[str]:
    """Return the nodes whose one use is in the call right after their own: `x` can hold them."""
    uses: dict[str, list[int]] = {}
    for position, node in enumerate(graph.nodes):
        for value in node.inputs:
            uses.setdefault(value.name, []).append(position)
    outputs = {value.name for value in graph.outputs}
    return frozenset(
        node.name
        for position, node in enumerate(graph.nodes)
        if node.name not in outputs and set(uses[node.name]) == {position + 1}
    )


def variables(graph: Graph, taken: Iterable[str] = ()) -> dict[str, str]:
    """Name the variable that holds each value: `x` along a chain, its own name where it forks.

    ``taken`` are identifiers that the module uses otherwise.
    """
    chain = chained(graph)
    found = identifiers((one.name for one in graph.inputs), {*taken, "x"}, "input")
    own = [node.name for node in graph.nodes if node.name not in chain]
    found |= identifiers(own, {*taken, "x", *found.values()})
    if len(graph.outputs) == 1:
        found[graph.outputs[0].name] = attribute("outputs", {*taken, *found.values()})
    return {**found, **dict.fromkeys(chain, "x")}


def names(variables: Mapping[str, str]) -> dict[str, Expression]:
    """Return the variables as expressions."""
    return {name: Name(text) for name, text in variables.items()}


def shapes(graph: TypedGraph, wanted: bool) -> dict[str, str]:
    """Return the comment behind each node: the shape of what it makes."""
    return {one.node.name: str(one.type) for one in graph.nodes} if wanted else {}


def docstring(graph: Graph, style: str) -> str:
    """Return the line that a module opens with."""
    return f"{graph.name}, as a {style} Keras model. Compiled by hornbook."
