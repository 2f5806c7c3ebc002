"""Typed graph to a Sequential model: a list of layers."""

from __future__ import annotations

from ...specs.base import OpSpec
from ...specs.diagnostics import Diagnostic, Note, SpecError, in_order
from ..graph import Node, TypedGraph
from ..python import Call, Expression, Function, Items, Module, Name, Return
from . import common
from .values import input_call, layer_call

OTHERS = "the styles `functional` and `subclassed` can express it"


def emit(typed: TypedGraph, *, show_shapes: bool = False) -> Module:
    """Return the module of a chain.

    Raises:
        SpecError: HB308 where the graph forks, joins, or applies a layer twice.
    """
    graph = typed.graph
    problems = obstacles(typed)
    if problems:
        raise SpecError(problems)
    comments = common.shapes(typed, show_shapes)
    layers = {layer.name: layer for layer in graph.layers}
    items: list[Expression] = [input_call(graph.inputs[0])]
    for node in graph.nodes:
        layer = layers[node.layer]
        call = layer_call(layer, layer.name if layer.named else None)
        items.append(
            Call(call.function, call.arguments, call.keywords, call.span, comments.get(node.name))
        )
    model = Call(Name("keras.Sequential"), (Items(tuple(items)),), (common.named(graph),))
    build = Function("build_model", (), (Return(model),))
    return Module(common.docstring(graph, "Sequential"), common.imports(graph), (build,))


def obstacles(typed: TypedGraph) -> list[Diagnostic]:
    """Say of each layer that keeps a graph from being a chain what it does."""
    graph = typed.graph
    layers = {layer.name: layer for layer in graph.layers}
    several = {one.node.name for one in typed.nodes if one.states}
    problems: list[Diagnostic] = []

    def obstacle(node: Node, what: str, *notes: Note) -> None:
        message = f"a Sequential model is a chain, but {what}"
        problems.append(Diagnostic("HB308", message, node.span, notes, OTHERS))

    layers = {layer.name: layer for layer in graph.layers}
    users: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for name in dict.fromkeys(value.name for value in node.parents):
            users.setdefault(name, []).append(node)
    if len(graph.inputs) > 1:
        second = graph.inputs[1]
        message = f"a Sequential model has one input, but the spec has {len(graph.inputs)}"
        problems.append(Diagnostic("HB308", message, second.span, (), OTHERS))
    if len(graph.outputs) > 1:
        nodes = {node.name: node for node in graph.nodes}
        last = nodes[graph.outputs[1].name]
        obstacle(last, f"`{graph.outputs[1]}` is a second output")
    for name, found in users.items():
        if len(found) > 1:
            notes = tuple(Note(f"`{one.name}` takes it too", one.span) for one in found[:1])
            obstacle(
                found[1], f"the model forks at `{name}`: `{found[1].name}` takes it as well", *notes
            )
    first: set[str] = set()
    for node in graph.nodes:
        if len(node.inputs) > 1:
            joined = ", ".join(f"`{value.name}`" for value in node.inputs)
            obstacle(node, f"`{node.name}` joins {joined}")
        elif isinstance(layers[node.layer].spec, OpSpec):
            obstacle(node, f"`{node.name}` is a function, not a layer")
        elif node.call is not None and node.call.model_fields_set:
            obstacle(node, f"`{node.name}` has arguments of its call")
        elif node.name in several:
            obstacle(node, f"`{node.name}` has several outputs")
        elif node.layer in first:
            obstacle(node, f"`{node.layer}` is applied a second time")
        elif layers[node.layer].spec.arity[1] != 1:
            obstacle(node, f"`{node.name}` takes its input as query and as value")
        first.add(node.layer)
    return in_order(problems)
