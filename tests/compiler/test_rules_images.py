"""The layers that prepare and vary images against Keras: what it makes of them, and refuses."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
np = pytest.importorskip("numpy")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.strategies import SearchStrategy  # noqa: E402

from drawn import same_examples as examples  # noqa: E402
from hornbook.compiler.emit.common import ALWAYS_DIFFERENT  # noqa: E402
from hornbook.compiler.graph import TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.specs.layers import FAMILIES, REFUSED  # noqa: E402
from keras_layers import DTYPES, agree, build, read  # noqa: E402
from strategies.images import MUTED, TABLE, arguments_for, valid_items  # noqa: E402
from strategies.normalization import Arguments, Shape, options  # noqa: E402

SLOW = ("RandAugment",)
"""Layers that run many others in one call."""

SIZE = st.integers(1, 7)
CHANNELS = (1, 2, 3, 3, 3, 3, 4)
DTYPE = st.sampled_from(["float32"] * 6 + list(DTYPES))


@st.composite
def images(draw: st.DrawFn, rank: int = 4, channels: Sequence[int] = CHANNELS) -> Shape:
    """Draw the shape of images, the channels last or first; now and then a size is not known."""
    sizes: list[int | None] = [draw(SIZE) for _ in range(rank - 2)]
    sizes.insert(
        draw(st.sampled_from([0, len(sizes), len(sizes)])), draw(st.sampled_from(channels))
    )
    if draw(st.integers(0, 7)) == 0:
        sizes[draw(st.integers(0, len(sizes) - 1))] = None
    return (None, *sizes)


def test_every_layer_is_tested() -> None:
    assert set(TABLE) == set(FAMILIES["augmentation"]) == set(WILD)


# Arguments that suit the image


@pytest.mark.parametrize("name", TABLE)
def test_layers_that_suit(name: str) -> None:
    taken = 0

    @examples(15 if name in SLOW else 40)
    @given(st.data(), images(channels=TABLE[name].channels or CHANNELS), DTYPE)
    def check(data: Any, shape: Shape, dtype: str) -> None:
        nonlocal taken
        if TABLE[name].accepts(shape, dtype):
            drawn = data.draw(arguments_for(name, shape))
            drawn["trainable"] = data.draw(st.booleans())
            assert agree(name, drawn, TensorType(shape, dtype))
            taken += 1

    check()
    assert taken >= 5


@pytest.mark.parametrize("name", TABLE)
def test_a_graph_of_any_batch_makes_the_same(name: str) -> None:
    """Outside graphs the batch has a size, and Keras leaves some integers as they are."""
    taken = 0

    @examples(4 if name in SLOW else 8)
    @given(st.data(), images(channels=TABLE[name].channels or CHANNELS), DTYPE)
    def check(data: Any, shape: Shape, dtype: str) -> None:
        nonlocal taken
        if None in shape[1:] or not TABLE[name].accepts(shape, dtype):
            return
        layer = read(name, data.draw(arguments_for(name, shape)))
        made, expected = build(layer), infer(layer, (TensorType(shape, dtype),)).output

        @tf.function(input_signature=[tf.TensorSpec(shape, dtype)])
        def step(batch: Any) -> tuple[Any, Any]:
            return made(batch, training=True), made(batch, training=False)

        for result in step(tf.cast(tf.ones((2, *shape[1:])), dtype)):
            assert result.dtype == expected.dtype
            assert tuple(result.shape) == (2, *expected.shape[1:])
        taken += 1

    check()
    assert taken


@examples(200)
@given(images(), st.sampled_from(DTYPES), st.data())
def test_valid_items_are_valid(shape: Shape, dtype: str, data: Any) -> None:
    found = valid_items(shape, dtype)
    if found:
        name, arguments = data.draw(st.sampled_from(found))
        layer = read(name, data.draw(arguments))
        assert layer is not None
        infer(layer, (TensorType(shape, dtype),))


# Arguments that know nothing of the image


@dataclass(frozen=True)
class Case:
    """Arguments drawn without a look at the image, and what only we refuse."""

    arguments: SearchStrategy[Arguments]
    own: tuple[str, ...] = ()


FORMAT = st.sampled_from([None, None, "channels_last", "channels_first"])
FACTOR = st.sampled_from([-1.5, -0.5, 0.0, 0.5, 1.0, 2.0])
BOUNDS = st.sampled_from([0.0, 0.25, 0.75, 1.0, 2.0])
EITHER = FACTOR | st.tuples(BOUNDS, BOUNDS)
RANGE = st.sampled_from([(0.0, 255.0)] * 3 + [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (0.0, 0.5)])
TILES = st.sampled_from([1, 2, 3, 4, 8, 12])

VARIED = ("takes 4 axes", "which is empty")
"""Keras takes the batch of a tensor with three axes for the height of one image."""
MIXED = "takes floating-point numbers"
"""Keras keeps integers outside graphs and in use, or makes floating-point numbers of them."""
LOOSE = "an entry of `"
"""Of two bounds Keras compares each with one end of its range only."""

WILD: dict[str, Case] = {
    "Resizing": Case(
        options(
            {"height": st.integers(0, 4), "width": st.integers(1, 4)},
            crop_to_aspect_ratio=st.booleans(),
            pad_to_aspect_ratio=st.booleans(),
            fill_mode=st.sampled_from(["constant", "reflect"]),
            interpolation=st.sampled_from(["area", "bilinear", "cubic"]),
            data_format=FORMAT,
        ),
        # It averages, and has no gradient: what stands before it could not be trained.
        (MIXED, "`area`"),
    ),
    # Keras crops what is of no known size in a graph, and enlarges it where it is too small.
    "CenterCrop": Case(
        options({"height": st.integers(0, 9), "width": st.integers(1, 9)}, data_format=FORMAT),
        ("known height and width",),
    ),
    "AutoContrast": Case(options(value_range=RANGE)),
    "ContrastLimitedAdaptiveHistogramEqualization": Case(
        options(
            tile_grid_size=st.tuples(TILES, TILES),
            clip_limit=st.sampled_from([-1.0, 0.0, 2.0]),
            value_range=RANGE,
            data_format=FORMAT,
        ),
        # Keras takes a negative limit for none.
        (MIXED, "`clip_limit` of"),
    ),
    "RandomBrightness": Case(options({"factor": EITHER}, value_range=RANGE), (MIXED,)),
    "RandomColorDegeneration": Case(
        options({"factor": EITHER}, value_range=RANGE, data_format=FORMAT), (MIXED,)
    ),
    "RandomColorJitter": Case(
        options(
            brightness_factor=EITHER,
            contrast_factor=BOUNDS,
            saturation_factor=EITHER,
            hue_factor=BOUNDS,
            value_range=RANGE,
            data_format=FORMAT,
        ),
        (MIXED, "would be cut off", "the saturation grows", "in the last axis"),
    ),
    "RandomGrayscale": Case(options(factor=FACTOR, data_format=FORMAT), (MIXED,)),
    "RandomHue": Case(options({"factor": EITHER}, value_range=RANGE, data_format=FORMAT), (MIXED,)),
    "RandomInvert": Case(
        options(factor=EITHER, value_range=RANGE, data_format=FORMAT), (MIXED, "a negative is")
    ),
    "RandomPosterization": Case(
        options(
            {"factor": st.integers(0, 9) | st.tuples(st.integers(0, 9), st.integers(1, 9))},
            value_range=RANGE,
            data_format=FORMAT,
        ),
        (MIXED,),
    ),
    "RandomSaturation": Case(
        options({"factor": MUTED | EITHER}, value_range=RANGE, data_format=FORMAT),
        (MIXED, "would be cut off", "the saturation grows"),
    ),
    "Solarization": Case(
        options(addition_factor=EITHER, threshold_factor=EITHER, value_range=RANGE),
        ("Keras takes the larger bound",),
    ),
    "RandomErasing": Case(
        options(
            factor=EITHER,
            scale=EITHER,
            fill_value=st.sampled_from([None, 0.5, (0.0, 0.5, 1.0), (0.0, 1.0)]),
            value_range=RANGE,
            data_format=FORMAT,
        ),
        ("three numbers are for the last axis",),
    ),
    "RandomGaussianBlur": Case(
        options(
            factor=EITHER,
            kernel_size=st.integers(-1, 5) | st.tuples(st.integers(1, 5), st.integers(1, 5)),
            sigma=EITHER,
            value_range=RANGE,
            data_format=FORMAT,
        ),
        ("Keras mixes up",),
    ),
    "RandomPerspective": Case(
        options(
            factor=EITHER,
            scale=FACTOR,
            interpolation=st.sampled_from(["nearest", "bicubic"]),
            data_format=FORMAT,
        )
    ),
    "RandomSharpness": Case(options({"factor": EITHER}, value_range=RANGE, data_format=FORMAT)),
    "RandomShear": Case(
        options(
            x_factor=EITHER,
            y_factor=EITHER,
            fill_mode=st.sampled_from(["reflect", "mirror"]),
            data_format=FORMAT,
        ),
        # Keras fails only where it needs a gradient.
        ("is a line",),
    ),
    "RandAugment": Case(
        options(factor=EITHER, num_ops=st.integers(0, 2), value_range=RANGE, data_format=FORMAT),
        # Keras takes a number below 1 for none at all.
        ("one of its variations", "`num_ops` of", "a line of an image"),
    ),
}


@pytest.mark.parametrize("name", WILD)
def test_layers_that_may_not_suit(name: str) -> None:
    case = WILD[name]
    seen = {True: 0, False: 0}
    shapes = st.sampled_from([4] * 10 + [2, 3, 5]).flatmap(images)

    @examples(20 if name in SLOW else 50)
    @given(case.arguments, shapes, DTYPE)
    def check(drawn: Arguments, shape: Shape, dtype: str) -> None:
        seen[agree(name, drawn, TensorType(shape, dtype), (*case.own, *VARIED, LOOSE))] += 1

    check()
    assert seen[True]
    assert seen[False]


# Why the classes refuse what they refuse, and what they are said to do


def pictures(*sizes: int, high: float = 255.0) -> Any:
    return tf.random.stateless_uniform(sizes, (1, 2)) * high


def numbers(tensor: Any) -> Any:
    return keras.ops.convert_to_numpy(tensor)


STRONG: dict[str, Arguments] = {
    "Resizing": {"height": 3, "width": 3},
    "CenterCrop": {"height": 3, "width": 3},
    "RandomBrightness": {"factor": (0.5, 0.5)},
    "RandomColorDegeneration": {"factor": (1.0, 1.0)},
    "RandomColorJitter": {"brightness_factor": (0.5, 0.5)},
    "RandomGrayscale": {"factor": 1.0},
    "RandomHue": {"factor": (0.5, 0.5)},
    "RandomInvert": {"factor": (1.0, 1.0)},
    "RandomPosterization": {"factor": (1, 1)},
    "RandomSaturation": {"factor": (0.0, 0.0)},
    "RandomErasing": {"factor": (1.0, 1.0), "scale": (0.5, 0.5)},
    "RandomGaussianBlur": {"factor": (1.0, 1.0)},
    "RandomPerspective": {"factor": (1.0, 1.0)},
    "RandomSharpness": {"factor": (0.0, 0.0)},
    "RandomShear": {"x_factor": (1.0, 1.0)},
    "RandAugment": {"num_ops": 8},
}
"""Arguments that vary every image, where the defaults may not."""


@pytest.mark.parametrize("name", TABLE)
def test_what_differs_in_training_is_the_identity_in_use(name: str) -> None:
    layer, batch = build(read(name, {**STRONG.get(name, {})})), pictures(2, 8, 8, 3)
    used, trained = (numbers(layer(batch, training=one)) for one in (False, True))
    assert (name in ALWAYS_DIFFERENT) != np.array_equal(used, trained)
    if name in ALWAYS_DIFFERENT:
        assert np.array_equal(used, numbers(batch))


def test_a_color_jitter_of_nothing_changes_nothing() -> None:
    layer, batch = keras.layers.RandomColorJitter(), pictures(2, 4, 4, 2)
    assert np.array_equal(numbers(layer(batch, training=True)), numbers(batch))


def test_aug_mix_draws_its_operations_only_while_it_is_traced() -> None:
    layer, batch = keras.layers.AugMix(seed=1), pictures(2, 6, 6, 3)
    step = tf.function(lambda images: layer(images, training=True))
    states = []
    for _ in range(3):
        states.append(random.getstate())
        step(batch)
    assert states[0] != states[1] == states[2]


@pytest.mark.parametrize("name", ["CutMix", "MixUp"])
def test_examples_are_mixed_with_each_other(name: str) -> None:
    layer = getattr(keras.layers, name)(seed=1)
    batch = tf.range(64.0)[:, None, None, None] * tf.ones((1, 4, 4, 1))
    mixed = numbers(layer(batch, training=True))
    assert not np.array_equal(mixed, numbers(batch))


def test_equalization_cannot_be_connected() -> None:
    inputs = keras.Input((4, 4, 1))
    scaled = keras.layers.Rescaling(1.0)(inputs)
    equalized = keras.layers.Equalization()(scaled)
    assert equalized is scaled
    with pytest.raises(ValueError, match="KerasTensor"):
        keras.Model(inputs, keras.layers.Flatten()(equalized))(tf.ones((1, 4, 4, 1)))


def test_a_random_crop_does_not_crop_in_use() -> None:
    layer = keras.layers.RandomCrop(2, 2)
    assert layer(keras.Input((4, 4, 1))).shape == (None, 2, 2, 1)
    assert layer(tf.ones((1, 4, 4, 1)), training=False).shape == (1, 4, 4, 1)


def test_boxes_are_beside_the_images() -> None:
    batch = pictures(2, 4, 4, 1)
    assert numbers(keras.layers.MaxNumBoundingBoxes(2)(batch)) is not None
    assert np.array_equal(numbers(keras.layers.MaxNumBoundingBoxes(2)(batch)), numbers(batch))


def test_an_elastic_transform_shows_the_first_image_everywhere() -> None:
    layer = keras.layers.RandomElasticTransform(factor=(1.0, 1.0), scale=(1.0, 1.0), seed=1)

    @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 1))])
    def step(images: Any) -> Any:
        return layer(images, training=True)

    made = numbers(step(pictures(3, 8, 8, 1)))
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])


def test_every_refusal_has_its_reason_here() -> None:
    base = keras.layers.Resizing.__mro__[1]
    assert {name for name in REFUSED if issubclass(getattr(keras.layers, name), base)} == {
        "AugMix",
        "CutMix",
        "Equalization",
        "MaxNumBoundingBoxes",
        "MixUp",
        "RandomCrop",
        "RandomElasticTransform",
    }


def test_a_kernel_that_is_not_square_is_mixed_up() -> None:
    point = np.zeros((1, 7, 7, 1), "float32")
    point[0, 3, 3, 0] = 1
    blurred = numbers(keras.ops.image.gaussian_blur(point, (3, 5), (1.0, 1.0)))[0, :, :, 0]
    assert blurred[3, 3] == blurred.max()
    assert not np.array_equal(blurred, blurred[::-1])


def test_a_large_saturation_leaves_the_range() -> None:
    batch = pictures(2, 4, 4, 3)
    wide = numbers(keras.layers.RandomSaturation((0.9, 0.9), seed=1)(batch, training=True))
    unit = keras.layers.RandomSaturation((0.9, 0.9), (0, 1), seed=1)
    assert wide.min() < -1
    assert numbers(unit(batch / 255, training=True)).min() > -1e-3


def test_a_negative_of_a_range_around_zero_leaves_it() -> None:
    layer = keras.layers.RandomInvert((1.0, 1.0), (-1, 1))
    assert numbers(layer(-tf.ones((1, 2, 2, 1)), training=True)).max() == 2


def test_the_smaller_bound_of_a_solarization_is_hardly_one() -> None:
    layer = keras.layers.Solarization((1.0, 1.0), seed=1)
    made = numbers(layer(tf.zeros((64, 1, 1, 1)), training=True))
    assert np.ptp(made) > 100


def test_jitter_takes_the_last_axis_for_the_channels() -> None:
    layer = keras.layers.RandomColorJitter(hue_factor=0.5, data_format="channels_first")
    assert layer(pictures(2, 4, 4, 3), training=True).shape == (2, 4, 4, 3)
    with pytest.raises(Exception, match="call"):
        layer(pictures(2, 3, 4, 4), training=True)


def test_a_batch_that_is_no_batch_of_images() -> None:
    """Keras takes a tensor with three axes for one image, the batch being its height."""
    layer = keras.layers.Resizing(2, 2)
    assert layer(tf.ones((5, 4, 3))).shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RandomShear", {"x_factor": (1.0, 1.0), "y_factor": (1.0, 1.0)}),
        ("RandAugment", {"factor": (1.0, 1.0)}),
    ],
)
def test_a_slant_that_makes_a_line_has_no_gradient(name: str, arguments: Arguments) -> None:
    assert not agree(name, arguments, TensorType((None, 6, 6, 3)))
    weaker = dict.fromkeys(arguments, (0.5, 1.0))
    assert agree(name, weaker, TensorType((None, 6, 6, 3)))


@pytest.mark.parametrize(
    "name", [name for name, image in TABLE.items() if image.dtypes == ("float32",)]
)
def test_integers_come_out_as_one_dtype_or_another(name: str) -> None:
    """The reason for a refusal: what comes out depends on who calls the layer, and where."""
    arguments = {"RandomSaturation": {"factor": 0.5}, "RandomColorJitter": {"hue_factor": 0.5}}
    layer = build(read(name, arguments.get(name, STRONG.get(name, {}))))
    batch = tf.cast(pictures(2, 8, 8, 3), "uint8")

    def dtype(step: Any, training: bool) -> Any:
        try:
            return step(batch, training=training).dtype
        except (ValueError, tf.errors.InvalidArgumentError):
            return None

    steps = (layer, tf.function(lambda images, training: layer(images, training=training)))
    assert len({dtype(step, training) for step in steps for training in (False, True)}) > 1
