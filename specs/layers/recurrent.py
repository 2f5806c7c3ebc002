"""Layers that read a sequence step by step, and wrappers of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias, TypeGuard, final

from pydantic import Field, model_validator

from ..base import Choice, Item, LayerSpec, NestedLayer, conflict
from ..wording import flow
from . import FAMILIES
from .cells import (
    ONE_STATE,
    SINGLE,
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
    ResetAfter,
    ReturnSequences,
    ReturnState,
    StackedRNNCells,
    StateActivation,
    UnitForgetBias,
    Units,
    Unroll,
    UseCudnn,
)
from .fields import (
    ActivityRegularizer,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    Seed,
    UseBias,
)

if TYPE_CHECKING:
    from .conv_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D


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
    return_state: ReturnState = False
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
    return_state: ReturnState = False
    go_backwards: GoBackwards = False
    unroll: Unroll = False
    reset_after: ResetAfter = True
    use_cudnn: UseCudnn = "auto"


def cells_of(layer: RNN) -> tuple[Item, ...]:
    """Return the cells of a layer, the first one first; a stack within a stack stays one."""
    cell = layer.cell
    if isinstance(cell, StackedRNNCells):
        return cell.cells
    return cell if isinstance(cell, tuple) else (cell,)


@final
class RNN(LayerSpec):
    """Reads a sequence step by step with a cell, or with several of which each feeds the next."""

    calls: ClassVar[tuple[str, ...]] = ("initial_state", "mask", "training")

    cell: Annotated[
        Item | tuple[Item, ...],
        Choice("cell", listed=True),
        Field(description="What does a step: a cell, or a list of cells, the first one first."),
    ]
    return_sequences: ReturnSequences = False
    return_state: ReturnState = False
    go_backwards: GoBackwards = False
    unroll: Unroll = False
    zero_output_for_mask: Annotated[
        bool, Field(description="Whether masked steps give zeros, not the output before them.")
    ] = False

    @model_validator(mode="after")
    def _flat(self) -> RNN:
        if not self.trainable:
            message = "`trainable: false` on `RNN` does not freeze its cells"
            raise conflict("trainable", message, "move it into the arguments of the cell")
        if isinstance(self.cell, tuple) and len(self.cell) == 1:
            # Keras cannot mask a stack of one, and a mask may come from any layer above.
            help = f"write `{type(self.cell[0]).__name__}` without the list"
            raise conflict("cell", "a list of cells has two or more of them", help)
        wide = next((one for one in cells_of(self) if not isinstance(one, ONE_STATE)), None)
        if self.return_state and wide is not None and not isinstance(self.cell, SINGLE):
            name = type(wide).__name__
            message = f"`return_state` of stacked cells takes cells of one state, not `{name}`"
            help = "put layers with `return_state` one after the other, in place of the stack"
            raise conflict("return_state", message, help)
        return self


READERS = frozenset({"SimpleRNN", "LSTM", "GRU", "RNN", *FAMILIES["conv_recurrent"]})
"""Layers that read a sequence in one direction."""

Reader: TypeAlias = "SimpleRNN | LSTM | GRU | RNN | ConvLSTM1D | ConvLSTM2D | ConvLSTM3D"


def _reads(layer: LayerSpec | None) -> TypeGuard[Reader]:
    return type(layer).__name__ in READERS


def _bare(field: str, layer: LayerSpec) -> None:
    """Refuse a wrapped layer that is wired by itself."""
    name = type(layer).__name__
    if layer.inputs is not None:
        message = f"the wrapped `{name}` takes its input from the wrapper"
        raise conflict(field, message, "move `inputs:` to the wrapper")
    if layer.call is not None:
        message = f"the wrapped `{name}` is called by the wrapper"
        raise conflict(field, message, "move `call:` to the wrapper")


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
            if not _reads(layer):
                message = (
                    "`Bidirectional` wraps a layer that reads a sequence (SimpleRNN, LSTM, GRU, "
                    f"RNN or ConvLSTM), not `{type(layer).__name__}`"
                )
                raise conflict(field, message)
            _bare(field, layer)
        if _reads(forward) and _reads(backward):
            _matching(forward, backward)
        elif _reads(forward) and forward.go_backwards:
            message = "`go_backwards` of the wrapped layer leaves none to read forwards"
            raise conflict("layer", message, "remove `go_backwards`")
        return self


def _matching(forward: Reader, backward: Reader) -> None:
    """Refuse two layers whose outputs cannot be merged."""
    if forward.go_backwards == backward.go_backwards:
        message = "`layer` and `backward_layer` read in the same direction"
        raise conflict("backward_layer", message, "give `backward_layer` `go_backwards: true`")
    for name in ("return_sequences", "return_state", "units", "filters"):
        if name in type(forward).model_fields and name in type(backward).model_fields:
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


WITH_KERNEL = (
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "EinsumDense",
)


@final
class SpectralNormalization(LayerSpec):
    """Holds the largest stretch of a layer's kernel at one, by dividing it in every training step."""

    calls: ClassVar[tuple[str, ...]] = ("training",)

    layer: Annotated[NestedLayer, Field(description="Layer whose kernel is divided.")]
    power_iterations: Annotated[
        int, Field(ge=1, description="How often a step refines its estimate of the stretch.")
    ] = 1

    @model_validator(mode="after")
    def _with_kernel(self) -> SpectralNormalization:
        _frozen_inside(self)
        _bare("layer", self.layer)
        name = type(self.layer).__name__
        if name not in WITH_KERNEL:
            message = f"`SpectralNormalization` wraps a layer with one kernel, not `{name}`"
            help = "it wraps a `Dense`, an `EinsumDense` or a convolution"
            raise conflict("layer", message, help)
        return self


_STATES = {"stateful": "it fixes the batch size and carries a state from batch to batch"}

OMITTED: dict[str, dict[str, str]] = {
    "SimpleRNN": _STATES,
    "LSTM": _STATES,
    "GRU": _STATES,
    "RNN": _STATES,
    "Bidirectional": {"weights": "it holds arrays of numbers"},
}
