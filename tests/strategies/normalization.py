"""Hypothesis strategies for layers that normalize, regularize, activate, merge, recur, attend.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Shape = tuple[int | None, ...]
Arguments = dict[str, Any]

UNIT = st.sampled_from([0.0, 0.25, 0.5, 0.75])
SEED = st.none() | st.integers(0, 3)
INITIALIZERS = st.sampled_from(
    [
        "zeros",
        "ones",
        "he_normal",
        {"Constant": {"value": 0.5}},
        {"VarianceScaling": {"mode": "fan_avg", "distribution": "uniform", "seed": 1}},
        {"RandomUniform": {"minval": -1.0, "maxval": 1.0}},
    ]
)
REGULARIZERS = st.sampled_from([None, "l2", {"L1": {"l1": 0.5}}, {"L1L2": {"l1": 0.5, "l2": 0.25}}])
CONSTRAINTS = st.sampled_from([None, "non_neg", {"MaxNorm": {"max_value": 1.5}}, "unit_norm"])
ACTIVATIONS = st.sampled_from(
    [None, "tanh", "relu", "softmax", "gelu", {"LeakyReLU": {"negative_slope": 0.1}}]
)


def options(
    required: Arguments | None = None, **optional: SearchStrategy[Any]
) -> SearchStrategy[Arguments]:
    """Draw arguments: all of the required ones, any of the optional ones."""
    return st.fixed_dictionaries(required or {}, optional=optional)


def scale_and_offset(initializers: SearchStrategy[Any] = INITIALIZERS) -> Arguments:
    """The arguments that all normalizations share."""
    return {
        "epsilon": st.sampled_from([1e-3, 1e-5]),
        "center": st.booleans(),
        "scale": st.booleans(),
        "beta_initializer": initializers,
        "gamma_initializer": initializers,
        "beta_regularizer": REGULARIZERS,
        "gamma_regularizer": REGULARIZERS,
        "beta_constraint": CONSTRAINTS,
        "gamma_constraint": CONSTRAINTS,
    }


def batch_normalization(axis: SearchStrategy[int]) -> SearchStrategy[Arguments]:
    return options(
        {"axis": axis},
        momentum=UNIT,
        moving_mean_initializer=st.sampled_from(["zeros", "ones"]),
        moving_variance_initializer=st.sampled_from(["ones", {"Constant": {"value": 2.0}}]),
        renorm=st.booleans(),
        renorm_momentum=UNIT,
        **scale_and_offset(),
    )


def recurrent(name: str, unroll: SearchStrategy[bool]) -> SearchStrategy[Arguments]:
    """Draw the arguments of SimpleRNN, LSTM or GRU."""
    only = {
        "SimpleRNN": {},
        "LSTM": {"recurrent_activation": ACTIVATIONS, "unit_forget_bias": st.booleans()},
        "GRU": {"recurrent_activation": ACTIVATIONS, "reset_after": st.booleans()},
    }
    return options(
        {"units": st.integers(1, 3)},
        activation=ACTIVATIONS,
        use_bias=st.booleans(),
        kernel_initializer=INITIALIZERS,
        recurrent_initializer=st.sampled_from(["orthogonal", "glorot_normal"]),
        bias_initializer=INITIALIZERS,
        kernel_regularizer=REGULARIZERS,
        recurrent_regularizer=REGULARIZERS,
        bias_regularizer=REGULARIZERS,
        activity_regularizer=REGULARIZERS,
        kernel_constraint=CONSTRAINTS,
        recurrent_constraint=CONSTRAINTS,
        bias_constraint=CONSTRAINTS,
        dropout=UNIT,
        recurrent_dropout=UNIT,
        return_sequences=st.booleans(),
        go_backwards=st.booleans(),
        unroll=unroll,
        seed=SEED,
        **only[name],
    )


@st.composite
def bidirectional(draw: st.DrawFn, unroll: SearchStrategy[bool]) -> Arguments:
    """Draw a pair of layers that can be merged."""
    name = draw(st.sampled_from(["SimpleRNN", "LSTM", "GRU"]))
    inner = draw(recurrent(name, unroll)) | {"go_backwards": False}
    arguments: Arguments = {"layer": {name: inner}}
    if draw(st.booleans()):
        arguments["merge_mode"] = draw(st.sampled_from(["concat", "sum", "mul", "ave"]))
    if draw(st.booleans()):
        other = draw(st.sampled_from(["SimpleRNN", "LSTM", "GRU"]))
        alike = {"units": inner["units"], "return_sequences": inner.get("return_sequences", False)}
        back = draw(recurrent(other, unroll)) | alike | {"go_backwards": True}
        arguments["backward_layer"] = {other: back}
    return arguments


def attention(axes: SearchStrategy[Any], window: SearchStrategy[Any]) -> SearchStrategy[Arguments]:
    """Draw the arguments of MultiHeadAttention."""
    return options(
        {"num_heads": st.integers(1, 2), "key_dim": st.integers(1, 3)},
        value_dim=st.none() | st.integers(1, 3),
        dropout=UNIT,
        use_bias=st.booleans(),
        output_shape=st.none()
        | st.integers(1, 3)
        | st.tuples(st.integers(1, 2), st.integers(1, 3)),
        attention_axes=axes,
        sliding_window=window,
        kernel_initializer=INITIALIZERS,
        bias_initializer=INITIALIZERS,
        kernel_regularizer=REGULARIZERS,
        bias_regularizer=REGULARIZERS,
        activity_regularizer=REGULARIZERS,
        kernel_constraint=CONSTRAINTS,
        bias_constraint=CONSTRAINTS,
        use_gate=st.booleans(),
        seed=SEED,
    )


def known_axes(shape: Shape) -> list[int]:
    """The axes, the batch aside, whose size is known: counted from the front and from the end."""
    front = [axis for axis in range(1, len(shape)) if shape[axis] is not None]
    return front + [axis - len(shape) for axis in front]


def divisors(size: int) -> list[int]:
    return [-1, *(number for number in range(1, size + 1) if size % number == 0)]


def valid_items(shape: Shape, dtype: str) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The layers with one input that take this shape and dtype, with arguments that they take."""
    found = [("LeakyReLU", options(negative_slope=UNIT))] if dtype != "bool" else []
    if known_axes(shape):
        found.append(
            ("BatchNormalization", batch_normalization(st.sampled_from(known_axes(shape))))
        )
    if dtype == "float32":
        found += _for_floats(shape)
    if len(shape) == 3 and shape[2] is not None:
        found += _for_sequences(shape, dtype)
    return found


def _for_floats(shape: Shape) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    axes = st.sampled_from([*range(1, len(shape)), *range(1 - len(shape), 0)])
    yield "ReLU", options(max_value=st.none() | UNIT, negative_slope=UNIT, threshold=UNIT)
    yield "ELU", options(alpha=UNIT)
    yield "Softmax", options(axis=axes | st.tuples(st.integers(1, len(shape) - 1)))
    yield "GaussianNoise", options({"stddev": UNIT}, seed=SEED)
    yield "GaussianDropout", options({"rate": UNIT}, seed=SEED)
    mask = st.tuples(*(st.sampled_from([None, 1]) for _ in shape))
    yield "Dropout", options({"rate": UNIT}, seed=SEED, noise_shape=st.none() | mask)
    spatial = {3: "SpatialDropout1D", 4: "SpatialDropout2D", 5: "SpatialDropout3D"}
    if len(shape) in spatial:
        yield spatial[len(shape)], options({"rate": UNIT}, seed=SEED)
    unknown = [axis for axis in range(1, len(shape)) if shape[axis] is None]
    shared = st.lists(st.integers(1, len(shape) - 1), unique=True)
    yield (
        "PReLU",
        options(
            {"shared_axes": shared.map(lambda more: tuple({*unknown, *more}))},
            alpha_initializer=INITIALIZERS,
            alpha_regularizer=REGULARIZERS,
            alpha_constraint=CONSTRAINTS,
        ),
    )
    if known_axes(shape):
        one = st.sampled_from(known_axes(shape))
        several = st.lists(one, min_size=1, max_size=2, unique_by=lambda axis: axis % len(shape))
        yield (
            "LayerNormalization",
            options({"axis": one | several.map(tuple)}, **scale_and_offset()),
        )
        yield "GroupNormalization", _groups(shape)


@st.composite
def _groups(draw: st.DrawFn, shape: Shape) -> Arguments:
    axis = draw(st.sampled_from(known_axes(shape)))
    groups = draw(st.sampled_from(divisors(shape[axis] or 1)))
    return {"groups": groups, "axis": axis, **draw(options(**scale_and_offset()))}


def _for_sequences(shape: Shape, dtype: str) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    unroll = st.booleans() if shape[1] is not None else st.just(False)
    for name in ("SimpleRNN", "LSTM", "GRU"):
        drawn = recurrent(name, unroll)
        yield (
            name,
            drawn if dtype == "float32" else drawn.map(lambda found: found | {"dropout": 0.0}),
        )
    if dtype == "float32":
        yield "Bidirectional", bidirectional(unroll)
        window = st.none() | st.integers(1, 3)
        yield "MultiHeadAttention", attention(st.sampled_from([None, 1, (1,)]), window)
    if dtype == "float32" and shape[1] is not None:
        inner = (
            arguments.map(lambda found, name=name: {"layer": {name: found}})
            for name, arguments in valid_items((shape[0], shape[2]), dtype)
        )
        yield "TimeDistributed", st.one_of(inner)


def valid_merges(shape: Shape) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The layers that merge two tensors of this one shape, with arguments that they take."""
    found = [(name, options()) for name in ELEMENTWISE]
    axes = [*range(1, len(shape)), *range(1 - len(shape), 0)]
    found.append(("Concatenate", options(axis=st.sampled_from(axes))))
    dot = st.sampled_from(axes).map(lambda axis: (axis, axis)) | st.sampled_from(axes)
    found.append(("Dot", options({"axes": dot}, normalize=st.booleans())))
    return found


ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
