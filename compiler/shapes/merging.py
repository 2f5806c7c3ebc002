"""Rules of the layers that make one tensor of several."""

from __future__ import annotations

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
from .checks import axis_of, common_dtype, count, entries, fits, need_float, plus, times
from .rule import Rule, RuleError


def _elementwise(layer: LayerSpec, inputs: tuple[TensorType, ...]) -> Inference:
    """Merge entry by entry: axes are matched from the last one, and size 1 stretches."""
    name = type(layer).__name__
    if inputs[0].dtype == inputs[1].dtype == "bool":
        need_float(name, inputs[0], "takes numbers", 1)
    output = TensorType((None, *_broadcast(name, inputs)), common_dtype(inputs))
    return Inference(output, (), times(len(inputs) - 1, entries(output)))


def _average(layer: Average, inputs: tuple[TensorType, ...]) -> Inference:
    if common_dtype(inputs) != "float32":
        need_float("Average", inputs[0], "divides, so it takes floating-point numbers")
    merged = _elementwise(layer, inputs)
    return Inference(merged.output, (), times(len(inputs), entries(merged.output)))


def _broadcast(name: str, inputs: tuple[TensorType, ...]) -> Shape:
    rank = max(type.rank for type in inputs)
    sizes: list[int | None] = []
    for back in range(rank - 1, 0, -1):
        size: int | None = 1
        maker = 0
        varies = False
        for index, type in enumerate(inputs):
            if back >= type.rank:
                continue
            own = type.shape[-back]
            varies = varies or own is None
            if own in (None, 1, size):
                continue
            if size != 1:
                raise _misfit(name, inputs[maker], type, -back, index)
            size, maker = own, index
        sizes.append(None if varies else size)
    return tuple(sizes)


def _misfit(name: str, one: TensorType, other: TensorType, axis: int, index: int) -> RuleError:
    help = None
    if one.rank == other.rank == 2:
        help = "bring both to one size with a `Dense`, or join them with `Concatenate`"
    elif one.rank == other.rank:
        help = "bring both to one size, for example with `strides`, `padding: same` or a 1x1 convolution"
    return RuleError(
        "HB403",
        f"`{name}` merges entry by entry, but {one} and {other} differ on axis {axis}: "
        f"{one.shape[axis]} and {other.shape[axis]}",
        help=help,
        input=index,
    )


def _concatenate(layer: Concatenate, inputs: tuple[TensorType, ...]) -> Inference:
    first = inputs[0]
    for index, type in enumerate(inputs):
        if type.rank != first.rank:
            raise RuleError(
                "HB403",
                f"`Concatenate` joins tensors of equally many axes, but {first} has {first.rank} "
                f"and {type} has {type.rank}",
                input=index,
            )
    axis = axis_of("Concatenate", first, layer.axis, "axis")
    if axis == 0:
        raise RuleError(
            "HB404",
            "`Concatenate` cannot join along axis 0, the batch: the examples would no longer match their labels",
            field="axis",
            help="axes after the batch count from 1",
        )
    size: int | None = 0
    for index, type in enumerate(inputs):
        _same_but(axis, inputs[:index], type, index)
        size = plus(size, type.shape[axis])
    # Keras takes the other sizes from the first input, even where only a later one is known.
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    return Inference(TensorType(shape, common_dtype(inputs)))


def _same_but(axis: int, before: tuple[TensorType, ...], type: TensorType, index: int) -> None:
    """Refuse an input that differs from one before it on another axis than ``axis``."""
    for other in before:
        for place, (one, own) in enumerate(zip(other.shape, type.shape, strict=True)):
            if place != axis and not fits(one, own):
                raise RuleError(
                    "HB403",
                    f"`Concatenate` joins along axis {axis}, so all other sizes must be equal, "
                    f"but {other} and {type} differ on axis {place}: {one} and {own}",
                    input=index,
                )


def _dot(layer: Dot, inputs: tuple[TensorType, ...]) -> Inference:
    left, right = inputs
    both = layer.axes if isinstance(layer.axes, tuple) else (layer.axes, layer.axes)
    axes = tuple(
        axis_of("Dot", type, axis, "axes", index)
        for index, (type, axis) in enumerate(zip(inputs, both, strict=True))
    )
    for index, (type, axis) in enumerate(zip(inputs, axes, strict=True)):
        if axis == 0:
            raise RuleError(
                "HB404",
                "`Dot` sums the products within each example, so it cannot sum over axis 0, the batch",
                field="axes",
                help="axes after the batch count from 1",
                input=index,
            )
        if layer.normalize:
            need_float("Dot", type, "normalizes floating-point numbers", index)
    first, second = left.shape[axes[0]], right.shape[axes[1]]
    if first != second:
        raise RuleError(
            "HB403",
            f"`Dot` sums over axes of equal size, but axis {axes[0]} of {left} has {first} "
            f"and axis {axes[1]} of {right} has {second}",
            field="axes",
            input=1,
        )
    kept = [size for place, size in enumerate(left.shape) if place != axes[0]]
    kept += [size for place, size in enumerate(right.shape) if place not in (0, axes[1])]
    output = TensorType(tuple(kept) if len(kept) > 1 else (kept[0], 1), common_dtype(inputs))
    scaling = times(3, plus(entries(left), entries(right))) if layer.normalize else 0
    return Inference(output, (), plus(times(2, first, entries(output)), scaling))


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
