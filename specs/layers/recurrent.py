"""Layers that read a sequence step by step, and wrappers of layers."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, final

from pydantic import Field, model_validator

from ..base import (
    Activation,
    Constraint,
    Initializer,
    LayerSpec,
    NestedLayer,
    Regularizer,
    conflict,
)
from ..wording import flow
from .fields import (
    ActivityRegularizer,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    Seed,
    UseBias,
)

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
UseCudnn = Annotated[
    Literal["auto", False], Field(description="Whether a GPU may run it by its own kernel.")
]


@final
class SimpleRNN(LayerSpec):
    """Each step mixes the input with the last output."""

    calls: ClassVar[tuple[str, ...]] = ("initial_state", "mask", "training")

    units: Units
    activation: StateActivation = "tanh"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    recurrent_initializer: RecurrentInitializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: Dropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    return_sequences: ReturnSequences = False
    go_backwards: GoBackwards = False
    unroll: Unroll = False
    seed: Seed = None


@final
class LSTM(LayerSpec):
    """Long short-term memory: gates decide what is kept and forgotten."""

    calls: ClassVar[tuple[str, ...]] = ("initial_state", "mask", "training")

    units: Units
    activation: StateActivation = "tanh"
    recurrent_activation: GateActivation = "sigmoid"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = "glorot_uniform"
    recurrent_initializer: RecurrentInitializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    unit_forget_bias: Annotated[
        bool, Field(description="Whether the bias of the forget gate begins at one.")
    ] = True
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
    go_backwards: GoBackwards = False
    unroll: Unroll = False
    use_cudnn: UseCudnn = "auto"


@final
class GRU(LayerSpec):
    """Gated recurrent unit: two gates, one state."""

    calls: ClassVar[tuple[str, ...]] = ("initial_state", "mask", "training")

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
    activity_regularizer: ActivityRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: Dropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    seed: Seed = None
    return_sequences: ReturnSequences = False
    go_backwards: GoBackwards = False
    unroll: Unroll = False
    reset_after: Annotated[
        bool, Field(description="Whether the reset gate comes after the matrix product.")
    ] = True
    use_cudnn: UseCudnn = "auto"


RECURRENT = (SimpleRNN, LSTM, GRU)


def _bare(field: str, layer: LayerSpec) -> None:
    """Refuse a wrapped layer that is wired by itself."""
    if layer.inputs is not None:
        raise conflict(
            field,
            f"the wrapped `{type(layer).__name__}` takes its input from the wrapper",
            "move `inputs:` to the wrapper",
        )


def _frozen_inside(wrapper: LayerSpec) -> None:
    """Refuse a switch that does not reach the wrapped layer: Keras would train it all the same."""
    if not wrapper.trainable:
        name = type(wrapper).__name__
        message = f"`trainable: false` on `{name}` does not freeze what it wraps"
        raise conflict("trainable", message, "move it into the wrapped layer's arguments")


@final
class Bidirectional(LayerSpec):
    """Reads a sequence in both directions with two layers, and merges what they return."""

    calls: ClassVar[tuple[str, ...]] = ("initial_state", "mask", "training")

    layer: Annotated[NestedLayer, Field(description="Layer that reads forwards.")]
    merge_mode: Annotated[
        Literal["concat", "sum", "mul", "ave"],
        Field(description="How the two outputs become one: joined, added, multiplied, averaged."),
    ] = "concat"
    backward_layer: Annotated[
        NestedLayer | None,
        Field(description="Layer that reads backwards; `null` takes one like `layer`."),
    ] = None

    @model_validator(mode="after")
    def _pair(self) -> Bidirectional:
        _frozen_inside(self)
        forward, backward = self.layer, self.backward_layer
        for field, layer in (("layer", forward), ("backward_layer", backward)):
            if layer is None:
                continue
            if not isinstance(layer, RECURRENT):
                message = (
                    f"`Bidirectional` wraps SimpleRNN, LSTM or GRU, not `{type(layer).__name__}`"
                )
                raise conflict(field, message)
            _bare(field, layer)
        if isinstance(forward, RECURRENT) and isinstance(backward, RECURRENT):
            _matching(forward, backward)
        elif isinstance(forward, RECURRENT) and forward.go_backwards:
            message = "`go_backwards` of the wrapped layer leaves none to read forwards"
            raise conflict("layer", message, "remove `go_backwards`")
        return self


def _matching(forward: SimpleRNN | LSTM | GRU, backward: SimpleRNN | LSTM | GRU) -> None:
    """Refuse two layers whose outputs cannot be merged."""
    if forward.go_backwards == backward.go_backwards:
        message = "`layer` and `backward_layer` read in the same direction"
        raise conflict("backward_layer", message, "give `backward_layer` `go_backwards: true`")
    for name in ("return_sequences", "units"):
        one, other = flow(getattr(forward, name)), flow(getattr(backward, name))
        if one != other:
            message = f"`{name}` is {one} for `layer`, but {other} for `backward_layer`"
            raise conflict("backward_layer", message, "give both the same")


@final
class TimeDistributed(LayerSpec):
    """Applies one layer to every step of a sequence."""

    calls: ClassVar[tuple[str, ...]] = ("training", "mask")

    layer: Annotated[NestedLayer, Field(description="Layer to apply.")]

    @model_validator(mode="after")
    def _single(self) -> TimeDistributed:
        _frozen_inside(self)
        _bare("layer", self.layer)
        if self.layer.arity != (1, 1):
            message = (
                f"`TimeDistributed` has one input, but `{type(self.layer).__name__}` takes several"
            )
            raise conflict("layer", message)
        return self


LAYERS: tuple[type[LayerSpec], ...] = (SimpleRNN, LSTM, GRU, Bidirectional, TimeDistributed)

ALIASES: dict[str, str] = {}

_STATES = {
    "return_state": "it makes several outputs, and a layer of a spec has one",
    "stateful": "it fixes the batch size and carries a state from batch to batch",
}

OMITTED: dict[str, dict[str, str]] = {
    "SimpleRNN": _STATES,
    "LSTM": _STATES,
    "GRU": _STATES,
    "Bidirectional": {"weights": "it holds arrays of numbers"},
}
