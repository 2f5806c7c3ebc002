"""Hypothesis strategies for core, convolution, pooling, reshaping and preprocessing layers.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
The channels stand last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from strategies_b import (
    ACTIVATIONS,
    CONSTRAINTS,
    INITIALIZERS,
    REGULARIZERS,
    SEED,
    UNIT,
    Arguments,
    Shape,
    options,
)

Sizes = tuple[int | None, ...]
Drawn = tuple[str, SearchStrategy[Arguments]]

SMALL = st.integers(1, 3)
PADDING = st.sampled_from(["valid", "same"])
LONGEST = 3
"""The largest window, where the input allows more."""


def one_or_each(rank: int, *numbers: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Draw one number for all axes, or a tuple of one for each.

    Of as many strategies as there are axes, each is for its axis, and the first fits all of them.
    """
    each = numbers if len(numbers) == rank else numbers * rank
    return numbers[0] | st.tuples(*each)


def parts(*kernels: str, initializers: SearchStrategy[Any] = INITIALIZERS) -> Arguments:
    """The arguments that say how weights begin, are penalized and are held."""
    found: Arguments = {"activity_regularizer": REGULARIZERS}
    for name in kernels:
        found[f"{name}_initializer"] = initializers
        found[f"{name}_regularizer"] = REGULARIZERS
        found[f"{name}_constraint"] = CONSTRAINTS
    return found


KERNELS = {"Depthwise": ("depthwise", "bias"), "Separable": ("depthwise", "pointwise", "bias")}


@st.composite
def convolution(draw: st.DrawFn, name: str, sizes: Sizes, channels: int | None) -> Arguments:
    """Draw the arguments of a convolution whose windows fit."""
    rank = len(sizes)
    kind = next((one for one in KERNELS if name.startswith(one)), "")
    transpose = name.endswith("Transpose")
    found = draw(
        options(
            activation=ACTIVATIONS,
            use_bias=st.booleans(),
            **parts(*KERNELS.get(kind, ("kernel", "bias"))),
        )
    )
    paddings = ["valid", "same", "causal"] if name == "Conv1D" else ["valid", "same"]
    padding = draw(st.sampled_from(paddings))
    dilated = draw(st.booleans())
    dilation = draw(st.integers(1, 2)) if dilated else 1
    inside = padding == "valid" and not transpose
    windows = [
        st.integers(1, min(LONGEST, (size - 1) // dilation + 1))
        if inside and size is not None
        else st.integers(1, 2 if inside else LONGEST)
        for size in sizes
    ]
    smallest = st.integers(1, 1) if inside else st.integers(1, LONGEST)
    found |= {
        "kernel_size": draw(one_or_each(rank, smallest, smallest) | st.tuples(*windows)),
        "padding": padding,
    }
    if dilated:
        found["dilation_rate"] = dilation
    else:
        found["strides"] = draw(one_or_each(rank, st.integers(1, 2)))
    if kind != "Depthwise":
        found["filters"] = draw(SMALL)
    if kind:
        found["depth_multiplier"] = draw(st.integers(1, 2))
    elif transpose and padding == "valid" and draw(st.booleans()):
        found["output_padding"] = 0
    elif not transpose:
        groups = draw(st.sampled_from([g for g in (1, 2, 3) if (channels or 1) % g == 0]))
        found |= {"groups": groups, "filters": groups * draw(st.integers(1, 2))}
    return found
