"""Typed graph to a Functional model: layers called on symbolic tensors, blocks as functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...specs.diagnostics import Diagnostic, SpecError, in_order
from ..graph import TypedGraph, Value
from ..python import Assign, Call, Expression, For, Function, Items, Module, Name, Return, Statement
from ..structure import Scope, Step, Structure
from . import common
from .scopes import Names, Plan, arguments, constructed, formulas, turns
from .values import Formulas, input_call


def emit(typed: TypedGraph, structure: Structure, *, show_shapes: bool = False) -> Module:
    """Return the module of a graph.

    Raises:
        SpecError: HB308 where Keras would overrule an argument of a call.
        InexpressibleError: where a block cannot be written as a function.
    """
    problems = obstacles(typed)
    if problems:
        raise SpecError(problems)
    plan = Plan(typed, structure, show_shapes)
    blocks = tuple(_Body(plan, scope).function() for scope in structure.blocks)
    build = _Body(plan, structure.model).model()
    graph = typed.graph
    return Module(common.docstring(graph, "Functional"), common.imports(graph), (*blocks, build))


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


class _Body:
    """The body of one function: the model's, or a block's."""

    def __init__(self, plan: Plan, scope: Scope) -> None:
        self.plan = plan
        self.scope = scope
        self.calls = _in_order_of_layers(scope)
        self.parameters = plan.parameters(scope)
        own = {*self.parameters.values(), "index", "turn"}
        own |= {"name"} if scope.use is not None else set()
        self.names = Names(plan, scope, self.calls, own, functions=True)
        self.held = self.holders()
        self.made: set[str] = set()
        self.body: list[Statement] = []

    def holders(self) -> dict[str, str]:
        """Name the layers that need a variable: all where construction comes first, else the shared."""
        calls = Counter(step.node.layer for step in self.calls if step.node is not None)
        layers = [
            step.node.layer
            for step in self.scope.layers
            if step.node is not None and not self.plan.layers[step.node.layer].is_op
        ]
        found = [name for name in layers if self.plan.first or calls[name] > 1]
        self.names.used |= {"x", "outputs", "inputs"}
        return {
            name: self.names.take(name.removeprefix(self.names.prefix), "layer") for name in found
        }

    def model(self) -> Function:
        graph = self.plan.graph
        for one in graph.inputs:
            variable = self.names.take(one.name, "input")
            self.names.exact[one.name] = Name(variable)
            self.body.append(Assign(variable, input_call(one), one.span))
        self.names.used.discard("outputs")
        self.names.name_steps("outputs")
        self.steps(None)
        made = (
            common.inputs_of(
                graph, {one.name: self.names(Value(one.name)) for one in graph.inputs}
            ),
            common.result(graph.outputs, self.names),
        )
        self.body.append(Return(Call(Name("keras.Model"), made, (common.named(graph),))))
        return Function("build_model", (), tuple(self.body))

    def function(self) -> Function:
        block, use = self.scope.block, self.scope.use
        assert block is not None
        assert use is not None
        self.names.used -= {"inputs", "outputs"}
        wanted = ["inputs"] if len(block.inputs) == 1 else list(block.inputs)
        taken = [self.names.take(name, "value") for name in wanted]
        self.names.exact |= {text: Name(v) for text, v in zip(use.operands, taken, strict=True)}
        self.names.name_steps(None)
        self.steps(self.names.returned())
        signature = (*taken, *self.plan.signature(self.scope), *_name(self.scope))
        name = self.plan.functions[block.name]
        return Function(name, signature, tuple(self.body), f"The block `{block.name}`.")

    def steps(self, returned: Sequence[Value] | None) -> None:
        """Write the steps; a block ends with what it returns."""
        if self.plan.first:
            for step in self.scope.layers:
                self.hold(step)
        for position, step in enumerate(self.calls):
            last = position == len(self.calls) - 1
            ends = last and returned is not None and self.only(step, returned)
            self.step(step, ends)
        if returned is not None and not (self.body and isinstance(self.body[-1], Return)):
            values = tuple(self.names(value) for value in returned)
            self.body.append(Return(values[0] if len(values) == 1 else Items(values, "()")))

    def only(self, step: Step, returned: Sequence[Value]) -> bool:
        """Tell whether what a step makes is all that is returned, whole."""
        if len(returned) != 1 or self.names.producer(returned[0]) is not step:
            return False
        return self.names(returned[0]) == Name(self.names.variable(step)) and not step.looped

    def hold(self, step: Step) -> None:
        """Construct a layer that is held in a variable."""
        if step.node is None or step.node.layer in self.made or step.node.layer not in self.held:
            return
        layer = self.plan.layers[step.node.layer]
        self.made.add(layer.name)
        self.body.append(
            Assign(
                self.held[layer.name],
                constructed(self.plan, self.scope, step.node, "name"),
                layer.span,
            )
        )

    def step(self, step: Step, ends: bool) -> None:
        if step.node is None:
            self.use(step, ends)
            return
        self.hold(step)
        layer = self.plan.layers[step.node.layer]
        function: Expression = Name("ops")
        if layer.name in self.held:
            function = Name(self.held[layer.name])
        elif not layer.is_op:
            function = constructed(self.plan, self.scope, step.node, "name")
        call = common.apply(function, step.node, layer, self.names, self.formulas(step))
        comment = self.plan.shapes.get(step.node.name) if self.scope.use is None else None
        self.write(step, call, ends, comment)

    def formulas(self, step: Step) -> Formulas:
        assert step.node is not None
        return formulas(self.plan, self.scope, step.node)

    def write(self, step: Step, value: Expression, ends: bool, comment: str | None) -> None:
        span = step.node.span if step.node is not None else step.turns[0].span
        if ends:
            self.body.append(Return(value, span, comment))
        else:
            self.body.append(Assign(self.names.variable(step), value, span, comment))

    def use(self, step: Step, ends: bool) -> None:
        """Write one use of a block, or the loop of a repeated one."""
        block = step.turns[0].block
        function = Name(self.plan.functions[block])
        inputs = tuple(self.names(value) for value in step.parents)
        if not step.looped:
            lead, keywords = arguments(self.plan, self.scope, step, self.parameters, "name", "")
            self.write(step, Call(function, (*inputs, *lead), keywords), ends, None)
            return
        turn, over = turns(self.plan, self.scope, step, self.parameters)
        variable = self.names.variable(step)
        span = step.turns[0].span
        if inputs != (Name(variable),):
            self.body.append(Assign(variable, inputs[0], span))
        lead, keywords = arguments(self.plan, self.scope, step, self.parameters, "name", turn)
        call = Call(function, (Name(variable), *lead), keywords)
        self.body.append(For(turn, over, (Assign(variable, call, span),), span))


def _name(scope: Scope) -> tuple[str, ...]:
    return ("name=None",) if scope.named else ()


def _in_order_of_layers(scope: Scope) -> tuple[Step, ...]:
    """Order the calls so that layers come into being in the scope's order of layers.

    Keras runs a Functional model in an order of its own, so the order in which source
    calls the layers decides nothing but the order of construction.
    """
    by_node = {step.node.name: step for step in scope.calls if step.node is not None}
    by_result = {text: step for step in scope.calls if step.node is None for text in step.results}
    ordered: dict[int, Step] = {}
    first = {id(step): step for step in scope.layers}
    todo = [*first.values(), *scope.calls]
    todo.reverse()
    while todo:
        step = todo.pop()
        made = (by_result.get(str(v)) or by_node.get(v.name) for v in step.parents)
        waiting = [one for one in made if one is not None and id(one) not in ordered]
        if waiting:
            todo += [step, *waiting[::-1]]
        else:
            ordered.setdefault(id(step), step)
    return tuple(ordered.values())
