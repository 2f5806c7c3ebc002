"""Constraints: what weights are brought back to after each step."""

from __future__ import annotations

from typing import Annotated, final

from pydantic import Field, model_validator

from .base import Item, conflict

Axis = Annotated[
    int | Annotated[tuple[int, ...], Field(min_length=1)],
    Field(description="Axis, or axes, of the weight along which norms are taken."),
]
Norm = Annotated[float, Field(ge=0)]


@final
class MaxNorm(Item):
    """Limits the norm of the weights of each unit."""

    max_value: Annotated[Norm, Field(description="Largest norm.")] = 2.0
    axis: Axis = 0


@final
class MinMaxNorm(Item):
    """Keeps the norm of the weights of each unit between two values."""

    min_value: Annotated[Norm, Field(description="Smallest norm.")] = 0.0
    max_value: Annotated[Norm, Field(description="Largest norm.")] = 1.0
    rate: Annotated[float, Field(gt=0, le=1, description="How much of the way one step goes.")] = (
        1.0
    )
    axis: Axis = 0

    @model_validator(mode="after")
    def _ordered(self) -> MinMaxNorm:
        if self.min_value > self.max_value:
            message = f"`min_value` {self.min_value} is above `max_value` {self.max_value}"
            raise conflict("min_value", message)
        return self


@final
class NonNeg(Item):
    """Sets negative weights to zero."""


@final
class UnitNorm(Item):
    """Scales the weights of each unit to norm one."""

    axis: Axis = 0
