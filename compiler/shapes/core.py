"""Rules of the layers that most models begin or end with."""

from __future__ import annotations

from ...specs.base import Item, LayerSpec
from ...specs.layers.core import Activation, Dense, Embedding
from ..graph import Inference, TensorType, Weight
from .checks import entries, times
from .rule import Rule, RuleError, known

ANY_NUMBER = frozenset({"linear", "relu", "relu6"})
"""Activations that hand on whole numbers as whole numbers."""

TO_FLOAT = frozenset({"exponential", "tanh"})
"""Activations that turn whole numbers and truth values into floating-point ones."""

LEAKY = frozenset({"leaky_relu"})


def _dense(layer: Dense, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.rank < 2:
        raise RuleError("HB401", f"`Dense` takes 2 axes or more, but receives 1: {given}")
    width = known("Dense", given, -1, "the last axis, which its kernel multiplies")
    weights = [Weight("kernel", (width, layer.units))]
    if layer.use_bias:
        weights.append(Weight("bias", (layer.units,)))
    output = TensorType((*given.shape[:-1], layer.units))
    return Inference(output, tuple(weights), times(entries(output), 2 * width + layer.use_bias))


def _embedding(layer: Embedding, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.dtype == "float32":
        raise RuleError(
            "HB405",
            f"`Embedding` looks up whole numbers, but receives float32 {given}",
            help="declare the input with a dtype: `{shape: [...], dtype: int32}`",
        )
    weights = (Weight("embeddings", (layer.input_dim, layer.output_dim)),)
    return Inference(TensorType((*given.shape, layer.output_dim)), weights, 0)


def _activation(layer: Activation, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    return Inference(
        TensorType(given.shape, _dtype_after(layer.activation, given)), (), entries(given)
    )


def _dtype_after(activation: str | Item, given: TensorType) -> str:
    """Return the dtype that an activation makes; raise HB405 where it refuses its input."""
    if given.dtype == "float32" or activation in TO_FLOAT:
        return "float32"
    truth = given.dtype == "bool"
    if activation == "linear" or (activation in ANY_NUMBER and not truth):
        return given.dtype
    if activation in LEAKY and not truth:
        return "float32"
    name = activation if isinstance(activation, str) else type(activation).__name__
    raise RuleError(
        "HB405",
        f"the activation `{name}` takes floating-point numbers, but receives {given.dtype} {given}",
        field="activation",
        help="put a `Rescaling` or an `Embedding` before it",
    )


RULES: dict[type[LayerSpec], Rule] = {Dense: _dense, Embedding: _embedding, Activation: _activation}
