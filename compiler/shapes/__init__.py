"""What every layer makes of its inputs, without Keras: shapes, weights and work."""

from __future__ import annotations

from dataclasses import replace

from ...specs.base import LayerSpec, NodeSpec
from ..graph import Inference, TensorType
from .parts import check_parts
from .rule import RuleError, rule_of

TAKE_TEXTS = frozenset(
    {
        "Flatten",
        "HashedCrossing",
        "Hashing",
        "Identity",
        "Permute",
        "RepeatVector",
        "Reshape",
        "StringLookup",
        "TextVectorization",
    }
)
"""Layers that take texts; the others take numbers."""


def _check_texts(layer: NodeSpec, inputs: tuple[TensorType, ...]) -> None:
    """Raise HB405 where a layer that works on numbers receives texts."""
    name = type(layer).__name__
    for index, given in enumerate(inputs):
        if given.dtype == "string" and name not in TAKE_TEXTS:
            raise RuleError(
                "HB405",
                f"`{name}` takes numbers, but receives texts: {given}",
                help="put a `TextVectorization` or a `StringLookup` before it",
                input=index,
            )


SOFTMAX = ("Softmax", "ops.softmax")
SOFTMAX_AXES = 5
"""Axes, the batch included, that TensorFlow's softmax takes on a processor (oneDNN's kernel)."""


def _check_softmax(layer: NodeSpec, output: TensorType) -> None:
    """Raise HB401 where a softmax has more axes than there is a kernel for."""
    made = layer if type(layer).__name__ in SOFTMAX else getattr(layer, "activation", None)
    if made != "softmax" and type(made).__name__ not in SOFTMAX:
        return
    several = isinstance(getattr(made, "axis", None), tuple)
    if output.rank > SOFTMAX_AXES and not several:
        raise RuleError(
            "HB401",
            f"TensorFlow's softmax takes {SOFTMAX_AXES} axes at most, but receives {output.rank}: {output}",
            field=None if made is layer else "activation",
            help="join axes by a `Reshape` before it",
        )


def infer(layer: NodeSpec, inputs: tuple[TensorType, ...]) -> Inference:
    """Apply the rule of a layer to the types of its inputs.

    The number of inputs must be one that the layer takes.

    Raises:
        RuleError: HB401 to HB406, where Keras would refuse to build or to run the layer.
    """
    _check_texts(layer, inputs)
    found = rule_of(type(layer))(layer, inputs)
    _check_softmax(layer, found.output)
    if not isinstance(layer, LayerSpec):
        return found
    check_parts(layer, found)
    if layer.trainable:
        return found
    weights = tuple(replace(weight, trainable=False) for weight in found.weights)
    return replace(found, weights=weights)
