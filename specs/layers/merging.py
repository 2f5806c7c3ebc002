"""Layers that make one tensor of several."""

from __future__ import annotations

from typing import Annotated, ClassVar, final

from pydantic import Field

from ..base import LayerSpec

SEVERAL: tuple[int, int | None] = (2, None)
TWO: tuple[int, int | None] = (2, 2)


@final
class Add(LayerSpec):
    """Adds its inputs, entry by entry."""

    arity: ClassVar[tuple[int, int | None]] = SEVERAL
    takes_list: ClassVar[bool] = True


@final
class Subtract(LayerSpec):
    """Takes the second input from the first."""

    arity: ClassVar[tuple[int, int | None]] = TWO
    takes_list: ClassVar[bool] = True


@final
class Multiply(LayerSpec):
    """Multiplies its inputs, entry by entry."""

    arity: ClassVar[tuple[int, int | None]] = SEVERAL
    takes_list: ClassVar[bool] = True


@final
class Average(LayerSpec):
    """Averages its inputs, entry by entry."""

    arity: ClassVar[tuple[int, int | None]] = SEVERAL
    takes_list: ClassVar[bool] = True


@final
class Maximum(LayerSpec):
    """Takes the largest of its inputs, entry by entry."""

    arity: ClassVar[tuple[int, int | None]] = SEVERAL
    takes_list: ClassVar[bool] = True


@final
class Minimum(LayerSpec):
    """Takes the smallest of its inputs, entry by entry."""

    arity: ClassVar[tuple[int, int | None]] = SEVERAL
    takes_list: ClassVar[bool] = True


@final
class Concatenate(LayerSpec):
    """Joins its inputs along an axis."""

    arity: ClassVar[tuple[int, int | None]] = SEVERAL
    takes_list: ClassVar[bool] = True

    axis: Annotated[
        int, Field(description="Axis to join along; 1 is the first after the batch.")
    ] = -1


@final
class Dot(LayerSpec):
    """Sums the products of two inputs along an axis of each."""

    arity: ClassVar[tuple[int, int | None]] = TWO
    takes_list: ClassVar[bool] = True
    positional: ClassVar[int | None] = 0

    axes: Annotated[
        int | tuple[int, int],
        Field(description="Axis of each input to sum over; one number means it of both."),
    ]
    normalize: Annotated[
        bool,
        Field(description="Whether to scale both to length one first, which gives the cosine."),
    ] = False


OMITTED: dict[str, dict[str, str]] = {}
