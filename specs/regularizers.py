"""Regularizers: penalties on weights or outputs that are added to the loss."""

from __future__ import annotations

from typing import Annotated, Literal, final

from pydantic import Field, model_validator

from .base import Item, conflict

L1Factor = Annotated[float, Field(ge=0, description="Factor of the sum of absolute values.")]
L2Factor = Annotated[float, Field(ge=0, description="Factor of the sum of squares.")]


@final
class L1(Item):
    """Penalizes absolute values, which drives weights to zero."""

    l1: L1Factor = 0.01


@final
class L2(Item):
    """Penalizes squares, which keeps weights small."""

    l2: L2Factor = 0.01


@final
class L1L2(Item):
    """Penalizes absolute values and squares."""

    l1: L1Factor = 0.0
    l2: L2Factor = 0.0

    @model_validator(mode="after")
    def _effective(self) -> L1L2:
        if self.l1 == 0 and self.l2 == 0:
            raise conflict(
                "", "`L1L2` penalizes nothing while `l1` and `l2` are both 0", "give one"
            )
        return self


@final
class OrthogonalRegularizer(Item):
    """Penalizes rows, or columns, of a matrix that are not orthogonal to each other."""

    factor: Annotated[float, Field(ge=0, description="Factor of the penalty.")] = 0.01
    mode: Annotated[Literal["rows", "columns"], Field(description="What is to be orthogonal.")] = (
        "rows"
    )
