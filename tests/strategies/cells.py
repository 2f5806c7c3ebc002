"""Hypothesis strategies for cells, convolutional recurrence, attention and wrappers.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.features import einsum
from strategies.normalization import (
    ACTIVATIONS,
    CONSTRAINTS,
    INITIALIZERS,
    REGULARIZERS,
    SEED,
    UNIT,
    Arguments,
    Shape,
    options,
    recurrent,
)

UNITS = st.integers(1, 3)
RECURRENT = ("SimpleRNN", "LSTM", "GRU")


def step_parts(initializers: SearchStrategy[Any] = INITIALIZERS) -> Arguments:
    """What every recurrent step takes besides its size."""
    return {
        "activation": ACTIVATIONS,
        "use_bias": st.booleans(),
        "kernel_initializer": initializers,
        "recurrent_initializer": st.sampled_from(["orthogonal", "glorot_normal"]),
        "bias_initializer": INITIALIZERS,
        "kernel_regularizer": REGULARIZERS,
        "recurrent_regularizer": REGULARIZERS,
        "bias_regularizer": REGULARIZERS,
        "kernel_constraint": CONSTRAINTS,
        "recurrent_constraint": CONSTRAINTS,
        "bias_constraint": CONSTRAINTS,
        "dropout": UNIT,
        "recurrent_dropout": UNIT,
        "seed": SEED,
    }


ONLY: dict[str, Arguments] = {
    "SimpleRNNCell": {},
    "LSTMCell": {"recurrent_activation": ACTIVATIONS, "unit_forget_bias": st.booleans()},
    "GRUCell": {"recurrent_activation": ACTIVATIONS, "reset_after": st.booleans()},
}


@st.composite
def cell(draw: st.DrawFn, initializers: SearchStrategy[Any] = INITIALIZERS) -> Arguments:
    """Draw a cell with weights of its own."""
    name = draw(st.sampled_from(sorted(ONLY)))
    parts = {**step_parts(initializers), **ONLY[name], "trainable": st.booleans()}
    return {name: draw(options({"units": UNITS}, **parts))}


@st.composite
def cells(draw: st.DrawFn, initializers: SearchStrategy[Any] = INITIALIZERS) -> Any:
    """Draw a cell, a list of cells, or a stack, in which stacks may stand."""
    one = cell(initializers)
    several = st.lists(one, min_size=2, max_size=3).map(tuple)
    stack = several.map(lambda found: {"StackedRNNCells": {"cells": found}})
    deep = st.tuples(one | stack, one | stack)
    return draw(one | several | stack | deep)


@st.composite
def rnn(
    draw: st.DrawFn,
    unroll: SearchStrategy[bool],
    initializers: SearchStrategy[Any] = INITIALIZERS,
    states: bool = False,
) -> Arguments:
    """Draw the arguments of RNN; with ``states`` those of one that returns them."""
    drawn = draw(
        options(
            {"cell": cells(initializers)},
            return_sequences=st.booleans(),
            go_backwards=st.booleans(),
            unroll=unroll,
            zero_output_for_mask=st.booleans(),
        )
    )
    if states:
        alone = cell(initializers)
        narrow = alone.filter(lambda found: "LSTMCell" not in found)
        drawn |= {"cell": draw(alone | st.tuples(narrow, narrow)), "return_state": True}
    return drawn


def without_dropout(cell: Any) -> Any:
    """Return a cell, or several, that take numbers of any kind."""
    if isinstance(cell, tuple):
        return tuple(map(without_dropout, cell))
    ((name, given),) = cell.items()
    if name == "StackedRNNCells":
        return {name: {"cells": without_dropout(given["cells"])}}
    return {name: given | {"dropout": 0.0}}


def windows(sizes: tuple[int, ...]) -> SearchStrategy[Arguments]:
    """Draw a window that finds a place on each axis."""
    rank = len(sizes)

    def per_axis(least: int, most: int) -> SearchStrategy[Any]:
        return st.integers(least, most) | st.tuples(*(st.integers(least, most),) * rank)

    one = st.integers(1, min(sizes))
    kernel = one | st.tuples(*(st.integers(1, size) for size in sizes))
    free = {"kernel_size": per_axis(1, 3), "padding": st.just("same")}
    return st.one_of(
        options({"kernel_size": kernel}, strides=per_axis(1, 2), padding=st.just("valid")),
        options(free, strides=per_axis(1, 2)),
        options(free, dilation_rate=per_axis(1, 2)),
    )


def convolved(
    sizes: tuple[int, ...], initializers: SearchStrategy[Any] = INITIALIZERS
) -> SearchStrategy[Arguments]:
    """Draw the arguments of a ConvLSTM on pictures of these sizes."""
    flags = {
        name: st.booleans() for name in ("unit_forget_bias", "return_sequences", "go_backwards")
    }
    rest = options(
        {"filters": st.integers(1, 2)},
        **step_parts(initializers),
        recurrent_activation=ACTIVATIONS,
        activity_regularizer=REGULARIZERS,
        **flags,
    )
    return st.tuples(windows(sizes), rest).map(lambda pair: pair[0] | pair[1])


def grouped(window: SearchStrategy[Any]) -> SearchStrategy[Arguments]:
    """Draw the arguments of GroupQueryAttention."""
    heads = st.sampled_from([(1, 1), (2, 1), (2, 2), (4, 2)])
    rest = options(
        {"head_dim": UNITS},
        dropout=UNIT,
        use_bias=st.booleans(),
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
    return st.tuples(heads, rest).map(
        lambda pair: {"num_query_heads": pair[0][0], "num_key_value_heads": pair[0][1], **pair[1]}
    )


LISTED: dict[str, SearchStrategy[Arguments]] = {
    "Attention": options(
        use_scale=st.booleans(),
        score_mode=st.sampled_from(["dot", "concat"]),
        dropout=UNIT,
        seed=SEED,
    ),
    "AdditiveAttention": options(use_scale=st.booleans(), dropout=UNIT),
}
"""Attention layers that take their inputs as one list."""


def kernels(shape: Shape) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    """Yield layers with one kernel that take floats of a shape."""
    yield "EinsumDense", einsum(shape)
    if shape[-1] is not None:
        parts = {"kernel_initializer": INITIALIZERS, "kernel_constraint": CONSTRAINTS}
        yield (
            "Dense",
            options({"units": UNITS}, use_bias=st.booleans(), trainable=st.booleans(), **parts),
        )
        rank = len(shape) - 2
        if 1 <= rank <= 3:
            size = options({"filters": UNITS, "kernel_size": st.integers(1, 2), "padding": SAME})
            yield f"Conv{rank}D", size
            yield f"Conv{rank}DTranspose", size
        if 1 <= rank <= 2:
            yield (
                f"DepthwiseConv{rank}D",
                options({"kernel_size": st.integers(1, 2), "padding": SAME}),
            )


SAME = st.just("same")


@st.composite
def wrapped(draw: st.DrawFn, found: list[tuple[str, SearchStrategy[Arguments]]]) -> Arguments:
    """Draw a layer to be wrapped."""
    name, arguments = draw(st.sampled_from(found))
    return {name: draw(arguments)}


@st.composite
def both_ways(draw: st.DrawFn, found: list[tuple[str, SearchStrategy[Arguments]]]) -> Arguments:
    """Draw the arguments of Bidirectional around one of some layers."""
    ((name, given),) = draw(wrapped(found)).items()
    inner = given | {"go_backwards": False}
    arguments: Arguments = {"layer": {name: inner}}
    if draw(st.booleans()):
        arguments["merge_mode"] = draw(st.sampled_from(["concat", "sum", "mul", "ave"]))
    if draw(st.booleans()):
        arguments["backward_layer"] = {name: inner | {"go_backwards": True}}
    return arguments


def valid_items(shape: Shape, dtype: str) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The layers with one input and one output that take this shape and dtype, with arguments."""
    found = list(_readers(shape, dtype))
    if found:
        found.append(("Bidirectional", both_ways(list(found))))
    if len(shape) == 3 and shape[2] is not None:
        found.append(("GroupQueryAttention", grouped(st.none() | st.integers(1, 3))))
    if dtype == "float32" and (inner := list(kernels(shape))):
        found.append(
            (
                "SpectralNormalization",
                options({"layer": wrapped(inner)}, power_iterations=st.integers(1, 2)),
            )
        )
    if len(shape) > 3 and shape[1] is not None:
        inner = [
            one
            for one in valid_items((shape[0], *shape[2:]), dtype)
            if one[0] != "GroupQueryAttention"
        ]
        if inner:
            found.append(("TimeDistributed", options({"layer": wrapped(inner)})))
    return found


def _readers(shape: Shape, dtype: str) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    """Yield what reads a sequence in one direction."""
    sizes = tuple(size for size in shape[2:-1] if size is not None)
    if len(shape) == 3 and shape[2] is not None:
        unroll = st.booleans() if shape[1] is not None else st.just(False)
        drawn = rnn(unroll)
        if dtype != "float32":
            drawn = drawn.map(lambda found: found | {"cell": without_dropout(found["cell"])})
        yield "RNN", drawn
    if 4 <= len(shape) <= 6 and dtype == "float32" and None not in shape[2:]:
        yield f"ConvLSTM{len(shape) - 3}D", convolved(sizes)


def returning(shape: Shape) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The layers that return their states, on floats of a shape."""
    found = list(_readers(shape, "float32"))
    if len(shape) == 3 and found:
        unroll = st.booleans() if shape[1] is not None else st.just(False)
        found = [
            ("RNN", rnn(unroll, states=True)),
            *((name, recurrent(name, unroll)) for name in RECURRENT),
        ]
    alone = [(name, drawn.map(lambda given: given | STATES)) for name, drawn in found]
    return [*alone, ("Bidirectional", both_ways(alone))] if alone else []


STATES = {"return_state": True}
