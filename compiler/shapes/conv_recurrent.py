"""Rules of the recurrent layers whose steps are convolutions."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.conv_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from ...specs.layers.fields import per_axis
from ..graph import Inference, TensorType, Weight
from .checks import entries, need_float, plus, times
from .rule import Rule, RuleError, known, product
from .steps import read_steps
from .windows import AXES, Window, layout_of, slide

ConvLSTM = ConvLSTM1D | ConvLSTM2D | ConvLSTM3D

GATES = 4
EXTRA = 13
"""Operations that an entry of the state takes in a step besides the convolutions."""


def _convolved(rank: int) -> Rule:
    def rule(layer: ConvLSTM, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        name, layout = type(layer).__name__, layout_of(layer.data_format, rank)
        _axes(name, given, rank, layer.data_format)
        need_float(name, given, "multiplies by its kernel, so it takes floating-point numbers")
        step = TensorType((given.shape[0], *given.shape[2:]), given.dtype)
        channels = known(name, given, layout.channels + 1, "channels")
        for place, axis in zip(AXES[rank], layout.spatial, strict=True):
            known(name, given, axis + 1, f"the {place}")
        window = Window(
            "kernel_size",
            per_axis(layer.kernel_size, rank),
            per_axis(layer.strides, rank),
            layer.padding,
            per_axis(layer.dilation_rate, rank),
        )
        places = slide(name, step, layout, window)
        state = TensorType(layout.shape(places, layer.filters))
        made = GATES * layer.filters
        weights = [
            Weight("kernel", (*window.sizes, channels, made)),
            Weight("recurrent_kernel", (*window.sizes, layer.filters, made)),
        ]
        if layer.use_bias:
            weights.append(Weight("bias", (made,)))
        products = 2 * window.area * (channels + layer.filters) * made
        each = products + (made if layer.use_bias else 0)
        work = plus(times(each, product(places)), times(EXTRA, entries(state)))
        return read_steps(
            layer, given.shape[1], state.shape[1:], (state, state), tuple(weights), work
        )

    return rule


def _axes(name: str, given: TensorType, rank: int, data_format: str | None) -> None:
    """Raise HB401 unless the input has a batch, steps, channels and the axes between."""
    if given.rank == rank + 3:
        return
    sibling = f"ConvLSTM{given.rank - 3}D"
    inside = str(layout_of(data_format, rank)).removeprefix("(batch, ")
    raise RuleError(
        "HB401",
        f"`{name}` takes {rank + 3} axes (batch, steps, {inside}, but receives {given.rank}: {given}",
        help=f"use `{sibling}`" if 4 <= given.rank <= 6 else None,
    )


RULES: dict[type[LayerSpec], Rule] = {
    ConvLSTM1D: _convolved(1),
    ConvLSTM2D: _convolved(2),
    ConvLSTM3D: _convolved(3),
}
