"""Rules of the layers that disturb their input while training; they hand its shape on.

None of them does any work in a forward pass of a trained model.
"""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from ..graph import Inference, TensorType
from .checks import count, need_float
from .rule import Rule, RuleError, require_rank

DROPS = "scales what it does not drop, so it takes floating-point numbers"
PENALTY = "takes floating-point numbers (Keras rounds the penalty on others to 0)"
NOISE = "mixes in noise, so it takes floating-point numbers"


def _dropout(layer: Dropout | AlphaDropout, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if layer.rate > 0:
        need_float(type(layer).__name__, given, DROPS)
        if layer.noise_shape is not None:
            _mask_fits(type(layer).__name__, layer.noise_shape, given)
    return Inference(given)


def _mask_fits(name: str, mask: tuple[int | None, ...], given: TensorType) -> None:
    """Refuse a mask that cannot be stretched over every batch."""
    if len(mask) != given.rank:
        raise RuleError(
            "HB401",
            f"`noise_shape` of `{name}` has {count('entry', len(mask))}, "
            f"but the input has {count('axis', given.rank)}: {given}",
            field="noise_shape",
            help="give one entry for each axis, the batch first; `null` takes the input's size",
        )
    for axis, (size, wanted) in enumerate(zip(given.shape, mask, strict=True)):
        if wanted not in (None, 1, size):
            what = "the batch" if axis == 0 else f"axis {axis}"
            raise RuleError(
                "HB404",
                f"`noise_shape` of `{name}` has {wanted} for {what}, but receives {given}",
                field="noise_shape",
                help="write 1, or `null` for the input's own size",
            )


def _spatial(rank: int, axes: str) -> Rule:
    def rule(layer: SpatialDropout1D, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        name = type(layer).__name__
        require_rank(name, given, rank, axes)
        if layer.rate > 0:
            need_float(name, given, DROPS)
        return Inference(given)

    return rule


def _noise(layer: GaussianNoise, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if layer.stddev > 0:
        need_float("GaussianNoise", given, NOISE)
    return Inference(given)


def _gaussian(layer: GaussianDropout, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if layer.rate > 0:
        need_float("GaussianDropout", given, NOISE)
    return Inference(given)


def _activity(layer: ActivityRegularization, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if layer.l1 or layer.l2:
        need_float("ActivityRegularization", given, PENALTY)
    return Inference(given)


RULES: dict[type[LayerSpec], Rule] = {
    Dropout: _dropout,
    AlphaDropout: _dropout,
    SpatialDropout1D: _spatial(3, "(batch, steps, channels)"),
    SpatialDropout2D: _spatial(4, "(batch, height, width, channels)"),
    SpatialDropout3D: _spatial(5, "(batch, depth, height, width, channels)"),
    GaussianNoise: _noise,
    GaussianDropout: _gaussian,
    ActivityRegularization: _activity,
}
