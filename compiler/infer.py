"""Graph to typed graph: a type for every value, exact weights for every layer.

Each node's rule is applied to the types of its inputs. A rule that refuses becomes a
diagnostic with two guilty places, the layer that cannot take the shape and the one that
made it, and the trail of shapes that leads there.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..specs.base import LayerSpec, NodeSpec, OpSpec
from ..specs.diagnostics import Diagnostic, Note, Span, SpecError, in_order
from ..specs.yaml import Document
from .graph import (
    Graph,
    Inference,
    Literal,
    Node,
    Shape,
    TensorType,
    TypedGraph,
    TypedNode,
    Value,
    Weight,
)
from .masking import check_mask, mask_after
from .shapes import infer as apply_rule
from .shapes.rule import RuleError

MAX_PARAMS = 1_000_000_000
"""Default budget of parameters: with Adam's two moments and gradients, 16 GB of float32."""

MAX_ACTIVATIONS = 64 * 2**30
"""Budget of the bytes that one batch's activations take in the forward pass."""

LONGEST_TRAIL = 8


def infer(graph: Graph, document: Document) -> TypedGraph:
    """Type a graph.

    Raises:
        SpecError: HB4xx, for every node that cannot take its inputs while they can be typed.
    """
    return _Inference(graph, document).run()


class _Inference:
    def __init__(self, graph: Graph, document: Document) -> None:
        self.graph = graph
        self.document = document
        self.layers = {layer.name: layer for layer in graph.layers}
        self.nodes = {node.name: node for node in graph.nodes}
        self.inputs = {one.name: one for one in graph.inputs}
        self.types: dict[str, TensorType] = {one.name: one.type for one in graph.inputs}
        self.outputs: dict[str, tuple[TensorType, ...]] = {}
        self.weights: dict[str, tuple[Weight, ...]] = {}
        self.masks: dict[str, Shape | None] = {}
        self.makers = {name: name for name in self.inputs}
        self.beginnings: dict[str, tuple[str, ...]] = {name: (name,) for name in self.inputs}
        self.problems: list[Diagnostic] = []

    def run(self) -> TypedGraph:
        typed = [one for node in self.graph.nodes if (one := self.node(node)) is not None]
        for position, value in enumerate(self.graph.outputs):
            self.output(position, value)
        if self.problems:
            raise SpecError(in_order(self.problems))
        return TypedGraph(self.graph, tuple(typed))

    def node(self, node: Node) -> TypedNode | None:
        """Apply the rule, unless a guilty node above has left an input without a type."""
        if not all(value.name in self.types for value in node.parents):
            return None
        layer = self.layers[node.layer]
        try:
            types = tuple(
                one.type if isinstance(one, Literal) else self.type_of(one, position)
                for position, one in enumerate(node.operands)
            )
            spec = self.as_called(node, layer.spec)
            found = apply_rule(spec, types)
            if isinstance(spec, LayerSpec) and node.arguments:
                from .shapes.calls import check_call

                check_call(spec, types, self.types_of(node))
            if isinstance(spec, OpSpec) and len(node.inputs) < len(node.operands):
                from .shapes.literals import check_literals

                check_literals(
                    spec,
                    tuple(
                        one if isinstance(one, Literal) else type_
                        for one, type_ in zip(node.operands, types, strict=True)
                    ),
                )
            self.consistent(node, layer.spec, found)
            masks = [self.masks.get(one.name) for one in node.inputs]
            check_mask(spec, types[0], found.output, masks[0], dict(node.arguments))
            self.masks[node.name] = mask_after(spec, types, masks)
        except RuleError as error:
            self.problems.append(self.diagnostic(node, error))
            return None
        self.types[node.name] = found.output
        self.descend(node)
        self.outputs[node.name] = (found.output, *found.states)
        first = self.weights.setdefault(layer.name, found.weights)
        return TypedNode(node, layer, found.output, first, found.flops, found.states)

    def descend(self, node: Node) -> None:
        """Note what leads to a value: the node that made its shape, and the first two of its trail."""
        above = node.inputs[0].name
        kept = len(node.inputs) == 1 and self.types[above].shape == self.types[node.name].shape
        self.makers[node.name] = self.makers[above] if kept else node.name
        self.beginnings[node.name] = (*self.beginnings[above], node.name)[:2]

    def types_of(self, node: Node) -> dict[str, tuple[TensorType | None, ...]]:
        """Return the types of the values among the arguments of a call."""
        return {
            field: tuple(
                None if one is None else self.type_of(one, 0)
                for one in (given if isinstance(given, tuple) else (given,))
            )
            for field, given in node.arguments
        }

    def output(self, position: int, value: Value) -> None:
        """Hold the number of an output against the node that makes it."""
        if value.name not in self.types:
            return
        try:
            self.type_of(value, 0)
        except RuleError as error:
            path = ("outputs", position)
            span = self.document.span(path if path in self.document.places else ("outputs",))
            self.problems.append(Diagnostic(error.code, error.message, span, (), error.help))

    def as_called(self, node: Node, spec: NodeSpec) -> NodeSpec:
        """Return a layer with the arguments of this call, which may be a further one."""
        if not isinstance(spec, LayerSpec) or spec.call == node.call:
            return spec
        return spec.model_copy(update={"call": node.call})

    def type_of(self, value: Value, position: int) -> TensorType:
        """Return the type of a value; raise HB301 where its node has no such output."""
        types = self.outputs.get(value.name, (self.types[value.name],))
        if value.index is not None and value.index >= len(types):
            have = f"{len(types)} outputs" if len(types) > 1 else "one output"
            raise RuleError(
                "HB301",
                f"`{value.name}` has {have}, so there is no `{value}`",
                field="inputs",
                help=f"`{value.name}.0` to `{value.name}.{len(types) - 1}` are its outputs"
                if len(types) > 1
                else f"write `{value.name}`",
                input=position,
            )
        return types[value.index or 0]

    def consistent(self, node: Node, spec: NodeSpec, found: Inference) -> None:
        """Refuse a second call whose input would need other weights than the first."""
        first = self.weights.get(node.layer)
        if first is not None and first != found.weights:
            shapes = ", ".join(f"{weight.name} {weight.shape}" for weight in first)
            raise RuleError(
                "HB404",
                f"`{node.layer}` is applied once more, but its weights ({shapes}) were made for another shape",
                help=f"give this input a `{type(spec).__name__}` of its own",
            )

    def diagnostic(self, node: Node, error: RuleError) -> Diagnostic:
        names = [value.name for value in node.inputs]
        operand = node.operands[min(error.input or 0, len(node.operands) - 1)]
        guilty = operand.name if isinstance(operand, Value) else names[0]
        # Of shapes that do not fit each other, each may be the wrong one.
        alone = error.input is not None and error.code != "HB403"
        notes = [self.maker(name) for name in dict.fromkeys([guilty] if alone else names)]
        if node.name != node.layer:
            notes.append(Note(f"`{node.layer}` is made here", self.layers[node.layer].span))
        notes.append(Note("shapes on the way: " + self.trail(guilty, node)))
        help = error.help or self.remedy(node, guilty, error.code)
        return Diagnostic(error.code, error.message, self.place(node, error), tuple(notes), help)

    def remedy(self, node: Node, above: str, code: str) -> str | None:
        """Say what to change where the layer above is known for taking an axis away."""
        made = self.nodes.get(above)
        if made is None:
            return None
        spec = self.layers[made.layer].spec
        if type(spec).__name__ == "Flatten" and code == "HB406":
            return f"give the input known sizes, or put a global pooling in place of `{above}`"
        if code != "HB401":
            return None
        if type(spec).__name__ == "Flatten":
            return f"move `{above}` below `{node.name}`"
        if not getattr(spec, "return_sequences", True):
            return f"give `{above}` `return_sequences: true`: it returns its last step alone"
        return None

    def place(self, node: Node, error: RuleError) -> Span:
        field = error.field
        operand = (*node.path, "inputs", error.input or 0)
        if field == "inputs" and operand in self.document.places:
            return self.document.span(operand)
        owner = self.nodes[node.layer].path if node.layer in self.nodes else node.path
        if field is not None and (*owner, field) in self.document.places:
            return self.document.span((*owner, field))
        return node.span

    def maker(self, name: str) -> Note:
        """Find the layer that gave a value its shape, past those that only hand it on."""
        name = self.makers[name]
        if name in self.nodes:
            return Note(f"`{name}` makes {self.types[name]}", self.nodes[name].span)
        return Note(f"the input `{name}` is {self.types[name]}", self.inputs[name].span)

    def trail(self, name: str, node: Node) -> str:
        beginning, way = self.beginnings[name], [name]
        while way[-1] in self.nodes and len(way) < LONGEST_TRAIL:
            way.append(self.nodes[way[-1]].inputs[0].name)
        way.reverse()
        steps = [f"`{one}` {self.types[one]}" for one in way]
        if len(steps) == LONGEST_TRAIL:
            first = [f"`{one}` {self.types[one]}" for one in beginning]
            steps = [*first, "...", *steps[4 - LONGEST_TRAIL :]]
        return " -> ".join([*steps, f"`{node.name}`"])


def count(graph: TypedGraph) -> tuple[int, int]:
    """Return the exact numbers of trainable and of all parameters; a shared layer counts once."""
    layers = {one.layer.name: one.weights for one in graph.nodes}
    weights = [weight for weights in layers.values() for weight in weights]
    return sum(w.size for w in weights if w.trainable), sum(w.size for w in weights)


BYTES = {"float32": 4, "float16": 2, "int32": 4, "int64": 8, "uint8": 1, "bool": 1}


def activation_bytes(one: TypedNode) -> int | None:
    """Return the bytes of a node's output for one example, or None where a size is unknown."""
    total = BYTES.get(one.type.dtype, 4)
    for size in one.type.shape[1:]:
        if size is None:
            return None
        total *= size
    return total


def budget(graph: TypedGraph, batch_size: int, max_params: int = MAX_PARAMS) -> list[Diagnostic]:
    """Refuse a model that would not fit, before anything is allocated (HB407, HB408)."""
    problems = []
    _, total = count(graph)
    if total > max_params:
        largest = max(graph.nodes, key=lambda one: sum(w.size for w in one.weights))
        size = sum(w.size for w in largest.weights)
        problems.append(
            Diagnostic(
                "HB407",
                f"the model has {total:,} parameters; the budget is {max_params:,}",
                largest.layer.span,
                (
                    Note(f"`{largest.layer.name}` alone has {size:,}: " + shapes_of(largest)),
                    *_made(graph, largest),
                ),
                "make the layer or its input smaller, or raise the budget with `--max-params`",
            )
        )
    bytes_each = {one.node.name: activation_bytes(one) or 0 for one in graph.nodes}
    needed = sum(bytes_each.values()) * batch_size
    if needed > MAX_ACTIVATIONS:
        largest = max(graph.nodes, key=lambda one: bytes_each[one.node.name])
        problems.append(
            Diagnostic(
                "HB408",
                f"the activations of one batch of {batch_size} take {needed:,} bytes; "
                f"the budget is {MAX_ACTIVATIONS:,}",
                largest.node.span,
                (Note(f"`{largest.node.name}` makes {largest.type} for each example"),),
                "reduce `batch_size`, or shrink the tensors earlier",
            )
        )
    return problems


def shapes_of(one: TypedNode) -> str:
    """List the weights of a layer with their shapes."""
    return ", ".join(f"`{w.name}` {w.shape}" for w in one.weights)


def _made(graph: TypedGraph, one: TypedNode) -> tuple[Note, ...]:
    types: Mapping[str, TensorType] = {n.node.name: n.type for n in graph.nodes} | {
        i.name: i.type for i in graph.graph.inputs
    }
    name = one.node.inputs[0].name
    return (Note(f"it takes `{name}`, {types[name]}"),)
