"""What rules of several families ask of their inputs, as sentences."""

from __future__ import annotations

from ..graph import Shape, TensorType
from .rule import RuleError, product

DTYPES = ("bool", "uint8", "int32", "int64", "float32")
"""The dtypes of the language; of two that meet, Keras takes the one that stands later."""


def count(noun: str, number: int) -> str:
    """Write a number of things: 1 axis, 2 axes."""
    plural = {"axis": "axes", "entry": "entries"}.get(noun, f"{noun}s")
    return f"{number} {noun if number == 1 else plural}"


def entries(given: TensorType) -> int | None:
    """Count the entries of one example; ``None`` where a size is not known."""
    return product(given.shape[1:])


def times(*factors: int | None) -> int | None:
    """Multiply; ``None`` where a factor is not known."""
    return product(factors)


def plus(*terms: int | None) -> int | None:
    """Add; ``None`` where a term is not known."""
    total = 0
    for term in terms:
        if term is None:
            return None
        total += term
    return total


def axis_of(name: str, given: TensorType, axis: int, field: str, index: int = 0) -> int:
    """Return the axis counted from the front; raise HB401 where there is none."""
    if not -given.rank <= axis < given.rank:
        raise RuleError(
            "HB401",
            f"`{name}` works on axis {axis}, but receives {count('axis', given.rank)}: {given}",
            field=field,
            help=f"axes count from 0, the batch, to {given.rank - 1}, or back from -1",
            input=index,
        )
    return axis % given.rank


def size_of(name: str, given: TensorType, axis: int, field: str) -> int:
    """Return the size of an axis that weights are made for; raise HB406 where it is not known."""
    size = given.shape[axis]
    if size is None:
        what = "the batch" if axis == 0 else f"axis {axis}"
        raise RuleError(
            "HB406",
            f"`{name}` has weights for each entry of {what}, whose size must be known, "
            f"but receives {given}",
            field=field,
            help="choose an axis of known size" if axis == 0 else None,
        )
    return size


def distinct(name: str, axes: tuple[int, ...], field: str) -> None:
    """Raise HB404 where one axis is named twice."""
    if len(set(axes)) != len(axes):
        raise RuleError("HB404", f"`{name}` is given the same axis twice: {axes}", field=field)


def need_float(name: str, given: TensorType, reason: str, index: int = 0) -> None:
    """Raise HB405 unless the input holds floating-point numbers."""
    if given.dtype != "float32":
        raise RuleError(
            "HB405",
            f"`{name}` {reason}, but receives {given.dtype} {given}",
            help="put a `Rescaling` or an `Embedding` before it",
            input=index,
        )


def common_dtype(inputs: tuple[TensorType, ...]) -> str:
    """Return the dtype that Keras brings several inputs to."""
    return max((one.dtype for one in inputs), key=DTYPES.index)


def fits(one: int | None, other: int | None) -> bool:
    """Tell whether two sizes can be equal."""
    return one is None or other is None or one == other


def with_last(shape: Shape, size: int) -> Shape:
    """Replace the size of the last axis."""
    return (*shape[:-1], size)
