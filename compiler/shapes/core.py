"""Rules of the layers that every kind of network uses."""

from __future__ import annotations

from ...specs.base import Item, LayerSpec
from ...specs.layers.core import (
    Activation,
    Dense,
    Embedding,
    Identity,
    Masking,
    ReversibleEmbedding,
)
from ...specs.registries import LAYER
from ..graph import Inference, TensorType, Weight
from .checks import count, entries, fits, plus, times, with_last
from .rule import Rule, RuleError, known, rule_of
from .work import activation_work

KEEPING = ("linear", "relu", "relu6")
"""Activations that make integers of integers."""

CASTING = ("exponential", "leaky_relu", "tanh")
"""Activations that take integers and make floating-point numbers."""

OF_BOOLEANS = ("exponential", "linear", "tanh")


def _dense(layer: Dense, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.rank < 2:
        raise RuleError(
            "HB401",
            f"`Dense` takes 2 axes or more (batch, ..., features), "
            f"but receives {count('axis', given.rank)}: {given}",
        )
    features = known("Dense", given, given.rank - 1, "features")
    weights = [Weight("kernel", (features, layer.units))]
    if layer.use_bias:
        weights.append(Weight("bias", (layer.units,)))
    output = TensorType((None, *with_last(given.shape, layer.units)[1:]))
    outputs = entries(output)
    work = plus(
        times(2 * features + layer.use_bias, outputs), activation_work(layer.activation, outputs)
    )
    return Inference(output, tuple(weights), work)


def _embedding(layer: Embedding, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    return _looked_up(layer, given, (Weight("embeddings", (layer.input_dim, layer.output_dim)),))


def _looked_up(
    layer: Embedding | ReversibleEmbedding, given: TensorType, weights: tuple[Weight, ...]
) -> Inference:
    if given.dtype == "float32":
        sizes = ", ".join("null" if size is None else str(size) for size in given.shape[1:])
        raise RuleError(
            "HB405",
            f"`{type(layer).__name__}` takes integers, each for a vector, but receives {given.dtype} {given}",
            help=f"declare the model input as `{{shape: [{sizes}], dtype: int32}}`",
        )
    return Inference(TensorType((None, *given.shape[1:], layer.output_dim)), weights)


def _reversible(layer: ReversibleEmbedding, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    weights = [Weight("embeddings", (layer.input_dim, layer.output_dim))]
    if not layer.tie_weights:
        weights.append(Weight("reverse_embeddings", (layer.output_dim, layer.input_dim)))
    if layer.call is None or not layer.call.reverse:
        return _looked_up(layer, given, tuple(weights))
    if given.rank < 2 or not fits(given.shape[-1], layer.output_dim):
        raise RuleError(
            "HB404",
            f"`ReversibleEmbedding` in reverse takes vectors of {layer.output_dim} entries, "
            f"but receives {given}",
            field="output_dim",
        )
    output = TensorType((None, *with_last(given.shape, layer.input_dim)[1:]))
    outputs = entries(output)
    work = plus(times(2 * layer.output_dim, outputs), times(bool(layer.logit_soft_cap), outputs))
    return Inference(output, tuple(weights), work)


def _identity(_: Identity, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    return Inference(given)


def _masking(_: Masking, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.rank < 2:
        raise RuleError(
            "HB401",
            f"`Masking` takes 2 axes or more (batch, ..., features), "
            f"but receives {count('axis', given.rank)}: {given}",
        )
    # What is left of truths are numbers, as nothing is written as 0.
    dtype = "int32" if given.dtype == "bool" else given.dtype
    return Inference(TensorType(given.shape, dtype), (), entries(given))


def _activation(layer: Activation, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    chosen = layer.activation
    if isinstance(chosen, Item):
        return _item(chosen, inputs)
    if given.dtype != "float32" and chosen not in (*KEEPING, *CASTING):
        raise _untaken(chosen, "floating-point numbers", given)
    if given.dtype == "bool" and chosen not in OF_BOOLEANS:
        raise _untaken(chosen, "numbers", given)
    dtype = given.dtype if chosen in KEEPING else "float32"
    work = activation_work(chosen, entries(given))
    return Inference(TensorType(given.shape, dtype), (), work)


def _untaken(chosen: str, taken: str, given: TensorType) -> RuleError:
    return RuleError(
        "HB405",
        f"`{chosen}` takes {taken}, but `Activation` receives {given.dtype} {given}",
        field="activation",
        help="put a `Rescaling` before it",
    )


def _item(chosen: Item, inputs: tuple[TensorType, ...]) -> Inference:
    """Type an activation with arguments as the layer of its name; what it refuses points at the argument."""
    rule = rule_of(LAYER.items[type(chosen).__name__])
    try:
        return rule(chosen, inputs)
    except RuleError as error:
        raise RuleError(error.code, error.message, field="activation", help=error.help) from error


RULES: dict[type[LayerSpec], Rule] = {
    Dense: _dense,
    Embedding: _embedding,
    ReversibleEmbedding: _reversible,
    Activation: _activation,
    Identity: _identity,
    Masking: _masking,
}
