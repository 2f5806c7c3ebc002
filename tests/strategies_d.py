"""Hypothesis strategies for equations, adaptive poolings, masks, features of data.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies_a import each, formatted, spaces
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

LETTERS = "abcdefghijklmnopqrstuvwxyzABC"


# Equations


@st.composite
def einsum(draw: st.DrawFn, shape: Shape) -> Arguments:
    """Draw an equation for a shape, in one of the three forms, and sizes that it can have."""
    place = draw(st.sampled_from(["none", "left", "right"] if len(shape) > 1 else ["none"]))
    lettered, batched = draw(_lettered(shape, place))
    names = draw(st.permutations(LETTERS))
    batch = names[0] if batched else ""
    own = dict(zip(names[1:], lettered, strict=False))
    known = [letter for letter, size in own.items() if size is not None]
    fresh = draw(st.integers(0 if known else 1, 2))
    new = {letter: draw(st.integers(1, 3)) for letter in names[20 : 20 + fresh]}
    kernel = [*new, *draw(_some(known, least=not new))]
    output = draw(st.permutations([*new, *draw(_some(list(own), least=not (new or batch)))]))
    sizes = tuple(
        size if size is not None and (one in kernel or draw(st.booleans())) else None
        for one, size in ((one, {**own, **new}[one]) for one in output)
    )
    before, after = ("..." if place == "left" else batch), ("..." if place == "right" else "")
    product = f"{before}{''.join(own)}{after},{''.join(draw(st.permutations(kernel)))}"
    bare = len(sizes) == 1 and sizes[0] is not None and draw(st.booleans())
    arguments: Arguments = {
        "equation": f"{product}->{before}{''.join(output)}{after}",
        "output_shape": sizes[0] if bare else sizes,
        **draw(options(**EINSUM_PARTS)),
    }
    biased = [letter for letter, size in zip(output, sizes, strict=True) if size is not None]
    if biased and draw(st.booleans()):
        arguments["bias_axes"] = "".join(draw(_some(biased, least=True)))
    return arguments


@st.composite
def _lettered(draw: st.DrawFn, shape: Shape, place: str) -> tuple[Shape, bool]:
    """Draw which axes beside the batch have a letter, and tell whether the batch has one."""
    if place == "none":
        return shape[1:], True
    if place == "right":
        return shape[1 : draw(st.integers(2, len(shape)))], True
    # Keras announces the axes before the letters in the wrong order.
    starts = [n for n in range(1, len(shape)) if shape[1:n] == shape[1:n][::-1]]
    return shape[draw(st.sampled_from(starts)) :], False


def _some(letters: list[str], *, least: bool) -> SearchStrategy[list[str]]:
    if not letters:
        return st.just([])
    return st.lists(st.sampled_from(letters), unique=True, min_size=int(least))


EINSUM_PARTS = {
    # TensorFlow has no softmax of more than five axes on every CPU.
    "activation": ACTIVATIONS.filter(lambda one: one != "softmax"),
    "kernel_initializer": INITIALIZERS,
    "bias_initializer": INITIALIZERS,
    "kernel_regularizer": REGULARIZERS,
    "bias_regularizer": REGULARIZERS,
    "kernel_constraint": CONSTRAINTS,
    "bias_constraint": CONSTRAINTS,
}


# Poolings, normalizations, masks


@st.composite
def adaptive(draw: st.DrawFn, shape: Shape) -> Arguments:
    known = [space for space in spaces(shape) if _poolable(space.sizes)]
    space = draw(st.sampled_from(known))
    size = each([st.integers(2, 4)] * len(space.sizes))
    return formatted(space, {"output_size": draw(size)})


def _poolable(sizes: Shape) -> bool:
    return all(size is not None and size > 1 for size in sizes)


def _poolings(shape: Shape, dtype: str) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    rank = len(shape) - 2
    if not 1 <= rank <= 3:
        return
    if not any(_poolable(space.sizes) for space in spaces(shape)):
        return
    if dtype == "float32":
        yield f"AdaptiveAveragePooling{rank}D", adaptive(shape)
    if dtype == "float32" or (rank < 3 and dtype in ("int32", "int64", "uint8")):
        yield f"AdaptiveMaxPooling{rank}D", adaptive(shape)


def _last_axes(shape: Shape) -> list[Any]:
    """The ways to name the last axes whose sizes are known."""
    ways: list[Any] = []
    for count in range(1, len(shape)):
        if shape[-count] is None:
            break
        behind = tuple(range(-count, 0))
        ways += [behind, tuple(axis + len(shape) for axis in behind)]
    return [*ways, -1, len(shape) - 1] if ways else []


EMBEDDED = options(
    {"input_dim": st.integers(3, 5), "output_dim": st.integers(1, 3)},
    tie_weights=st.booleans(),
    embeddings_initializer=INITIALIZERS,
    embeddings_regularizer=REGULARIZERS,
    embeddings_constraint=CONSTRAINTS,
)


def valid_items(shape: Shape, dtype: str) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The layers that take this shape and dtype, with arguments that they take."""
    if dtype == "string":
        return [("Identity", options())]
    found = [("Identity", options()), ("EinsumDense", einsum(shape)), *_poolings(shape, dtype)]
    if len(shape) > 1:
        found.append(("Masking", options(mask_value=UNIT)))
    if dtype != "float32":
        return [*found, ("ReversibleEmbedding", EMBEDDED)]
    axis = st.sampled_from(range(-len(shape), len(shape)))
    several = st.lists(axis, min_size=1, max_size=2, unique_by=lambda one: one % len(shape))
    mask = st.tuples(*(st.sampled_from([None, 1]) for _ in shape))
    found += [
        ("ActivityRegularization", options(l1=UNIT, l2=UNIT)),
        ("AlphaDropout", options({"rate": UNIT}, noise_shape=st.none() | mask, seed=SEED)),
        ("UnitNormalization", options({"axis": axis | several.map(tuple)})),
    ]
    if _last_axes(shape):
        epsilon = st.sampled_from([1e-6, 1e-3])
        ways = st.sampled_from(_last_axes(shape))
        found.append(("RMSNormalization", options({"axis": ways}, epsilon=epsilon)))
    return found
