"""Rules of the layers that pool."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.fields import per_axis
from ...specs.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from ..graph import Inference, TensorType
from .checks import entries, need_float, times
from .rule import Rule
from .windows import Window, layout_of, need_axes, slide

Max = MaxPooling1D | MaxPooling2D | MaxPooling3D
Average = AveragePooling1D | AveragePooling2D | AveragePooling3D
GlobalMax = GlobalMaxPooling1D | GlobalMaxPooling2D | GlobalMaxPooling3D
GlobalAverage = GlobalAveragePooling1D | GlobalAveragePooling2D | GlobalAveragePooling3D


def _pooled(layer: Max | Average, given: TensorType, rank: int) -> Inference:
    layout = layout_of(layer.data_format, rank)
    sizes = per_axis(layer.pool_size, rank)
    strides = sizes if layer.strides is None else per_axis(layer.strides, rank)
    window = Window("pool_size", sizes, strides, layer.padding, (1,) * rank)
    places = slide(type(layer).__name__, given, layout, window)
    output = TensorType(layout.shape(places, given.shape[layout.channels]), given.dtype)
    return Inference(output, (), times(window.area, entries(output)))


def _max(rank: int) -> Rule:
    def rule(layer: Max, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        name = type(layer).__name__
        need_axes(name, given, layout_of(layer.data_format, rank))
        if given.dtype == "bool":
            need_float(name, given, "compares numbers")
        if rank == 3:
            need_float(name, given, "takes floating-point numbers")
        return _pooled(layer, given, rank)

    return rule


def _average(rank: int) -> Rule:
    def rule(layer: Average, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        name = type(layer).__name__
        need_axes(name, given, layout_of(layer.data_format, rank))
        need_float(name, given, "divides, so it takes floating-point numbers")
        return _pooled(layer, given, rank)

    return rule


def _global(rank: int, dtype: str | None) -> Rule:
    """Make the rule of a pooling of all entries; ``dtype`` is the output's, if not the input's."""

    def rule(layer: GlobalMax | GlobalAverage, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        layout = layout_of(layer.data_format, rank)
        need_axes(type(layer).__name__, given, layout)
        channels = given.shape[layout.channels]
        shape = layout.shape((1,) * rank, channels) if layer.keepdims else (None, channels)
        return Inference(TensorType(shape, dtype or given.dtype), (), entries(given))

    return rule


RULES: dict[type[LayerSpec], Rule] = {
    MaxPooling1D: _max(1),
    MaxPooling2D: _max(2),
    MaxPooling3D: _max(3),
    AveragePooling1D: _average(1),
    AveragePooling2D: _average(2),
    AveragePooling3D: _average(3),
    GlobalMaxPooling1D: _global(1, None),
    GlobalMaxPooling2D: _global(2, None),
    GlobalMaxPooling3D: _global(3, None),
    GlobalAveragePooling1D: _global(1, "float32"),
    GlobalAveragePooling2D: _global(2, "float32"),
    GlobalAveragePooling3D: _global(3, "float32"),
}
