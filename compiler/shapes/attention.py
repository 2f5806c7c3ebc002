"""Rules of the attention layers."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.attention import MultiHeadAttention
from ..graph import Inference, TensorType, Weight
from .checks import count, distinct, fits, plus, times
from .rule import Rule, RuleError, known, product

NAME = "MultiHeadAttention"
ROLES = ("query", "value", "key")


def _multi_head(layer: MultiHeadAttention, inputs: tuple[TensorType, ...]) -> Inference:
    query = inputs[0]
    value = inputs[1] if len(inputs) > 1 else query
    key = inputs[2] if len(inputs) > 2 else value
    given = (query, value, key)
    _ranks(given)
    axes = _axes(layer, query)
    _sizes(axes, given, len(inputs))
    features = [
        known(NAME, one, one.rank - 1, f"the features of its {role}")
        for role, one in zip(ROLES, given, strict=True)
    ]
    output = _output_sizes(layer, features[0])
    weights = _weights(layer, features, output)
    shape = (*query.shape[:-1], *output)
    return Inference(TensorType(shape), weights, _work(layer, given, axes, weights))


def _ranks(given: tuple[TensorType, ...]) -> None:
    for index, (role, one) in enumerate(zip(ROLES, given, strict=True)):
        if one.rank < 3:
            raise RuleError(
                "HB401",
                f"`{NAME}` takes 3 axes or more (batch, positions, features), "
                f"but its {role} has {count('axis', one.rank)}: {one}",
                input=index,
            )
        if one.rank != given[0].rank:
            raise RuleError(
                "HB403",
                f"`{NAME}` takes inputs of equally many axes, but its query is {given[0]} "
                f"and its {role} is {one}",
                input=index,
            )


def _axes(layer: MultiHeadAttention, query: TensorType) -> tuple[int, ...]:
    """Return the axes attended over, all between the batch and the features by default."""
    wanted = layer.attention_axes
    if wanted is None:
        axes = tuple(range(1, query.rank - 1))
    else:
        asked = wanted if isinstance(wanted, tuple) else (wanted,)
        wrong = next(
            (a for a in asked if not 0 < (a if a >= 0 else a + query.rank) < query.rank - 1), None
        )
        if wrong is not None:
            raise RuleError(
                "HB401",
                f"`{NAME}` attends over axes between the batch and the features, "
                f"but axis {wrong} of {query} is none",
                field="attention_axes",
                help=f"axes 1 to {query.rank - 2} are" if query.rank > 3 else "axis 1 is",
            )
        axes = tuple(axis % query.rank for axis in asked)
        distinct(NAME, axes, "attention_axes")
    if layer.sliding_window is not None and axes != (1,):
        raise RuleError(
            "HB404",
            f"`sliding_window` of `{NAME}` counts positions along axis 1, "
            f"but the attention goes over {count('axis', len(axes))}: {axes}",
            field="sliding_window",
        )
    return axes


def _sizes(axes: tuple[int, ...], given: tuple[TensorType, ...], number: int) -> None:
    query, value, key = given
    if value.shape[1:-1] != key.shape[1:-1]:
        raise RuleError(
            "HB403",
            f"`{NAME}` takes as many keys as values, "
            f"but its values are {value} and its keys are {key}",
            input=number - 1,
        )
    for axis in range(1, query.rank - 1):
        if axis not in axes and not fits(query.shape[axis], value.shape[axis]):
            raise RuleError(
                "HB403",
                f"`{NAME}` does not attend over axis {axis}, so its sizes must be equal, "
                f"but its query is {query} and its values are {value}",
                input=number - 1,
            )


def _output_sizes(layer: MultiHeadAttention, features: int) -> tuple[int, ...]:
    if layer.output_shape is None:
        return (features,)
    return layer.output_shape if isinstance(layer.output_shape, tuple) else (layer.output_shape,)


def _weights(
    layer: MultiHeadAttention, features: list[int], output: tuple[int, ...]
) -> tuple[Weight, ...]:
    """List the projections in the order in which Keras makes them."""
    query, value, key = features
    keys = (layer.num_heads, layer.key_dim)
    values = (layer.num_heads, layer.value_dim or layer.key_dim)
    projections: list[tuple[tuple[int, ...], tuple[int, ...]]] = [((query,), keys), ((key,), keys)]
    if layer.use_gate:
        projections.append(((query,), values))
    projections += [((value,), values), (values, output)]
    weights = []
    for source, target in projections:
        weights.append(Weight("kernel", (*source, *target)))
        if layer.use_bias:
            weights.append(Weight("bias", target))
    return tuple(weights)


def _work(
    layer: MultiHeadAttention,
    given: tuple[TensorType, ...],
    axes: tuple[int, ...],
    weights: tuple[Weight, ...],
) -> int | None:
    query, value, _ = given
    queries, values = product(query.shape[1:-1]), product(value.shape[1:-1])
    kernels = [weight.size for weight in weights if weight.name == "kernel"]
    biases = [weight.size for weight in weights if weight.name == "bias"] or [0] * len(kernels)
    # The second projection and the last but one, of keys and values, run once for each value.
    places = [
        values if index in (1, len(kernels) - 2) else queries for index in range(len(kernels))
    ]
    linear = [times(2 * k + b, n) for k, b, n in zip(kernels, biases, places, strict=True)]
    scores = times(layer.num_heads, queries, product(tuple(value.shape[axis] for axis in axes)))
    each = 2 * layer.key_dim + 3 + 2 * (layer.value_dim or layer.key_dim)
    gate = times(2 * layer.num_heads * (layer.value_dim or layer.key_dim), queries)
    return plus(*linear, times(scores, each), gate if layer.use_gate else 0)


RULES: dict[type[LayerSpec], Rule] = {MultiHeadAttention: _multi_head}
