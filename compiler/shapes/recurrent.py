"""Rules of the layers that read a sequence step by step, and of the wrappers."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN, TimeDistributed
from ..graph import Inference, TensorType, Weight
from .checks import count, entries, need_float, plus, times, with_last
from .rule import Rule, RuleError, known, require_rank


def _recurrent(
    layer: SimpleRNN | LSTM | GRU,
    inputs: tuple[TensorType, ...],
    gates: int,
    bias: tuple[int, ...],
    extra: int,
) -> Inference:
    """Type a recurrent layer whose kernels hold ``gates`` matrices side by side.

    ``extra`` is the number of operations a unit does in a step besides the matrix products.
    """
    (given,) = inputs
    name = type(layer).__name__
    require_rank(name, given, 3, "(batch, steps, features)")
    features = known(name, given, 2, "features")
    steps, units = given.shape[1], layer.units
    if layer.unroll and steps is None:
        raise RuleError(
            "HB406",
            f"`unroll` of `{name}` needs a known number of steps, but receives {given}",
            field="unroll",
            help="remove `unroll`, or give the input a fixed length",
        )
    if layer.dropout > 0:
        need_float(name, given, "drops entries of its input, so it takes floating-point numbers")
    weights = [
        Weight("kernel", (features, gates * units)),
        Weight("recurrent_kernel", (units, gates * units)),
    ]
    if layer.use_bias:
        weights.append(Weight("bias", bias))
    products = 2 * gates * units * (features + units)
    work = times(steps, products + extra * units + (gates * units if layer.use_bias else 0))
    shape = (None, steps, units) if layer.return_sequences else (None, units)
    return Inference(TensorType(shape), tuple(weights), work)


def _simple(layer: SimpleRNN, inputs: tuple[TensorType, ...]) -> Inference:
    return _recurrent(layer, inputs, 1, (layer.units,), extra=2)


def _lstm(layer: LSTM, inputs: tuple[TensorType, ...]) -> Inference:
    return _recurrent(layer, inputs, 4, (4 * layer.units,), extra=13)


def _gru(layer: GRU, inputs: tuple[TensorType, ...]) -> Inference:
    bias = (2, 3 * layer.units) if layer.reset_after else (3 * layer.units,)
    return _recurrent(layer, inputs, 3, bias, extra=11)


MERGE_WORK = {"concat": 0, "sum": 1, "mul": 1, "ave": 2}


def _bidirectional(layer: Bidirectional, inputs: tuple[TensorType, ...]) -> Inference:
    forward = _inside(layer.layer, inputs, "layer")
    other = layer.backward_layer or layer.layer
    backward = _inside(other, inputs, "backward_layer" if layer.backward_layer else "layer")
    output = forward.output
    if layer.merge_mode == "concat":
        last = output.shape[-1]
        output = TensorType(with_last(output.shape, 2 * last if last else 0))
    merging = times(MERGE_WORK[layer.merge_mode], entries(output))
    work = plus(forward.flops, backward.flops, merging)
    return Inference(output, forward.weights + backward.weights, work)


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
    output = TensorType((None, steps, *found.output.shape[1:]), found.output.dtype)
    return Inference(output, found.weights, times(steps, found.flops))


def _inside(layer: LayerSpec, inputs: tuple[TensorType, ...], field: str) -> Inference:
    """Type a wrapped layer; what it refuses points at the wrapper's argument."""
    # The table of all rules holds these ones, so it cannot be imported before them.
    from . import infer

    try:
        return infer(layer, inputs)
    except RuleError as error:
        raise RuleError(error.code, error.message, field=field, help=error.help) from error


RULES: dict[type[LayerSpec], Rule] = {
    SimpleRNN: _simple,
    LSTM: _lstm,
    GRU: _gru,
    Bidirectional: _bidirectional,
    TimeDistributed: _time_distributed,
}
