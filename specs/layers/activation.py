"""Activations as layers of their own."""

from __future__ import annotations

from typing import Annotated, ClassVar, final

from pydantic import Field

from ..activations import Alpha, MaxValue, NegativeSlope, SoftmaxAxis, Threshold
from ..base import Constraint, Initializer, LayerSpec, Regularizer


@final
class ReLU(LayerSpec):
    """Passes what is positive."""

    max_value: MaxValue = None
    negative_slope: NegativeSlope = 0.0
    threshold: Threshold = 0.0


@final
class LeakyReLU(LayerSpec):
    """Passes what is positive, and a fraction of what is negative."""

    negative_slope: NegativeSlope = 0.3


@final
class PReLU(LayerSpec):
    """Passes what is positive, and a learned fraction of what is negative."""

    alpha_initializer: Annotated[Initializer, Field(description="Initializer of the slopes.")] = (
        "zeros"
    )
    alpha_regularizer: Annotated[
        Regularizer | None, Field(description="Regularizer of the slopes.")
    ] = None
    alpha_constraint: Annotated[
        Constraint | None, Field(description="Constraint of the slopes.")
    ] = None
    shared_axes: Annotated[
        Annotated[int, Field(ge=1)] | tuple[Annotated[int, Field(ge=1)], ...] | None,
        Field(description="Axes along which one slope is shared; 1 is the first after the batch."),
    ] = None


@final
class ELU(LayerSpec):
    """Passes what is positive, and bends what is negative to an exponential."""

    alpha: Alpha = 1.0


@final
class Softmax(LayerSpec):
    """Turns numbers into probabilities that sum to one."""

    calls: ClassVar[tuple[str, ...]] = ("mask",)

    axis: SoftmaxAxis = -1


OMITTED: dict[str, dict[str, str]] = {}
