"""Recurrent layers whose steps are convolutions."""

from __future__ import annotations

from typing import ClassVar, final

from pydantic import model_validator

from ..base import LayerSpec, conflict
from . import FAMILIES
from .cells import (
    Dropout,
    GateActivation,
    GoBackwards,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    RecurrentConstraint,
    RecurrentDropout,
    RecurrentInitializer,
    RecurrentRegularizer,
    ReturnSequences,
    ReturnState,
    StateActivation,
    UnitForgetBias,
)
from .conv import stride_or_dilate
from .fields import (
    ActivityRegularizer,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    DataFormat,
    DilationRate1,
    DilationRate2,
    DilationRate3,
    Filters,
    KernelSize1,
    KernelSize2,
    KernelSize3,
    Padding,
    Seed,
    Strides1,
    Strides2,
    Strides3,
    UseBias,
)


def _moves(layer: LayerSpec) -> None:
    """Refuse a switch that does not reach the cell: Keras would train it all the same."""
    if not layer.trainable:
        message = f"`trainable: false` on `{type(layer).__name__}` does not freeze its kernels"
        raise conflict("trainable", message, "Keras 3.15 has no argument that does")


@final
class ConvLSTM1D(LayerSpec):
    """A long short-term memory whose state is a row of channels: it reads rows step by step."""

    calls: ClassVar[tuple[str, ...]] = ("initial_state", "mask", "training")

    filters: Filters
    kernel_size: KernelSize1
    strides: Strides1 = 1
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: DilationRate1 = 1
    activation: StateActivation = "tanh"
    recurrent_activation: GateActivation = "sigmoid"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    recurrent_initializer: RecurrentInitializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    unit_forget_bias: UnitForgetBias = True
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: Dropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    seed: Seed = None
    return_sequences: ReturnSequences = False
    return_state: ReturnState = False
    go_backwards: GoBackwards = False

    @model_validator(mode="after")
    def _together(self) -> ConvLSTM1D:
        stride_or_dilate(self.strides, self.dilation_rate)
        _moves(self)
        return self


@final
class ConvLSTM2D(LayerSpec):
    """A long short-term memory whose state is an image: it reads films, one image a step."""

    calls: ClassVar[tuple[str, ...]] = ("initial_state", "mask", "training")

    filters: Filters
    kernel_size: KernelSize2
    strides: Strides2 = 1
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: DilationRate2 = 1
    activation: StateActivation = "tanh"
    recurrent_activation: GateActivation = "sigmoid"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    recurrent_initializer: RecurrentInitializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    unit_forget_bias: UnitForgetBias = True
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: Dropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    seed: Seed = None
    return_sequences: ReturnSequences = False
    return_state: ReturnState = False
    go_backwards: GoBackwards = False

    @model_validator(mode="after")
    def _together(self) -> ConvLSTM2D:
        stride_or_dilate(self.strides, self.dilation_rate)
        _moves(self)
        return self


@final
class ConvLSTM3D(LayerSpec):
    """A long short-term memory whose state is a volume: it reads volumes step by step."""

    calls: ClassVar[tuple[str, ...]] = ("initial_state", "mask", "training")

    filters: Filters
    kernel_size: KernelSize3
    strides: Strides3 = 1
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: DilationRate3 = 1
    activation: StateActivation = "tanh"
    recurrent_activation: GateActivation = "sigmoid"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    recurrent_initializer: RecurrentInitializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    unit_forget_bias: UnitForgetBias = True
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: Dropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    seed: Seed = None
    return_sequences: ReturnSequences = False
    return_state: ReturnState = False
    go_backwards: GoBackwards = False

    @model_validator(mode="after")
    def _together(self) -> ConvLSTM3D:
        stride_or_dilate(self.strides, self.dilation_rate)
        _moves(self)
        return self


_STATES = {"stateful": "it fixes the batch size and carries a state from batch to batch"}

OMITTED: dict[str, dict[str, str]] = dict.fromkeys(FAMILIES["conv_recurrent"], _STATES)
