"""Layers that bring their input to mean zero and variance one."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field

from ..base import Constraint, Initializer, LayerSpec, Regularizer

ChannelAxis = Annotated[int, Field(description="Axis of the channels, each normalized by itself.")]
Axes = Annotated[
    int | Annotated[tuple[int, ...], Field(min_length=1)],
    Field(description="Axis, or axes, to normalize over."),
]
Epsilon = Annotated[float, Field(gt=0, description="Added to the variance; keeps it from zero.")]
Momentum = Annotated[
    float, Field(ge=0, le=1, description="How slowly the moving statistics follow the batches.")
]
Center = Annotated[bool, Field(description="Whether to add a learned offset, `beta`.")]
Scale = Annotated[bool, Field(description="Whether to multiply by a learned factor, `gamma`.")]
BetaInitializer = Annotated[Initializer, Field(description="Initializer of `beta`.")]
GammaInitializer = Annotated[Initializer, Field(description="Initializer of `gamma`.")]
BetaRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of `beta`.")]
GammaRegularizer = Annotated[Regularizer | None, Field(description="Regularizer of `gamma`.")]
BetaConstraint = Annotated[Constraint | None, Field(description="Constraint of `beta`.")]
GammaConstraint = Annotated[Constraint | None, Field(description="Constraint of `gamma`.")]


@final
class BatchNormalization(LayerSpec):
    """Normalizes each channel over the batch; over moving statistics once trained."""

    calls: ClassVar[tuple[str, ...]] = ("training", "mask")

    axis: ChannelAxis = -1
    momentum: Momentum = 0.99
    epsilon: Epsilon = 0.001
    center: Center = True
    scale: Scale = True
    beta_initializer: BetaInitializer = "zeros"
    gamma_initializer: GammaInitializer = "ones"
    moving_mean_initializer: Annotated[
        Initializer, Field(description="Initializer of the moving mean.")
    ] = "zeros"
    moving_variance_initializer: Annotated[
        Initializer, Field(description="Initializer of the moving variance.")
    ] = "ones"
    beta_regularizer: BetaRegularizer = None
    gamma_regularizer: GammaRegularizer = None
    beta_constraint: BetaConstraint = None
    gamma_constraint: GammaConstraint = None
    renorm: Annotated[
        bool, Field(description="Whether to correct each batch towards the moving statistics.")
    ] = False
    renorm_momentum: Annotated[
        float, Field(ge=0, le=1, description="`momentum` of the statistics that `renorm` uses.")
    ] = 0.99
    synchronized: Annotated[
        bool, Field(description="Whether to share batch statistics between devices.")
    ] = False


@final
class LayerNormalization(LayerSpec):
    """Normalizes each example by itself, along one axis or several."""

    axis: Axes = -1
    epsilon: Epsilon = 0.001
    center: Center = True
    scale: Scale = True
    beta_initializer: BetaInitializer = "zeros"
    gamma_initializer: GammaInitializer = "ones"
    beta_regularizer: BetaRegularizer = None
    gamma_regularizer: GammaRegularizer = None
    beta_constraint: BetaConstraint = None
    gamma_constraint: GammaConstraint = None


@final
class GroupNormalization(LayerSpec):
    """Normalizes groups of channels of each example by themselves."""

    groups: Annotated[
        Annotated[int, Field(ge=1)] | Literal[-1],
        Field(description="Number of groups; -1 makes each channel one."),
    ] = 32
    axis: ChannelAxis = -1
    epsilon: Epsilon = 0.001
    center: Center = True
    scale: Scale = True
    beta_initializer: BetaInitializer = "zeros"
    gamma_initializer: GammaInitializer = "ones"
    beta_regularizer: BetaRegularizer = None
    gamma_regularizer: GammaRegularizer = None
    beta_constraint: BetaConstraint = None
    gamma_constraint: GammaConstraint = None


@final
class RMSNormalization(LayerSpec):
    """Divides each example by its root mean square along the last axes, times a learned factor."""

    axis: Axes = -1
    epsilon: Epsilon = 1e-6


@final
class UnitNormalization(LayerSpec):
    """Divides by the length along one axis or several, so that it becomes one."""

    axis: Axes = -1


OMITTED: dict[str, dict[str, str]] = {
    "BatchNormalization": {
        "renorm_clipping": "it bounds a correction with a mapping, which few models need"
    }
}
