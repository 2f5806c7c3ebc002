"""Typed graph to a subclass of ``keras.Model``: layers in ``__init__``, wiring in ``call``."""

from __future__ import annotations

from dataclasses import replace

from ..graph import Graph, TypedGraph, Value
from ..naming import class_name
from ..python import (
    Assign,
    Call,
    Class,
    Constant,
    Evaluate,
    Expression,
    Function,
    Module,
    Name,
    Return,
    Statement,
    Subscript,
)
from . import common
from .values import input_call, layer_call

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


def emit(typed: TypedGraph, *, show_shapes: bool = False) -> Module:
    """Return the module of any graph."""
    graph = typed.graph
    attributes = common.identifiers(
        (layer.name for layer in graph.layers if not layer.is_op), MODEL_ATTRIBUTES
    )
    name = class_name(graph.name)
    model = Class(
        name,
        "keras.Model",
        (_init(graph, attributes), _call(typed, attributes, show_shapes)),
        Call(
            Name("keras.saving.register_keras_serializable"),
            (),
            (("package", Constant("hornbook")),),
        ),
    )
    return Module(
        common.docstring(graph, "Subclassed"), common.imports(graph), (model, _build(graph, name))
    )


def _init(graph: Graph, attributes: dict[str, str]) -> Function:
    body: list[Statement] = [Evaluate(Name("super().__init__(**kwargs)"))]
    body += [
        Assign(f"self.{attributes[layer.name]}", layer_call(layer), layer.span)
        for layer in graph.layers
        if not layer.is_op
    ]
    return Function("__init__", ("self", "**kwargs"), tuple(body))


def _call(typed: TypedGraph, attributes: dict[str, str], show_shapes: bool) -> Function:
    graph = typed.graph
    layers = {layer.name: layer for layer in graph.layers}
    variables = common.variables(graph, {"inputs", "training"})
    named = common.names(variables)
    if len(graph.inputs) == 1:
        named[graph.inputs[0].name] = Name("inputs")
    else:
        named |= {one.name: Subscript(Name("inputs"), one.name) for one in graph.inputs}
    values = common.Values(typed, named)
    comments = common.shapes(typed, show_shapes)
    body: list[Statement] = []
    several = typed.nodes[-1].states
    trained = False
    for node in graph.nodes:
        layer = layers[node.layer]
        holder = Name("ops" if layer.is_op else f"self.{attributes[layer.name]}")
        call: Expression = common.apply(holder, node, layer, values)
        said = node.call is not None and "training" in node.call.model_fields_set
        if isinstance(call, Call) and common.trains_differently(layer.spec) and not said:
            trained = True
            call = replace(call, keywords=(*call.keywords, ("training", Name("training"))))
        comment = comments.get(node.name)
        if graph.outputs == (Value(node.name),) and node is graph.nodes[-1] and not several:
            body.append(Return(call, node.span, comment))
        else:
            body.append(Assign(variables[node.name], call, node.span, comment))
    if not isinstance(body[-1], Return):
        body.append(Return(common.result(graph.outputs, values)))
    parameters = ("self", "inputs", "training=None") if trained else ("self", "inputs")
    return Function("call", parameters, tuple(body))


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
