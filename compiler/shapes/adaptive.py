"""Rules of the layers that pool to a given size."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.adaptive import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from ...specs.layers.fields import per_axis
from ..graph import Inference, TensorType
from .checks import need_float, times
from .rule import Rule, RuleError
from .windows import AXES, Layout, layout_of, need_axes

Average = AdaptiveAveragePooling1D | AdaptiveAveragePooling2D | AdaptiveAveragePooling3D
Max = AdaptiveMaxPooling1D | AdaptiveMaxPooling2D | AdaptiveMaxPooling3D


def _pooled(layer: Average | Max, given: TensorType, layout: Layout) -> Inference:
    name = type(layer).__name__
    places = per_axis(layer.output_size, layout.rank)
    channels = given.shape[layout.channels]
    work = channels
    for axis, place in enumerate(layout.spatial):
        size = given.shape[place]
        if size is None:
            raise RuleError(
                "HB406",
                f"`{name}` parts the {AXES[layout.rank][axis]} (axis {place}), whose size must be "
                f"known, but receives {given}",
                help=f"`Global{name.removeprefix('Adaptive')}` takes any size",
            )
        # The stretches meet, or overlap by an entry: each is this long or one longer.
        work = times(work, places[axis], -(-size // places[axis]))
    _window_fits(layer, given, layout)
    return Inference(TensorType(layout.shape(places, channels), given.dtype), (), work)


def _window_fits(layer: Average | Max, given: TensorType, layout: Layout) -> None:
    """Refuse sizes for which Keras takes a window larger than the input.

    TensorFlow then builds no graph; outside one it divides by zero, which ends the process, or
    makes gradients of foreign memory.
    """
    name = type(layer).__name__
    places = per_axis(layer.output_size, layout.rank)
    for axis, place in enumerate(layout.spatial):
        size = given.shape[place] or 1
        if size == 1 or places[axis] == 1:
            raise RuleError(
                "HB402",
                f"Keras pools the {AXES[layout.rank][axis]} (axis {place}) in `{name}` with a "
                f"window of {size + 1} entries, but its input has {size}: {given}",
                field="output_size",
                help=f"use `Global{name.removeprefix('Adaptive')}: {{keepdims: true}}`"
                if set(places) == {1}
                else "pool to 2 entries or more, from 2 or more",
            )


def _average(rank: int) -> Rule:
    def rule(layer: Average, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        layout = layout_of(layer.data_format, rank)
        need_axes(type(layer).__name__, given, layout)
        need_float(type(layer).__name__, given, "divides, so it takes floating-point numbers")
        return _pooled(layer, given, layout)

    return rule


def _max(rank: int) -> Rule:
    def rule(layer: Max, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        name = type(layer).__name__
        layout = layout_of(layer.data_format, rank)
        need_axes(name, given, layout)
        if given.dtype == "bool":
            need_float(name, given, "compares numbers")
        if rank == 3:
            need_float(name, given, "takes floating-point numbers")
        return _pooled(layer, given, layout)

    return rule


RULES: dict[type[LayerSpec], Rule] = {
    AdaptiveAveragePooling1D: _average(1),
    AdaptiveAveragePooling2D: _average(2),
    AdaptiveAveragePooling3D: _average(3),
    AdaptiveMaxPooling1D: _max(1),
    AdaptiveMaxPooling2D: _max(2),
    AdaptiveMaxPooling3D: _max(3),
}
