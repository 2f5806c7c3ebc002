"""Layers that move a window of weights over a sequence, a picture or a volume."""

from __future__ import annotations

from typing import Annotated, Literal, final

from pydantic import Field, model_validator

from ..base import Activation, Constraint, Initializer, LayerSpec, Regularizer, conflict
from .fields import (
    ActivityRegularizer,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    DataFormat,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    UseBias,
)

Size = Annotated[int, Field(ge=1)]
Extra = Annotated[int, Field(ge=0)]

Sizes1 = Size | tuple[Size]
Sizes2 = Size | tuple[Size, Size]
Sizes3 = Size | tuple[Size, Size, Size]

WINDOW = "Size of the window: one number, or one an axis."
STEP = "How far the window moves at a time: one number, or one an axis."
SPREAD = "Distance between the entries that the window takes: one number, or one an axis."
ADDED = "Entries added at the end of the output: one number, or one an axis; `null` chooses."

Filters = Annotated[int, Field(ge=1, description="Number of channels of the output.")]
KernelSize1 = Annotated[Sizes1, Field(description="Length of the window.")]
KernelSize2 = Annotated[Sizes2, Field(description=WINDOW)]
KernelSize3 = Annotated[Sizes3, Field(description=WINDOW)]
Strides1 = Annotated[Sizes1, Field(description="How far the window moves at a time.")]
Strides2 = Annotated[Sizes2, Field(description=STEP)]
Strides3 = Annotated[Sizes3, Field(description=STEP)]
Dilation1 = Annotated[
    Sizes1, Field(description="Distance between the entries that the window takes.")
]
Dilation2 = Annotated[Sizes2, Field(description=SPREAD)]
Dilation3 = Annotated[Sizes3, Field(description=SPREAD)]
OutputPadding1 = Annotated[
    Extra | tuple[Extra] | None,
    Field(description="Entries added at the end of the output; `null` chooses."),
]
OutputPadding2 = Annotated[Extra | tuple[Extra, Extra] | None, Field(description=ADDED)]
OutputPadding3 = Annotated[Extra | tuple[Extra, Extra, Extra] | None, Field(description=ADDED)]
Padding = Annotated[
    Literal["valid", "same"],
    Field(description="Whether the window stays inside (valid) or zeros surround it (same)."),
]
PaddingOrCausal = Annotated[
    Literal["valid", "same", "causal"],
    Field(description="Inside (valid), zeros on both sides (same), or only before (causal)."),
]
Groups = Annotated[
    Size, Field(description="Number of parts the channels are split into, each by itself.")
]
DepthMultiplier = Annotated[
    Size, Field(description="Number of output channels made of each input channel.")
]
OutputActivation = Annotated[
    Activation | None, Field(description="Function applied to the output.")
]
DepthwiseInitializer = Annotated[
    Initializer, Field(description="Initializer of the kernel of each channel.")
]
PointwiseInitializer = Annotated[
    Initializer, Field(description="Initializer of the kernel that mixes the channels.")
]
DepthwiseRegularizer = Annotated[
    Regularizer | None, Field(description="Regularizer of the kernel of each channel.")
]
PointwiseRegularizer = Annotated[
    Regularizer | None, Field(description="Regularizer of the kernel that mixes the channels.")
]
DepthwiseConstraint = Annotated[
    Constraint | None, Field(description="Constraint of the kernel of each channel.")
]
PointwiseConstraint = Annotated[
    Constraint | None, Field(description="Constraint of the kernel that mixes the channels.")
]

OneOrMore = int | tuple[int, ...]


def spread(value: OneOrMore, rank: int) -> tuple[int, ...]:
    """Give a number for each of the axes that a window moves along."""
    return value if isinstance(value, tuple) else (value,) * rank


def _moves(strides: OneOrMore, dilation: OneOrMore) -> None:
    """Refuse a dilated window that skips positions."""
    if max(spread(strides, 1)) > 1 and max(spread(dilation, 1)) > 1:
        raise conflict(
            "dilation_rate",
            "`dilation_rate` above 1 does not go together with `strides` above 1",
            "keep one of them at 1",
        )


def _splits(filters: int, groups: int) -> None:
    """Refuse filters that do not share out evenly."""
    if filters % groups:
        raise conflict(
            "groups",
            f"{filters} `filters` do not split into {groups} `groups` of equal size",
            f"make `filters` a multiple of {groups}",
        )


def _ends(added: OneOrMore | None, strides: OneOrMore, rank: int) -> None:
    """Refuse an addition that another step of the window would cover."""
    if added is None:
        return
    for more, step in zip(spread(added, rank), spread(strides, rank), strict=True):
        if more >= step:
            raise conflict(
                "output_padding",
                f"`output_padding` must stay below `strides`, but {more} is not below {step}",
                f"write {step - 1}" if step > 1 else "remove it, or enlarge `strides`",
            )


@final
class Conv1D(LayerSpec):
    """Moves a window of weights over a sequence; each filter makes one channel."""

    filters: Filters
    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: PaddingOrCausal = "valid"
    data_format: DataFormat = None
    dilation_rate: Dilation1 = 1
    groups: Groups = 1
    activation: OutputActivation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @model_validator(mode="after")
    def _fits(self) -> Conv1D:
        _moves(self.strides, self.dilation_rate)
        _splits(self.filters, self.groups)
        return self


@final
class Conv2D(LayerSpec):
    """Moves a window of weights over an image; each filter makes one channel."""

    filters: Filters
    kernel_size: KernelSize2
    strides: Strides2 = (1, 1)
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: Dilation2 = (1, 1)
    groups: Groups = 1
    activation: OutputActivation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @model_validator(mode="after")
    def _fits(self) -> Conv2D:
        _moves(self.strides, self.dilation_rate)
        _splits(self.filters, self.groups)
        return self


@final
class Conv3D(LayerSpec):
    """Moves a window of weights over a volume; each filter makes one channel."""

    filters: Filters
    kernel_size: KernelSize3
    strides: Strides3 = (1, 1, 1)
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: Dilation3 = (1, 1, 1)
    groups: Groups = 1
    activation: OutputActivation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @model_validator(mode="after")
    def _fits(self) -> Conv3D:
        _moves(self.strides, self.dilation_rate)
        _splits(self.filters, self.groups)
        return self


@final
class Conv1DTranspose(LayerSpec):
    """Spreads each entry of a sequence over a window of weights: a convolution turned round."""

    filters: Filters
    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: Padding = "valid"
    output_padding: OutputPadding1 = None
    data_format: DataFormat = None
    dilation_rate: Dilation1 = 1
    activation: OutputActivation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @model_validator(mode="after")
    def _fits(self) -> Conv1DTranspose:
        _moves(self.strides, self.dilation_rate)
        _ends(self.output_padding, self.strides, 1)
        return self


@final
class Conv2DTranspose(LayerSpec):
    """Spreads each entry of an image over a window of weights: a convolution turned round."""

    filters: Filters
    kernel_size: KernelSize2
    strides: Strides2 = (1, 1)
    padding: Padding = "valid"
    output_padding: OutputPadding2 = None
    data_format: DataFormat = None
    dilation_rate: Dilation2 = (1, 1)
    activation: OutputActivation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @model_validator(mode="after")
    def _fits(self) -> Conv2DTranspose:
        _moves(self.strides, self.dilation_rate)
        _ends(self.output_padding, self.strides, 2)
        return self


@final
class Conv3DTranspose(LayerSpec):
    """Spreads each entry of a volume over a window of weights: a convolution turned round."""

    filters: Filters
    kernel_size: KernelSize3
    strides: Strides3 = (1, 1, 1)
    padding: Padding = "valid"
    data_format: DataFormat = None
    output_padding: OutputPadding3 = None
    dilation_rate: Dilation3 = (1, 1, 1)
    activation: OutputActivation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @model_validator(mode="after")
    def _fits(self) -> Conv3DTranspose:
        _moves(self.strides, self.dilation_rate)
        _ends(self.output_padding, self.strides, 3)
        return self


@final
class DepthwiseConv1D(LayerSpec):
    """Moves a window over each channel of a sequence by itself."""

    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: Padding = "valid"
    depth_multiplier: DepthMultiplier = 1
    data_format: DataFormat = None
    dilation_rate: Dilation1 = 1
    activation: OutputActivation = None
    use_bias: UseBias = True
    depthwise_initializer: DepthwiseInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    depthwise_regularizer: DepthwiseRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    depthwise_constraint: DepthwiseConstraint = None
    bias_constraint: BiasConstraint = None


@final
class DepthwiseConv2D(LayerSpec):
    """Moves a window over each channel of an image by itself."""

    kernel_size: KernelSize2
    strides: Strides2 = (1, 1)
    padding: Padding = "valid"
    depth_multiplier: DepthMultiplier = 1
    data_format: DataFormat = None
    dilation_rate: Dilation2 = (1, 1)
    activation: OutputActivation = None
    use_bias: UseBias = True
    depthwise_initializer: DepthwiseInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    depthwise_regularizer: DepthwiseRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    depthwise_constraint: DepthwiseConstraint = None
    bias_constraint: BiasConstraint = None


@final
class SeparableConv1D(LayerSpec):
    """Moves a window over each channel of a sequence by itself, then mixes the channels."""

    filters: Filters
    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: Dilation1 = 1
    depth_multiplier: DepthMultiplier = 1
    activation: OutputActivation = None
    use_bias: UseBias = True
    depthwise_initializer: DepthwiseInitializer = "glorot_uniform"
    pointwise_initializer: PointwiseInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    depthwise_regularizer: DepthwiseRegularizer = None
    pointwise_regularizer: PointwiseRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    depthwise_constraint: DepthwiseConstraint = None
    pointwise_constraint: PointwiseConstraint = None
    bias_constraint: BiasConstraint = None


@final
class SeparableConv2D(LayerSpec):
    """Moves a window over each channel of an image by itself, then mixes the channels."""

    filters: Filters
    kernel_size: KernelSize2
    strides: Strides2 = (1, 1)
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: Dilation2 = (1, 1)
    depth_multiplier: DepthMultiplier = 1
    activation: OutputActivation = None
    use_bias: UseBias = True
    depthwise_initializer: DepthwiseInitializer = "glorot_uniform"
    pointwise_initializer: PointwiseInitializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    depthwise_regularizer: DepthwiseRegularizer = None
    pointwise_regularizer: PointwiseRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    depthwise_constraint: DepthwiseConstraint = None
    pointwise_constraint: PointwiseConstraint = None
    bias_constraint: BiasConstraint = None


LAYERS: tuple[type[LayerSpec], ...] = (
    Conv1D,
    Conv2D,
    Conv3D,
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)

ALIASES: dict[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3DTranspose": "Conv3DTranspose",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
}

OMITTED: dict[str, dict[str, str]] = {}
