"""Typed graph to a subclass of ``keras.Model``: layers in ``__init__``, wiring in ``call``.

A block is a subclass of ``keras.layers.Layer``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...specs.diagnostics import Diagnostic, SpecError, in_order
from ...specs.layers.fields import per_axis
from ...specs.registries import REGISTRIES
from ..graph import Graph, Node, TypedGraph, Value
from ..naming import class_name
from ..python import (
    Assign,
    Call,
    Class,
    Comprehension,
    Constant,
    Evaluate,
    Expression,
    For,
    Function,
    Items,
    Module,
    Name,
    Return,
    Statement,
    Subscript,
)
from ..structure import Scope, Step, Structure
from . import common
from .scopes import Names, Plan, arguments, constructed, formulas, trains, turns
from .values import InexpressibleError, expression, input_call

# fmt: off
MODEL_ATTRIBUTES = frozenset(
    {
        "activity_regularizer", "add_loss", "add_metric", "add_variable", "add_weight",
        "autocast", "build", "build_from_config", "built", "call", "call_signature_parameters",
        "compile", "compile_from_config", "compiled", "compiled_loss", "compiled_metrics",
        "compute_dtype", "compute_loss", "compute_mask", "compute_metrics",
        "compute_output_shape", "compute_output_spec", "count_params",
        "distribute_reduction_method", "distribute_strategy", "dtype", "dtype_policy",
        "evaluate", "export", "fit", "from_config", "get_build_config", "get_compile_config",
        "get_config", "get_layer", "get_metrics_result", "get_quantization_layer_structure",
        "get_state_tree", "get_weights", "history", "input", "input_dtype", "input_shape",
        "input_spec", "inputs", "jit_compile", "layers", "load_own_variables", "load_weights",
        "loss", "losses", "make_predict_function", "make_test_function", "make_train_function",
        "metrics", "metrics_names", "metrics_variables", "name", "non_trainable_variables",
        "non_trainable_weights", "optimizer", "output", "output_shape", "outputs", "path",
        "predict", "predict_function", "predict_on_batch", "predict_step",
        "quantization_mode", "quantize", "quantized_build", "quantized_call",
        "rematerialized_call", "reset_metrics", "run_eagerly", "save", "save_own_variables",
        "save_weights", "set_state_tree", "set_weights", "stateless_call",
        "stateless_compute_loss", "steps_per_execution", "stop_evaluating", "stop_predicting",
        "stop_training", "summary", "supports_jit", "supports_masking", "symbolic_call",
        "test_function", "test_on_batch", "test_step", "to_json", "train_function",
        "train_on_batch", "train_step", "trainable", "trainable_variables", "trainable_weights",
        "unrolled_steps_per_execution", "variable_dtype", "variables", "weights",
    }
)
# fmt: on
"""Attributes of ``keras.Model`` that a layer's attribute may not hide."""


JUMP_WITH_GAPS = ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
"""The convolutions that may have strides and a dilation at once."""

LAYER_STEMS = frozenset(REGISTRIES["layer"].items)
"""Names of Keras's classes: a class of that name would be counted with Keras's own."""


def emit(typed: TypedGraph, structure: Structure, *, show_shapes: bool = False) -> Module:
    """Return the module of a graph.

    Raises:
        SpecError: HB308 where TensorFlow would lose a size that layers are built by.
        InexpressibleError: where a block cannot be written as a class.
    """
    problems = obstacles(typed)
    if problems:
        raise SpecError(problems)
    plan = Plan(typed, structure, show_shapes)
    graph = typed.graph
    classes = _class_names(plan)
    name = class_name(graph.name)
    blocks = tuple(_Body(plan, scope, classes).block() for scope in structure.blocks)
    return Module(
        common.docstring(graph, "Subclassed"),
        common.imports(graph),
        (*blocks, _Body(plan, structure.model, classes).model(name), _build(graph, name)),
    )


def obstacles(typed: TypedGraph) -> list[Diagnostic]:
    """Report convolutions a channel that both jump and have gaps.

    TensorFlow 2.21 computes them, but forgets the sizes of what comes out where it traces a call;
    Keras builds the layers of a Subclassed model by such a trace.
    """
    return in_order(
        Diagnostic(
            "HB308",
            f"`{layer.name}` has `strides` and `dilation_rate` above 1: TensorFlow forgets the sizes "
            "of what it makes, by which a Subclassed model would be built",
            layer.span,
            (),
            "set one of the two to 1, or choose another style",
        )
        for layer in typed.graph.layers
        for one in common.nested(layer.spec)
        if _jumps_with_gaps(one)
    )


def _jumps_with_gaps(layer: Any) -> bool:
    return (
        type(layer).__name__ in JUMP_WITH_GAPS
        and max(per_axis(layer.strides, 1)) > 1
        and max(per_axis(layer.dilation_rate, 1)) > 1
    )


def _class_names(plan: Plan) -> dict[str, str]:
    """Name the class of each block, unlike any of Keras's and unlike the model's."""
    taken = {class_name(plan.graph.name), *LAYER_STEMS}
    found: dict[str, str] = {}
    for scope in plan.structure.blocks:
        if scope.block is not None:
            name = class_name(scope.block.name)
            while name in taken:
                name += "Block"
            taken.add(name)
            found[scope.block.name] = name
    return found


class _Body:
    """A class: the model's, or a block's."""

    def __init__(self, plan: Plan, scope: Scope, classes: dict[str, str]) -> None:
        self.plan = plan
        self.scope = scope
        self.classes = classes
        self.parameters = plan.parameters(scope)
        # Where layers draw when they are built, a block makes its layers when it is first called, as
        # a function does, so that both draw in one order.
        self.late = plan.first and scope.use is not None
        self.trained = plan.trained(scope)
        self.attributes = self.held()
        self.holders = {
            step.node.layer: self.attributes[step.item]
            for step in scope.layers
            if step.node is not None and step.item in self.attributes
        }

    def held(self) -> dict[tuple[int, ...], str]:
        """Name the attribute of each layer and of each use of a block, by the item's position."""
        names = Names(self.plan, self.scope, self.scope.calls, ())
        names.used |= MODEL_ATTRIBUTES
        if self.late:
            self.parameters = {
                name: names.take(one, "value") for name, one in self.parameters.items()
            }
        return {
            step.item: names.take(names.base(step), "layer")
            for step in self.scope.layers
            if step.node is None or not self.plan.layers[step.node.layer].is_op
        }

    # Construction

    def constructions(self, named: dict[str, str], name: str) -> list[Statement]:
        """Write the attributes; ``named`` gives what stands for the parameters, ``name`` for the name."""
        found: list[Statement] = []
        for step in self.scope.layers:
            if step.item not in self.attributes:
                continue
            target = f"self.{self.attributes[step.item]}"
            if step.node is not None:
                span = self.plan.layers[step.node.layer].span
                value: Expression = constructed(self.plan, self.scope, step.node, name, named)
            else:
                span = step.turns[0].span
                value = self.instances(step, named, name)
            found.append(Assign(target, value, span))
            if step.node is not None:
                found += self.built(step.node, target)
        return found

    def built(self, node: Node, target: str) -> list[Statement]:
        """Build a layer that makes tensors when it is built: they may not belong to the graph of a call."""
        spec = self.plan.layers[node.layer].spec
        if type(spec).__name__ != "Normalization" or getattr(spec, "mean", None) is None:
            return []
        if self.scope.use is not None:
            raise InexpressibleError(node.layer)
        shape = expression(self.plan.type_of(node.inputs[0]).shape)
        call = Call(Name(f"{target}.build"), (shape,))
        return [Evaluate(call, node.span)]

    def instances(self, step: Step, named: dict[str, str], name: str) -> Expression:
        """Return the construction of a block, or of a list of them."""
        turn, over = turns(self.plan, self.scope, step, named) if step.looped else ("", None)
        lead, keywords = arguments(self.plan, self.scope, step, named, name, turn)
        made = Call(Name(self.classes[step.turns[0].block]), lead, keywords)
        return made if over is None else Comprehension(made, turn, over)

    def block(self) -> Class:
        block = self.scope.block
        assert block is not None
        signature = ("self", *self.plan.signature(self.scope))
        lead = (("name=None",) if self.scope.named else ()) + ("**kwargs",)
        call = "name=name, **kwargs" if self.scope.named else "**kwargs"
        begin: list[Statement] = [Evaluate(Name(f"super().__init__({call})"))]
        methods: tuple[Function, ...]
        if self.late:
            plain = self.plan.parameters(self.scope)
            begin += [
                Assign(f"self.{own}", Name(plain[name])) for name, own in self.parameters.items()
            ]
            own = {name: f"self.{one}" for name, one in self.parameters.items()}
            shapes = (
                ("input_shape",)
                if len(block.inputs) == 1
                else tuple(f"{name}_shape" for name in self.inputs())
            )
            methods = (
                Function("__init__", (*signature, *lead), tuple(begin)),
                Function("build", ("self", *shapes), tuple(self.constructions(own, "self.name"))),
            )
        else:
            begin += self.constructions(self.parameters, "name")
            methods = (Function("__init__", (*signature, *lead), tuple(begin)),)
        return Class(
            self.classes[block.name],
            "keras.layers.Layer",
            (*methods, self.call()),
            docstring=f"The block `{block.name}`.",
        )

    def model(self, name: str) -> Class:
        begin: list[Statement] = [Evaluate(Name("super().__init__(**kwargs)"))]
        begin += self.constructions({}, "")
        return Class(
            name,
            "keras.Model",
            (Function("__init__", ("self", "**kwargs"), tuple(begin)), self.call()),
            Call(
                Name("keras.saving.register_keras_serializable"),
                (),
                (("package", Constant("hornbook")),),
            ),
        )

    # Calls

    def inputs(self) -> list[str]:
        """Return the parameters of `call` that hold what a block takes."""
        block = self.scope.block
        assert block is not None
        if len(block.inputs) == 1:
            return ["inputs"]
        names = Names(self.plan, self.scope, (), {"training", "x", "block"})
        return [names.take(name, "value") for name in block.inputs]

    def call(self) -> Function:
        graph, use = self.plan.graph, self.scope.use
        names = Names(self.plan, self.scope, self.scope.calls, {"inputs", "training", "block"})
        if use is not None:
            taken = self.inputs()
            names.used |= set(taken)
            names.exact |= {text: Name(v) for text, v in zip(use.operands, taken, strict=True)}
        elif len(graph.inputs) == 1:
            taken = ["inputs"]
            names.exact[graph.inputs[0].name] = Name("inputs")
        else:
            taken = ["inputs"]
            names.exact |= {one.name: Subscript(Name("inputs"), one.name) for one in graph.inputs}
        names.name_steps("outputs" if use is None else None)
        returned = names.returned()
        body: list[Statement] = []
        for position, step in enumerate(self.scope.calls):
            value = self.called(step, names)
            span = step.node.span if step.node is not None else step.turns[0].span
            comment = None
            if step.node is not None and use is None:
                comment = self.plan.shapes.get(step.node.name)
            variable = names.variable(step)
            last = position == len(self.scope.calls) - 1
            if step.looped:
                body += self.loop(step, names, variable)
            elif last and len(returned) == 1 and names(returned[0]) == Name(variable):
                body.append(Return(value, span, comment))
            else:
                body.append(Assign(variable, value, span, comment))
        if not (body and isinstance(body[-1], Return)):
            body.append(Return(self.result(returned, names)))
        training = ("training=None",) if self.trained else ()
        return Function("call", ("self", *taken, *training), tuple(body))

    def result(self, returned: tuple[Value, ...], names: Names) -> Expression:
        if self.scope.use is None:
            return common.result(returned, names)
        values = tuple(names(value) for value in returned)
        return values[0] if len(values) == 1 else Items(values, "()")

    def called(self, step: Step, names: Names) -> Expression:
        """Return the call of a layer, a function or a block."""
        training: tuple[tuple[str, Expression], ...] = (("training", Name("training")),)
        if step.node is None:
            inner = self.plan.structure.scope_of(step.turns[0])
            inputs = tuple(names(value) for value in step.parents)
            keywords = training if self.plan.trained(inner) else ()
            return Call(Name(f"self.{self.attributes[step.item]}"), inputs, keywords)
        layer = self.plan.layers[step.node.layer]
        holder = Name("ops" if layer.is_op else f"self.{self.holders[layer.name]}")
        at = formulas(self.plan, self.scope, step.node)
        if at.tree and self.late:
            at = replace(at, named={n: f"self.{one}" for n, one in self.parameters.items()})
        elif at.tree and layer.is_op:
            raise InexpressibleError(layer.name)
        call: Expression = common.apply(holder, step.node, layer, names, at)
        if isinstance(call, Call) and trains(step.node, layer):
            call = replace(call, keywords=(*call.keywords, *training))
        return call

    def loop(self, step: Step, names: Names, variable: str) -> list[Statement]:
        """Write the calls of a repeated block, one after the other."""
        span = step.turns[0].span
        found: list[Statement] = []
        first = names(step.parents[0])
        if first != Name(variable):
            found.append(Assign(variable, first, span))
        inner = self.plan.structure.scope_of(step.turns[0])
        keywords: tuple[tuple[str, Expression], ...] = ()
        if self.plan.trained(inner):
            keywords = (("training", Name("training")),)
        call = Call(Name("block"), (Name(variable),), keywords)
        over = Name(f"self.{self.attributes[step.item]}")
        return [*found, For("block", over, (Assign(variable, call, span),), span)]


def _build(graph: Graph, name: str) -> Function:
    """Call the model once on symbolic inputs, which is what makes its weights."""
    inputs: dict[str, Expression] = {one.name: input_call(one) for one in graph.inputs}
    body = (
        Assign("model", Call(Name(name), (), (common.named(graph),))),
        Evaluate(
            Call(Name("model"), (common.inputs_of(graph, inputs),)), comment="makes the weights"
        ),
        Return(Name("model")),
    )
    return Function("build_model", (), body)
