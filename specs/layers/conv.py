"""Convolutions: kernels that slide over one, two or three axes."""

from __future__ import annotations

from math import gcd
from typing import final

from pydantic import model_validator

from ..base import LayerSpec, conflict
from .fields import (
    ActivityRegularizer,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    CausalPadding,
    DataFormat,
    DepthMultiplier,
    DepthwiseConstraint,
    DepthwiseInitializer,
    DepthwiseRegularizer,
    DilationRate1,
    DilationRate2,
    DilationRate3,
    Filters,
    Groups,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    KernelSize1,
    KernelSize2,
    KernelSize3,
    OutputActivation,
    OutputPadding1,
    OutputPadding2,
    OutputPadding3,
    Padding,
    PointwiseConstraint,
    PointwiseInitializer,
    PointwiseRegularizer,
    Sizes,
    Strides1,
    Strides2,
    Strides3,
    UseBias,
    per_axis,
)


def stride_or_dilate(strides: Sizes, dilation_rate: Sizes) -> None:
    """Refuse a kernel that both jumps and has gaps."""
    if max(per_axis(strides, 1)) > 1 and max(per_axis(dilation_rate, 1)) > 1:
        raise conflict(
            "dilation_rate",
            "`strides` and `dilation_rate` are both above 1",
            "Keras can do one or the other: leave one of them at 1",
        )


def _divide(filters: int, groups: int) -> None:
    """Refuse groups of unequal numbers of filters."""
    if filters % groups:
        raise conflict(
            "groups",
            f"{filters} `filters` do not split into {groups} groups of equal size",
            f"use `filters: {filters + groups - filters % groups}`, "
            f"or `groups: {gcd(filters, groups)}`",
        )


def _pad_output(layer: Conv1DTranspose | Conv2DTranspose | Conv3DTranspose, rank: int) -> None:
    """Refuse an output that no convolution would bring back to the input's size."""
    if layer.output_padding is None:
        return
    remedy = "leave it out: Keras chooses it by `padding`"
    axes = zip(
        per_axis(layer.kernel_size, rank),
        per_axis(layer.strides, rank),
        per_axis(layer.output_padding, rank),
        per_axis(layer.dilation_rate, rank),
        strict=True,
    )
    for kernel, stride, extra, gap in axes:
        span = (kernel - 1) * gap + 1
        if extra >= stride:
            message = f"`output_padding` {extra} must be below `strides`, which is {stride}"
            raise conflict("output_padding", message, remedy)
        if layer.padding == "same" and extra == 0 and span % 2 == 0:
            message = (
                "`output_padding` 0 with `padding: same` takes a kernel that spans an odd number "
                f"of entries, not {span}"
            )
            raise conflict("output_padding", message, remedy)


@final
class Conv1D(LayerSpec):
    """Slides kernels over a sequence; each gives a channel of the output."""

    filters: Filters
    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: CausalPadding = "valid"
    data_format: DataFormat = None
    dilation_rate: DilationRate1 = 1
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
    def _together(self) -> Conv1D:
        stride_or_dilate(self.strides, self.dilation_rate)
        _divide(self.filters, self.groups)
        return self


@final
class Conv2D(LayerSpec):
    """Slides kernels over an image; each gives a channel of the output."""

    filters: Filters
    kernel_size: KernelSize2
    strides: Strides2 = (1, 1)
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: DilationRate2 = (1, 1)
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
    def _together(self) -> Conv2D:
        stride_or_dilate(self.strides, self.dilation_rate)
        _divide(self.filters, self.groups)
        return self


@final
class Conv3D(LayerSpec):
    """Slides kernels over a volume; each gives a channel of the output."""

    filters: Filters
    kernel_size: KernelSize3
    strides: Strides3 = (1, 1, 1)
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: DilationRate3 = (1, 1, 1)
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
    def _together(self) -> Conv3D:
        stride_or_dilate(self.strides, self.dilation_rate)
        _divide(self.filters, self.groups)
        return self


@final
class Conv1DTranspose(LayerSpec):
    """Goes the way of `Conv1D` backwards: spreads each entry of a sequence over a kernel."""

    filters: Filters
    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: Padding = "valid"
    output_padding: OutputPadding1 = None
    data_format: DataFormat = None
    dilation_rate: DilationRate1 = 1
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
    def _together(self) -> Conv1DTranspose:
        stride_or_dilate(self.strides, self.dilation_rate)
        _pad_output(self, 1)
        return self


@final
class Conv2DTranspose(LayerSpec):
    """Goes the way of `Conv2D` backwards: spreads each entry of an image over a kernel."""

    filters: Filters
    kernel_size: KernelSize2
    strides: Strides2 = (1, 1)
    padding: Padding = "valid"
    output_padding: OutputPadding2 = None
    data_format: DataFormat = None
    dilation_rate: DilationRate2 = (1, 1)
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
    def _together(self) -> Conv2DTranspose:
        stride_or_dilate(self.strides, self.dilation_rate)
        _pad_output(self, 2)
        return self


@final
class Conv3DTranspose(LayerSpec):
    """Goes the way of `Conv3D` backwards: spreads each entry of a volume over a kernel."""

    filters: Filters
    kernel_size: KernelSize3
    strides: Strides3 = (1, 1, 1)
    padding: Padding = "valid"
    data_format: DataFormat = None
    output_padding: OutputPadding3 = None
    dilation_rate: DilationRate3 = (1, 1, 1)
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
    def _together(self) -> Conv3DTranspose:
        stride_or_dilate(self.strides, self.dilation_rate)
        _pad_output(self, 3)
        return self


@final
class DepthwiseConv1D(LayerSpec):
    """Slides kernels over each channel of a sequence by itself."""

    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: Padding = "valid"
    depth_multiplier: DepthMultiplier = 1
    data_format: DataFormat = None
    dilation_rate: DilationRate1 = 1
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
    """Slides kernels over each channel of an image by itself."""

    kernel_size: KernelSize2
    strides: Strides2 = (1, 1)
    padding: Padding = "valid"
    depth_multiplier: DepthMultiplier = 1
    data_format: DataFormat = None
    dilation_rate: DilationRate2 = (1, 1)
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
    """Slides kernels over each channel of a sequence by itself, then mixes the channels."""

    filters: Filters
    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: DilationRate1 = 1
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
    """Slides kernels over each channel of an image by itself, then mixes the channels."""

    filters: Filters
    kernel_size: KernelSize2
    strides: Strides2 = (1, 1)
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: DilationRate2 = (1, 1)
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


OMITTED: dict[str, dict[str, str]] = {}
