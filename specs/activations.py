"""Activations with arguments: layers without weights that serve as one.

Keras has no activation objects; what takes arguments there is a layer passed as the activation,
``activation: {LeakyReLU: {negative_slope: 0.1}}``.
"""

from __future__ import annotations

from typing import Annotated, final

from pydantic import Field

from .base import Item

MaxValue = Annotated[
    Annotated[float, Field(ge=0)] | None, Field(description="Largest output; `null` sets no limit.")
]
NegativeSlope = Annotated[float, Field(ge=0, description="Slope left of zero (of the threshold).")]
Threshold = Annotated[float, Field(ge=0, description="Where the positive part begins.")]
Alpha = Annotated[float, Field(description="Scale of the part left of zero.")]
SoftmaxAxis = Annotated[
    int | Annotated[tuple[int, ...], Field(min_length=1)],
    Field(description="Axis, or axes, along which the outputs sum to one."),
]


@final
class ReLU(Item):
    """Passes what is positive."""

    max_value: MaxValue = None
    negative_slope: NegativeSlope = 0.0
    threshold: Threshold = 0.0


@final
class LeakyReLU(Item):
    """Passes what is positive, and a fraction of what is negative."""

    negative_slope: NegativeSlope = 0.3


@final
class ELU(Item):
    """Passes what is positive, and bends what is negative to an exponential."""

    alpha: Alpha = 1.0


@final
class Softmax(Item):
    """Turns numbers into probabilities that sum to one."""

    axis: SoftmaxAxis = -1
