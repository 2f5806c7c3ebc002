"""What a function makes of the numbers that a spec writes among its operands.

A bare number takes the dtype of the values that it meets, and Keras does not look whether it fits:
300 becomes 44 beside bytes. Such numbers are refused here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ...specs.base import OpSpec
from ..graph import Literal, Numbers, TensorType
from .ops import dtype_of
from .rule import RuleError

LARGEST_FLOAT: Final = 3.4028234663852886e38
RANGES: Final = {
    "bool": (0, 1),
    "uint8": (0, 255),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "float32": (-LARGEST_FLOAT, LARGEST_FLOAT),
}
"""The least and the largest number of each dtype."""


def check_literals(op: OpSpec, operands: tuple[TensorType | Literal, ...]) -> None:
    """Raise HB405 where a number is no number of the dtype in which a function calculates."""
    name = type(op).__name__
    types = tuple(one.type if isinstance(one, Literal) else one for one in operands)
    calculates = "float32" if name == "ops.divide" else dtype_of(types)
    for index, one in enumerate(operands):
        if isinstance(one, Literal):
            dtype = one.type.dtype if isinstance(one.value, tuple) else calculates
            _check_range(name, index, one, dtype)
    if calculates != "float32" and name == "ops.power":
        _check_exponent(name, operands[1])
    if calculates == "uint8" and name == "ops.subtract":
        _check_zero(name, operands[0])


def _check_range(name: str, index: int, one: Literal, dtype: str) -> None:
    least, most = RANGES[dtype]
    wrong = next((number for number in numbers(one.value) if not least <= number <= most), None)
    if wrong is None:
        return
    wide = dtype == "float32"
    bounds = f"{least:.2g} to {most:.2g}" if wide else f"{least:,} to {most:,}"
    raise RuleError(
        "HB405",
        f"`{name}` takes {wrong} as {dtype}, whose numbers go from {bounds}",
        field="inputs",
        help="write a smaller number" if wide else f"write `{wrong}.0`, or use `ops.cast` before",
        input=index,
    )


def _check_exponent(name: str, exponent: TensorType | Literal) -> None:
    if isinstance(exponent, Literal) and any(number < 0 for number in numbers(exponent.value)):
        raise RuleError(
            "HB405",
            f"`{name}` of whole numbers cannot have a negative exponent: that makes fractions",
            field="inputs",
            help="write the exponent with a point, `-1.0`",
            input=1,
        )


def _check_zero(name: str, first: TensorType | Literal) -> None:
    if isinstance(first, Literal) and not any(numbers(first.value)):
        raise RuleError(
            "HB405",
            f"`{name}` from zero changes the sign, but uint8 has no negative numbers",
            field="inputs",
            help="use `ops.cast` before it",
            input=0,
        )


def numbers(value: Numbers) -> Iterable[int | float]:
    """Yield the numbers in a nested list."""
    if not isinstance(value, tuple):
        yield value
        return
    for part in value:
        yield from numbers(part)
