"""Rules of the convolutions."""

from __future__ import annotations

from dataclasses import replace
from math import gcd, prod

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
from ...specs.layers.fields import per_axis
from ..graph import Inference, Shape, TensorType, Weight
from .checks import count, entries, need_float, plus, times
from .parts import check_parts
from .rule import Rule, RuleError, known, product
from .windows import Layout, Window, layout_of, need_axes, slide
from .work import activation_work

Conv = Conv1D | Conv2D | Conv3D
Transpose = Conv1DTranspose | Conv2DTranspose | Conv3DTranspose
Depthwise = DepthwiseConv1D | DepthwiseConv2D
Separable = SeparableConv1D | SeparableConv2D


def _channels(
    layer: Conv | Transpose | Depthwise | Separable, given: TensorType, layout: Layout
) -> int:
    """Return the number of input channels.

    Raises:
        RuleError: HB401, HB405 or HB406, where the input is none that a convolution takes.
    """
    name = type(layer).__name__
    need_axes(name, given, layout)
    need_float(name, given, "multiplies by its kernel, so it takes floating-point numbers")
    return known(name, given, layout.channels, "channels")


def _window(layer: Conv | Depthwise | Separable, rank: int) -> Window:
    return Window(
        "kernel_size",
        per_axis(layer.kernel_size, rank),
        per_axis(layer.strides, rank),
        layer.padding,
        per_axis(layer.dilation_rate, rank),
    )


def _convolution(rank: int) -> Rule:
    def rule(layer: Conv, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        layout, window = layout_of(layer.data_format, rank), _window(layer, rank)
        channels = _channels(layer, given, layout)
        if channels % layer.groups:
            raise _ungrouped(layer, given, channels)
        places = slide(type(layer).__name__, given, layout, window)
        inside = channels // layer.groups
        kernel = Weight("kernel", (*window.sizes, inside, layer.filters))
        work = times(2 * window.area * inside * layer.filters, product(places))
        return _finish(layer, layout, places, layer.filters, (kernel,), work)

    return rule


def _ungrouped(layer: Conv, given: TensorType, channels: int) -> RuleError:
    fitting = gcd(channels, layer.filters)
    return RuleError(
        "HB404",
        f"`{type(layer).__name__}` splits channels into {count('group', layer.groups)} of equal "
        f"size, but receives {count('channel', channels)}: {given}",
        field="groups",
        help=f"use `groups: {fitting}`"
        if fitting > 1
        else "leave `groups` out, so that every filter sees all channels",
    )


def _transposed(rank: int) -> Rule:
    def rule(layer: Transpose, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        layout = layout_of(layer.data_format, rank)
        channels = _channels(layer, given, layout)
        sizes = per_axis(layer.kernel_size, rank)
        kernel = Weight("kernel", (*sizes, layer.filters, channels))
        # Each entry of the input is spread over the kernel, whatever the output's size.
        work = times(2 * prod(sizes) * layer.filters, entries(given))
        places = _spread(layer, given, layout)
        return _finish(layer, layout, places, layer.filters, (kernel,), work)

    return rule


def _spread(layer: Transpose, given: TensorType, layout: Layout) -> Shape:
    """Return the sizes of the output's axes, channels aside."""
    rank = layout.rank
    extra = (None,) * rank if layer.output_padding is None else per_axis(layer.output_padding, rank)
    axes = zip(
        (given.shape[axis] for axis in layout.spatial),
        per_axis(layer.kernel_size, rank),
        per_axis(layer.strides, rank),
        per_axis(layer.dilation_rate, rank),
        extra,
        strict=True,
    )
    return tuple(
        None
        if size is None
        else _enlarged(size, (kernel - 1) * gap + 1, stride, layer.padding, more)
        for size, kernel, stride, gap, more in axes
    )


def _enlarged(size: int, span: int, stride: int, padding: str, extra: int | None) -> int:
    """Return the size of an axis whose entries are spread ``stride`` apart."""
    if padding == "same":
        return size * stride if extra is None else (size - 1) * stride + span % 2 + extra
    return (size - 1) * stride + (max(span, stride) if extra is None else span + extra)


def _by_channel(rank: int) -> Rule:
    def rule(layer: Depthwise, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        layout, window = layout_of(layer.data_format, rank), _window(layer, rank)
        channels = _channels(layer, given, layout)
        places = slide(type(layer).__name__, given, layout, window)
        kernel = Weight("kernel", (*window.sizes, channels, layer.depth_multiplier))
        made = channels * layer.depth_multiplier
        work = times(2 * window.area * made, product(places))
        found = _finish(layer, layout, places, made, (kernel,), work)
        # Keras names the weight `kernel`, but the arguments that work on it `depthwise_...`.
        check_parts(layer, replace(found, weights=(replace(kernel, name="depthwise_kernel"),)))
        return found

    return rule


def _separable(rank: int) -> Rule:
    def rule(layer: Separable, inputs: tuple[TensorType, ...]) -> Inference:
        (given,) = inputs
        layout, window = layout_of(layer.data_format, rank), _window(layer, rank)
        channels = _channels(layer, given, layout)
        places = slide(type(layer).__name__, given, layout, window)
        between = channels * layer.depth_multiplier
        depthwise = Weight("depthwise_kernel", (*window.sizes, channels, layer.depth_multiplier))
        pointwise = Weight("pointwise_kernel", (*(1,) * rank, between, layer.filters))
        work = times(2 * between * (window.area + layer.filters), product(places))
        return _finish(layer, layout, places, layer.filters, (depthwise, pointwise), work)

    return rule


def _finish(
    layer: Conv | Transpose | Depthwise | Separable,
    layout: Layout,
    places: Shape,
    channels: int,
    kernels: tuple[Weight, ...],
    work: int | None,
) -> Inference:
    """Add what all convolutions end with: the bias and the activation."""
    output = TensorType(layout.shape(places, channels))
    bias = (Weight("bias", (channels,)),) if layer.use_bias else ()
    outputs = entries(output)
    ending = plus(times(int(layer.use_bias), outputs), activation_work(layer.activation, outputs))
    return Inference(output, kernels + bias, plus(work, ending))


RULES: dict[type[LayerSpec], Rule] = {
    Conv1D: _convolution(1),
    Conv2D: _convolution(2),
    Conv3D: _convolution(3),
    Conv1DTranspose: _transposed(1),
    Conv2DTranspose: _transposed(2),
    Conv3DTranspose: _transposed(3),
    DepthwiseConv1D: _by_channel(1),
    DepthwiseConv2D: _by_channel(2),
    SeparableConv1D: _separable(1),
    SeparableConv2D: _separable(2),
}
