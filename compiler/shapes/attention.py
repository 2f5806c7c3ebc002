"""Rules of the attention layers; the scores, where they are asked for, are a second output."""

from __future__ import annotations

from dataclasses import replace

from ...specs.base import LayerSpec
from ...specs.layers.attention import (
    AdditiveAttention,
    Attention,
    GroupQueryAttention,
    MultiHeadAttention,
)
from ..graph import Inference, TensorType, Weight
from .checks import count, distinct, fits, plus, times
from .rule import Rule, RuleError, known, product

NAME = "MultiHeadAttention"
ROLES = ("query", "value", "key")


def roles(inputs: tuple[TensorType, ...]) -> tuple[TensorType, TensorType, TensorType]:
    """Return the query, the values and the keys, which may be one."""
    query = inputs[0]
    value = inputs[1] if len(inputs) > 1 else query
    return query, value, inputs[2] if len(inputs) > 2 else value


def wants_scores(layer: LayerSpec) -> bool:
    """Tell whether the call asks for the scores."""
    return layer.call is not None and layer.call.return_attention_scores


def _multi_head(layer: MultiHeadAttention, inputs: tuple[TensorType, ...]) -> Inference:
    given = query, value, _ = roles(inputs)
    _ranks(NAME, given)
    axes = axes_of(layer, query)
    _sizes(axes, given, len(inputs))
    features = [
        known(NAME, one, one.rank - 1, f"the features of its {role}")
        for role, one in zip(ROLES, given, strict=True)
    ]
    output = _output_sizes(layer, features[0])
    weights = _weights(layer, features, output)
    shape = (*query.shape[:-1], *output)
    scores = _scores(layer, query, value) if wants_scores(layer) else ()
    return Inference(TensorType(shape), weights, _work(layer, given, axes, weights), scores)


def _scores(
    layer: MultiHeadAttention, query: TensorType, value: TensorType
) -> tuple[TensorType, ...]:
    """Type the scores where Keras does so rightly: it takes the query's length for both sides."""
    if query.rank != 3 or query.shape[1] != value.shape[1]:
        raise RuleError(
            "HB404",
            f"Keras tells the shape of the scores of `{NAME}` only where one sequence attends to "
            f"another of the same length, but the query is {query} and the values are {value}",
            field="call",
            help="use `GroupQueryAttention` with one key and value head for each query head"
            if query.rank == 3
            else None,
            input=None,
        )
    return (TensorType((None, layer.num_heads, query.shape[1], value.shape[1])),)


def _ranks(name: str, given: tuple[TensorType, ...]) -> None:
    for index, (role, one) in enumerate(zip(ROLES, given, strict=True)):
        if one.rank < 3:
            raise RuleError(
                "HB401",
                f"`{name}` takes 3 axes or more (batch, positions, features), "
                f"but its {role} has {count('axis', one.rank)}: {one}",
                input=index,
            )
        if one.rank != given[0].rank:
            raise RuleError(
                "HB403",
                f"`{name}` takes inputs of equally many axes, but its query is {given[0]} "
                f"and its {role} is {one}",
                input=index,
            )


def axes_of(layer: MultiHeadAttention | GroupQueryAttention, query: TensorType) -> tuple[int, ...]:
    """Return the axes attended over, all between the batch and the features by default."""
    wanted = layer.attention_axes if isinstance(layer, MultiHeadAttention) else None
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
    if axes != (1,) and layer.call is not None and layer.call.use_causal_mask:
        raise RuleError(
            "HB404",
            f"`use_causal_mask` of `{NAME}` counts positions along axis 1, "
            f"but the attention goes over {count('axis', len(axes))}: {axes}",
            field="call",
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
    keys = (layer.num_heads, layer.key_dim)
    values = (layer.num_heads, layer.value_dim or layer.key_dim)
    return _projections(layer, features, (keys, keys, values), values, output)


def _projections(
    layer: MultiHeadAttention | GroupQueryAttention,
    features: list[int],
    heads: tuple[tuple[int, int], tuple[int, int], tuple[int, int]],
    gate: tuple[int, int],
    output: tuple[int, ...],
) -> tuple[Weight, ...]:
    """List the projections in the order in which Keras makes them.

    ``heads`` are the number and the size of the heads of queries, keys and values.
    """
    query, value, key = features
    queries, keys, values = heads
    projections: list[tuple[tuple[int, ...], tuple[int, ...]]]
    projections = [((query,), queries), ((key,), keys)]
    if layer.use_gate:
        projections.append(((query,), gate))
    projections += [((value,), values), (gate, output)]
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
    pairs = times(layer.num_heads, queries, product(tuple(value.shape[axis] for axis in axes)))
    each = 2 * layer.key_dim + 3 + 2 * (layer.value_dim or layer.key_dim)
    gate = times(2 * layer.num_heads * (layer.value_dim or layer.key_dim), queries)
    linear = _linear(weights, queries, values)
    return plus(linear, times(pairs, each), gate if layer.use_gate else 0)


def _linear(weights: tuple[Weight, ...], queries: int | None, values: int | None) -> int | None:
    """Count the work of the projections of so many queries and values."""
    kernels = [weight.size for weight in weights if weight.name == "kernel"]
    biases = [weight.size for weight in weights if weight.name == "bias"] or [0] * len(kernels)
    # The second projection and the last but one, of keys and values, run once for each value.
    places = [
        values if index in (1, len(kernels) - 2) else queries for index in range(len(kernels))
    ]
    return plus(*(times(2 * k + b, n) for k, b, n in zip(kernels, biases, places, strict=True)))


GROUPED = "GroupQueryAttention"


def _grouped(layer: GroupQueryAttention, inputs: tuple[TensorType, ...]) -> Inference:
    given = query, value, key = roles(inputs)
    for index, (role, one) in enumerate(zip(ROLES, given, strict=True)):
        if one.rank != 3:
            raise RuleError(
                "HB401",
                f"`{GROUPED}` takes 3 axes (batch, positions, features), "
                f"but its {role} has {count('axis', one.rank)}: {one}",
                input=min(index, len(inputs) - 1),
            )
    features = [
        known(GROUPED, one, 2, f"the features of its {role}")
        for role, one in zip(ROLES, given, strict=True)
    ]
    if features[0] != features[1]:
        raise RuleError(
            "HB403",
            f"`{GROUPED}` takes values of as many features as the query, "
            f"but its query is {query} and its values are {value}",
            input=1,
        )
    if value.shape[1] != key.shape[1]:
        raise RuleError(
            "HB403",
            f"`{GROUPED}` takes as many keys as values, "
            f"but its values are {value} and its keys are {key}",
            input=len(inputs) - 1,
        )
    heads = (layer.num_query_heads, layer.head_dim)
    shared = (layer.num_key_value_heads, layer.head_dim)
    weights = _projections(layer, features, (heads, shared, shared), heads, (features[0],))
    queries, values = query.shape[1], value.shape[1]
    pairs = times(layer.num_query_heads, queries, values)
    gate = times(2 * layer.num_query_heads * layer.head_dim, queries)
    work = plus(
        _linear(weights, queries, values),
        times(pairs, 4 * layer.head_dim + 3),
        gate if layer.use_gate else 0,
    )
    scores = TensorType((None, layer.num_query_heads, queries, values))
    return Inference(
        TensorType(query.shape), weights, work, (scores,) if wants_scores(layer) else ()
    )


def _listed(
    layer: Attention | AdditiveAttention, inputs: tuple[TensorType, ...], by_sum: bool
) -> Inference:
    """Type attention without heads, whose scores are products or, ``by_sum``, sums of tanh."""
    given = query, value, key = roles(inputs)
    name = type(layer).__name__
    _ranks(name, given)
    _meeting(name, given, len(inputs) - 1)
    _dtypes(layer, query, key, by_sum)
    output = TensorType((*query.shape[:-1], value.shape[-1]))
    scores = TensorType((*query.shape[:-1], value.shape[-2]))
    pairs, features = product(scores.shape[1:]), query.shape[-1]
    each = plus(times(4 if by_sum else 2, features), times(2, value.shape[-1]), 3)
    states = (scores,) if wants_scores(layer) else ()
    return Inference(output, (), times(pairs, each), states)


def _meeting(name: str, given: tuple[TensorType, ...], last: int) -> None:
    """Raise HB403 unless a query meets keys of its size, in the same place, each with a value."""
    query, value, key = given
    if not fits(query.shape[-1], key.shape[-1]):
        raise RuleError(
            "HB403",
            f"`{name}` takes keys of as many features as the query, "
            f"but its query is {query} and its keys are {key}",
            input=last,
            help=None if last > 1 else "without keys of their own, the values are the keys",
        )
    if not fits(value.shape[-2], key.shape[-2]):
        raise RuleError(
            "HB403",
            f"`{name}` takes as many keys as values, "
            f"but its values are {value} and its keys are {key}",
            input=last,
        )
    for axis in range(1, query.rank - 2):
        for role, one in (("values", value), ("keys", key)):
            if one.shape[axis] not in (1, None) and not fits(query.shape[axis], one.shape[axis]):
                raise RuleError(
                    "HB403",
                    f"`{name}` attends over the last axis but one, so the axes before it must be "
                    f"equal, but its query is {query} and its {role} are {one}",
                    input=last,
                )


def _dtypes(
    layer: Attention | AdditiveAttention, query: TensorType, key: TensorType, by_sum: bool
) -> None:
    """Raise HB405 where TensorFlow has no sum, or no softmax, of the numbers that meet."""
    name = type(layer).__name__
    if by_sum and (query.dtype != key.dtype or query.dtype == "bool"):
        problem = "adds queries to keys, so both hold numbers of one kind"
    elif not by_sum and not layer.use_scale and "float32" not in (query.dtype, key.dtype):
        problem = "makes fractions of the products, so one side holds floating-point numbers"
    else:
        return
    raise RuleError(
        "HB405",
        f"`{name}` {problem}, but its query is {query.dtype} {query} "
        f"and its keys are {key.dtype} {key}",
        help="put a `Rescaling` or an `Embedding` before it",
        input=None,
    )


def _attention(layer: Attention, inputs: tuple[TensorType, ...]) -> Inference:
    by_sum = layer.score_mode == "concat"
    found = _listed(layer, inputs, by_sum)
    names = ("scale",) * layer.use_scale + ("concat_score_weight",) * by_sum
    return replace(found, weights=tuple(Weight(name, ()) for name in names))


def _additive(layer: AdditiveAttention, inputs: tuple[TensorType, ...]) -> Inference:
    found = _listed(layer, inputs, by_sum=True)
    if not layer.use_scale:
        return found
    features = known(
        "AdditiveAttention", inputs[0], inputs[0].rank - 1, "the features of its query"
    )
    return replace(found, weights=(Weight("scale", (features,)),))


RULES: dict[type[LayerSpec], Rule] = {
    MultiHeadAttention: _multi_head,
    GroupQueryAttention: _grouped,
    Attention: _attention,
    AdditiveAttention: _additive,
}
