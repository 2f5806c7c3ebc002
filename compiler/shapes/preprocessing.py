"""Rules of the layers that scale their input, or vary pictures while training.

What varies pictures does no work in a forward pass of a trained model.
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

Picture = RandomFlip | RandomRotation | RandomZoom | RandomTranslation | RandomContrast


def _rescaling(layer: Rescaling, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    for field, numbers in (("scale", layer.scale), ("offset", layer.offset)):
        if isinstance(numbers, tuple) and given.shape[-1] != len(numbers):
            raise RuleError(
                "HB404",
                f"`{field}` of `Rescaling` holds {count('number', len(numbers))}, one for each "
                f"entry of the last axis, but receives {given}",
                field=field,
                help="one number without brackets serves every entry",
            )
    return Inference(TensorType(given.shape), flops=times(2, entries(given)))


def _picture(layer: Picture, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.rank != 4:
        name = type(layer).__name__
        # Of three axes, Keras would take the batch for the height of a single picture.
        raise RuleError(
            "HB401",
            f"`{name}` takes pictures, 4 axes (batch, height, width, channels), "
            f"but receives {count('axis', given.rank)}: {given}",
            help="add the axis of channels to the input, of size 1 if there is one channel"
            if given.rank == 3
            else None,
        )
    return Inference(TensorType(given.shape))


def _contrast(layer: RandomContrast, inputs: tuple[TensorType, ...]) -> Inference:
    found = _picture(layer, inputs)
    need_float("RandomContrast", inputs[0], "mixes in the mean, so it takes floating-point numbers")
    return found


RULES: dict[type[LayerSpec], Rule] = {
    Rescaling: _rescaling,
    RandomFlip: _picture,
    RandomRotation: _picture,
    RandomZoom: _picture,
    RandomTranslation: _picture,
    RandomContrast: _contrast,
}
