"""What XLA can compile, and where that was measured to help.

``python -m benchmarks --only 'option-*'`` measures it, and docs/performance.md holds the table.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ..specs.base import NodeSpec
from ..specs.diagnostics import Diagnostic, Note
from ..specs.load import Spec
from ..specs.model import TrainSpec
from ..specs.names import keras_name
from .graph import Layer, TypedGraph
from .infer import count

OBSTACLES: Final = frozenset(
    {
        "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization",
        "RandomCrop", "RandomPerspective", "RandomRotation", "RandomShear", "RandomTranslation",
        "RandomZoom",
    }
)  # fmt: skip
"""Layers that Keras says XLA cannot compile: they look up texts or move pictures."""

HELPED: Final = frozenset({"Activation", "Dense", "Flatten", "ReLU", "Reshape"})
"""Layers of nets that run faster under XLA on a CPU. Batch normalization and dropout made one slower."""

UPDATES_HELPED: Final = frozenset({"Adam", "AdamW"})
"""Optimizers whose update alone XLA makes faster: Keras has some thirty operations for each variable."""

FEWEST: Final = 4_000_000
"""The least of trained parameters with which it does: a net of 330,000 became slower, one of 1,900,000 no faster."""

Share: TypeAlias = Literal["off", "for the optimizer", "on"]
"""What XLA compiles of a training: nothing, the update of the weights, or whole steps."""

WIDEST: Final = 1024
"""The most units of a Dense layer with which it was measured."""


def half_outputs(typed: TypedGraph) -> list[Diagnostic]:
    """Return the outputs that a mixed precision would leave in half precision: HB511."""
    graph = typed.graph
    if graph.precision == "float32":
        return []
    heads = {str(value) for value in graph.outputs}
    return [
        Diagnostic(
            "HB511",
            f"in `{graph.precision}` the output `{one.node.name}` would be in half precision",
            one.node.span,
            (Note(f"`{kind(one.layer)}` cannot be told to compute in float32"),),
            "end with a layer, such as `Activation: {activation: linear}`",
        )
        for one in typed.nodes
        if one.node.name in heads and (one.layer.is_op or _wraps(one.layer))
    ]


def _wraps(layer: Layer) -> bool:
    spec = layer.spec
    return any(isinstance(getattr(spec, name), NodeSpec) for name in type(spec).model_fields)


def obstacles(spec: Spec, typed: TypedGraph) -> list[Diagnostic]:
    """Return what keeps XLA from a model for which the spec demands it: HB510."""
    if spec.model.train is None or spec.model.train.jit_compile is not True:
        return []
    place = spec.document.span(("train", "jit_compile"))
    return [
        Diagnostic(
            "HB510",
            f"XLA cannot compile `{layer.name}`, a `{kind(layer)}`, but `jit_compile` demands it",
            layer.span,
            (Note("`jit_compile` stands here", place),),
            "write `jit_compile: auto`, or leave it out",
        )
        for layer in typed.graph.layers
        if kind(layer) in OBSTACLES
    ]


def share(train: TrainSpec, typed: TypedGraph) -> Share:
    """Return what XLA compiles: what the settings say, or for `auto` what it helps."""
    if train.jit_compile == "optimizer":
        return "for the optimizer"
    if train.jit_compile != "auto":
        return "on" if train.jit_compile else "off"
    if all(
        kind(layer) in HELPED and getattr(layer.spec, "units", 1) <= WIDEST
        for layer in typed.graph.layers
    ):
        return "on"
    optimizer = train.optimizer
    name = optimizer if isinstance(optimizer, str) else keras_name(type(optimizer).__name__)
    helped = name.lower() in map(str.lower, UPDATES_HELPED) and count(typed)[0] >= FEWEST
    return "for the optimizer" if helped else "off"


def kind(layer: Layer) -> str:
    """Return the Keras class of a layer."""
    return keras_name(type(layer.spec).__name__)
