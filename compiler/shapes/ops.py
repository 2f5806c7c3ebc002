"""Rules of the functions of ``keras.ops``: shapes, dtypes and work; they have no weights.

An operand that is a number has the shape ``()`` and the dtype ``int`` or ``float``, which gives way to
the dtype of the value that it meets; a list of numbers has a dtype of its own.
"""

from __future__ import annotations

from math import prod

from ...specs.base import OpSpec
from ...specs.layers import ops
from ..graph import Inference, Shape, TensorType
from .checks import DTYPES, axis_of, count, distinct, entries, fits, need_float, plus, times
from .rule import Rule, RuleError

WEAK = {"int": "int32", "float": "float32"}
"""The dtypes of bare numbers, and what a truth value becomes when it meets one."""


def _name(op: OpSpec) -> str:
    return type(op).__name__


def dtype_of(inputs: tuple[TensorType, ...]) -> str:
    """Return the dtype that Keras brings operands to; a bare number gives way to a value."""
    strong = max(
        (one.dtype for one in inputs if one.dtype not in WEAK), key=DTYPES.index, default="bool"
    )
    for one in inputs:
        if one.dtype == "float" or (one.dtype == "int" and strong == "bool"):
            strong = max(strong, WEAK[one.dtype], key=DTYPES.index)
    return strong


def _broadcast(op: OpSpec, inputs: tuple[TensorType, ...], whole: int = 0) -> Shape:
    """Spread sizes of 1, axes counted from the back; ``whole`` last axes are left out of it."""
    rank = max(one.rank for one in inputs)
    for index, one in enumerate(inputs):
        if one.shape[:1] == (None,) and one.rank < rank:
            raise RuleError(
                "HB403",
                f"`{_name(op)}` puts axes side by side from the last to the first, so "
                f"{count('axis', one.rank)} of {one} would meet others of {rank}: "
                "its batch would meet another axis",
                help="bring both to equally many axes, with `ops.expand_dims` or a `Reshape`",
                input=index,
            )
    sizes: list[int | None] = []
    for axis in range(-rank, -whole):
        met = [one.shape[axis] for one in inputs if axis >= -one.rank]
        known = [size for size in met if size not in (None, 1)]
        if any(size != known[0] for size in known) or (axis == -rank and known):
            raise _unfit(op, inputs, axis + rank)
        sizes.append(None if None in met and not known else known[0] if known else 1)
    return tuple(sizes)


def _unfit(op: OpSpec, inputs: tuple[TensorType, ...], axis: int) -> RuleError:
    shown = " and ".join(str(one) for one in inputs)
    what = "the batch" if axis == 0 else f"axis {axis}"
    return RuleError(
        "HB403",
        f"`{_name(op)}` takes sizes that are equal or 1, but {shown} differ on {what}",
        input=1,
    )


def _elementwise(op: OpSpec, inputs: tuple[TensorType, ...]) -> Inference:
    dtype = dtype_of(inputs)
    if dtype == "bool" and _name(op) != "ops.divide":
        raise RuleError(
            "HB405", f"`{_name(op)}` calculates, but receives truth values", help="use `ops.cast`"
        )
    if _name(op) == "ops.divide":
        dtype = "float32"
    output = TensorType(_broadcast(op, inputs), dtype)
    return Inference(output, (), entries(output))


def _is_value(one: TensorType) -> bool:
    """Tell a value, which begins with the batch, from numbers that a spec writes."""
    return one.shape[:1] == (None,)


def _least_ranks(left: TensorType, right: TensorType) -> tuple[int, int]:
    """Return how many axes each operand of a product needs, so that no batch is summed or moved."""
    if not _is_value(right):
        return (2 if right.rank <= 2 else 3), 1
    return (3 if _is_value(left) else 1), 3


def _matmul(op: OpSpec, inputs: tuple[TensorType, ...]) -> Inference:
    left, right = inputs
    for index, (one, least) in enumerate(zip(inputs, _least_ranks(left, right), strict=True)):
        if one.rank < least:
            raise RuleError(
                "HB401",
                f"`{_name(op)}` multiplies matrices, the last two axes of each example, "
                f"but receives {count('axis', one.rank)}: {one}",
                input=index,
            )
    inner, other = left.shape[-1], right.shape[-2:][0]
    if not fits(inner, other):
        last = "last axis" if right.rank == 1 else "last axis but one"
        raise RuleError(
            "HB403",
            f"`{_name(op)}` sums over the last axis of {left} and the {last} of {right}, "
            f"but their sizes are {inner} and {other}",
            input=1,
        )
    for index, one in enumerate(inputs):
        if not _is_value(one) and 2 < one.rank < max(left.rank, right.rank):
            # With oneDNN TensorFlow frees memory that is not its own, where a size is not known.
            raise RuleError(
                "HB403",
                f"`{_name(op)}` spreads one matrix over many, or multiplies equally many axes, "
                f"but receives {left} and {right}",
                field="inputs",
                help="write the list with two axes",
                input=index,
            )
    if min(left.rank, right.rank) > 1:
        shape = (*_broadcast(op, inputs, 2), left.shape[-2], right.shape[-1])
    else:
        shape = left.shape[:-1] if right.rank == 1 else (*right.shape[:-2], right.shape[-1])
    output = TensorType(shape, dtype_of(inputs))
    return Inference(output, (), times(2, inner, entries(output)))


FLOATS_ONLY = frozenset(
    "ops." + op for op in ("sigmoid", "silu", "gelu", "softplus", "hard_sigmoid", "hard_silu")
)
MAKES_FLOATS = frozenset("ops." + op for op in ("tanh", "exp", "log", "sqrt"))
REFUSES = {
    "ops.relu": ("bool",),
    "ops.relu6": ("bool",),
    "ops.negative": ("bool", "uint8"),
}
FREE = frozenset({"ops.negative", "ops.abs"})
"""Functions that change a sign, which is no operation of arithmetic."""


def _unary(op: OpSpec, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    name, dtype = _name(op), given.dtype
    if name in FLOATS_ONLY:
        need_float(name, given, "takes floating-point numbers")
    if dtype in REFUSES.get(name, ()):
        raise RuleError("HB405", f"`{name}` takes no {dtype}", help="use `ops.cast` before it")
    if name in MAKES_FLOATS:
        dtype = "float32"
    if name == "ops.square" and dtype == "bool":
        dtype = "int32"
    work = 0 if name in FREE else entries(given)
    return Inference(TensorType(given.shape, dtype), (), work)


def _axis(op: OpSpec, given: TensorType, axis: int, field: str = "axis") -> int:
    """Count an axis from the front; refuse the batch, whose examples stay apart."""
    found = axis_of(_name(op), given, axis, field)
    if found == 0:
        raise RuleError(
            "HB404",
            f"`{_name(op)}` would work across axis 0, the batch, and mix its examples",
            field=field,
            help="axes after the batch count from 1",
        )
    return found


def _softmax(op: ops.Softmax, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float(_name(op), given, "takes floating-point numbers")
    _axis(op, given, op.axis)
    return Inference(given, (), times(5, entries(given)))


def _only_values(op: OpSpec, inputs: tuple[TensorType, ...]) -> None:
    for index, one in enumerate(inputs):
        if not _is_value(one):
            raise RuleError(
                "HB403",
                f"`{_name(op)}` joins values, each with its batch, but a number has none, "
                "nor has a list of numbers",
                field="inputs",
                help="add it to `ops.zeros_like` of a value, which spreads it over the batch",
                input=index,
            )


def _same_but(op: OpSpec, inputs: tuple[TensorType, ...], axis: int | None) -> None:
    """Refuse values that differ on another axis than ``axis``."""
    first = inputs[0]
    for index, one in enumerate(inputs[1:], 1):
        apart = one.rank != first.rank or any(
            place != axis and not fits(a, b)
            for place, (a, b) in enumerate(zip(first.shape, one.shape, strict=False))
        )
        if apart:
            along = "" if axis is None else f", axis {axis} aside"
            raise RuleError(
                "HB403",
                f"`{_name(op)}` joins values of equal sizes{along}, but receives {first} and {one}",
                input=index,
            )


def _merged(shapes: list[Shape]) -> list[int | None]:
    """Take each size from the first shape that knows it."""
    return [next((s for s in sizes if s is not None), None) for sizes in zip(*shapes, strict=True)]


def _concatenate(op: ops.Concatenate, inputs: tuple[TensorType, ...]) -> Inference:
    _only_values(op, inputs)
    axis = _axis(op, inputs[0], op.axis)
    _same_but(op, inputs, axis)
    sizes = list(inputs[0].shape)
    sizes[axis] = plus(*(one.shape[axis] for one in inputs))
    return Inference(TensorType(tuple(sizes), dtype_of(inputs)))


def _stack(op: ops.Stack, inputs: tuple[TensorType, ...]) -> Inference:
    _only_values(op, inputs)
    _same_but(op, inputs, None)
    first = inputs[0]
    axis = _new_axis(op, first, op.axis)
    shape = (*first.shape[:axis], len(inputs), *first.shape[axis:])
    return Inference(TensorType(shape, dtype_of(inputs)))


def _new_axis(op: OpSpec, given: TensorType, axis: int) -> int:
    """Count the place of an axis to be added from the front."""
    place = axis + given.rank + 1 if axis < 0 else axis
    if not 0 < place <= given.rank:
        what = "would stand before the batch" if place == 0 else "is out of reach"
        raise RuleError(
            "HB404",
            f"`{_name(op)}` adds an axis to {given}, but axis {axis} {what}",
            field="axis",
            help=f"1 to {given.rank}, or -1 for the last",
        )
    return place


def _split(op: ops.Split, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    axis = _axis(op, given, op.axis)
    types = [
        TensorType((*given.shape[:axis], piece, *given.shape[axis + 1 :]), given.dtype)
        for piece in _pieces(op, given, axis, given.shape[axis])
    ]
    return Inference(types[0], states=tuple(types[1:]))


def _pieces(op: ops.Split, given: TensorType, axis: int, size: int | None) -> list[int | None]:
    """Return the sizes of the pieces of an axis."""
    cuts = op.indices_or_sections
    if isinstance(cuts, int):
        if size is None:
            return [None] * cuts
        if size % cuts:
            raise RuleError(
                "HB404",
                f"`{_name(op)}` cannot cut {count('entry', size)} into {cuts} equal pieces",
                field="indices_or_sections",
            )
        return [size // cuts] * cuts
    if size is None:
        raise RuleError(
            "HB406",
            f"`{_name(op)}` at places needs a known size of axis {axis}, but receives {given}",
            field="indices_or_sections",
            help="give a number of equal pieces",
        )
    if cuts[-1] >= size:
        raise RuleError(
            "HB404",
            f"`{_name(op)}` cuts at {cuts[-1]}, but axis {axis} of {given} has "
            f"{count('entry', size)}",
            field="indices_or_sections",
        )
    return [end - start for start, end in zip((0, *cuts), (*cuts, size), strict=True)]


def _reshape(op: ops.Reshape, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    have, wanted = entries(given), prod(op.newshape[1:])
    if have is None:
        raise RuleError("HB406", f"`{_name(op)}` needs known sizes, but receives {given}")
    if have != wanted:
        raise RuleError(
            "HB404",
            f"`{_name(op)}` cannot lay {have} entries of {given} out as {op.newshape}: "
            f"that takes {wanted}",
            field="newshape",
        )
    return Inference(TensorType((None, *op.newshape[1:]), given.dtype))


def _transpose(op: ops.Transpose, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    axes = tuple(axis + given.rank if axis < 0 else axis for axis in op.axes)
    if sorted(axes) != list(range(given.rank)):
        raise RuleError(
            "HB404",
            f"`{_name(op)}` names each of the {given.rank} axes of {given} once, not {op.axes}",
            field="axes",
        )
    if axes[0] != 0:
        raise RuleError(
            "HB404",
            f"`{_name(op)}` would move axis 0, the batch",
            field="axes",
            help="begin with 0",
        )
    return Inference(TensorType(tuple(given.shape[axis] for axis in axes), given.dtype))


def _expand(op: ops.ExpandDims, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    axis = _new_axis(op, given, op.axis)
    return Inference(TensorType((*given.shape[:axis], 1, *given.shape[axis:]), given.dtype))


def _squeeze(op: ops.Squeeze, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    axis = _axis(op, given, op.axis)
    if given.shape[axis] != 1:
        raise RuleError(
            "HB404",
            f"`{_name(op)}` takes an axis of size 1 away, but axis {axis} of {given} is not",
            field="axis",
        )
    return Inference(TensorType((*given.shape[:axis], *given.shape[axis + 1 :]), given.dtype))


def _reduced(op: OpSpec, dtype: str) -> str:
    """Return the dtype of a reduction."""
    if isinstance(op, ops.Mean):
        return "float32"
    return "int32" if isinstance(op, ops.Sum) and dtype == "bool" else dtype


def _reduce(op: ops.Mean, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    wanted = op.axis if isinstance(op.axis, tuple) else (op.axis,)
    axes = tuple(_axis(op, given, axis) for axis in wanted)
    distinct(_name(op), axes, "axis")
    _no_small_sum(op, given)
    shape = tuple(
        1 if axis in axes else size
        for axis, size in enumerate(given.shape)
        if op.keepdims or axis not in axes
    )
    return Inference(TensorType(shape, _reduced(op, given.dtype)), (), entries(given))


def _no_small_sum(op: OpSpec, given: TensorType) -> None:
    if given.dtype == "uint8" and _name(op) == "ops.sum":
        raise RuleError(
            "HB405",
            f"`{_name(op)}` of uint8 makes uint32, which the language does not have",
            help="use `ops.cast` before it",
        )


def _cumsum(op: ops.Cumsum, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    _axis(op, given, op.axis)
    dtype = "int32" if given.dtype == "bool" else given.dtype
    return Inference(TensorType(given.shape, dtype), (), entries(given))


def _like(op: ops.OnesLike | ops.ZerosLike, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    return Inference(TensorType(given.shape, op.dtype or given.dtype))


def _cast(op: ops.Cast, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    return Inference(TensorType(given.shape, op.dtype))


def _getitem(op: ops.GetItem, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    key = op.entries()
    taken = sum(1 for one in key if one is not None and one is not ...)
    if taken > given.rank:
        raise RuleError(
            "HB401",
            f"`{_name(op)}` has {count('index', taken).replace('indexs', 'indices')}, "
            f"but receives {count('axis', given.rank)}: {given}",
            field="key",
        )
    if ... not in key:
        key = (*key, ...)
    at = key.index(...)
    whole = (slice(None),) * (given.rank - taken)
    shape: list[int | None] = []
    axis = 0
    for one in (*key[:at], *whole, *key[at + 1 :]):
        if one is None:
            shape.append(1)
            continue
        size = given.shape[axis]
        if axis == 0 and one != slice(None):
            raise RuleError(
                "HB404", f"`{_name(op)}` would cut axis 0, the batch", field="key",
                help="begin with `:`",
            )  # fmt: skip
        if isinstance(one, slice):
            shape.append(_sliced(op, given, axis, size, one))
        else:
            _inside(op, given, axis, size, one)
        axis += 1
    if shape[:1] != [None]:
        raise RuleError("HB404", f"`{_name(op)}` puts an axis before the batch", field="key")
    return Inference(TensorType(tuple(shape), given.dtype))


def _sliced(op: OpSpec, given: TensorType, axis: int, size: int | None, key: slice) -> int | None:
    if key == slice(None):
        return size
    found = max(len(range(*key.indices(one))) for one in ([size] if size else _telling(key)))
    if not found:
        raise RuleError(
            "HB402", f"`{_name(op)}` leaves nothing of axis {axis} of {given}", field="key"
        )
    return found if size else None


def _telling(key: slice) -> tuple[int, ...]:
    """Return sizes of which one is left with something by a slice, if any size at all is."""
    start, stop = abs(key.start or 0), abs(key.stop or 0)
    return (1, start, start + 1, stop, stop + 1, start + stop + 1, start + stop + 2)


def _inside(op: OpSpec, given: TensorType, axis: int, size: int | None, index: int) -> None:
    if size is not None and not -size <= index < size:
        raise RuleError(
            "HB402",
            f"`{_name(op)}` takes entry {index} of axis {axis}, but {given} has {size} there",
            field="key",
        )


RULES: dict[type[OpSpec], Rule] = {
    **dict.fromkeys(ops.BINARY, _elementwise),
    ops.Matmul: _matmul,
    **dict.fromkeys((*ops.UNARY, ops.Gelu), _unary),
    ops.Softmax: _softmax,
    ops.Concatenate: _concatenate,
    ops.Stack: _stack,
    ops.Split: _split,
    ops.Reshape: _reshape,
    ops.Transpose: _transpose,
    ops.ExpandDims: _expand,
    ops.Squeeze: _squeeze,
    **dict.fromkeys(ops.REDUCTIONS, _reduce),
    ops.Cumsum: _cumsum,
    ops.OnesLike: _like,
    ops.ZerosLike: _like,
    ops.Cast: _cast,
    ops.GetItem: _getitem,
}
