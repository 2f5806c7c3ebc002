"""Rules of the layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Iterable

from ...specs.base import LayerSpec
from ...specs.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from ..graph import Inference, Shape, TensorType
from .checks import axis_of, common_dtype, entries, fits, need_float, plus, times
from .rule import Rule, RuleError


def _elementwise(layer: LayerSpec, inputs: tuple[TensorType, ...]) -> Inference:
    """Merge entry by entry: axes are matched from the last one, and size 1 stretches."""
    name = type(layer).__name__
    if inputs[0].dtype == inputs[1].dtype == "bool":
        need_float(name, inputs[1], "takes numbers", 1)
    output = TensorType((None, *_broadcast(name, inputs)), common_dtype(inputs))
    return Inference(output, (), times(len(inputs) - 1, entries(output)))


def _average(layer: Average, inputs: tuple[TensorType, ...]) -> Inference:
    if common_dtype(inputs) != "float32":
        need_float("Average", inputs[0], "divides, so it takes floating-point numbers")
    merged = _elementwise(layer, inputs)
    return Inference(merged.output, (), times(len(inputs), entries(merged.output)))


def _broadcast(name: str, inputs: tuple[TensorType, ...]) -> Shape:
    """Return the sizes after the batch that all inputs stretch to."""
    rank = max(one.rank for one in inputs)
    return tuple(_stretched(name, inputs, back) for back in range(rank - 1, 0, -1))


def _stretched(name: str, inputs: tuple[TensorType, ...], back: int) -> int | None:
    """Return the common size of the axis ``back`` from the end; a size not known stays so."""
    having = [(index, one.shape[-back]) for index, one in enumerate(inputs) if one.rank > back]
    sized = [(index, size) for index, size in having if size not in (None, 1)]
    for index, size in sized[1:]:
        if size != sized[0][1]:
            raise _misfit(name, inputs[sized[0][0]], inputs[index], -back, index)
    if any(size is None for _, size in having):
        return None
    return sized[0][1] if sized else 1


def _misfit(name: str, one: TensorType, other: TensorType, axis: int, index: int) -> RuleError:
    remedy = None
    if one.rank == other.rank:
        maker = "a `Dense`" if one.rank == 2 else "`padding: same`, `strides` or a 1x1 convolution"
        remedy = f"bring both to one size, for example with {maker}, or use `Concatenate`"
    return RuleError(
        "HB403",
        f"`{name}` merges entry by entry, but {one} and {other} differ on axis {axis}: "
        f"{one.shape[axis]} and {other.shape[axis]}",
        help=remedy,
        input=index,
    )


def _concatenate(layer: Concatenate, inputs: tuple[TensorType, ...]) -> Inference:
    first = inputs[0]
    for index, one in enumerate(inputs):
        if one.rank != first.rank:
            raise RuleError(
                "HB403",
                f"`Concatenate` joins tensors of equally many axes, "
                f"but {first} has {first.rank} and {one} has {one.rank}",
                input=index,
            )
    axis = axis_of("Concatenate", first, layer.axis, "axis")
    if axis == 0:
        raise RuleError(
            "HB404",
            "`Concatenate` cannot join along axis 0, the batch: "
            "its examples would no longer be those of the labels",
            field="axis",
            help="axes after the batch count from 1",
        )
    size: int | None = 0
    others: dict[Shape, TensorType] = {}
    for index, one in enumerate(inputs):
        _same_but(axis, others.values(), one, index)
        others.setdefault((*one.shape[:axis], *one.shape[axis + 1 :]), one)
        size = plus(size, one.shape[axis])
    # Keras takes the other sizes from the first input, even where only a later one is known.
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    return Inference(TensorType(shape, common_dtype(inputs)))


def _same_but(axis: int, before: Iterable[TensorType], one: TensorType, index: int) -> None:
    """Refuse an input that differs from one before it on another axis than ``axis``."""
    for other in before:
        for place, (size, own) in enumerate(zip(other.shape, one.shape, strict=True)):
            if place != axis and not fits(size, own):
                raise RuleError(
                    "HB403",
                    f"`Concatenate` joins along axis {axis}, so all other sizes must be equal, "
                    f"but {other} and {one} differ on axis {place}: {size} and {own}",
                    input=index,
                )


def _dot(layer: Dot, inputs: tuple[TensorType, ...]) -> Inference:
    left, right = inputs
    first, second = _dot_axes(layer, inputs)
    size, other = left.shape[first], right.shape[second]
    if size != other:
        raise RuleError(
            "HB403",
            f"`Dot` sums over axes of equal size, but axis {first} of {left} has {size} "
            f"and axis {second} of {right} has {other}",
            field="axes",
            input=1,
        )
    kept = [size for place, size in enumerate(left.shape) if place != first]
    kept += [size for place, size in enumerate(right.shape) if place not in (0, second)]
    output = TensorType(tuple(kept) if len(kept) > 1 else (kept[0], 1), common_dtype(inputs))
    scaling = times(3, plus(entries(left), entries(right))) if layer.normalize else 0
    return Inference(output, (), plus(times(2, size, entries(output)), scaling))


def _dot_axes(layer: Dot, inputs: tuple[TensorType, ...]) -> list[int]:
    """Return the axis of each input that is summed over, counted from the front."""
    wanted = layer.axes if isinstance(layer.axes, tuple) else (layer.axes, layer.axes)
    found = []
    for index, (one, number) in enumerate(zip(inputs, wanted, strict=True)):
        axis = axis_of("Dot", one, number, "axes", index)
        if axis == 0:
            raise RuleError(
                "HB404",
                "`Dot` multiplies within each example, so it cannot sum over axis 0, the batch",
                field="axes",
                help="axes after the batch count from 1",
                input=index,
            )
        if layer.normalize:
            need_float("Dot", one, "normalizes floating-point numbers", index)
        found.append(axis)
    return found


RULES: dict[type[LayerSpec], Rule] = {
    Add: _elementwise,
    Subtract: _elementwise,
    Multiply: _elementwise,
    Average: _average,
    Maximum: _elementwise,
    Minimum: _elementwise,
    Concatenate: _concatenate,
    Dot: _dot,
}
