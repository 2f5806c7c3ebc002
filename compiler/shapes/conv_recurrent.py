"""Rules of the recurrent layers whose steps are convolutions."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.conv_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from ...specs.layers.fields import per_axis
from ..graph import Inference, TensorType, Weight
from .checks import entries, need_float, plus, times
from .rule import Rule, RuleError, known, product
from .steps import read_steps
from .windows import AXES as BETWEEN
from .windows import Layout, Window, layout_of, slide

ConvLSTM = ConvLSTM1D | ConvLSTM2D | ConvLSTM3D

AXES = {**BETWEEN, 1: ("width",)}
"""The axes of a step; steps themselves are another axis."""

GATES = 4
EXTRA = 13
"""Operations that an entry of the state takes in a step besides the convolutions."""


def _convolved(rank: int) -> Rule:
    def rule(layer: ConvLSTM, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        name, layout = type(layer).__name__, layout_of(layer.data_format, rank)
        _axes(name, given, layout)
        need_float(name, given, "multiplies by its kernel, so it takes floating-point numbers")
        channels = known(name, given, layout.channels + 1, "channels")
        window = Window(
            "kernel_size",
            per_axis(layer.kernel_size, rank),
            per_axis(layer.strides, rank),
            layer.padding,
            per_axis(layer.dilation_rate, rank),
        )
        _room(name, given, layout, window)
        step = TensorType((given.shape[0], *given.shape[2:]), given.dtype)
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


def _axes(name: str, given: TensorType, layout: Layout) -> None:
    """Raise HB401 unless the input has a batch, steps, channels and the axes between."""
    wanted = layout.rank + 3
    if given.rank == wanted:
        return
    names = AXES[layout.rank]
    ordered = ("channels", *names) if layout.first else (*names, "channels")
    axes = ", ".join(("batch", "steps", *ordered))
    raise RuleError(
        "HB401",
        f"`{name}` takes {wanted} axes ({axes}), but receives {given.rank}: {given}",
        help=f"use `ConvLSTM{given.rank - 3}D`" if 4 <= given.rank <= 6 else None,
    )


def _room(name: str, given: TensorType, layout: Layout, window: Window) -> None:
    """Raise HB406 unless the sizes of a step are known, and HB402 where the kernel is larger."""
    for index, place in enumerate(AXES[layout.rank]):
        axis = layout.spatial[index] + 1
        size = known(name, given, axis, f"the {place}")
        span = (window.sizes[index] - 1) * window.gaps[index] + 1
        if window.padding == "valid" and size < span:
            raise RuleError(
                "HB402",
                f"the window of `{name}` spans {span} entries of the {place} (axis {axis}), "
                f"but its input has {size}: {given}",
                field="kernel_size",
                help="use `padding: same`, or a smaller `kernel_size`",
            )


RULES: dict[type[LayerSpec], Rule] = {
    ConvLSTM1D: _convolved(1),
    ConvLSTM2D: _convolved(2),
    ConvLSTM3D: _convolved(3),
}
