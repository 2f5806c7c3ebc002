"""Rules of the layers that rearrange, pad, crop or repeat entries. None of them has weights."""

from __future__ import annotations

from dataclasses import replace

from ...specs.base import LayerSpec
from ...specs.layers.reshaping import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from ..graph import Inference, Shape, TensorType
from .checks import count, entries, times
from .rule import Rule, RuleError, product, require_rank

AXES = {
    3: "(batch, steps, channels)",
    4: "(batch, height, width, channels)",
    5: "(batch, depth, height, width, channels)",
}
FILTER_TAPS = {"nearest": 0, "bilinear": 4, "bicubic": 16, "lanczos3": 36, "lanczos5": 100}
"""How many entries of the image each entry of the enlarged one is a weighted sum of."""


def _flatten(_: Flatten, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    size = product(given.shape[1:])
    return Inference(TensorType((given.shape[0], size), given.dtype))


def _reshape(layer: Reshape, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    total, target = product(given.shape[1:]), layer.target_shape
    rest = product(tuple(size for size in target if size != -1)) or 1
    fits = total is None or (total % rest == 0 if -1 in target else total == rest)
    if not fits:
        known = f"{total:,} entries for each example: {given}"
        verb = "lays out a multiple of" if -1 in target else "lays out"
        raise RuleError(
            "HB404",
            f"`Reshape` to {list(target)} {verb} {count('entry', rest)}, but receives {known}",
            field="target_shape",
            help=_suggest(total or 1),
        )
    left = None if total is None else total // rest
    shape: Shape = tuple(left if size == -1 else size for size in target)
    return Inference(TensorType((given.shape[0], *shape), given.dtype))


def _suggest(total: int) -> str:
    return f"the sizes must multiply to {total:,}; one of them may be -1, which takes what is left"


def _permute(layer: Permute, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.rank != len(layer.dims) + 1:
        raise RuleError(
            "HB401",
            f"`Permute` orders {count('axis', len(layer.dims))} besides the batch, but receives {given}",
            field="dims",
            help=f"name each of the axes 1 to {given.rank - 1} once" if given.rank > 1 else None,
        )
    shape = (given.shape[0], *(given.shape[axis] for axis in layer.dims))
    return Inference(TensorType(shape, given.dtype))


def _repeat(layer: RepeatVector, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    require_rank("RepeatVector", given, 2, "(batch, features)")
    return Inference(replace(given, shape=(given.shape[0], layer.n, given.shape[1])))


Sides = tuple[tuple[int, int], ...]


def _sides(value: int | tuple[int | tuple[int, int], ...], axes: int) -> Sides:
    """Write out what is added or cut before and after each axis."""
    if isinstance(value, int):
        return ((value, value),) * axes
    if axes == 1:
        before, after = (part for part in value if isinstance(part, int))
        return ((before, after),)
    return tuple((side, side) if isinstance(side, int) else side for side in value)


def _spatial(layer: LayerSpec, given: TensorType, axes: int) -> range:
    """Return the axes that a layer works on, in the data's format."""
    require_rank(type(layer).__name__, given, axes + 2, AXES[axes + 2])
    first = 2 if getattr(layer, "data_format", None) == "channels_first" else 1
    return range(first, first + axes)


def _resized(given: TensorType, where: range, sizes: list[int | None]) -> TensorType:
    shape = list(given.shape)
    shape[where.start : where.stop] = sizes
    return replace(given, shape=tuple(shape))


def _padding(axes: int) -> Rule:
    def rule(
        layer: ZeroPadding1D | ZeroPadding2D | ZeroPadding3D, inputs: tuple[TensorType, ...]
    ) -> Inference:
        (given,) = inputs
        where = _spatial(layer, given, axes)
        sides = _sides(layer.padding, axes)
        sizes = [
            _plus(given.shape[axis], sum(side)) for axis, side in zip(where, sides, strict=True)
        ]
        return Inference(_resized(given, where, sizes))

    return rule


def _plus(size: int | None, more: int) -> int | None:
    return None if size is None else size + more


def _cropping(axes: int) -> Rule:
    def rule(
        layer: Cropping1D | Cropping2D | Cropping3D, inputs: tuple[TensorType, ...]
    ) -> Inference:
        (given,) = inputs
        where = _spatial(layer, given, axes)
        sides = _sides(layer.cropping, axes)
        for axis, side in zip(where, sides, strict=True):
            size = given.shape[axis]
            if size is not None and sum(side) >= size:
                raise RuleError(
                    "HB402",
                    f"`{type(layer).__name__}` cuts {side[0]} and {side[1]} entries off axis {axis}, "
                    f"which has {size}: nothing would be left of {given}",
                    field="cropping",
                    help=f"cut {size - 1} at most" if size > 1 else "leave the layer out",
                )
        sizes = [
            _plus(given.shape[axis], -sum(side)) for axis, side in zip(where, sides, strict=True)
        ]
        return Inference(_resized(given, where, sizes))

    return rule


def _upsampling(axes: int) -> Rule:
    def rule(
        layer: UpSampling1D | UpSampling2D | UpSampling3D, inputs: tuple[TensorType, ...]
    ) -> Inference:
        (given,) = inputs
        where = _spatial(layer, given, axes)
        factors = (layer.size,) * axes if isinstance(layer.size, int) else layer.size
        sizes = [
            times(given.shape[axis], factor) for axis, factor in zip(where, factors, strict=True)
        ]
        output = _resized(given, where, sizes)
        taps = FILTER_TAPS[getattr(layer, "interpolation", "nearest")]
        return Inference(output, (), times(entries(output), 2 * taps))

    return rule


RULES: dict[type[LayerSpec], Rule] = {
    Flatten: _flatten,
    Reshape: _reshape,
    Permute: _permute,
    RepeatVector: _repeat,
    ZeroPadding1D: _padding(1),
    ZeroPadding2D: _padding(2),
    ZeroPadding3D: _padding(3),
    Cropping1D: _cropping(1),
    Cropping2D: _cropping(2),
    Cropping3D: _cropping(3),
    UpSampling1D: _upsampling(1),
    UpSampling2D: _upsampling(2),
    UpSampling3D: _upsampling(3),
}
