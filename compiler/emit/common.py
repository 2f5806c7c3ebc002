"""What the three emitters share: imports, names in source, what a model returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...specs.base import Item, LayerSpec, NodeSpec, parts
from ..graph import Graph, Layer, Literal, Node, TypedGraph, Value
from ..naming import RESERVED, attribute
from ..python import Call, Constant, Dict, Expression, Items, Name, Slice
from .values import GETITEM, NO_FORMULAS, Formulas, construct, expression, modules_used

ALWAYS_DIFFERENT = frozenset(
    {
        "AlphaDropout",
        "BatchNormalization",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "GroupQueryAttention",
        "MultiHeadAttention",
        "RandAugment",
        "RandomBrightness",
        "RandomColorDegeneration",
        "RandomColorJitter",
        "RandomContrast",
        "RandomErasing",
        "RandomFlip",
        "RandomGaussianBlur",
        "RandomGrayscale",
        "RandomHue",
        "RandomInvert",
        "RandomPerspective",
        "RandomPosterization",
        "RandomRotation",
        "RandomSaturation",
        "RandomSharpness",
        "RandomShear",
        "RandomTranslation",
        "RandomZoom",
        "Solarization",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "SpectralNormalization",
    }
)
DROPPING = ("dropout", "recurrent_dropout")

DRAWS_WHEN_BUILT = frozenset({"GroupQueryAttention", "MultiHeadAttention", "SpectralNormalization"})
"""Classes that draw a seed again when they are built, not only when they are constructed."""


def imports(graph: Graph) -> tuple[str, ...]:
    """Return the import statements that a graph's layers need."""
    used = set(modules_used(layer.spec for layer in graph.layers))
    lists = (
        isinstance(one, Literal) and isinstance(one.value, tuple)
        for node in graph.nodes
        for one in node.operands
    )
    if any(lists):
        used.add("ops")
    if not used:
        return ("import keras",)
    names = ", ".join(sorted(used))
    return ("import keras", f"from keras import {names}")


def nested(layer: Item) -> Iterable[Item]:
    """Yield a layer and what is inside it."""
    yield layer
    for part in parts(layer):
        yield from nested(part)


def trains_differently(layer: NodeSpec) -> bool:
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


Values = Callable[[Value], Expression]
"""Returns the expression of a value."""


def apply(
    function: Expression,
    node: Node,
    layer: Layer,
    values: Values,
    at: Formulas = NO_FORMULAS,
) -> Call | Slice:
    """Return the call of a layer or a function on its inputs, with the call's arguments.

    Attention on one input attends to itself.
    """
    spec: Any = layer.spec
    inputs = [operand(one, values) for one in node.operands]
    if type(spec).__name__ == GETITEM:
        return Slice(inputs[0], spec.key, node.span)
    if spec.takes_list:
        inputs = [Items(tuple(inputs))]
    elif isinstance(spec, LayerSpec) and spec.arity[1] != 1 and len(inputs) < 2:
        inputs *= 2
    keywords = list(call_keywords(node, values))
    if layer.is_op:
        made = construct(spec, None, at=at)
        return Call(
            made.function, (*inputs, *made.arguments), (*made.keywords, *keywords), node.span
        )
    return Call(function, tuple(inputs), tuple(keywords), span=node.span)


def operand(one: Value | Literal, values: Values) -> Expression:
    """Return the expression of an operand: a value, a number, or a tensor of numbers."""
    if isinstance(one, Value):
        return values(one)
    if not isinstance(one.value, tuple):
        return Constant(one.value)
    dtype = ("dtype", Constant(one.type.dtype))
    return Call(Name("ops.convert_to_tensor"), (_listed(one.value),), (dtype,))


def _listed(value: object) -> Expression:
    if isinstance(value, tuple):
        return Items(tuple(_listed(part) for part in value))
    return expression(value)


def call_keywords(node: Node, values: Values) -> Iterable[tuple[str, Expression]]:
    """Yield the arguments of a call as the spec gives them, in the order in which it has them."""
    named = dict(node.arguments)
    for field in type(node.call).model_fields if node.call else ():
        if field not in node.call.model_fields_set:  # type: ignore[union-attr]
            continue
        if field not in named:
            value = getattr(node.call, field)
            if value is not None:
                yield field, expression(value)
            continue
        given = named[field]
        if field == "initial_state" and isinstance(given, Value):
            # Keras takes a list of states, of one too.
            given = (given,)
        if isinstance(given, tuple):
            yield (
                field,
                Items(tuple(Constant(None) if v is None else values(v) for v in given)),
            )
        elif given is not None:
            yield field, values(given)


def result(outputs: tuple[Value, ...], values: Values) -> Expression:
    """Return what a model returns: its one output, or a dict of them by name."""
    if len(outputs) == 1:
        return values(outputs[0])
    return Dict(tuple((str(one), values(one)) for one in outputs))


def inputs_of(graph: Graph, values: Mapping[str, Expression]) -> Expression:
    """Return what a model takes: its one input, or a dict of them by name."""
    if len(graph.inputs) == 1:
        return values[graph.inputs[0].name]
    return Dict(tuple((one.name, values[one.name]) for one in graph.inputs))


def named(graph: Graph) -> tuple[str, Expression]:
    """Return the keyword that names the model."""
    return ("name", Constant(graph.name))


FUNCTIONS = frozenset(
    {
        "at", "build_model", "compile_update", "csv", "hold_out", "load_breast_cancer", "load_data", "load_diabetes",
        "load_digits", "load_iris", "load_wine", "main", "np", "os", "pictures", "scaled", "tf", "train",
        "train_test_split",
    }
)  # fmt: skip
"""What modules and scripts define and import besides the modules of Keras; no function of a block is called so."""


def shapes(graph: TypedGraph, wanted: bool) -> dict[str, str]:
    """Return the comment behind each node: the shape of what it makes."""
    return {one.node.name: str(one.type) for one in graph.nodes} if wanted else {}


def docstring(graph: Graph, style: str) -> str:
    """Return the line that a module opens with."""
    return f"{graph.name}, as a {style} Keras model. Compiled by hornbook."
