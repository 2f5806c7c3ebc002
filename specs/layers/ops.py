"""Functions of ``keras.ops`` as items of a graph: arithmetic, reductions, reshaping, slices.

Each class has the name by which a spec calls it, ``ops.add``; the part behind the dot is the
attribute of ``keras.ops``. The first axis is the batch, which no function may mix or move.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, TypeVar, final

from pydantic import Field, create_model, field_validator

from ..base import OpSpec, conflict
from ..names import PREFIX

T = TypeVar("T", bound=type[OpSpec])

Axis = Annotated[int, Field(description="Axis to work along; 0 is the batch, -1 the last.")]
Axes = Annotated[
    int | Annotated[tuple[int, ...], Field(min_length=1)],
    Field(description="Axis or axes to reduce; 0 is the batch, -1 the last."),
]
KeepDims = Annotated[bool, Field(description="Whether the reduced axes stay, of size 1.")]
Dtype = Literal["float32", "int32", "int64", "uint8", "bool"]


def _called(op: str) -> Callable[[T], T]:
    """Give a class the name by which a spec calls it."""

    def name(cls: T) -> T:
        cls.__name__ = cls.__qualname__ = PREFIX + op
        return cls

    return name


def _plain(op: str, summary: str, inputs: int) -> type[OpSpec]:
    """Make the class of a function that has no arguments but its inputs."""
    made: Any = create_model(PREFIX + op, __base__=OpSpec, __doc__=summary, __module__=__name__)
    made.arity = (inputs, inputs)
    cls: type[OpSpec] = final(made)
    return _called(op)(cls)


Add = _plain("add", "Adds two values entry by entry; sizes of 1 spread.", 2)
Subtract = _plain("subtract", "Subtracts the second value from the first, entry by entry.", 2)
Multiply = _plain("multiply", "Multiplies two values entry by entry; sizes of 1 spread.", 2)
Divide = _plain("divide", "Divides the first value by the second, entry by entry.", 2)
Maximum = _plain("maximum", "Takes the larger of two values, entry by entry.", 2)
Minimum = _plain("minimum", "Takes the smaller of two values, entry by entry.", 2)
Power = _plain("power", "Raises the first value to the power of the second, entry by entry.", 2)

BINARY = (Add, Subtract, Multiply, Divide, Maximum, Minimum, Power)

Matmul = _plain("matmul", "Multiplies matrices, which stand in the last two axes.", 2)

Sigmoid = _plain("sigmoid", "Maps every entry into (0, 1).", 1)
Relu = _plain("relu", "Replaces what is below zero by zero.", 1)
Relu6 = _plain("relu6", "Cuts every entry off at 0 and at 6.", 1)
Silu = _plain("silu", "Multiplies every entry by its sigmoid.", 1)
Tanh = _plain("tanh", "Hyperbolic tangent.", 1)
Softplus = _plain("softplus", "Logarithm of one plus the exponential.", 1)
HardSigmoid = _plain("hard_sigmoid", "Straight line from 0 to 1 between -3 and 3.", 1)
HardSilu = _plain("hard_silu", "Multiplies every entry by its hard sigmoid.", 1)
Exp = _plain("exp", "Exponential.", 1)
Log = _plain("log", "Natural logarithm.", 1)
Sqrt = _plain("sqrt", "Square root.", 1)
Square = _plain("square", "Square.", 1)
Abs = _plain("abs", "Absolute value.", 1)
Negative = _plain("negative", "Changes the sign.", 1)

UNARY = (
    Sigmoid,
    Relu,
    Relu6,
    Silu,
    Tanh,
    Softplus,
    HardSigmoid,
    HardSilu,
    Exp,
    Log,
    Sqrt,
    Square,
    Abs,
    Negative,
)


@final
@_called("gelu")
class Gelu(OpSpec):
    """Gaussian error linear unit."""

    approximate: Annotated[
        bool, Field(description="Whether to use a formula with tanh in place of the exact one.")
    ] = True


@final
@_called("softmax")
class Softmax(OpSpec):
    """Turns the entries along an axis into shares of one."""

    axis: Axis = -1


@final
@_called("concatenate")
class Concatenate(OpSpec):
    """Joins values along an axis that exists."""

    arity: ClassVar[tuple[int, int | None]] = (2, None)
    takes_list: ClassVar[bool] = True

    axis: Axis


@final
@_called("stack")
class Stack(OpSpec):
    """Joins values along a new axis."""

    arity: ClassVar[tuple[int, int | None]] = (2, None)
    takes_list: ClassVar[bool] = True

    axis: Axis


@final
@_called("split")
class Split(OpSpec):
    """Cuts a value along an axis; the pieces are its outputs, `name.0`, `name.1` and so on."""

    indices_or_sections: Annotated[
        Annotated[int, Field(ge=2)]
        | Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)],
        Field(description="Number of equal pieces, or the places to cut at."),
    ]
    axis: Axis

    @field_validator("indices_or_sections")
    @classmethod
    def _rising(cls, value: int | tuple[int, ...]) -> int | tuple[int, ...]:
        if isinstance(value, tuple) and list(value) != sorted(set(value)):
            raise conflict("indices_or_sections", "the places to cut at must rise")
        return value


@final
@_called("reshape")
class Reshape(OpSpec):
    """Lays the entries of each example out in another shape."""

    newshape: Annotated[
        tuple[int, ...],
        Field(
            min_length=1,
            description="The new shape, the batch included, which is -1: `[-1, 14, 64]`.",
        ),
    ]

    @field_validator("newshape")
    @classmethod
    def _whole_batch(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if value[0] != -1:
            help = "begin with -1, which keeps the batch"
            raise conflict("newshape", "the first axis is the batch, whose size is not known", help)
        if any(size < 1 for size in value[1:]):
            raise conflict("newshape", "a size behind the batch must be 1 or more")
        return value


@final
@_called("transpose")
class Transpose(OpSpec):
    """Puts the axes into another order."""

    axes: Annotated[
        tuple[int, ...],
        Field(min_length=1, description="The old axes in their new order; the batch, 0, stays."),
    ]


@final
@_called("expand_dims")
class ExpandDims(OpSpec):
    """Adds an axis of size 1."""

    axis: Axis


@final
@_called("squeeze")
class Squeeze(OpSpec):
    """Takes an axis of size 1 away."""

    axis: Axis


@final
@_called("mean")
class Mean(OpSpec):
    """Averages over axes."""

    axis: Axes
    keepdims: KeepDims = False


@final
@_called("sum")
class Sum(OpSpec):
    """Adds up over axes."""

    axis: Axes
    keepdims: KeepDims = False


@final
@_called("max")
class Max(OpSpec):
    """Takes the largest entry over axes."""

    axis: Axes
    keepdims: KeepDims = False


@final
@_called("min")
class Min(OpSpec):
    """Takes the smallest entry over axes."""

    axis: Axes
    keepdims: KeepDims = False


@final
@_called("cumsum")
class Cumsum(OpSpec):
    """Adds up along an axis, each entry with those before it."""

    axis: Axis


@final
@_called("ones_like")
class OnesLike(OpSpec):
    """Ones in the shape of a value."""

    dtype: Annotated[Dtype | None, Field(description="Dtype; `null` takes the value's.")] = None


@final
@_called("zeros_like")
class ZerosLike(OpSpec):
    """Zeros in the shape of a value."""

    dtype: Annotated[Dtype | None, Field(description="Dtype; `null` takes the value's.")] = None


@final
@_called("cast")
class Cast(OpSpec):
    """Turns numbers into another dtype."""

    dtype: Annotated[Dtype, Field(description="Dtype of the result.")]


ENTRY = re.compile(r"\.\.\.|None|-?\d+|(-?\d+)?:(-?\d+)?(:-?[1-9]\d*)?")


@final
@_called("getitem")
class GetItem(OpSpec):
    """Takes part of a value: `key: ":, 0"` is what `x[:, 0]` is in Python."""

    key: Annotated[
        str,
        Field(
            description="What would stand in brackets behind the value: `:, 0`, `..., 1:3`. "
            "The batch is taken whole."
        ),
    ]

    @field_validator("key")
    @classmethod
    def _slices(cls, value: str) -> str:
        parts = [part.strip() for part in value.split(",")]
        wrong = next((part for part in parts if not ENTRY.fullmatch(part)), None)
        if wrong is not None:
            raise conflict(
                "key",
                f"`{wrong}` is no index and no slice",
                "entries are `:`, `1:3`, `::2`, a whole number, `...` or `None`",
            )
        if parts.count("...") > 1:
            raise conflict("key", "`...` can stand once")
        if parts in ([":"], ["..."]):
            raise conflict("key", f"`{parts[0]}` alone takes the whole value, which Keras refuses")
        if parts[0] not in (":", "..."):
            raise conflict(
                "key", "the first axis is the batch, which is taken whole", f"begin: `:, {value}`"
            )
        return ", ".join(parts)

    def entries(self) -> tuple[Any, ...]:
        """Return what stands in brackets, as Python's own indices."""
        return tuple(_entry(part) for part in self.key.split(", "))


def _entry(part: str) -> Any:
    if part in ("...", "None"):
        return ... if part == "..." else None
    if ":" not in part:
        return int(part)
    return slice(*(int(number) if number else None for number in part.split(":")))


REDUCTIONS = (Mean, Sum, Max, Min)
