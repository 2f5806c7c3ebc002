"""Hypothesis strategies for layers of the families core, conv, pooling, reshaping and preprocessing.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.normalization import (
    ACTIVATIONS,
    CONSTRAINTS,
    INITIALIZERS,
    REGULARIZERS,
    SEED,
    Arguments,
    Shape,
    options,
)

FACTOR = st.sampled_from([-0.5, 0.0, 0.25, 0.5, 1.0])
FRACTION = st.sampled_from([0.0, 0.25, 0.5])
NUMBER = st.sampled_from([-1.0, 0.0, 0.5, 2.0])


def parts(*kernels: str) -> dict[str, SearchStrategy[Any]]:
    """The arguments that work on kernels, a bias and the output."""
    found: dict[str, SearchStrategy[Any]] = {
        "use_bias": st.booleans(),
        "activity_regularizer": REGULARIZERS,
        "activation": ACTIVATIONS,
    }
    for weight in (*kernels, "bias"):
        found[f"{weight}_initializer"] = INITIALIZERS
        found[f"{weight}_regularizer"] = REGULARIZERS
        found[f"{weight}_constraint"] = CONSTRAINTS
    return found


@st.composite
def each(draw: st.DrawFn, numbers: Sequence[SearchStrategy[int]]) -> int | tuple[int, ...]:
    """Draw a number for every axis, written as one where all are equal, now and then."""
    drawn = tuple(draw(one) for one in numbers)
    return drawn[0] if len(set(drawn)) == 1 and draw(st.booleans()) else drawn


def known(shape: Shape) -> bool:
    return None not in shape[1:]


# Windows


@dataclass(frozen=True)
class Space:
    """A shape as a layer sees it that tells channels from the axes that it slides along."""

    data_format: str | None
    sizes: Shape
    channels: int | None


def spaces(shape: Shape) -> list[Space]:
    return [
        Space(None, shape[1:-1], shape[-1]),
        Space("channels_last", shape[1:-1], shape[-1]),
        Space("channels_first", shape[2:], shape[1]),
    ]


def convolved(shape: Shape) -> list[Space]:
    """The ways to see a shape that a convolution takes."""
    return [space for space in spaces(shape) if space.channels is not None]


def formatted(space: Space, arguments: Arguments) -> Arguments:
    if space.data_format is not None:
        arguments["data_format"] = space.data_format
    return arguments


@st.composite
def kernels(
    draw: st.DrawFn, space: Space, paddings: Sequence[str], both: bool = False
) -> Arguments:
    """Draw a kernel that fits; ``both`` lets it jump and have gaps at once."""
    padding = draw(st.sampled_from(paddings))
    rank = len(space.sizes)
    gaps = [draw(st.sampled_from([1, 1, 2])) for _ in range(rank)]
    strides = [draw(st.sampled_from([1, 1, 2, 3])) for _ in range(rank)]
    if max(gaps) > 1 and not both:
        strides = [1] * rank
    most = [
        # A size that is not known can turn out to be small.
        3 if padding != "valid" else min(3, ((size or 2) - 1) // gap + 1)
        for size, gap in zip(space.sizes, gaps, strict=True)
    ]
    arguments: Arguments = {
        "kernel_size": draw(each([st.integers(1, size) for size in most])),
        "padding": padding,
    }
    if max(strides) > 1 or draw(st.booleans()):
        arguments["strides"] = draw(each([st.just(one) for one in strides]))
    if max(gaps) > 1 or draw(st.booleans()):
        arguments["dilation_rate"] = draw(each([st.just(one) for one in gaps]))
    return arguments


@st.composite
def convolution(draw: st.DrawFn, shape: Shape) -> Arguments:
    space = draw(st.sampled_from(convolved(shape)))
    paddings = ["valid", "same", "causal"] if len(space.sizes) == 1 else ["valid", "same"]
    channels = space.channels or 1
    groups = draw(st.sampled_from([n for n in (1, 1, 1, 2, 3) if channels % n == 0]))
    drawn = {"filters": groups * draw(st.integers(1, 2)), **draw(kernels(space, paddings))}
    if groups > 1 or draw(st.booleans()):
        drawn["groups"] = groups
    return formatted(space, drawn | draw(options(**parts("kernel"))))


@st.composite
def transposed(draw: st.DrawFn, shape: Shape) -> Arguments:
    space = draw(st.sampled_from(convolved(shape)))
    rank = len(space.sizes)
    drawn = {
        "filters": draw(st.integers(1, 3)),
        "kernel_size": draw(each([st.integers(1, 3)] * rank)),
        "padding": draw(st.sampled_from(["valid", "same"])),
    }
    choice = draw(st.sampled_from(["strides", "dilation_rate", "output_padding", None]))
    if choice == "output_padding":
        drawn["strides"] = strides = draw(each([st.integers(2, 3)] * rank))
        most = min((strides,) if isinstance(strides, int) else strides) - 1
        drawn["output_padding"] = draw(each([st.integers(1, most)] * rank))
    elif choice is not None:
        drawn[choice] = draw(each([st.integers(1, 2)] * rank))
    return formatted(space, drawn | draw(options(**parts("kernel"))))


@st.composite
def by_channel(draw: st.DrawFn, shape: Shape) -> Arguments:
    space = draw(st.sampled_from(convolved(shape)))
    drawn = draw(kernels(space, ["valid", "same"], both=True))
    more = options(depth_multiplier=st.integers(1, 2), **parts("depthwise"))
    return formatted(space, drawn | draw(more))


@st.composite
def separable(draw: st.DrawFn, shape: Shape) -> Arguments:
    space = draw(st.sampled_from(convolved(shape)))
    drawn = draw(kernels(space, ["valid", "same"], both=True))
    drawn["filters"] = draw(st.integers(1, 3))
    more = options(depth_multiplier=st.integers(1, 2), **parts("depthwise", "pointwise"))
    return formatted(space, drawn | draw(more))


@st.composite
def pooling(draw: st.DrawFn, shape: Shape) -> Arguments:
    space = draw(st.sampled_from(spaces(shape)))
    padding = draw(st.sampled_from(["valid", "same"]))
    most = [3 if padding == "same" else min(3, size or 2) for size in space.sizes]
    drawn = {"pool_size": draw(each([st.integers(1, size) for size in most])), "padding": padding}
    if draw(st.booleans()):
        drawn["strides"] = draw(st.none() | each([st.integers(1, 3)] * len(space.sizes)))
    return formatted(space, drawn)


@st.composite
def global_pooling(draw: st.DrawFn, shape: Shape) -> Arguments:
    space = draw(st.sampled_from(spaces(shape)))
    return formatted(space, draw(options(keepdims=st.booleans())))


# Entries moved, repeated, added, dropped


@st.composite
def target(draw: st.DrawFn, shape: Shape) -> Arguments:
    if not known(shape):
        tail = shape[-1:] if shape[-1] is not None and draw(st.booleans()) else ()
        return {"target_shape": (-1, *tail)}
    left, sizes = prod(size or 1 for size in shape[1:]), []
    for _ in range(draw(st.integers(0, 3))):
        sizes.append(draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0])))
        left //= sizes[-1]
    sizes = draw(st.permutations([*sizes, left]))
    if draw(st.booleans()):
        sizes[draw(st.integers(0, len(sizes) - 1))] = -1
    return {"target_shape": tuple(sizes)}


def permutation(shape: Shape) -> SearchStrategy[Arguments]:
    orders = st.permutations(range(1, len(shape)))
    return st.fixed_dictionaries({"dims": orders.map(tuple)})


def ends(most: int) -> SearchStrategy[Any]:
    return st.integers(0, most) | st.tuples(st.integers(0, most), st.integers(0, most))


def zero_padding(rank: int) -> Callable[[Shape], SearchStrategy[Arguments]]:
    one = ends(2)
    padding = one if rank == 1 else st.integers(0, 2) | st.tuples(*[one] * rank)

    @st.composite
    def strategy(draw: st.DrawFn, shape: Shape) -> Arguments:
        space = draw(st.sampled_from(spaces(shape)))
        return formatted(space, draw(options(padding=padding)))

    return strategy


def cropping(rank: int) -> Callable[[Shape], SearchStrategy[Arguments]]:
    @st.composite
    def strategy(draw: st.DrawFn, shape: Shape) -> Arguments:
        ways = spaces(shape)[:1] if rank == 1 else spaces(shape)
        space = draw(st.sampled_from(ways))
        # What is dropped must leave one entry; a size that is not known can turn out to be small.
        dropped = [draw(st.integers(0, min(2, (size or 2) - 1))) for size in space.sizes]
        starts = [draw(st.integers(0, less)) for less in dropped]
        pairs = tuple((start, less - start) for start, less in zip(starts, dropped, strict=True))
        return formatted(space, {"cropping": pairs[0] if rank == 1 else pairs})

    return strategy


@st.composite
def up_sampling(draw: st.DrawFn, shape: Shape) -> Arguments:
    rank = len(shape) - 2
    if rank == 1:
        return draw(options(size=st.integers(1, 3)))
    space = draw(st.sampled_from(spaces(shape)))
    drawn = draw(options(size=each([st.integers(1, 2)] * rank)))
    if rank == 2 and None not in space.sizes and draw(st.booleans()):
        drawn["interpolation"] = draw(
            st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
        )
    return formatted(space, drawn)


# Numbers scaled, images varied


def rescaling(shape: Shape) -> SearchStrategy[Arguments]:
    number: SearchStrategy[Any] = NUMBER
    if len(shape) > 1 and shape[-1] is not None:
        number = NUMBER | st.tuples(*[NUMBER] * shape[-1])
    return options({"scale": number}, offset=number)


FILLING = {
    "fill_mode": st.sampled_from(["reflect", "wrap", "constant", "nearest"]),
    "interpolation": st.sampled_from(["nearest", "bilinear"]),
    "seed": SEED,
    "fill_value": NUMBER,
}
SHIFT = FACTOR | st.tuples(FACTOR, FACTOR)


def varied(
    required: Arguments, **optional: SearchStrategy[Any]
) -> Callable[[Shape], SearchStrategy[Arguments]]:
    formats = st.sampled_from([None, "channels_last", "channels_first"])
    return lambda _: options(required, data_format=formats, **optional)


# What takes which shape


@dataclass(frozen=True)
class Layer:
    """Tells which shapes and dtypes a layer takes, and draws arguments for one that it does."""

    accepts: Callable[[Shape, str], bool]
    arguments: Callable[[Shape], SearchStrategy[Arguments]]


def of_rank(rank: int, dtypes: Sequence[str] | None = None) -> Callable[[Shape, str], bool]:
    return lambda shape, dtype: len(shape) == rank and (dtypes is None or dtype in dtypes)


def with_channels(rank: int) -> Callable[[Shape, str], bool]:
    return lambda shape, dtype: (
        len(shape) == rank and dtype == "float32" and (shape[1] is None) + (shape[-1] is None) < 2
    )


def has_last(shape: Shape, _: str) -> bool:
    return len(shape) > 1 and shape[-1] is not None


FLOATS = ("float32",)
NUMBERS = ("float32", "int32", "int64", "uint8")
TEMPERATE = st.sampled_from(["linear", "tanh", "exponential"])
"""Activations that take every dtype."""

TABLE: dict[str, Layer] = (
    {
        "Dense": Layer(
            has_last, lambda _: options({"units": st.integers(1, 4)}, **parts("kernel"))
        ),
        "Embedding": Layer(
            lambda _, dtype: dtype != "float32",
            lambda _: options(
                {"input_dim": st.integers(3, 5), "output_dim": st.integers(1, 3)},
                embeddings_initializer=INITIALIZERS,
                embeddings_regularizer=REGULARIZERS,
                embeddings_constraint=CONSTRAINTS,
            ),
        ),
        "Activation": Layer(lambda *_: True, lambda _: options({"activation": TEMPERATE})),
        "Flatten": Layer(
            lambda *_: True,
            lambda _: options(
                data_format=st.sampled_from([None, "channels_last", "channels_first"])
            ),
        ),
        "Reshape": Layer(lambda *_: True, target),
        "Permute": Layer(lambda shape, _: len(shape) > 1, permutation),
        "RepeatVector": Layer(of_rank(2), lambda _: options({"n": st.integers(1, 3)})),
        "Rescaling": Layer(lambda *_: True, rescaling),
        "RandomFlip": Layer(
            of_rank(4),
            varied(
                {},
                mode=st.sampled_from(["horizontal", "vertical", "horizontal_and_vertical"]),
                seed=SEED,
            ),
        ),
        "RandomRotation": Layer(of_rank(4), varied({"factor": SHIFT}, **FILLING)),
        "RandomZoom": Layer(
            of_rank(4), varied({"height_factor": SHIFT}, width_factor=st.none() | SHIFT, **FILLING)
        ),
        "RandomTranslation": Layer(
            of_rank(4), varied({"height_factor": SHIFT, "width_factor": SHIFT}, **FILLING)
        ),
        "RandomContrast": Layer(
            of_rank(4, FLOATS),
            lambda _: options(
                {"factor": FRACTION | st.tuples(FRACTION, FRACTION)},
                value_range=st.sampled_from([(0.0, 1.0), (-1.0, 1.0)]),
                seed=SEED,
            ),
        ),
    }
    | {
        name: layer
        for rank in (1, 2, 3)
        for name, layer in {
            f"Conv{rank}D": Layer(with_channels(rank + 2), convolution),
            f"Conv{rank}DTranspose": Layer(with_channels(rank + 2), transposed),
            f"MaxPooling{rank}D": Layer(
                of_rank(rank + 2, FLOATS if rank == 3 else NUMBERS), pooling
            ),
            f"AveragePooling{rank}D": Layer(of_rank(rank + 2, FLOATS), pooling),
            f"GlobalMaxPooling{rank}D": Layer(of_rank(rank + 2), global_pooling),
            f"GlobalAveragePooling{rank}D": Layer(of_rank(rank + 2), global_pooling),
            f"ZeroPadding{rank}D": Layer(of_rank(rank + 2), zero_padding(rank)),
            f"Cropping{rank}D": Layer(of_rank(rank + 2), cropping(rank)),
            f"UpSampling{rank}D": Layer(of_rank(rank + 2, NUMBERS), up_sampling),
        }.items()
    }
    | {
        name: layer
        for rank in (1, 2)
        for name, layer in {
            f"DepthwiseConv{rank}D": Layer(with_channels(rank + 2), by_channel),
            f"SeparableConv{rank}D": Layer(with_channels(rank + 2), separable),
        }.items()
    }
)

STRATEGIES: dict[str, Callable[[Shape], SearchStrategy[Arguments]]] = {
    name: layer.arguments for name, layer in TABLE.items()
}
"""For each layer a function from the shape of its input to arguments that it takes with it."""


def arguments_for(name: str, shape: Shape) -> SearchStrategy[Arguments]:
    """Draw arguments of a layer that are valid for an input of a shape that the layer takes."""
    return STRATEGIES[name](shape)


def valid_items(shape: Shape, dtype: str) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The layers that take this shape and dtype, with arguments that they take."""
    return [
        (name, layer.arguments(shape))
        for name, layer in TABLE.items()
        if layer.accepts(shape, dtype)
    ]
