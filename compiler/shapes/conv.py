"""Rules of the layers that move a window of weights.

The work counts the products and the bias, not the activation.
"""

from __future__ import annotations

from ...specs.base import LayerSpec
from ...specs.layers.conv import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from ..graph import Inference, Shape, TensorType, Weight
from .checks import count, need_float, plus, times
from .rule import Rule, RuleError, product
from .windows import join, places, split, spread

Conv = Conv1D | Conv2D | Conv3D
Transpose = Conv1DTranspose | Conv2DTranspose | Conv3DTranspose
Depthwise = DepthwiseConv1D | DepthwiseConv2D
Separable = SeparableConv1D | SeparableConv2D
AnyConv = Conv | Transpose | Depthwise | Separable


def _enter(layer: AnyConv, given: TensorType, rank: int) -> tuple[Shape, int]:
    """Return the sizes that the window moves along and the number of channels."""
    name = type(layer).__name__
    sizes, channels = split(name, given, rank, layer.data_format)
    if channels is None:
        raise RuleError(
            "HB406",
            f"`{name}` has weights for each channel, so their number must be known, "
            f"but receives {given}",
            help="give the input a fixed number of channels",
        )
    need_float(name, given, "multiplies by weights, so it takes floating-point numbers")
    return sizes, channels


def _places(layer: Conv | Depthwise | Separable, given: TensorType, sizes: Shape) -> Shape:
    rank = len(sizes)
    return places(
        type(layer).__name__,
        given,
        sizes,
        window=spread(layer.kernel_size, rank),
        strides=spread(layer.strides, rank),
        dilation=spread(layer.dilation_rate, rank),
        padding=layer.padding,
        field="kernel_size",
    )


def _bias(layer: AnyConv, size: int) -> tuple[Weight, ...]:
    return (Weight("bias", (size,)),) if layer.use_bias else ()


def _work(layer: AnyConv, sizes: Shape, channels: int, products: int | None) -> int | None:
    """Add the bias of each entry of the output to the multiply-adds."""
    entries = times(product(sizes), channels)
    return plus(times(2, products), entries if layer.use_bias else 0)


def _conv(rank: int) -> Rule:
    def rule(layer: Conv, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        sizes, channels = _enter(layer, given, rank)
        if channels % layer.groups:
            raise RuleError(
                "HB404",
                f"`{type(layer).__name__}` splits the channels of its input into "
                f"{count('group', layer.groups)} of equal size, "
                f"but receives {count('channel', channels)}: {given}",
                field="groups",
                help=_divisors(channels, layer.filters),
            )
        made = _places(layer, given, sizes)
        kernel = (*spread(layer.kernel_size, rank), channels // layer.groups, layer.filters)
        weights = (Weight("kernel", kernel), *_bias(layer, layer.filters))
        work = _work(layer, made, layer.filters, times(product(made), product(kernel)))
        return Inference(TensorType(join(made, layer.filters, layer.data_format)), weights, work)

    return rule


def _divisors(channels: int, filters: int) -> str | None:
    """Name the numbers of groups that split both the channels and the filters."""
    fitting = [
        str(groups)
        for groups in range(1, min(channels, filters, 4096) + 1)
        if channels % groups == 0 and filters % groups == 0
    ]
    return f"numbers of groups that fit: {', '.join(fitting)}" if len(fitting) < 10 else None


def _transpose(rank: int) -> Rule:
    def rule(layer: Transpose, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        sizes, channels = _enter(layer, given, rank)
        made = _grown(layer, sizes)
        kernel = (*spread(layer.kernel_size, rank), layer.filters, channels)
        weights = (Weight("kernel", kernel), *_bias(layer, layer.filters))
        work = _work(layer, made, layer.filters, times(product(sizes), product(kernel)))
        return Inference(TensorType(join(made, layer.filters, layer.data_format)), weights, work)

    return rule


def _grown(layer: Transpose, sizes: Shape) -> Shape:
    """Return the sizes from which a convolution of these arguments would make the input's."""
    rank = len(sizes)
    added: tuple[int | None, ...] = (None,) * rank
    if layer.output_padding is not None:
        added = spread(layer.output_padding, rank)
    arguments = zip(
        sizes,
        spread(layer.kernel_size, rank),
        spread(layer.strides, rank),
        spread(layer.dilation_rate, rank),
        added,
        strict=True,
    )
    return tuple(
        _grow(layer, size, (window - 1) * dilation + 1, step, more)
        for size, window, step, dilation, more in arguments
    )


def _grow(
    layer: Transpose, size: int | None, extent: int, step: int, more: int | None
) -> int | None:
    same = layer.padding == "same"
    if same and more == 0 and extent % 2 == 0:
        raise RuleError(
            "HB404",
            f"`{type(layer).__name__}` with `padding: same`, an even window of {extent} and "
            "`output_padding: 0` would make an output from which no such convolution "
            "leads back to the input",
            field="output_padding",
            help="remove `output_padding`, or use a window of odd size",
        )
    if size is None:
        return None
    if same:
        return size * step if more is None else (size - 1) * step + extent % 2 + more
    return (size - 1) * step + (max(extent, step) if more is None else extent + more)


def _depthwise(rank: int) -> Rule:
    def rule(layer: Depthwise, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        sizes, channels = _enter(layer, given, rank)
        made = _places(layer, given, sizes)
        kernel = (*spread(layer.kernel_size, rank), channels, layer.depth_multiplier)
        several = channels * layer.depth_multiplier
        weights = (Weight("kernel", kernel), *_bias(layer, several))
        work = _work(layer, made, several, times(product(made), product(kernel)))
        return Inference(TensorType(join(made, several, layer.data_format)), weights, work)

    return rule


def _separable(rank: int) -> Rule:
    def rule(layer: Separable, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        sizes, channels = _enter(layer, given, rank)
        made = _places(layer, given, sizes)
        depthwise = (*spread(layer.kernel_size, rank), channels, layer.depth_multiplier)
        pointwise = (*(1,) * rank, channels * layer.depth_multiplier, layer.filters)
        weights = (
            Weight("depthwise_kernel", depthwise),
            Weight("pointwise_kernel", pointwise),
            *_bias(layer, layer.filters),
        )
        each = plus(product(depthwise), product(pointwise))
        work = _work(layer, made, layer.filters, times(product(made), each))
        return Inference(TensorType(join(made, layer.filters, layer.data_format)), weights, work)

    return rule


RULES: dict[type[LayerSpec], Rule] = {
    Conv1D: _conv(1),
    Conv2D: _conv(2),
    Conv3D: _conv(3),
    Conv1DTranspose: _transpose(1),
    Conv2DTranspose: _transpose(2),
    Conv3DTranspose: _transpose(3),
    DepthwiseConv1D: _depthwise(1),
    DepthwiseConv2D: _depthwise(2),
    SeparableConv1D: _separable(1),
    SeparableConv2D: _separable(2),
}
