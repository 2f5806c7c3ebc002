"""Hypothesis strategies for functions of ``keras.ops``: arguments and operands that go with a value.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hornbook.compiler.graph import Literal, TensorType
from strategies.normalization import Arguments, Shape, options

Operand = TensorType | Literal
Application = tuple[str, Arguments, tuple[Operand, ...]]
"""A function by name, its arguments, its operands."""

DTYPES = ("bool", "uint8", "int32", "int64", "float32")
NUMBERS = ("uint8", "int32", "int64", "float32")
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power")
REDUCTIONS = ("mean", "sum", "max", "min")
ANYTHING = ("tanh", "exp", "log", "sqrt", "square", "abs")
"""Functions of one value that take every dtype."""
CUTTING = ("relu", "relu6")
"""Functions of one value that take every dtype but truth values."""
FLOATING = ("sigmoid", "silu", "softplus", "hard_sigmoid", "hard_silu")
"""Functions of one value that take floating-point numbers alone."""


def unary(dtype: str) -> tuple[str, ...]:
    """The functions of one value, without arguments, that take a dtype."""
    signed = ("negative",) if dtype not in ("bool", "uint8") else ()
    cutting = CUTTING if dtype != "bool" else ()
    return (*ANYTHING, *signed, *cutting, *(FLOATING if dtype == "float32" else ()))


def axes(rank: int) -> SearchStrategy[int]:
    """Draw an axis that is not the batch, counted from either end."""
    return st.integers(1, rank - 1) | st.integers(1 - rank, -1)


def reduced(rank: int) -> SearchStrategy[Arguments]:
    """Draw one axis to reduce, or several."""
    several = (
        st.lists(st.integers(1, rank - 1), min_size=1, unique=True)
        .map(lambda found: tuple(found))
        .flatmap(lambda found: st.sampled_from([found, tuple(one - rank for one in found)]))
    )
    return options({"axis": axes(rank) | several}, keepdims=st.booleans())


@st.composite
def orders(draw: st.DrawFn, rank: int) -> tuple[int, ...]:
    """Draw an order of axes that leaves the batch in front, each counted from either end."""
    found = (0, *draw(st.permutations(range(1, rank))))
    return tuple(draw(st.sampled_from([axis, axis, axis - rank])) for axis in found)


def valid_items(shape: Shape, dtype: str) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The functions of one value that take this shape and dtype, with arguments."""
    found = [*_anywhere(shape, dtype), *_along(shape, dtype)] if len(shape) > 1 else []
    return [(f"ops.{name}", drawn) for name, drawn in (*found, *_everywhere(shape, dtype))]


def _everywhere(shape: Shape, dtype: str) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    """Yield what takes every shape."""
    yield from ((name, options()) for name in unary(dtype))
    if dtype == "float32":
        yield "gelu", options(approximate=st.booleans())
    for name in ("ones_like", "zeros_like"):
        yield name, options(dtype=st.none() | st.sampled_from(DTYPES))
    yield "cast", options({"dtype": st.sampled_from(DTYPES)})
    places = st.integers(1, len(shape)) | st.integers(-len(shape), -1)
    yield "expand_dims", options({"axis": places})
    yield "getitem", options({"key": keys(shape)})


def _anywhere(shape: Shape, dtype: str) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    """Yield what works along any axes behind the batch."""
    rank = len(shape)
    for name in REDUCTIONS:
        if (name, dtype) != ("sum", "uint8"):
            yield name, reduced(rank)
    yield "cumsum", options({"axis": axes(rank)})
    if dtype == "float32":
        yield "softmax", options(axis=axes(rank))
    yield "transpose", options({"axes": orders(rank)})


def _along(shape: Shape, dtype: str) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    """Yield what needs an axis of a certain size."""
    rank = len(shape)
    single = [axis for axis in range(1, rank) if shape[axis] == 1]
    if single:
        both = [one for axis in single for one in (axis, axis - rank)]
        yield "squeeze", options({"axis": st.sampled_from(both)})
    cut = [axis for axis in range(1, rank) if (shape[axis] or 0) > 1]
    if cut:
        yield "split", st.sampled_from(cut).flatmap(lambda axis: _split(shape, axis))
    sizes = [size for size in shape[1:] if size is not None]
    if len(sizes) == rank - 1:
        yield "reshape", options({"newshape": laid_out(prod(sizes))})


def _split(shape: Shape, axis: int) -> SearchStrategy[Arguments]:
    size = shape[axis] or 0
    equal = st.sampled_from([parts for parts in range(2, size + 1) if size % parts == 0])
    places = st.lists(st.integers(1, size - 1), min_size=1, max_size=3, unique=True)
    return options(
        {
            "indices_or_sections": equal | places.map(lambda found: tuple(sorted(found))),
            "axis": st.sampled_from([axis, axis - len(shape)]),
        }
    )


@st.composite
def laid_out(draw: st.DrawFn, count: int) -> tuple[int, ...]:
    """Draw a shape of some number of entries, the batch in front."""
    sizes: list[int] = []
    while count > 1 and len(sizes) < 4:
        sizes.append(draw(st.sampled_from([d for d in range(1, count + 1) if count % d == 0])))
        count //= sizes[-1]
    return (-1, *sizes, *([count] if count > 1 else []))


@st.composite
def keys(draw: st.DrawFn, shape: Shape) -> str:
    """Draw what stands in brackets behind a value: each part leaves something."""
    parts = [draw(_key(size)) for size in shape[1:]]
    taken = draw(st.integers(0, len(parts)))
    if draw(st.booleans()):
        found = [":", *parts[:taken], *draw(st.sampled_from([[], [], ["..."]]))]
    else:
        # What stands behind the dots is for the last axes.
        lead = draw(st.sampled_from([["..."], [":", "..."]]))
        found = [*lead, *parts[len(parts) - taken :]]
    for _ in range(draw(st.integers(0, 2))):
        found.insert(draw(st.integers(1, len(found))), "None")
    # One part alone, which would take the whole value, is no key to Keras.
    return draw(st.sampled_from([", ", ","])).join(found if len(found) > 1 else [":", "..."])


def _key(size: int | None) -> SearchStrategy[str]:
    """Draw an index, or a slice, of an axis; one of a size that is not known has many entries."""
    size = size or 8
    bound = st.none() | st.integers(-size - 1, size + 1)
    step = st.none() | st.integers(-3, 3).filter(bool)
    slices = st.builds(slice, bound, bound, step).filter(
        lambda one: len(range(*one.indices(size))) > 0
    )
    return st.just(":") | st.integers(-size, size - 1).map(str) | slices.map(_written)


def _written(one: slice) -> str:
    start, stop, step = (
        "" if part is None else str(part) for part in (one.start, one.stop, one.step)
    )
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


WHOLE = st.integers(0, 100)
BROKEN = st.sampled_from([0.0, -1.5, 0.25, 3.0, 1e30])
TRUTHS = st.booleans()


@st.composite
def grids(draw: st.DrawFn, sizes: tuple[int, ...], entries: SearchStrategy[Any]) -> Any:
    """Draw a nested list of numbers."""
    if not sizes:
        return draw(entries)
    return tuple(draw(grids(sizes[1:], entries)) for _ in range(sizes[0]))


@st.composite
def broadcastable(draw: st.DrawFn, shape: Shape) -> tuple[int, ...]:
    """Draw the shape of a list that goes with a value of a shape."""
    known = [draw(st.sampled_from([size or 1, 1])) for size in shape[1:]]
    return tuple(([1, *known] if draw(st.booleans()) else known)[-draw(st.integers(1, 3)) :])


@st.composite
def arithmetic(draw: st.DrawFn, given: TensorType) -> Application:
    """Draw an operation on a value and one that fits it, a number, or a list of numbers."""
    op = draw(st.sampled_from(BINARY))
    kinds = DTYPES if given.dtype != "bool" or op == "divide" else NUMBERS
    kind = draw(st.sampled_from(["value", "number", "list"]))
    if kind == "value":
        sizes = [draw(st.sampled_from([size, size, 1])) for size in given.shape[1:]]
        other: Operand = TensorType((None, *sizes), draw(st.sampled_from(kinds)))
    else:
        # Of whole numbers only those that bytes can hold, and none that makes a power a fraction.
        numbers = [BROKEN, WHOLE, *([TRUTHS] if "bool" in kinds else [])]
        numbers = draw(st.sampled_from(numbers))
        sizes_ = draw(broadcastable(given.shape)) if kind == "list" else ()
        other = Literal(draw(grids(sizes_, numbers)))
    pair = (given, other) if draw(st.booleans()) else (other, given)
    if op == "subtract" and pair[0] is other and given.dtype == "uint8":
        pair = (given, other)
    return f"ops.{op}", {}, pair


@st.composite
def products(draw: st.DrawFn, given: TensorType) -> Application:
    """Draw a product of matrices with a value on its left."""
    size = st.integers(1, 3)
    inner = given.shape[-1]
    if given.rank > 2 and draw(st.booleans()):
        lead = [draw(st.sampled_from([one, 1])) for one in given.shape[1:-2]]
        kind = draw(st.sampled_from(DTYPES))
        other: Operand = TensorType((None, *lead, inner, draw(size)), kind)
    else:
        shape = draw(st.sampled_from([(inner or 2,), (inner or 2, draw(size))]))
        if given.rank == 3:
            shape = draw(st.sampled_from([shape, (1, inner or 2, draw(size))]))
        other = Literal(draw(grids(shape, draw(st.sampled_from([WHOLE, BROKEN, TRUTHS])))))
    return "ops.matmul", {}, (given, other)


@st.composite
def joins(draw: st.DrawFn, given: TensorType) -> Application:
    """Draw a function that joins values, along an axis that exists or a new one."""
    op = draw(st.sampled_from(["concatenate", "stack"]))
    axis = draw(st.integers(1, given.rank - (op == "concatenate")))
    dtypes = st.sampled_from([given.dtype, *DTYPES])
    others = []
    for _ in range(draw(st.integers(1, 3))):
        sizes = list(given.shape)
        if op == "concatenate":
            sizes[axis] = draw(st.sampled_from([sizes[axis], 1, 2]))
        others.append(TensorType(tuple(sizes), draw(dtypes)))
    back = given.rank + (op == "stack")
    return f"ops.{op}", {"axis": draw(st.sampled_from([axis, axis - back]))}, (given, *others)


def valid_applications(given: TensorType) -> SearchStrategy[Application]:
    """Draw a function of several operands, of which a value is one."""
    if given.rank < 2:
        return arithmetic(given)
    return arithmetic(given) | products(given) | joins(given)


def all_keys(parts: tuple[str, ...], length: int) -> Iterator[str]:
    """Yield every key of some parts, up to a length."""
    for count in range(1, length + 1):
        yield from (", ".join(found) for found in product(parts, repeat=count))
