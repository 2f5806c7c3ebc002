"""Rules of the layers that move, repeat, add or drop entries."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from ...specs.base import LayerSpec
from ...specs.layers.fields import Ends, per_axis
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
from .checks import count, entries, plus, times
from .rule import Rule, RuleError
from .windows import AXES, Layout, layout_of, need_axes

ZeroPadding = ZeroPadding1D | ZeroPadding2D | ZeroPadding3D
Cropping = Cropping1D | Cropping2D | Cropping3D
UpSampling = UpSampling1D | UpSampling2D | UpSampling3D

NEIGHBOURS = {"bilinear": 4, "bicubic": 16, "lanczos3": 36, "lanczos5": 100}
"""How many old entries an interpolation weighs for a new one."""


def _flatten(_: Flatten, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    return Inference(TensorType((None, entries(given)), given.dtype))


def _reshape(layer: Reshape, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    target = layer.target_shape
    total, held = entries(given), prod(size for size in target if size != -1)
    if total is None:
        _possible(target, held, given)
        shape = tuple(None if size == -1 else size for size in target)
        return Inference(TensorType((None, *shape), given.dtype))
    if -1 in target and total % held == 0:
        shape = tuple(total // held if size == -1 else size for size in target)
        return Inference(TensorType((None, *shape), given.dtype))
    if held != total or -1 in target:
        divides = f"a number of entries that {held} divides" if -1 in target else f"{held} entries"
        raise RuleError(
            "HB404",
            f"`target_shape` {list(target)} takes {divides}, but receives {total}: {given}",
            field="target_shape",
            help=_nearest(target, total),
        )
    return Inference(TensorType((None, *target), given.dtype))


def _possible(target: tuple[int, ...], held: int, given: TensorType) -> None:
    """Refuse a target that no size of the axes of unknown size would fill."""
    least = prod(size for size in given.shape[1:] if size is not None)
    if -1 not in target and held % least:
        raise RuleError(
            "HB404",
            f"`target_shape` {list(target)} takes {count('entry', held)}, but receives a multiple "
            f"of {least}: {given}",
            field="target_shape",
        )


def _nearest(target: tuple[int, ...], total: int) -> str:
    """Propose the target with one of its sizes corrected, the last that can be."""
    for place in reversed(range(len(target))):
        others = [size for at, size in enumerate(target) if at != place]
        if -1 not in others and total % prod(others) == 0:
            fitting = [*others[:place], total // prod(others), *others[place:]]
            return f"`target_shape: {fitting}` would fit"
    if -1 in target:
        return f"the sizes besides -1 must divide {total}"
    return f"its sizes must multiply to {total}; -1 in place of one takes what is left"


def _permute(layer: Permute, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.rank != len(layer.dims) + 1:
        raise RuleError(
            "HB401",
            f"`dims` of `Permute` orders {count('axis', len(layer.dims))}, "
            f"but receives {given.rank - 1} after the batch: {given}",
            field="dims",
            help=f"name each axis from 1 to {given.rank - 1} once" if given.rank > 1 else None,
        )
    shape = tuple(given.shape[axis] for axis in layer.dims)
    return Inference(TensorType((None, *shape), given.dtype))


def _repeat(layer: RepeatVector, inputs: tuple[TensorType, ...]) -> Inference:
    (given,) = inputs
    if given.rank != 2:
        raise RuleError(
            "HB401",
            f"`RepeatVector` takes 2 axes (batch, features), but receives {given.rank}: {given}",
            help="put a `Flatten` before it, or repeat every step with `UpSampling1D`"
            if given.rank == 3
            else "put a `Flatten` before it",
        )
    return Inference(TensorType((None, layer.n, given.shape[1]), given.dtype))


def _ends(value: int | tuple[Ends, ...], rank: int) -> tuple[tuple[int, int], ...]:
    """Return the numbers of entries at the start and the end of each axis."""
    each = (value,) * rank if isinstance(value, int) else value
    return tuple((one, one) if isinstance(one, int) else one for one in each)


def _sizes(given: TensorType, layout: Layout) -> Shape:
    return tuple(given.shape[axis] for axis in layout.spatial)


def _resized(given: TensorType, layout: Layout, sizes: Iterable[int | None]) -> TensorType:
    shape = layout.shape(tuple(sizes), given.shape[layout.channels])
    return TensorType(shape, given.dtype)


def _zero_padding(rank: int) -> Rule:
    def rule(layer: ZeroPadding, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        layout = layout_of(layer.data_format, rank)
        need_axes(type(layer).__name__, given, layout)
        padding = (layer.padding,) if isinstance(layer, ZeroPadding1D) else layer.padding
        added = (sum(both) for both in _ends(padding, rank))
        sizes = (plus(*pair) for pair in zip(_sizes(given, layout), added, strict=True))
        return Inference(_resized(given, layout, sizes))

    return rule


def _cropping(rank: int) -> Rule:
    def rule(layer: Cropping, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        first = not isinstance(layer, Cropping1D) and layer.data_format == "channels_first"
        layout = Layout(rank, first)
        need_axes(type(layer).__name__, given, layout)
        cropping = (layer.cropping,) if isinstance(layer, Cropping1D) else layer.cropping
        dropped = [sum(both) for both in _ends(cropping, rank)]
        for place, (size, less) in enumerate(zip(_sizes(given, layout), dropped, strict=True)):
            if size is not None and less >= size:
                raise _cropped_away(layer, given, layout, place, less)
        sizes = (
            plus(size, -less) for size, less in zip(_sizes(given, layout), dropped, strict=True)
        )
        return Inference(_resized(given, layout, sizes))

    return rule


def _cropped_away(
    layer: Cropping, given: TensorType, layout: Layout, place: int, less: int
) -> RuleError:
    axis = layout.spatial[place]
    size = given.shape[axis] or 0
    return RuleError(
        "HB402",
        f"`{type(layer).__name__}` drops {count('entry', less)} of "
        f"the {AXES[layout.rank][place]} (axis {axis}) and must leave one, "
        f"but receives {size}: {given}",
        field="cropping",
        help=f"drop {size - 1} there at most" if size > 1 else "leave the layer out",
    )


def _up_sampling(rank: int) -> Rule:
    def rule(layer: UpSampling, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        first = not isinstance(layer, UpSampling1D) and layer.data_format == "channels_first"
        layout = Layout(rank, first)
        need_axes(type(layer).__name__, given, layout)
        factors = per_axis(layer.size, rank)
        sizes = (times(*pair) for pair in zip(_sizes(given, layout), factors, strict=True))
        output = _resized(given, layout, sizes)
        if not isinstance(layer, UpSampling2D) or layer.interpolation == "nearest":
            return Inference(output)
        _interpolable(layer, given, layout)
        work = times(2 * NEIGHBOURS[layer.interpolation], entries(output))
        return Inference(output, (), work)

    return rule


def _interpolable(layer: UpSampling2D, given: TensorType, layout: Layout) -> None:
    """Refuse what can be repeated, but not interpolated."""
    how = f"`interpolation: {layer.interpolation}` of `UpSampling2D`"
    remedy = "use `interpolation: nearest`, which repeats entries"
    if given.dtype == "bool":
        message = f"{how} weighs numbers, but receives {given.dtype} {given}"
        raise RuleError("HB405", message, field="interpolation", help=remedy)
    if None in _sizes(given, layout):
        # Keras compares the sizes in Python, which it cannot do in the graph that training runs.
        message = f"{how} needs a known height and width, but receives {given}"
        raise RuleError("HB406", message, field="interpolation", help=remedy)


RULES: dict[type[LayerSpec], Rule] = {
    Flatten: _flatten,
    Reshape: _reshape,
    Permute: _permute,
    RepeatVector: _repeat,
    ZeroPadding1D: _zero_padding(1),
    ZeroPadding2D: _zero_padding(2),
    ZeroPadding3D: _zero_padding(3),
    Cropping1D: _cropping(1),
    Cropping2D: _cropping(2),
    Cropping3D: _cropping(3),
    UpSampling1D: _up_sampling(1),
    UpSampling2D: _up_sampling(2),
    UpSampling3D: _up_sampling(3),
}
