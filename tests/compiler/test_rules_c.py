"""The layers that prepare and vary images against Keras: what it makes of them, and refuses."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")
np = pytest.importorskip("numpy")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.strategies import SearchStrategy  # noqa: E402

from hornbook.compiler.emit.common import ALWAYS_DIFFERENT  # noqa: E402
from hornbook.compiler.graph import TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.specs.layers.augmentation import LAYERS, REFUSED  # noqa: E402
from keras_layers import DTYPES, agree, build, read  # noqa: E402
from strategies_b import Arguments, Shape, options  # noqa: E402
from strategies_c import TABLE, arguments_for, valid_items  # noqa: E402

SCALE = int(os.environ.get("HORNBOOK_EXAMPLES", "1"))
"""Multiplies the number of examples, for a longer run by hand."""


def examples(count: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=count * SCALE,
        # What is drawn by default is the same each time: the tests count what was taken.
        derandomize=SCALE == 1,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


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
    assert set(TABLE) == {cls.__name__ for cls in LAYERS} == set(WILD)


# Arguments that suit the image


@pytest.mark.parametrize("name", TABLE)
def test_layers_that_suit(name: str) -> None:
    taken = 0

    @examples(25)
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

    @examples(8)
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
RANGE = st.sampled_from([(0.0, 255.0), (0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (0.0, 0.5)])
TILES = st.integers(1, 12)

VARIED = ("takes 4 axes", "which is empty")
"""Keras takes the batch of a tensor with three axes for the height of one image."""
MIXED = "takes floating-point numbers"
"""Keras keeps integers outside graphs and in use, or makes floating-point numbers of them."""
LOOSE = ("takes a number from", "takes a number of at least", "must be from", "at most", "at least")
"""Keras looks at one end of each bound only."""

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
        (MIXED,),
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
        (MIXED,),
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
        options({"factor": EITHER}, value_range=RANGE, data_format=FORMAT),
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
        )
    ),
    "RandAugment": Case(
        options(factor=EITHER, num_ops=st.integers(0, 2), value_range=RANGE, data_format=FORMAT),
        ("one of its variations",),
    ),
}


@pytest.mark.parametrize("name", WILD)
def test_layers_that_may_not_suit(name: str) -> None:
    case = WILD[name]
    seen = {True: 0, False: 0}
    shapes = st.sampled_from([4] * 10 + [2, 3, 5]).flatmap(images)

    @examples(40)
    @given(case.arguments, shapes, DTYPE)
    def check(drawn: Arguments, shape: Shape, dtype: str) -> None:
        seen[agree(name, drawn, TensorType(shape, dtype), (*case.own, *VARIED, *LOOSE))] += 1

    check()
    assert seen[True]
    assert seen[False]
