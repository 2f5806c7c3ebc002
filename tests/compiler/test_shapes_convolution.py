"""Rules of core, conv, pooling, reshaping and preprocessing by known answers: shapes, work, sentences."""

from __future__ import annotations

from typing import Any

import pytest

from hornbook.compiler.graph import Inference, TensorType
from hornbook.compiler.shapes import infer
from hornbook.compiler.shapes.rule import RuleError
from hornbook.specs.base import LayerSpec
from hornbook.specs.choices import read_choice
from hornbook.specs.registries import LAYER

Shape = tuple[int | None, ...]
Arguments = dict[str, Any]


def rule(name: str, arguments: Arguments, shape: Shape, dtype: str = "float32") -> Inference:
    layer = read_choice(LAYER, {name: arguments})
    assert isinstance(layer, LayerSpec), layer
    return infer(layer, (TensorType((None, *shape), dtype),))


def error(name: str, arguments: Arguments, shape: Shape, dtype: str = "float32") -> RuleError:
    with pytest.raises(RuleError) as caught:
        rule(name, arguments, shape, dtype)
    return caught.value


KERNEL = {"filters": 8, "kernel_size": 3}
FIRST = {"data_format": "channels_first"}

OUTPUTS: list[tuple[str, Arguments, Shape, Shape]] = [
    ("Dense", {"units": 4}, (None, 7, 3), (None, 7, 4)),
    ("Embedding", {"input_dim": 9, "output_dim": 4}, (None,), (None, 4)),
    ("Conv1D", KERNEL, (10, 2), (8, 8)),
    ("Conv1D", KERNEL | {"padding": "causal", "strides": 3}, (10, 2), (4, 8)),
    ("Conv1D", KERNEL | {"dilation_rate": 4}, (9, 2), (1, 8)),
    ("Conv2D", KERNEL | {"strides": (1, 2)}, (9, 9, 3), (7, 4, 8)),
    ("Conv2D", KERNEL | {"padding": "same", "strides": 2}, (None, 9, 3), (None, 5, 8)),
    ("Conv2D", KERNEL | FIRST, (3, 9, 5), (8, 7, 3)),
    ("Conv3D", KERNEL | {"kernel_size": (1, 2, 3)}, (4, 4, 4, 1), (4, 3, 2, 8)),
    ("Conv1DTranspose", KERNEL | {"strides": 5}, (4, 2), (20, 8)),
    ("Conv2DTranspose", KERNEL | {"strides": 2}, (4, 4, 2), (9, 9, 8)),
    ("Conv2DTranspose", KERNEL | {"strides": 2, "padding": "same"}, (4, None, 2), (8, None, 8)),
    ("Conv2DTranspose", KERNEL | {"strides": 2, "output_padding": 1}, (4, 4, 2), (10, 10, 8)),
    (
        "Conv2DTranspose",
        KERNEL | {"strides": 2, "output_padding": 0, "padding": "same"} | FIRST,
        (2, 4, 4),
        (8, 7, 7),
    ),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, (5, 5, 3), (3, 3, 6)),
    ("SeparableConv1D", KERNEL | FIRST, (3, 5), (8, 3)),
    ("MaxPooling2D", {}, (5, 4, 3), (2, 2, 3)),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, (5, 4, 3), (3, 2, 3)),
    ("AveragePooling1D", {"pool_size": 2} | FIRST, (3, 5), (3, 2)),
    ("GlobalMaxPooling3D", {}, (None, 4, 4, 3), (3,)),
    ("GlobalAveragePooling2D", {"keepdims": True} | FIRST, (3, 4, 4), (3, 1, 1)),
    ("Flatten", {}, (4, 4, 3), (48,)),
    ("Flatten", {}, (None, 3), (None,)),
    ("Flatten", {}, (), (1,)),
    ("Reshape", {"target_shape": (2, -1)}, (4, 3), (2, 6)),
    ("Reshape", {"target_shape": (-1, 6)}, (None, 3), (None, 6)),
    ("Reshape", {"target_shape": ()}, (1, 1), ()),
    ("Permute", {"dims": (3, 1, 2)}, (4, None, 2), (2, 4, None)),
    ("RepeatVector", {"n": 3}, (4,), (3, 4)),
    ("ZeroPadding2D", {"padding": (1, (2, 3))}, (4, None, 2), (6, None, 2)),
    ("Cropping3D", {"cropping": ((0, 1), 1, 0)} | FIRST, (2, 4, 4, 4), (2, 3, 2, 4)),
    ("UpSampling2D", {"size": (2, 3)}, (4, 4, 2), (8, 12, 2)),
    ("RandomRotation", {"factor": 0.1}, (None, 4, 3), (None, 4, 3)),
]


@pytest.mark.parametrize(("name", "arguments", "shape", "output"), OUTPUTS)
def test_outputs(name: str, arguments: Arguments, shape: Shape, output: Shape) -> None:
    dtype = "int32" if name == "Embedding" else "float32"
    assert rule(name, arguments, shape, dtype).output == TensorType((None, *output))


WORK: list[tuple[str, Arguments, Shape, int | None]] = [
    # 4 outputs of 3 multiply-adds each, 4 additions of a bias, 4 activations
    ("Dense", {"units": 4, "activation": "relu"}, (3,), 32),
    ("Dense", {"units": 4, "activation": "softmax", "use_bias": False}, (3,), 36),
    ("Dense", {"units": 4, "activation": "linear"}, (2, 3), 56),
    ("Dense", {"units": 4}, (None, 3), None),
    # 9 places, 8 filters, a window of 9 entries in 3 channels, and the bias
    ("Conv2D", KERNEL, (5, 5, 3), 9 * 8 * (2 * 27 + 1)),
    ("Conv2D", KERNEL | {"groups": 2}, (5, 5, 4), 9 * 8 * (2 * 18 + 1)),
    ("Conv2D", KERNEL, (5, None, 3), None),
    # each of 16 entries of 2 channels is spread over 9 entries of 8 filters; 81 places have a bias
    ("Conv2DTranspose", KERNEL | {"strides": 2}, (4, 4, 2), 2 * 32 * 72 + 81 * 8),
    ("DepthwiseConv1D", {"kernel_size": 3, "use_bias": False}, (5, 2), 2 * 3 * 6),
    ("SeparableConv1D", KERNEL | {"use_bias": False}, (5, 2), 3 * (2 * 2 * 3 + 2 * 2 * 8)),
    ("MaxPooling2D", {}, (4, 4, 3), 4 * 12),
    ("GlobalAveragePooling1D", {}, (4, 3), 12),
    ("UpSampling2D", {}, (4, 4, 2), 0),
    ("UpSampling2D", {"interpolation": "bilinear"}, (4, 4, 2), 128 * 8),
    ("Rescaling", {"scale": 0.5}, (4,), 8),
    ("Flatten", {}, (4, 4), 0),
    ("RandomFlip", {}, (4, 4, 2), 0),
    ("Embedding", {"input_dim": 9, "output_dim": 4}, (3,), 0),
]


@pytest.mark.parametrize(("name", "arguments", "shape", "work"), WORK)
def test_work(name: str, arguments: Arguments, shape: Shape, work: int | None) -> None:
    dtype = "int32" if name == "Embedding" else "float32"
    assert rule(name, arguments, shape, dtype).flops == work


def test_sizes_are_exact_however_large() -> None:
    found = rule("Dense", {"units": 10**12}, (10**12,))
    assert [weight.size for weight in found.weights] == [10**24, 10**12]


def test_weights_stand_in_the_order_of_keras() -> None:
    found = rule("SeparableConv2D", KERNEL | {"depth_multiplier": 2}, (5, 5, 3))
    assert [(weight.name, weight.shape) for weight in found.weights] == [
        ("depthwise_kernel", (3, 3, 3, 2)),
        ("pointwise_kernel", (1, 1, 6, 8)),
        ("bias", (8,)),
    ]
    assert all(weight.trainable for weight in found.weights)
    frozen = rule("SeparableConv2D", KERNEL | {"trainable": False}, (5, 5, 3))
    assert not any(weight.trainable for weight in frozen.weights)


DTYPES: list[tuple[str, Arguments, Shape, str, str]] = [
    ("Flatten", {}, (2, 3), "uint8", "uint8"),
    ("MaxPooling2D", {}, (2, 2, 3), "int64", "int64"),
    ("GlobalMaxPooling1D", {}, (2, 3), "bool", "bool"),
    ("GlobalAveragePooling1D", {}, (2, 3), "int32", "float32"),
    ("UpSampling2D", {"interpolation": "bicubic"}, (2, 2, 3), "uint8", "uint8"),
    ("Dense", {"units": 2}, (3,), "uint8", "float32"),
    ("Rescaling", {"scale": 0.5}, (2, 2, 3), "uint8", "float32"),
    ("RandomZoom", {"height_factor": 0.5}, (2, 2, 3), "uint8", "float32"),
    ("Activation", {"activation": "relu"}, (3,), "int32", "int32"),
    ("Activation", {"activation": "tanh"}, (3,), "int32", "float32"),
    ("Activation", {"activation": {"LeakyReLU": {}}}, (3,), "int32", "float32"),
]


@pytest.mark.parametrize(("name", "arguments", "shape", "dtype", "output"), DTYPES)
def test_dtypes(name: str, arguments: Arguments, shape: Shape, dtype: str, output: str) -> None:
    assert rule(name, arguments, shape, dtype).output.dtype == output


SENTENCES: list[tuple[str, Arguments, Shape, str, str | None, str, str | None]] = [
    (
        "Conv2D",
        KERNEL,
        (28, 28),
        "HB401",
        None,
        "`Conv2D` takes 4 axes (batch, height, width, channels), but receives 3: (None, 28, 28)",
        "add an axis for the channels with `Reshape: {target_shape: [28, 28, 1]}`, or use `Conv1D`",
    ),
    (
        "Conv2D",
        KERNEL | FIRST,
        (28, 28),
        "HB401",
        None,
        "`Conv2D` takes 4 axes (batch, channels, height, width), but receives 3: (None, 28, 28)",
        "add an axis for the channels with `Reshape: {target_shape: [1, 28, 28]}`, or use `Conv1D`",
    ),
    (
        "SeparableConv2D",
        KERNEL,
        (4, 4, 4, 2),
        "HB401",
        None,
        "`SeparableConv2D` takes 4 axes (batch, height, width, channels), "
        "but receives 5: (None, 4, 4, 4, 2)",
        None,
    ),
    (
        "MaxPooling2D",
        {},
        (12,),
        "HB401",
        None,
        "`MaxPooling2D` takes 4 axes (batch, height, width, channels), but receives 2: (None, 12)",
        "place it before the layer that flattens",
    ),
    (
        "Conv2D",
        KERNEL | {"kernel_size": 5},
        (3, 4, 1),
        "HB402",
        "kernel_size",
        "the window of `Conv2D` spans 5 entries of the height (axis 1), "
        "but its input has 3: (None, 3, 4, 1)",
        "use `padding: same`, or a `kernel_size` of at most [3, 4]",
    ),
    (
        "Conv2D",
        KERNEL | {"kernel_size": 5} | FIRST,
        (1, None, 3),
        "HB402",
        "kernel_size",
        "the window of `Conv2D` spans 5 entries of the width (axis 3), "
        "but its input has 3: (None, 1, None, 3)",
        "use `padding: same`, or a `kernel_size` of at most [5, 3]",
    ),
    (
        "Conv1D",
        KERNEL | {"dilation_rate": 4},
        (8, 2),
        "HB402",
        "kernel_size",
        "the window of `Conv1D` spans 9 entries of the steps (axis 1), "
        "as `dilation_rate` 4 spreads its 3, but its input has 8: (None, 8, 2)",
        "use `padding: same`, or a `kernel_size` of at most 2",
    ),
    (
        "MaxPooling2D",
        {},
        (1, 1, 8),
        "HB402",
        "pool_size",
        "the window of `MaxPooling2D` spans 2 entries of the height (axis 1), "
        "but its input has 1: (None, 1, 1, 8)",
        "leave the layer out: there is nothing left to pool",
    ),
    (
        "Cropping2D",
        {"cropping": (0, (2, 2))},
        (9, 4, 1),
        "HB402",
        "cropping",
        "`Cropping2D` drops 4 entries of the width (axis 2) and must leave one, "
        "but receives 4: (None, 9, 4, 1)",
        "drop 3 there at most",
    ),
    (
        "Conv2D",
        KERNEL | {"groups": 2},
        (9, 9, 3),
        "HB404",
        "groups",
        "`Conv2D` splits channels into 2 groups of equal size, "
        "but receives 3 channels: (None, 9, 9, 3)",
        "leave `groups` out, so that every filter sees all channels",
    ),
    (
        "Conv2D",
        KERNEL | {"groups": 8},
        (9, 9, 4),
        "HB404",
        "groups",
        "`Conv2D` splits channels into 8 groups of equal size, "
        "but receives 4 channels: (None, 9, 9, 4)",
        "use `groups: 4`",
    ),
    (
        "Reshape",
        {"target_shape": (7, 7, 2)},
        (196,),
        "HB404",
        "target_shape",
        "`target_shape` [7, 7, 2] takes 98 entries, but receives 196: (None, 196)",
        "`target_shape: [7, 7, 4]` would fit",
    ),
    (
        "Reshape",
        {"target_shape": (3, -1)},
        (10,),
        "HB404",
        "target_shape",
        "`target_shape` [3, -1] takes a number of entries that 3 divides, "
        "but receives 10: (None, 10)",
        "the sizes besides -1 must divide 10",
    ),
    (
        "Reshape",
        {"target_shape": (7, 7)},
        (None, 2),
        "HB404",
        "target_shape",
        "`target_shape` [7, 7] takes 49 entries, but receives a multiple of 2: (None, None, 2)",
        None,
    ),
    (
        "Permute",
        {"dims": (2, 1)},
        (3, 4, 5),
        "HB401",
        "dims",
        "`dims` of `Permute` orders 2 axes, but receives 3 after the batch: (None, 3, 4, 5)",
        "name each axis from 1 to 3 once",
    ),
    (
        "Dense",
        {"units": 1},
        (),
        "HB401",
        None,
        "`Dense` takes 2 axes or more (batch, ..., features), but receives 1 axis: (None,)",
        None,
    ),
    (
        "Rescaling",
        {"scale": (0.5, 0.5)},
        (4, 4, 3),
        "HB404",
        "scale",
        "`scale` of `Rescaling` has 2 numbers, one for each entry of the last axis, "
        "but receives (None, 4, 4, 3)",
        None,
    ),
    (
        "UpSampling2D",
        {"interpolation": "bilinear"},
        (None, 4, 1),
        "HB406",
        "interpolation",
        "`interpolation: bilinear` of `UpSampling2D` needs a known height and width, "
        "but receives (None, None, 4, 1)",
        "use `interpolation: nearest`, which repeats entries",
    ),
    (
        "Conv2D",
        KERNEL,
        (4, 4, None),
        "HB406",
        None,
        "`Conv2D` needs a known size of channels, but receives (None, 4, 4, None)",
        None,
    ),
    (
        "Activation",
        {"activation": {"Softmax": {"axis": 2}}},
        (4,),
        "HB401",
        "activation",
        "`Softmax` works on axis 2, but receives 2 axes: (None, 4)",
        "axes count from 0, the batch, to 1, or back from -1",
    ),
    (
        "DepthwiseConv2D",
        {"kernel_size": 1, "depthwise_initializer": "identity"},
        (4, 4, 2),
        "HB404",
        "depthwise_initializer",
        "`depthwise_initializer` of `DepthwiseConv2D` makes a matrix, "
        "but `depthwise_kernel` has the shape (1, 1, 2, 1)",
        None,
    ),
]


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "code", "field", "message", "help"), SENTENCES
)
def test_sentences(
    name: str,
    arguments: Arguments,
    shape: Shape,
    code: str,
    field: str | None,
    message: str,
    help: str | None,
) -> None:
    found = error(name, arguments, shape)
    assert (found.code, found.field, found.message, found.help) == (code, field, message, help)


NOT_FLOATS: list[tuple[str, Arguments, Shape, str]] = [
    ("Conv2D", KERNEL, (4, 4, 2), "uint8"),
    ("Conv1DTranspose", KERNEL, (4, 2), "int32"),
    ("DepthwiseConv1D", {"kernel_size": 1}, (4, 2), "int64"),
    ("AveragePooling2D", {"pool_size": 2}, (4, 4, 2), "uint8"),
    ("MaxPooling1D", {}, (4, 2), "bool"),
    ("MaxPooling3D", {}, (4, 4, 4, 2), "int32"),
    ("UpSampling2D", {"interpolation": "lanczos5"}, (4, 4, 2), "bool"),
    ("RandomContrast", {"factor": 0.5}, (4, 4, 2), "uint8"),
    ("Activation", {"activation": "gelu"}, (4,), "int32"),
    ("Activation", {"activation": "relu"}, (4,), "bool"),
    ("Activation", {"activation": {"ELU": {}}}, (4,), "uint8"),
    ("Embedding", {"input_dim": 2, "output_dim": 2}, (4,), "float32"),
]


@pytest.mark.parametrize(("name", "arguments", "shape", "dtype"), NOT_FLOATS)
def test_dtypes_that_fail(name: str, arguments: Arguments, shape: Shape, dtype: str) -> None:
    found = error(name, arguments, shape, dtype)
    assert found.code == "HB405"
    assert f"receives {dtype} (None, 4" in found.message
    assert found.help
