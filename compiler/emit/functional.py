"""Typed graph to a Functional model: layers called on symbolic tensors."""

from __future__ import annotations

from dataclasses import replace

from ...specs.diagnostics import Diagnostic, SpecError, in_order
from ..graph import Graph, Node, TypedGraph
from ..python import Assign, Call, Expression, Function, Module, Name, Return, Statement
from . import common
from .values import input_call, layer_call


def emit(typed: TypedGraph, *, show_shapes: bool = False) -> Module:
    """Return the module of a graph.

    Raises:
        SpecError: HB308 where Keras would overrule an argument of a call.
    """
    problems = obstacles(typed)
    if problems:
        raise SpecError(problems)
    graph = replace(typed.graph, nodes=_in_order_of_layers(typed.graph))
    held = _held(graph)
    layers = {layer.name: layer for layer in graph.layers}
    holders = common.identifiers(held, {"x", "outputs"})
    variables = common.variables(graph, holders.values())
    values = common.Values(typed, common.names(variables))
    comments = common.shapes(typed, show_shapes)
    body: list[Statement] = [
        Assign(variables[one.name], input_call(one), one.span) for one in graph.inputs
    ]
    first = common.draws_when_built(graph)
    if first:
        body += [
            Assign(holders[name], layer_call(layers[name]), layers[name].span) for name in held
        ]
    made = set(held) if first else set()
    for node in graph.nodes:
        layer = layers[node.layer]
        function: Expression = layer_call(layer) if not layer.is_op else Name("ops")
        if node.layer in held:
            if node.layer not in made:
                body.append(Assign(holders[node.layer], layer_call(layer), layer.span))
                made.add(node.layer)
            function = Name(holders[node.layer])
        call = common.apply(function, node, layer, values)
        body.append(Assign(variables[node.name], call, node.span, comments.get(node.name)))
    arguments = (common.inputs_of(graph, values.variables), common.result(graph.outputs, values))
    body.append(Return(Call(Name("keras.Model"), arguments, (common.named(graph),))))
    build = Function("build_model", (), tuple(body))
    return Module(common.docstring(graph, "Functional"), common.imports(graph), (build,))


def obstacles(typed: TypedGraph) -> list[Diagnostic]:
    """Report calls whose `training` is said: Keras gives every layer of such a model its own."""
    return in_order(
        Diagnostic(
            "HB308",
            "a Functional model hands its own `training` to every layer, "
            f"so that of `{node.name}` would be lost",
            node.span,
            (),
            "the style `subclassed` can express it",
        )
        for node in typed.graph.nodes
        if node.call is not None and node.call.training is not None
    )


def _held(graph: Graph) -> tuple[str, ...]:
    """Return the layers that need a variable: all where construction comes first, else the shared."""
    if common.draws_when_built(graph):
        return tuple(layer.name for layer in graph.layers if not layer.is_op)
    calls = [node.layer for node in graph.nodes]
    return tuple(layer.name for layer in graph.layers if calls.count(layer.name) > 1)


def _in_order_of_layers(graph: Graph) -> tuple[Node, ...]:
    """Order the calls so that layers come into being in the graph's order of layers.

    Keras runs a Functional model in an order of its own, so the order in which source
    calls the layers decides nothing but the order of construction.
    """
    nodes = {node.name: node for node in graph.nodes}
    ordered: dict[str, Node] = {}
    first: dict[str, Node] = {}
    for node in graph.nodes:
        first.setdefault(node.layer, node)
    todo = [first[layer.name] for layer in graph.layers] + list(graph.nodes)
    todo.reverse()
    while todo:
        node = todo.pop()
        waiting = [nodes[v.name] for v in node.parents if v.name in nodes and v.name not in ordered]
        if waiting:
            todo += [node, *waiting[::-1]]
        else:
            ordered.setdefault(node.name, node)
    return tuple(ordered.values())
