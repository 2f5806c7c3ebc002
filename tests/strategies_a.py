"""Hypothesis strategies for core, convolution, pooling, reshaping and preprocessing layers.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
The channels stand last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from strategies_b import (
    ACTIVATIONS,
    CONSTRAINTS,
    INITIALIZERS,
    REGULARIZERS,
    SEED,
    UNIT,
    Arguments,
    Shape,
    options,
)

Sizes = tuple[int | None, ...]
Drawn = tuple[str, SearchStrategy[Arguments]]

SMALL = st.integers(1, 3)
PADDING = st.sampled_from(["valid", "same"])
LONGEST = 3
"""The largest window, where the input allows more."""


def one_or_each(rank: int, *numbers: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Draw one number for all axes, or a tuple of one for each.

    Of as many strategies as there are axes, each is for its axis, and the first fits all of them.
    """
    each = numbers if len(numbers) == rank else numbers * rank
    return numbers[0] | st.tuples(*each)


def parts(*kernels: str, initializers: SearchStrategy[Any] = INITIALIZERS) -> Arguments:
    """The arguments that say how weights begin, are penalized and are held."""
    found: Arguments = {"activity_regularizer": REGULARIZERS}
    for name in kernels:
        found[f"{name}_initializer"] = initializers
        found[f"{name}_regularizer"] = REGULARIZERS
        found[f"{name}_constraint"] = CONSTRAINTS
    return found


KERNELS = {"Depthwise": ("depthwise", "bias"), "Separable": ("depthwise", "pointwise", "bias")}


def fitting(size: int | None, dilation: int, padding: str) -> SearchStrategy[int]:
    """Draw the size of a window that fits; of an axis of any size, only one entry surely does."""
    if padding != "valid":
        return st.integers(1, LONGEST)
    return st.integers(1, min(LONGEST, (size - 1) // dilation + 1) if size else 1)


@st.composite
def windows(draw: st.DrawFn, sizes: Sizes, dilation: int, padding: str) -> int | tuple[int, ...]:
    """Draw a window that fits, as one number or as one for each axis."""
    each = tuple(draw(fitting(size, dilation, padding)) for size in sizes)
    return min(each) if draw(st.booleans()) else each


@st.composite
def convolution(draw: st.DrawFn, name: str, sizes: Sizes, channels: int) -> Arguments:
    """Draw the arguments of a convolution whose windows fit."""
    rank = len(sizes)
    kind = next((one for one in KERNELS if name.startswith(one)), "")
    kernels = KERNELS.get(kind, ("kernel", "bias"))
    found: Arguments = draw(
        options(activation=ACTIVATIONS, use_bias=st.booleans(), **parts(*kernels))
    )
    padding = draw(st.sampled_from(["valid", "same", *(["causal"] if name == "Conv1D" else [])]))
    dilation = draw(st.sampled_from([1, 1, 2]))
    inside = "same" if name.endswith("Transpose") else padding
    found |= {"padding": padding, "kernel_size": draw(windows(sizes, dilation, inside))}
    if dilation > 1:
        found["dilation_rate"] = dilation
    if dilation == 1 or kind:
        found["strides"] = draw(one_or_each(rank, st.integers(1, 2)))
    if kind:
        found["depth_multiplier"] = draw(st.integers(1, 2))
    if kind != "Depthwise":
        found["filters"] = draw(SMALL)
    if name.endswith("Transpose"):
        found |= draw(ends(found))
    elif not kind:
        groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
        found |= {"groups": groups, "filters": groups * draw(st.integers(1, 2))}
    return found


@st.composite
def ends(draw: st.DrawFn, drawn: Arguments) -> Arguments:
    """Draw entries to add after a transposed convolution, where some can be added."""
    strides, kernel = drawn.get("strides", 1), drawn["kernel_size"]
    least = min(strides) if isinstance(strides, tuple) else strides
    spans = kernel if isinstance(kernel, tuple) else (kernel,)
    even = drawn.get("dilation_rate", 1) == 1 and any(span % 2 == 0 for span in spans)
    lowest = 1 if even and drawn["padding"] == "same" else 0
    if lowest >= least or draw(st.booleans()):
        return {}
    return {"output_padding": draw(st.integers(lowest, least - 1))}


@st.composite
def pooling(draw: st.DrawFn, sizes: Sizes) -> Arguments:
    """Draw the arguments of a pooling whose windows fit."""
    padding = draw(PADDING)
    strides = st.none() | one_or_each(len(sizes), st.integers(1, 2))
    return {
        "padding": padding,
        "pool_size": draw(windows(sizes, 1, padding)),
        **draw(options(strides=strides)),
    }


def valid_items(shape: Shape, dtype: str) -> list[Drawn]:
    """The layers with one input that take this shape and dtype, with arguments that they take."""
    found = [*_rescaling(shape), *_reshaping(shape)]
    if dtype in ("uint8", "int32", "int64"):
        found.append(("Embedding", embedding(dtype)))
    found.append(("Activation", activation(dtype)))
    if shape[-1] is not None:
        found.append(("Dense", dense()))
    if len(shape) == 4:
        found += _pictures(dtype)
    if 3 <= len(shape) <= 5:
        found += _windows(shape, dtype)
    return found


def dense() -> SearchStrategy[Arguments]:
    return options(
        {"units": SMALL},
        activation=ACTIVATIONS,
        use_bias=st.booleans(),
        **parts("kernel", "bias"),
    )


def embedding(dtype: str) -> SearchStrategy[Arguments]:
    """Draw a vocabulary that holds every number of the smallest dtype, and so those of tests."""
    return options(
        {"input_dim": st.integers(256, 300), "output_dim": SMALL},
        embeddings_initializer=INITIALIZERS,
        embeddings_regularizer=REGULARIZERS,
        embeddings_constraint=CONSTRAINTS,
        mask_zero=st.just(False) if dtype == "uint8" else st.booleans(),
    )


def activation(dtype: str) -> SearchStrategy[Arguments]:
    whole = ["linear", "tanh", "exponential"]
    words = {"float32": [*whole, "relu", "sigmoid", "selu"], "bool": whole}
    return options({"activation": st.sampled_from(words.get(dtype, [*whole, "relu"]))})


def _rescaling(shape: Shape) -> Iterator[Drawn]:
    number = st.sampled_from([0.5, 1, -2.0, 1 / 255])
    last = shape[-1]
    if last is not None and len(shape) > 1:
        number |= st.tuples(*[number] * last)
    yield "Rescaling", options({"scale": number}, offset=number)


def _pictures(dtype: str) -> Iterator[Drawn]:
    share = st.sampled_from([0.0, 0.25, 1.0])
    turn = st.sampled_from([0.0, 0.25, -0.5, 1.0])
    pair = st.tuples(turn, turn)
    filled: Arguments = {
        "fill_mode": st.sampled_from(["reflect", "constant", "wrap", "nearest"]),
        "interpolation": st.sampled_from(["bilinear", "nearest"]),
        "fill_value": UNIT,
        "seed": SEED,
    }
    modes = st.sampled_from(["horizontal", "vertical", "horizontal_and_vertical"])
    yield "RandomFlip", options(mode=modes, seed=SEED)
    yield "RandomRotation", options({"factor": turn | pair}, **filled)
    yield (
        "RandomZoom",
        options({"height_factor": turn | pair}, width_factor=st.none() | turn | pair, **filled),
    )
    yield (
        "RandomTranslation",
        options({"height_factor": turn | pair, "width_factor": turn | pair}, **filled),
    )
    if dtype == "float32":
        ranges = st.sampled_from([(0, 255), (0.0, 1.0), (-1, 1)])
        yield (
            "RandomContrast",
            options({"factor": share | st.tuples(share, share)}, value_range=ranges, seed=SEED),
        )


def _windows(shape: Shape, dtype: str) -> Iterator[Drawn]:
    sizes, channels = shape[1:-1], shape[-1]
    rank = len(sizes)
    if dtype == "float32":
        yield f"AveragePooling{rank}D", pooling(sizes)
    if dtype == "float32" or (dtype != "bool" and rank < 3):
        yield f"MaxPooling{rank}D", pooling(sizes)
    for kind in ("Max", "Average"):
        yield f"Global{kind}Pooling{rank}D", options(keepdims=st.booleans())
    if dtype == "float32" and channels is not None:
        names = [f"Conv{rank}D", f"Conv{rank}DTranspose"]
        if rank < 3:
            names += [f"DepthwiseConv{rank}D", f"SeparableConv{rank}D"]
        yield from ((name, convolution(name, sizes, channels)) for name in names)


def _reshaping(shape: Shape) -> Iterator[Drawn]:
    inner = shape[1:]
    yield "Flatten", options()
    if inner:
        orders = st.permutations(range(1, len(shape))).map(tuple)
        yield "Permute", options({"dims": orders})
    if None not in inner:
        yield "Reshape", options({"target_shape": targets(shape)})
    if len(shape) == 2:
        yield "RepeatVector", options({"n": SMALL})
    if 3 <= len(shape) <= 5:
        yield from _sides(inner[:-1])


@st.composite
def targets(draw: st.DrawFn, shape: Shape) -> tuple[int, ...]:
    """Draw another shape of as many entries, perhaps with one -1."""
    rest = 1
    for size in shape[1:]:
        rest *= size or 1
    found = []
    for _ in range(draw(st.integers(0, 2))):
        part = draw(st.sampled_from([size for size in range(1, rest + 1) if rest % size == 0]))
        found.append(part)
        rest //= part
    found.append(rest)
    if draw(st.booleans()):
        found[draw(st.integers(0, len(found) - 1))] = -1
    return tuple(found)


def _sides(sizes: Sizes) -> Iterator[Drawn]:
    rank = len(sizes)
    few = st.integers(0, 2)
    around = few | st.tuples(few, few) if rank == 1 else one_or_each(rank, few, few) if rank < 0 else few
    yield f"ZeroPadding{rank}D", options({"padding": around})
