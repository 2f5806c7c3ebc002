"""Rules of the layers that pool: windows, or everything.

The work is one operation for each entry that a window reads.
"""

from __future__ import annotations

from math import prod

from ...specs.base import LayerSpec
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
from .rule import Rule, RuleError, product
from .windows import join, places, split, spread

MaxPooling = MaxPooling1D | MaxPooling2D | MaxPooling3D
AveragePooling = AveragePooling1D | AveragePooling2D | AveragePooling3D
GlobalPooling = (
    GlobalMaxPooling1D
    | GlobalMaxPooling2D
    | GlobalMaxPooling3D
    | GlobalAveragePooling1D
    | GlobalAveragePooling2D
    | GlobalAveragePooling3D
)


def _windows(
    layer: MaxPooling | AveragePooling, given: TensorType, rank: int, dtype: str
) -> Inference:
    sizes, channels = split(type(layer).__name__, given, rank, layer.data_format)
    window = spread(layer.pool_size, rank)
    made = places(
        type(layer).__name__,
        given,
        sizes,
        window=window,
        strides=window if layer.strides is None else spread(layer.strides, rank),
        dilation=(1,) * rank,
        padding=layer.padding,
        field="pool_size",
    )
    output = TensorType(join(made, channels, layer.data_format), dtype)
    return Inference(output, flops=times(product(made), channels, prod(window)))


def _max(rank: int) -> Rule:
    def rule(layer: MaxPooling, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        found = _windows(layer, given, rank, given.dtype)
        if rank == 3:
            reason = "compares floating-point numbers only"
            need_float(type(layer).__name__, given, reason)
        if given.dtype == "bool":
            raise RuleError(
                "HB405",
                f"`{type(layer).__name__}` compares numbers, but receives bool {given}",
                help="put a `Rescaling` before it",
            )
        return found

    return rule


def _average(rank: int) -> Rule:
    def rule(layer: AveragePooling, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        found = _windows(layer, given, rank, "float32")
        reason = "divides sums, so it takes floating-point numbers"
        need_float(type(layer).__name__, given, reason)
        return found

    return rule


def _everything(rank: int, keeps_dtype: bool) -> Rule:
    def rule(layer: GlobalPooling, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        _, channels = split(type(layer).__name__, given, rank, layer.data_format)
        ones = (1,) * rank if layer.keepdims else ()
        dtype = given.dtype if keeps_dtype else "float32"
        output = TensorType(join(ones, channels, layer.data_format), dtype)
        return Inference(output, flops=entries(given))

    return rule


RULES: dict[type[LayerSpec], Rule] = {
    MaxPooling1D: _max(1),
    MaxPooling2D: _max(2),
    MaxPooling3D: _max(3),
    AveragePooling1D: _average(1),
    AveragePooling2D: _average(2),
    AveragePooling3D: _average(3),
    GlobalMaxPooling1D: _everything(1, keeps_dtype=True),
    GlobalMaxPooling2D: _everything(2, keeps_dtype=True),
    GlobalMaxPooling3D: _everything(3, keeps_dtype=True),
    GlobalAveragePooling1D: _everything(1, keeps_dtype=False),
    GlobalAveragePooling2D: _everything(2, keeps_dtype=False),
    GlobalAveragePooling3D: _everything(3, keeps_dtype=False),
}
