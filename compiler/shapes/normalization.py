"""Rules of the layers that normalize."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from ..graph import Inference, TensorType, Weight
from .checks import axis_of, count, distinct, entries, need_float, size_of, times
from .rule import Rule, RuleError

STATISTICS = 5
"""Operations an entry: its share of the mean and the variance, and the normalization by them."""

SQUARES = 3
"""Operations an entry: its square, its share of the sum, and the division."""

ROUNDED = "normalizes floating-point numbers (Keras would round others back to integers)"


def _learned(scale: bool, center: bool, shape: tuple[int, ...]) -> tuple[Weight, ...]:
    gamma = (Weight("gamma", shape),) if scale else ()
    beta = (Weight("beta", shape),) if center else ()
    return gamma + beta


def _batch(layer: BatchNormalization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    axis = axis_of("BatchNormalization", given, layer.axis, "axis")
    shape = (size_of("BatchNormalization", given, axis, "axis"),)
    moving = ["moving_mean", "moving_variance"]
    if layer.renorm:
        moving += ["moving_stddev", "renorm_mean", "renorm_stddev"]
    weights = _learned(layer.scale, layer.center, shape)
    weights += tuple(Weight(name, shape, trainable=False) for name in moving)
    # Once trained, a normalization is one factor and one offset a channel.
    return Inference(TensorType(given.shape), weights, times(2, entries(given)))


def _layer(layer: LayerNormalization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float("LayerNormalization", given, ROUNDED)
    # Keras sorts the axes as they were written, so -1 stands before 1.
    axes = sorted(layer.axis) if isinstance(layer.axis, tuple) else [layer.axis]
    found = tuple(axis_of("LayerNormalization", given, axis, "axis") for axis in axes)
    distinct("LayerNormalization", found, "axis")
    weights: tuple[Weight, ...] = ()
    if layer.scale or layer.center:
        shape = tuple(size_of("LayerNormalization", given, axis, "axis") for axis in found)
        weights = _learned(layer.scale, layer.center, shape)
    work = times(STATISTICS + len(weights), entries(given))
    return Inference(TensorType(given.shape), weights, work)


def _group(layer: GroupNormalization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float("GroupNormalization", given, ROUNDED)
    axis = axis_of("GroupNormalization", given, layer.axis, "axis")
    channels = size_of("GroupNormalization", given, axis, "axis")
    groups = channels if layer.groups == -1 else layer.groups
    if channels % groups:
        divisors = [str(size) for size in range(1, channels + 1) if channels % size == 0]
        raise RuleError(
            "HB404",
            f"`GroupNormalization` splits channels into {count('group', groups)} of equal size, "
            f"but receives {count('channel', channels)}: {given}",
            field="groups",
            help=f"numbers of groups that fit: {', '.join(divisors)}"
            if len(divisors) < 10
            else None,
        )
    weights = _learned(layer.scale, layer.center, (channels,))
    work = times(STATISTICS + len(weights), entries(given))
    return Inference(TensorType(given.shape), weights, work)


def _rms(layer: RMSNormalization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float("RMSNormalization", given, ROUNDED)
    # Keras sorts the axes as they were written, so -1 stands before 1.
    axes = sorted(layer.axis) if isinstance(layer.axis, tuple) else [layer.axis]
    found = tuple(axis_of("RMSNormalization", given, axis, "axis") for axis in axes)
    distinct("RMSNormalization", found, "axis")
    shape = tuple(size_of("RMSNormalization", given, axis, "axis") for axis in found)
    last = range(given.rank - len(found), given.rank)
    if any(axis != end and size > 1 for axis, end, size in zip(found, last, shape, strict=True)):
        raise RuleError(
            "HB404",
            f"`RMSNormalization` scales along the last axes in their order, "
            f"but its `axis` is {layer.axis} of {given}",
            field="axis",
            help="write the last axis, -1, or the last ones, such as [-2, -1]",
        )
    weights = (Weight("scale", shape),)
    return Inference(TensorType(given.shape), weights, times(STATISTICS, entries(given)))


def _unit(layer: UnitNormalization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float("UnitNormalization", given, "divides, so it takes floating-point numbers")
    axes = layer.axis if isinstance(layer.axis, tuple) else (layer.axis,)
    found = tuple(axis_of("UnitNormalization", given, axis, "axis") for axis in axes)
    distinct("UnitNormalization", found, "axis")
    return Inference(TensorType(given.shape), (), times(SQUARES, entries(given)))


RULES: dict[type[LayerSpec], Rule] = {
    BatchNormalization: _batch,
    LayerNormalization: _layer,
    GroupNormalization: _group,
    RMSNormalization: _rms,
    UnitNormalization: _unit,
}
