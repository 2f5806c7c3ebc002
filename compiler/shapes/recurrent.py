"""Rules of the layers that read a sequence step by step, and of the wrappers."""

from __future__ import annotations

from dataclasses import replace

from ...specs.base import Item, LayerSpec
from ...specs.layers.cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from ...specs.layers.recurrent import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    SimpleRNN,
    SpectralNormalization,
    TimeDistributed,
    cells_of,
)
from ..graph import Inference, TensorType, Weight
from . import infer
from .checks import count, entries, need_float, plus, times, with_last
from .parts import check_parts
from .rule import Rule, RuleError, known, require_rank
from .steps import read_steps

Single = SimpleRNNCell | LSTMCell | GRUCell
"""A cell that holds weights itself."""

DROPS = "drops entries of its input, so it takes floating-point numbers"

GATES: dict[type[Item], tuple[int, int, int]] = {
    SimpleRNN: (1, 2, 1),
    SimpleRNNCell: (1, 2, 1),
    LSTM: (4, 13, 2),
    LSTMCell: (4, 13, 2),
    GRU: (3, 11, 1),
    GRUCell: (3, 11, 1),
}
"""Of each class the number of matrices that a kernel holds side by side, that of the operations a
unit does in a step besides the products, and that of the states."""


def _step_weights(layer: SimpleRNN | LSTM | GRU | Single, features: int) -> tuple[Weight, ...]:
    """List the weights of a step on so many features."""
    gates, _, _ = GATES[type(layer)]
    units = layer.units
    weights = [
        Weight("kernel", (features, gates * units)),
        Weight("recurrent_kernel", (units, gates * units)),
    ]
    if layer.use_bias:
        # The bias of a GRU has two rows, for the products of the input and of the state.
        rows = (2,) if isinstance(layer, GRU | GRUCell) and layer.reset_after else ()
        weights.append(Weight("bias", (*rows, gates * units)))
    return tuple(weights)


def _step_work(layer: SimpleRNN | LSTM | GRU | Single, features: int) -> int:
    gates, extra, _ = GATES[type(layer)]
    bias = gates * layer.units if layer.use_bias else 0
    return 2 * gates * layer.units * (features + layer.units) + extra * layer.units + bias


def _sequence(layer: SimpleRNN | LSTM | GRU | RNN, given: TensorType) -> tuple[int | None, int]:
    """Return the numbers of steps and of features of an input."""
    name = type(layer).__name__
    require_rank(name, given, 3, "(batch, steps, features)")
    features = known(name, given, 2, "features")
    if layer.unroll and given.shape[1] is None:
        raise RuleError(
            "HB406",
            f"`unroll` of `{name}` needs a known number of steps, but receives {given}",
            field="unroll",
            help="remove `unroll`, or give the input a fixed length",
        )
    return given.shape[1], features


def _recurrent(layer: SimpleRNN | LSTM | GRU, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    steps, features = _sequence(layer, given)
    if layer.dropout > 0:
        need_float(type(layer).__name__, given, DROPS)
    weights, work = _step_weights(layer, features), _step_work(layer, features)
    return read_steps(layer, steps, (layer.units,), state_types(layer), weights, work)


def state_types(layer: SimpleRNN | LSTM | GRU | Single) -> tuple[TensorType, ...]:
    """Return the types of the states of a layer, or of a cell."""
    _, _, states = GATES[type(layer)]
    return (TensorType((None, layer.units)),) * states


def flat_cells(cells: tuple[Item, ...]) -> tuple[Single, ...]:
    """Return the cells that hold weights, those inside stacks too, the first one first."""
    found: list[Single] = []
    for cell in cells:
        if isinstance(cell, StackedRNNCells):
            found += flat_cells(cell.cells)
        elif isinstance(cell, Single):
            found.append(cell)
    return tuple(found)


def _rnn(layer: RNN, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    steps, features = _sequence(layer, given)
    cells = flat_cells(cells_of(layer))
    if cells[0].dropout > 0:
        need_float(f"{type(cells[0]).__name__}` of `RNN", given, DROPS)
    weights: tuple[Weight, ...] = ()
    work = 0
    for cell in cells:
        weights += _cell_weights(cell, features)
        work += _step_work(cell, features)
        features = cell.units
    states = tuple(state for cell in cells for state in state_types(cell))
    return read_steps(layer, steps, (features,), states, weights, work)


def _cell_weights(cell: Single, features: int) -> tuple[Weight, ...]:
    """List the weights of a cell; what does not suit them points at the cell."""
    found = Inference(TensorType((None, cell.units)), _step_weights(cell, features))
    try:
        check_parts(cell, found)
    except RuleError as error:
        raise RuleError(error.code, error.message, field="cell", help=error.help) from error
    return tuple(replace(weight, trainable=cell.trainable) for weight in found.weights)


MERGE_WORK = {"concat": 0, "sum": 1, "mul": 1, "ave": 2}


def _bidirectional(layer: Bidirectional, inputs: tuple[TensorType, ...]) -> Inference:
    forward = _inside(layer.layer, inputs, "layer")
    other = layer.backward_layer or layer.layer
    backward = _inside(other, inputs, "backward_layer" if layer.backward_layer else "layer")
    if (forward.output, forward.states) != (backward.output, backward.states):
        raise RuleError(
            "HB404",
            f"`layer` of `Bidirectional` makes {_made(forward)}, "
            f"but `backward_layer` {_made(backward)}",
            field="backward_layer",
            help="give both the same sizes",
        )
    output = forward.output
    if layer.merge_mode == "concat":
        last = output.shape[-1]
        output = TensorType(with_last(output.shape, 2 * last if last else 0))
    merging = times(MERGE_WORK[layer.merge_mode], entries(output))
    work = plus(forward.flops, backward.flops, merging)
    states = forward.states + backward.states
    return Inference(output, forward.weights + backward.weights, work, states)


def _made(found: Inference) -> str:
    return ", ".join(str(one) for one in (found.output, *found.states))


def _time_distributed(layer: TimeDistributed, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.rank < 3:
        raise RuleError(
            "HB401",
            f"`TimeDistributed` takes 3 axes or more (batch, steps, ...), "
            f"but receives {count('axis', given.rank)}: {given}",
            help=f"without steps, use `{type(layer.layer).__name__}` itself",
        )
    steps = given.shape[1]
    if steps is None:
        raise RuleError(
            "HB406",
            "`TimeDistributed` needs a known number of steps (Keras would take as many steps as "
            f"the batch has examples), but receives {given}",
            help="give the input a fixed length",
        )
    step = TensorType((given.shape[0], *given.shape[2:]), given.dtype)
    found = _inside(layer.layer, (step,), "layer")
    if found.states:
        raise RuleError(
            "HB404",
            "`TimeDistributed` takes a layer with one output, "
            f"but `{type(layer.layer).__name__}` returns its states too",
            field="layer",
            help="remove `return_state`",
        )
    output = TensorType((None, steps, *found.output.shape[1:]), found.output.dtype)
    return Inference(output, found.weights, times(steps, found.flops))


def _spectral(layer: SpectralNormalization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float(
        "SpectralNormalization",
        given,
        "makes numbers of its input's kind, which must have fractions",
    )
    found = _inside(layer.layer, inputs, "layer")
    kernel, *others = found.weights
    # It holds the kernel as its own, so that Keras lists its vector right behind it.
    vector = Weight("vector_u", (1, kernel.shape[-1]), trainable=False)
    return replace(found, weights=(kernel, vector, *others))


def _inside(layer: LayerSpec, inputs: tuple[TensorType, ...], field: str) -> Inference:
    """Type a wrapped layer; what it refuses points at the wrapper's argument."""
    try:
        return infer(layer, inputs)
    except RuleError as error:
        raise RuleError(error.code, error.message, field=field, help=error.help) from error


RULES: dict[type[LayerSpec], Rule] = {
    SimpleRNN: _recurrent,
    LSTM: _recurrent,
    GRU: _recurrent,
    RNN: _rnn,
    Bidirectional: _bidirectional,
    TimeDistributed: _time_distributed,
    SpectralNormalization: _spectral,
}
