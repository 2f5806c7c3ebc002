"""Rules of the activations that are layers of their own; they hand the shape on."""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.activation import ELU, LeakyReLU, PReLU, ReLU, Softmax
from ..graph import Inference, TensorType, Weight
from .checks import axis_of, distinct, entries, need_float, times
from .rule import Rule, RuleError

FLOATS = "takes floating-point numbers"


def _no_bool(name: str, given: TensorType) -> None:
    if given.dtype == "bool":
        need_float(name, given, "takes numbers")


def _relu(layer: ReLU, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    _no_bool("ReLU", given)
    if layer.negative_slope and (layer.max_value is not None or layer.threshold):
        need_float("ReLU", given, "bends at fractions, so it takes floating-point numbers")
    # Integers stay integers unless a slope makes fractions of them.
    dtype = "float32" if layer.negative_slope else given.dtype
    return Inference(TensorType(given.shape, dtype), (), entries(given))


def _leaky(_: LeakyReLU, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    _no_bool("LeakyReLU", given)
    return Inference(TensorType(given.shape), (), entries(given))


def _prelu(layer: PReLU, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float("PReLU", given, FLOATS)
    shared = layer.shared_axes
    shared = (shared,) if isinstance(shared, int) else shared or ()
    for axis in shared:
        axis_of("PReLU", given, axis, "shared_axes")
    shape = []
    for axis, size in enumerate(given.shape[1:], start=1):
        if axis not in shared and size is None:
            raise RuleError(
                "HB406",
                f"`PReLU` has a slope for each entry of axis {axis}, whose size must be known, "
                f"but receives {given}",
                field="shared_axes",
                help=f"share one slope along it: `shared_axes: {[*shared, axis]}`",
            )
        shape.append(1 if axis in shared else int(size or 1))
    return Inference(given, (Weight("alpha", tuple(shape)),), times(2, entries(given)))


def _elu(_: ELU, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float("ELU", given, FLOATS)
    return Inference(given, (), entries(given))


def _softmax(layer: Softmax, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    need_float("Softmax", given, FLOATS)
    axes = layer.axis if isinstance(layer.axis, tuple) else (layer.axis,)
    distinct("Softmax", tuple(axis_of("Softmax", given, axis, "axis") for axis in axes), "axis")
    return Inference(given, (), times(3, entries(given)))


RULES: dict[type[LayerSpec], Rule] = {
    ReLU: _relu,
    LeakyReLU: _leaky,
    PReLU: _prelu,
    ELU: _elu,
    Softmax: _softmax,
}
