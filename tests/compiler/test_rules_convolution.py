"""The rules against Keras: what it makes of random layers, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.strategies import SearchStrategy  # noqa: E402

from drawn import same_examples as examples  # noqa: E402
from hornbook.compiler.graph import TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.specs.registries import ACTIVATION  # noqa: E402
from keras_layers import DTYPES, agree, build, observe, read  # noqa: E402
from strategies.convolution import TABLE, arguments_for, ends, parts, valid_items  # noqa: E402
from strategies.normalization import INITIALIZERS, options  # noqa: E402

Shape = tuple[int | None, ...]


DTYPE = st.sampled_from(["float32"] * 6 + list(DTYPES))


@st.composite
def shapes(draw: st.DrawFn, ranks: SearchStrategy[int], most: int = 5) -> Shape:
    """Draw a shape whose sizes are all known, nine times out of ten."""
    size: SearchStrategy[int | None] = st.integers(1, most)
    if draw(st.integers(0, 9)) == 0:
        size = st.none() | size
    return (None, *(draw(size) for _ in range(draw(ranks) - 1)))


# Arguments that suit the shape


def accepted(name: str) -> list[int]:
    """The ranks of inputs that a layer takes."""
    full = (None, 3, 3, 3, 3)
    return [
        rank
        for rank in range(1, 6)
        if any(TABLE[name].accepts(full[:rank], dtype) for dtype in DTYPES)
    ]


@pytest.mark.parametrize("name", TABLE)
def test_layers_that_suit(name: str) -> None:
    taken = 0
    dtypes = st.just("int32") if name == "Embedding" else DTYPE

    @examples(20)
    @given(st.data(), shapes(st.sampled_from(accepted(name))), dtypes)
    def check(data: Any, shape: Shape, dtype: str) -> None:
        nonlocal taken
        if TABLE[name].accepts(shape, dtype):
            arguments = data.draw(arguments_for(name, shape))
            arguments["trainable"] = data.draw(st.booleans())
            assert agree(name, arguments, TensorType(shape, dtype))
            taken += 1

    check()
    assert taken >= 3


@examples(200)
@given(shapes(st.integers(1, 5)), st.sampled_from(DTYPES), st.data())
def test_valid_items_are_valid(shape: Shape, dtype: str, data: Any) -> None:
    name, arguments = data.draw(st.sampled_from(valid_items(shape, dtype)))
    layer = read(name, data.draw(arguments))
    assert layer is not None
    infer(layer, (TensorType(shape, dtype),))


# Arguments that know nothing of the shape


def sizes(rank: int, most: int, least: int = 1) -> SearchStrategy[Any]:
    one = st.integers(least, most)
    return one | st.tuples(*[one] * rank)


FORMAT = st.sampled_from([None, "channels_last", "channels_first"])
PADDING = st.sampled_from(["valid", "same"])


def kernels(rank: int) -> dict[str, SearchStrategy[Any]]:
    return {
        "strides": sizes(rank, 3),
        "dilation_rate": sizes(rank, 3),
        "padding": PADDING,
        "data_format": FORMAT,
    }


def convolution(rank: int) -> SearchStrategy[Any]:
    required = {"filters": st.integers(1, 6), "kernel_size": sizes(rank, 4)}
    paddings = {"padding": st.sampled_from(["valid", "same", "causal"])} if rank == 1 else {}
    return options(required, **kernels(rank) | paddings, groups=st.integers(1, 3))


def transposed(rank: int) -> SearchStrategy[Any]:
    required = {"filters": st.integers(1, 3), "kernel_size": sizes(rank, 4)}
    extra = st.none() | sizes(rank, 2, 0)
    return options(required, **kernels(rank), output_padding=extra)


def by_channel(rank: int) -> SearchStrategy[Any]:
    required = {"kernel_size": sizes(rank, 4)}
    return options(required, **kernels(rank), depth_multiplier=st.integers(1, 2))


def separable(rank: int) -> SearchStrategy[Any]:
    required = {"kernel_size": sizes(rank, 4), "filters": st.integers(1, 3)}
    return options(required, **kernels(rank), depth_multiplier=st.integers(1, 2))


def pooling(rank: int) -> SearchStrategy[Any]:
    strides = st.none() | sizes(rank, 3)
    required = {"pool_size": sizes(rank, 4)}
    return options(required, strides=strides, padding=PADDING, data_format=FORMAT)


def at_ends(field: str, rank: int, most: int) -> SearchStrategy[Any]:
    one = ends(most)
    value = one if rank == 1 else st.integers(0, most) | st.tuples(*[one] * rank)
    formats = {} if (field, rank) == ("cropping", 1) else {"data_format": FORMAT}
    return options(**{field: value}, **formats)


TARGET = st.lists(st.sampled_from([-1, -1, 1, 2, 3, 4, 6]), max_size=3).map(tuple)
DIMS = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple) | st.sampled_from(
    [(1,), (1, 2), (2, 1), (3, 1, 2)]
)
NUMBER = st.sampled_from([0.0, 0.5, 1.0])
ANY_RANK = st.integers(1, 5)


@dataclass(frozen=True)
class Case:
    """Arguments drawn without a look at the input, its likely rank, and what only we refuse."""

    arguments: SearchStrategy[Any]
    rank: int
    own: tuple[str, ...] = ()


VARIED = ("takes 4 axes",)
"""Keras takes the batch of a tensor with three axes for the height of one image."""

WILD: dict[str, Case] = (
    {
        "Dense": Case(options({"units": st.integers(1, 3)}, use_bias=st.booleans()), 2),
        # Keras rounds what it is given to integers.
        "Embedding": Case(
            options({"input_dim": st.integers(3, 4), "output_dim": st.integers(1, 2)}),
            2,
            ("takes integers",),
        ),
        "Flatten": Case(options(data_format=FORMAT), 3),
        # No size of the axes that are not known would do, which Keras finds when data arrives.
        "Reshape": Case(options({"target_shape": TARGET}), 3, ("receives a multiple of",)),
        "Permute": Case(options({"dims": DIMS}), 3),
        "RepeatVector": Case(options({"n": st.integers(1, 3)}), 2),
        # Keras stretches the input, or the numbers, until they fit.
        "Rescaling": Case(
            options({"scale": NUMBER | st.lists(NUMBER, min_size=1, max_size=3).map(tuple)}),
            2,
            ("one for each entry of the last axis",),
        ),
        "RandomFlip": Case(options(data_format=FORMAT), 4, VARIED),
        "RandomRotation": Case(options({"factor": NUMBER}, data_format=FORMAT), 4, VARIED),
        "RandomZoom": Case(options({"height_factor": NUMBER}, data_format=FORMAT), 4, VARIED),
        "RandomTranslation": Case(
            options({"height_factor": NUMBER, "width_factor": NUMBER}, data_format=FORMAT),
            4,
            VARIED,
        ),
        # Keras takes integers in a graph, and fails on them outside one.
        "RandomContrast": Case(
            options({"factor": NUMBER}), 4, (*VARIED, "takes floating-point numbers")
        ),
    }
    | {
        name: Case(arguments, rank + 2, own)
        for rank in (1, 2, 3)
        for name, arguments, own in (
            (f"Conv{rank}D", convolution(rank), ()),
            # Keras leaves nothing of an axis of size 1.
            (f"Conv{rank}DTranspose", transposed(rank), ()),
            (f"MaxPooling{rank}D", pooling(rank), ()),
            (f"AveragePooling{rank}D", pooling(rank), ()),
            (f"GlobalMaxPooling{rank}D", options(data_format=FORMAT, keepdims=st.booleans()), ()),
            (
                f"GlobalAveragePooling{rank}D",
                options(data_format=FORMAT, keepdims=st.booleans()),
                (),
            ),
            (f"ZeroPadding{rank}D", at_ends("padding", rank, 2), ()),
            (f"Cropping{rank}D", at_ends("cropping", rank, 3), ()),
            (
                f"UpSampling{rank}D",
                options(size=st.integers(1, 2) if rank == 1 else sizes(rank, 2)),
                (),
            ),
        )
    }
    | {
        name: Case(arguments, rank + 2)
        for rank in (1, 2)
        for name, arguments in (
            (f"DepthwiseConv{rank}D", by_channel(rank)),
            (f"SeparableConv{rank}D", separable(rank)),
        )
    }
)


@pytest.mark.parametrize("name", WILD)
def test_layers_that_may_not_suit(name: str) -> None:
    case = WILD[name]
    ranks = st.sampled_from([1, 2, 3, 4, 5] + [case.rank] * 10)
    seen = {True: 0, False: 0}

    @examples(30)
    @given(case.arguments, shapes(ranks, 6), DTYPE)
    def check(drawn: dict[str, Any], shape: Shape, dtype: str) -> None:
        # Whether a size that is not known suits such arguments shows only when data arrives.
        open_ended = name in ("Reshape", "Rescaling") and None in shape[1:]
        took = agree(name, drawn, TensorType(shape, dtype), case.own, run=not open_ended)
        seen[took] += 1

    check()
    assert seen[True]
    assert seen[False] or name in ("Flatten", "Dense")


# Parts, activations, single facts

HARD = INITIALIZERS | st.sampled_from(
    ["identity", "orthogonal", {"HeNormal": {"input_axes": (0,), "output_axes": (1,)}}]
)
HARD_REGULARIZERS = st.sampled_from([None, "orthogonal_regularizer"])
HARD_CONSTRAINTS = st.sampled_from([None, {"MaxNorm": {"axis": 1}}, {"UnitNorm": {"axis": (0, 2)}}])
HARD_ACTIVATIONS = st.sampled_from([None, {"Softmax": {"axis": -3}}, {"Softmax": {"axis": 1}}])


def hard(*kernels: str) -> dict[str, SearchStrategy[Any]]:
    """Parts that suit some weights and some outputs only."""
    kinds = {
        "initializer": HARD,
        "regularizer": HARD_REGULARIZERS,
        "constraint": HARD_CONSTRAINTS,
        "activation": HARD_ACTIVATIONS,
    }
    return {name: kinds.get(name.split("_")[-1], drawn) for name, drawn in parts(*kernels).items()}


SQUARE = {"kernel_size": st.just(1), "filters": st.just(2)}

PARTS: dict[str, tuple[SearchStrategy[Any], Shape]] = {
    "Dense": (options({"units": st.integers(1, 3)}, **hard("kernel")), (None, 3)),
    "Conv1D": (options(SQUARE, **hard("kernel")), (None, 2, 3)),
    "Conv2DTranspose": (options(SQUARE, **hard("kernel")), (None, 2, 2, 3)),
    "DepthwiseConv1D": (options({"kernel_size": st.just(1)}, **hard("depthwise")), (None, 2, 3)),
    "SeparableConv2D": (options(SQUARE, **hard("depthwise", "pointwise")), (None, 2, 2, 3)),
    "Embedding": (
        options(
            {"input_dim": st.integers(3, 4), "output_dim": st.integers(2, 3)},
            embeddings_initializer=HARD,
            embeddings_regularizer=HARD_REGULARIZERS,
            embeddings_constraint=HARD_CONSTRAINTS,
        ),
        (None, 2),
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_that_may_not_suit(name: str) -> None:
    arguments, shape = PARTS[name]
    dtype = "int32" if name == "Embedding" else "float32"

    @examples(30)
    @given(arguments, st.booleans())
    def check(drawn: dict[str, Any], trainable: bool) -> None:
        agree(name, drawn | {"trainable": trainable}, TensorType(shape, dtype))

    check()


ITEMS = [
    {"ReLU": {}},
    {"ReLU": {"negative_slope": 0.5}},
    {"ReLU": {"max_value": 1.5, "negative_slope": 0.5}},
    {"ReLU": {"threshold": 0.5, "max_value": 1.5}},
    {"LeakyReLU": {}},
    {"ELU": {}},
    {"Softmax": {}},
    {"Softmax": {"axis": 2}},
]


@pytest.mark.parametrize("activation", [*ACTIVATION.names, *ITEMS], ids=str)
def test_activations(activation: Any) -> None:
    for dtype in DTYPES:
        agree("Activation", {"activation": activation}, TensorType((None, 3), dtype))


def test_a_layer_in_a_graph_of_any_batch_makes_what_is_announced() -> None:
    """Training runs in a graph, where the size of the batch is not known."""
    unknown = TensorType((None, None, 4, 2))
    for name, arguments in {
        "Conv2D": {"filters": 2, "kernel_size": 2, "groups": 2},
        "Conv2DTranspose": {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1},
        "RandomRotation": {"factor": 0.5},
        "RandomTranslation": {"height_factor": 0.5, "width_factor": 0.5},
        "UpSampling2D": {},
    }.items():
        assert agree(name, arguments, unknown)


def test_interpolation_of_unknown_sizes_fails_in_the_graph_of_training() -> None:
    layer = read("UpSampling2D", {"interpolation": "bilinear"})
    seen = observe(lambda: build(layer), TensorType((None, None, 4, 2)))
    assert "OperatorNotAllowedInGraphError" in repr(seen)


def test_an_even_kernel_without_output_padding_fails_when_it_runs() -> None:
    arguments = {"filters": 1, "kernel_size": 2, "strides": 2, "padding": "same"}
    layer = lambda: keras.layers.Conv1DTranspose(**arguments, output_padding=0)  # noqa: E731
    assert isinstance(observe(layer, TensorType((None, 3, 1))), Exception)
    assert not isinstance(observe(layer, TensorType((None, 3, 1)), run=False), Exception)
    assert agree("Conv1DTranspose", arguments | {"output_padding": 1}, TensorType((None, 3, 1)))


def test_the_image_of_a_batch_that_is_no_image() -> None:
    """The reason for a refusal: Keras varies a batch of sequences as if it were one image."""
    layer = keras.layers.RandomFlip("vertical", seed=1)
    assert layer(keras.Input((4, 2))).shape == (None, 4, 2)
    data = keras.ops.arange(3.0)[:, None, None] * keras.ops.ones((1, 4, 2))
    flipped = {
        tuple(keras.ops.convert_to_numpy(layer(data, training=True)[:, 0, 0])) for _ in "12345678"
    }
    assert (2.0, 1.0, 0.0) in flipped
