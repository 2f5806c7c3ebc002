"""Rules of the layers that scale their input, and of those that vary images while training.

The latter do no work in a forward pass of a trained model.
"""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.preprocessing import (
    RandomContrast,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
    Rescaling,
)
from ..graph import Inference, TensorType
from .checks import count, entries, need_float, times
from .rule import Rule, RuleError
from .windows import Layout, layout_of, need_axes

Geometric = RandomFlip | RandomRotation | RandomTranslation | RandomZoom


def _rescaling(layer: Rescaling, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    _one_each("scale", layer.scale, given)
    _one_each("offset", layer.offset, given)
    return Inference(TensorType(given.shape), (), times(2, entries(given)))


def _one_each(field: str, value: float | tuple[float, ...], given: TensorType) -> None:
    """Refuse several numbers that are not one for each entry of the last axis."""
    if not isinstance(value, tuple):
        return
    if given.rank < 2 or given.shape[-1] not in (None, len(value)):
        raise RuleError(
            "HB404",
            f"`{field}` of `Rescaling` has {count('number', len(value))}, one for each entry of "
            f"the last axis, but receives {given}",
            field=field,
            help="one number without a list is for all entries" if len(value) == 1 else None,
        )


def _geometric(layer: Geometric, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_axes(type(layer).__name__, given, layout_of(layer.data_format, 2))
    return Inference(TensorType(given.shape))


def _contrast(_: RandomContrast, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_axes("RandomContrast", given, Layout(2, False))
    need_float("RandomContrast", given, "takes floating-point numbers")
    return Inference(given)


RULES: dict[type[LayerSpec], Rule] = {
    Rescaling: _rescaling,
    RandomFlip: _geometric,
    RandomRotation: _geometric,
    RandomZoom: _geometric,
    RandomTranslation: _geometric,
    RandomContrast: _contrast,
}
