"""Cells, which do one step of a sequence, and what all layers made of them share."""

from __future__ import annotations

from typing import Annotated, Literal, final

from pydantic import Field

from ..base import Activation, Choice, Constraint, Initializer, Item, Regularizer
from .fields import BiasConstraint, BiasInitializer, BiasRegularizer, Seed, UseBias

Units = Annotated[int, Field(ge=1, description="Size of the state and of the output.")]
StateActivation = Annotated[Activation | None, Field(description="Activation of the state.")]
GateActivation = Annotated[Activation | None, Field(description="Activation of the gates.")]
KernelInitializer = Annotated[Initializer, Field(description="Initializer of the input's kernel.")]
RecurrentInitializer = Annotated[
    Initializer, Field(description="Initializer of the state's kernel.")
]
KernelRegularizer = Annotated[
    Regularizer | None, Field(description="Regularizer of the input's kernel.")
]
RecurrentRegularizer = Annotated[
    Regularizer | None, Field(description="Regularizer of the state's kernel.")
]
KernelConstraint = Annotated[
    Constraint | None, Field(description="Constraint of the input's kernel.")
]
RecurrentConstraint = Annotated[
    Constraint | None, Field(description="Constraint of the state's kernel.")
]
Dropout = Annotated[
    float, Field(ge=0, lt=1, description="Fraction of the input dropped while training.")
]
RecurrentDropout = Annotated[
    float, Field(ge=0, lt=1, description="Fraction of the state dropped while training.")
]
ReturnSequences = Annotated[
    bool, Field(description="Whether to return the output of every step, not only the last.")
]
GoBackwards = Annotated[bool, Field(description="Whether to read the sequence from its end.")]
Unroll = Annotated[
    bool, Field(description="Whether to write every step into the program: faster, but larger.")
]
ReturnState = Annotated[
    bool, Field(description="Whether to return the last states too, as further outputs.")
]
UseCudnn = Annotated[
    Literal["auto", False], Field(description="Whether a GPU may run it by its own kernel.")
]
ResetAfter = Annotated[
    bool, Field(description="Whether the reset gate comes after the matrix product.")
]
UnitForgetBias = Annotated[
    bool, Field(description="Whether the bias of the forget gate begins at one.")
]
Trainable = Annotated[bool, Field(description="Whether training moves the cell's weights.")]

Cell = Annotated[Item, Choice("cell")]


@final
class SimpleRNNCell(Item):
    """A step that mixes the input with the last output."""

    units: Units
    activation: StateActivation = "tanh"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    recurrent_initializer: RecurrentInitializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: Dropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    seed: Seed = None
    trainable: Trainable = True


@final
class LSTMCell(Item):
    """A step with three gates, an output and a state behind it."""

    units: Units
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
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: Dropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    seed: Seed = None
    trainable: Trainable = True


@final
class GRUCell(Item):
    """A step with two gates and one state."""

    units: Units
    activation: StateActivation = "tanh"
    recurrent_activation: GateActivation = "sigmoid"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    recurrent_initializer: RecurrentInitializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: Dropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    reset_after: ResetAfter = True
    seed: Seed = None
    trainable: Trainable = True


@final
class StackedRNNCells(Item):
    """Cells of which each takes what the one before it makes."""

    cells: Annotated[
        tuple[Cell, ...], Field(min_length=2, description="The cells, the first one first.")
    ]


SINGLE = (SimpleRNNCell, LSTMCell, GRUCell)
"""Cells that hold weights themselves."""

ONE_STATE = (SimpleRNNCell, GRUCell)

OMITTED: dict[str, dict[str, str]] = {}
