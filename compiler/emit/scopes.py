"""What the emitters with a `call` share: the names and values of one scope, and the uses of its blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

from ...specs.arithmetic import Binary, Formula, Literal
from ...specs.blocks import INDEX, Use
from ...specs.names import Names as KerasNames
from ..graph import Graph, Layer, Node, TensorType, TypedGraph, Value
from ..naming import RESERVED, attribute
from ..python import Call, Constant, Expression, Name, Subscript
from ..structure import Scope, Step, Structure, lifted, numbered, value_of
from . import common
from .values import NO_FORMULAS, Formulas, InexpressibleError, formula, layer_call

TURN = "_"
"""The loop variable where the number of the turn is of no use."""


@final
@dataclass(frozen=True)
class Plan:
    """A graph, its structure, and what was found out once for all of its scopes."""

    typed: TypedGraph
    structure: Structure
    show_shapes: bool = False

    @property
    def graph(self) -> Graph:
        """The graph without types."""
        return self.typed.graph

    @cached_property
    def layers(self) -> dict[str, Layer]:
        """The layers by name."""
        return {layer.name: layer for layer in self.graph.layers}

    @cached_property
    def several(self) -> frozenset[str]:
        """The nodes that have several outputs."""
        return frozenset(one.node.name for one in self.typed.nodes if one.states)

    @cached_property
    def types(self) -> dict[str, tuple[TensorType, ...]]:
        """The types of what inputs and nodes make, by their names."""
        found = {one.name: (one.type,) for one in self.graph.inputs}
        return found | {one.node.name: one.types for one in self.typed.nodes}

    def type_of(self, value: Value) -> TensorType:
        """Return the type of a value."""
        return self.types[value.name][value.index or 0]

    @cached_property
    def shapes(self) -> dict[str, str]:
        """The comment behind each node."""
        return common.shapes(self.typed, self.show_shapes)

    @cached_property
    def trees(self) -> dict[int, dict[str | int, Any]]:
        """What blocks compute of their parameters: for each flat item a tree of formulas by key."""
        found: dict[int, dict[str | int, Any]] = {}
        for path, one in self.graph.expansion.formulas.items():
            tree: Any = found.setdefault(int(path[1]), {})
            for key in path[2:-1]:
                tree = tree.setdefault(key, {})
            tree[path[-1]] = one
        return found

    def lifted(self, tree: Mapping[str | int, Any], number: int | None) -> dict[str | int, Any]:
        """Put formulas in terms of the scope that an item is written out in; drop what is constant there."""
        found: dict[str | int, Any] = {}
        for key, one in tree.items():
            if isinstance(one, Mapping):
                found[key] = self.lifted(one, number)
                continue
            own = lifted(one, number, self.graph.expansion, self.structure.inlined)
            if not isinstance(own, Literal):
                found[key] = own
        return found

    @cached_property
    def first(self) -> bool:
        """Whether construction must come before every call."""
        return common.draws_when_built(self.graph)

    @cached_property
    def functions(self) -> Mapping[str, str]:
        """The name of the function that each block becomes, which nothing inside another hides."""
        hidden = {name for one in self.structure.blocks for name in self.parameters(one).values()}
        taken = {*common.FUNCTIONS, *LOCAL, *hidden}
        return common.identifiers(self.graph.expansion.blocks, taken, "block")

    @cached_property
    def function_names(self) -> frozenset[str]:
        """The names of all those functions."""
        return frozenset(self.functions.values())

    def parameters(self, scope: Scope) -> dict[str, str]:
        """Return the parameters of a block in the order of its signature, each with its identifier."""
        if scope.block is None:
            return {}
        declared = scope.block.parameters
        ordered = [name for name, default in declared.items() if not isinstance(default, Literal)]
        ordered += [INDEX] if scope.indexed else []
        ordered += [name for name, default in declared.items() if isinstance(default, Literal)]
        taken = {*scope.block.inputs, *RESERVED_PARAMETERS}
        return common.identifiers(ordered, taken, "value")

    def signature(self, scope: Scope) -> Iterator[str]:
        """Yield the parameters of a block as they stand in a definition."""
        declared = scope.block.parameters if scope.block else {}
        for name, identifier in self.parameters(scope).items():
            default = declared.get(name)
            text = ""
            if isinstance(default, Literal):
                text = "=" + _flat(formula(default, {}))
            yield identifier + text

    @cached_property
    def trained_blocks(self) -> frozenset[str]:
        """The blocks in which something acts differently in training."""
        found: set[str] = set()
        for scope in self.structure.blocks:
            if scope.block is not None and self._trains(scope, found):
                found.add(scope.block.name)
        return frozenset(found)

    def trained(self, scope: Scope) -> bool:
        """Tell whether something in the model, or in a block, acts differently in training."""
        if scope.block is not None:
            return scope.block.name in self.trained_blocks
        return self._trains(scope, self.trained_blocks)

    def _trains(self, scope: Scope, blocks: Collection[str]) -> bool:
        return any(
            step.turns[0].block in blocks
            if step.node is None
            else trains(step.node, self.layers[step.node.layer])
            for step in scope.calls
        )


LOCAL = frozenset({"x", "inputs", "outputs", "index", "name", "turn"})
"""What the functions of blocks and of the model call their own."""
RESERVED_PARAMETERS = frozenset(
    {"x", "inputs", "outputs", "name", "kwargs", "training", "self", "block", "input_shape", "turn"}
)


def trains(node: Node, layer: Layer) -> bool:
    """Tell whether a call is handed the loop's `training`."""
    said = node.call is not None and "training" in node.call.model_fields_set
    return common.trains_differently(layer.spec) and not said and not layer.is_op


def _flat(value: Expression) -> str:
    from ..python import flat

    return flat(value)


@final
class Names:
    """The variables of one scope: what holds the result of each of its steps."""

    def __init__(
        self,
        plan: Plan,
        scope: Scope,
        calls: Iterable[Step],
        taken: Iterable[str],
        *,
        functions: bool = False,
    ) -> None:
        self.plan = plan
        self.scope = scope
        self.calls = tuple(calls)
        self.prefix = f"{scope.use.name}_" if scope.use is not None else ""
        self.by_node = {s.node.name: s for s in self.calls if s.node is not None}
        self.by_result = {
            text: (step, index)
            for step in self.calls
            if step.node is None
            for index, text in reversed([*enumerate(step.results)])
        }
        self.exact: dict[str, Expression] = {}
        self.used = {*taken, *RESERVED}
        # One set for the names of all blocks: a copy for each would be as large again.
        self.functions = plan.function_names if functions else frozenset()
        self.unnamed = KerasNames()
        self.variables: dict[int, str] = {}

    def __contains__(self, name: object) -> bool:
        """Tell whether a name means something here."""
        return name in self.used or name in self.functions

    def take(self, name: str, suffix: str) -> str:
        """Return an identifier of its own for a name."""
        found = attribute(name, self, suffix)
        self.used.add(found)
        return found

    def producer(self, value: Value) -> Step | None:
        """Return the step that makes a value; None for what comes from outside."""
        if str(value) in self.exact:
            return None
        step, _ = self.by_result.get(str(value), (None, 0))
        return step or self.by_node.get(value.name)

    def returned(self) -> tuple[Value, ...]:
        """Return what the scope returns."""
        use = self.scope.use
        if use is None:
            return self.plan.graph.outputs
        return tuple(value_of(text) for text in use.outputs)

    def name_steps(self, only: str | None) -> None:
        """Name the variables: `x` along a chain, an own name elsewhere, ``only`` for the one output."""
        place = {id(step): position for position, step in enumerate(self.calls)}
        users: dict[int, set[int]] = {}
        for position, step in enumerate(self.calls):
            for value in step.parents:
                source = self.producer(value)
                if source is not None:
                    users.setdefault(place[id(source)], set()).add(position)
        kept = {place[id(s)] for v in self.returned() if (s := self.producer(v)) is not None}
        own = [
            position
            for position in range(len(self.calls))
            if position in kept or users.get(position) != {position + 1}
        ]
        self.used |= {"x"}
        last = len(self.calls) - 1
        if own and own[-1] == last and self.calls[last].looped and self.scope.use is not None:
            own.pop()
        for position in own:
            self.variables[position] = self.take(self.base(self.calls[position]), "layer")
        outputs = self.returned()
        if only is not None and len(outputs) == 1 and outputs[0].index is None:
            made = self.producer(outputs[0])
            if made is not None:
                self.used.discard(self.variables[place[id(made)]])
                self.variables[place[id(made)]] = self.take(only, "layer")
        self.place = place

    def base(self, step: Step) -> str:
        """Return the name of a step within its scope."""
        if step.node is not None:
            if self.scope.use is not None and step.node.name == self.scope.use.name:
                return self.scope.use.block
            return step.node.name.removeprefix(self.prefix)
        use = step.turns[0]
        if step.looped or not use.local:
            return self.unnamed.next(use.block)
        return use.name.removeprefix(self.prefix)

    def variable(self, step: Step) -> str:
        """Return the variable that holds what a step makes."""
        return self.variables.get(self.place[id(step)], "x")

    def __call__(self, value: Value) -> Expression:
        """Return the expression of a value."""
        text = str(value)
        if text in self.exact:
            return self.exact[text]
        step = self.producer(value)
        if step is None:
            # A second output of a value from outside.
            return self.exact[value.name]
        variable = Name(self.variable(step))
        if step.node is not None:
            several = value.name in self.plan.several
            return Subscript(variable, value.index or 0) if several else variable
        if len(step.results) == 1:
            return variable
        return Subscript(variable, self.by_result[text][1])


def constructed(
    plan: Plan, scope: Scope, node: Node, name: str, named: Mapping[str, str] | None = None
) -> Call:
    """Return the call that constructs the layer of a node.

    ``name`` stands for the block's name, ``named`` gives what stands for its parameters.
    """
    layer = plan.layers[node.layer]
    index = int(node.path[1])
    if scope.use is None:
        return layer_call(layer, layer.name if layer.named else None)
    at = formulas(plan, scope, node)
    at = at if named is None else replace(at, named=named)
    if any(field in at.tree for field in ("trainable", "call", "inputs")):
        raise InexpressibleError(layer.name)
    if plan.graph.expansion.origins[index].local is None:
        return layer_call(layer, None, at)
    if layer.name == scope.use.name:
        return layer_call(layer, Name(name), at)
    rest = layer.name.removeprefix(f"{scope.use.name}_")
    return layer_call(layer, Name(f'f"{{{name}}}_{rest}"'), at)


def formulas(plan: Plan, scope: Scope, node: Node) -> Formulas:
    """Return what a block computes in the item behind a node."""
    if scope.use is None:
        return NO_FORMULAS
    index = int(node.path[1])
    number = plan.graph.expansion.origins[index].use
    tree = plan.lifted(plan.trees.get(index, {}), number)
    return Formulas(tree, plan.parameters(scope)).of_choice()


def turn_name(scope: Scope, step: Step, name: str, turn: str) -> Expression:
    """Return the expression of the name of an instance; ``turn`` is the loop variable."""
    own = f"{scope.use.name}_" if scope.use is not None else ""
    rests = [use.name.removeprefix(own) for use in step.turns]
    lead = f"{{{name}}}_" if scope.use is not None else ""
    if scope.use is not None and step.turns[0].name == scope.use.name:
        return Name(name)
    if not step.looped:
        return Name(f'f"{lead}{rests[0]}"') if lead else Constant(rests[0])
    head, _, tail = count_of(rests)
    return Name(f'f"{lead}{head}{{{turn}}}{tail}"')


def count_of(names: list[str]) -> tuple[str, int, str]:
    """Return the parts of names that count up.

    Raises:
        InexpressibleError: where they do not.
    """
    found = numbered(names)
    if found is None:
        raise InexpressibleError(names[0])
    return found


def turns(plan: Plan, scope: Scope, step: Step, named: Mapping[str, str]) -> tuple[str, Expression]:
    """Return the loop variable of a repeated use, and what it runs over."""
    inner = plan.structure.scope_of(step.turns[0])
    count = step.turns[0].turns_formula
    start: int | None = None
    if inner.named:
        own = f"{scope.use.name}_" if scope.use is not None else ""
        start = count_of([use.name.removeprefix(own) for use in step.turns])[1]
    if inner.indexed:
        if start not in (None, 1):
            raise InexpressibleError(step.turns[0].name)
        start = 1
    if start is None:
        return TURN, Call(Name("range"), (formula(count, named),))
    end = _plus(count, start)
    # The scope's own count is still asked for after the loop.
    variable = "turn" if scope.indexed else "index"
    return variable, Call(Name("range"), (Constant(start), formula(end, named)))


def _plus(count: Formula, number: int) -> Formula:
    """Add a number to a formula, and take what cancels out away."""
    match count:
        case Literal(value):
            return Literal(value + number)
        case Binary("-", left, Literal(value)) if isinstance(value, int):
            return _plus(left, number - value)
        case _ if number == 0:
            return count
        case _ if number < 0:
            return Binary("-", count, Literal(-number))
        case _:
            return Binary("+", count, Literal(number))


def arguments(
    plan: Plan, scope: Scope, step: Step, named: Mapping[str, str], name: str, turn: str
) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
    """Return the arguments of one use of a block: the first by position, the others by name.

    ``named`` gives what stands for the parameters of the scope, ``name`` for its name.
    """
    use: Use = step.turns[0]
    inner = plan.structure.scope_of(use)
    identifiers = plan.parameters(inner)
    declared = inner.block.parameters if inner.block else {}
    lead: list[Expression] = []
    keywords: list[tuple[str, Expression]] = []
    for parameter, identifier in identifiers.items():
        if parameter == INDEX:
            keywords.append((identifier, Name(turn) if step.looped else Constant(1)))
            continue
        given = use.formulas.get(parameter)
        default = declared[parameter]
        if given is None or given == default:
            continue
        value = formula(given, named)
        if not lead and not keywords and not isinstance(default, Literal):
            lead.append(value)
        else:
            keywords.append((identifier, value))
    if inner.named:
        keywords.append(("name", turn_name(scope, step, name, turn)))
    return tuple(lead), tuple(keywords)


__all__ = ["Names", "Plan", "arguments", "constructed", "trains", "turn_name", "turns"]
