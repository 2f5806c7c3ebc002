"""Hypothesis strategies for equations, adaptive poolings, masks, features of data.

A shape is that of a `TensorType`: the batch first, `None` for a size that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.convolution import each, formatted, spaces
from strategies.normalization import (
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

LETTERS = "abcdefghijklmnopqrstuvwxyzABC"


# Equations


@st.composite
def einsum(draw: st.DrawFn, shape: Shape) -> Arguments:
    """Draw an equation for a shape, in one of the three forms, and sizes that it can have."""
    place = draw(st.sampled_from(["none", "left", "right"] if len(shape) > 1 else ["none"]))
    lettered, batched = draw(_lettered(shape, place))
    names = draw(st.permutations(LETTERS))
    batch = names[0] if batched else ""
    own = dict(zip(names[1:], lettered, strict=False))
    known = [letter for letter, size in own.items() if size is not None]
    fresh = draw(st.integers(0 if known else 1, 2))
    new = {letter: draw(st.integers(1, 3)) for letter in names[20 : 20 + fresh]}
    kernel = [*new, *draw(_some(known, least=not new))]
    output = draw(st.permutations([*new, *draw(_some(list(own), least=not (new or batch)))]))
    sizes = tuple(
        size if size is not None and (one in kernel or draw(st.booleans())) else None
        for one, size in ((one, {**own, **new}[one]) for one in output)
    )
    before, after = ("..." if place == "left" else batch), ("..." if place == "right" else "")
    product = f"{before}{''.join(own)}{after},{''.join(draw(st.permutations(kernel)))}"
    bare = len(sizes) == 1 and sizes[0] is not None and draw(st.booleans())
    arguments: Arguments = {
        "equation": f"{product}->{before}{''.join(output)}{after}",
        "output_shape": sizes[0] if bare else sizes,
        **draw(options(**EINSUM_PARTS)),
    }
    biased = [letter for letter, size in zip(output, sizes, strict=True) if size is not None]
    if biased and draw(st.booleans()):
        arguments["bias_axes"] = "".join(draw(_some(biased, least=True)))
    return arguments


@st.composite
def _lettered(draw: st.DrawFn, shape: Shape, place: str) -> tuple[Shape, bool]:
    """Draw which axes beside the batch have a letter, and tell whether the batch has one."""
    if place == "none":
        return shape[1:], True
    if place == "right":
        return shape[1 : draw(st.integers(2, len(shape)))], True
    # Keras announces the axes before the letters in the wrong order.
    starts = [n for n in range(1, len(shape)) if shape[1:n] == shape[1:n][::-1]]
    return shape[draw(st.sampled_from(starts)) :], False


def _some(letters: list[str], *, least: bool) -> SearchStrategy[list[str]]:
    if not letters:
        return st.just([])
    return st.lists(st.sampled_from(letters), unique=True, min_size=int(least))


EINSUM_PARTS = {
    # TensorFlow has no softmax of more than five axes on every CPU.
    "activation": ACTIVATIONS.filter(lambda one: one != "softmax"),
    "kernel_initializer": INITIALIZERS,
    "bias_initializer": INITIALIZERS,
    "kernel_regularizer": REGULARIZERS,
    "bias_regularizer": REGULARIZERS,
    "kernel_constraint": CONSTRAINTS,
    "bias_constraint": CONSTRAINTS,
}


# Poolings, normalizations, masks


@st.composite
def adaptive(draw: st.DrawFn, shape: Shape) -> Arguments:
    known = [space for space in spaces(shape) if _poolable(space.sizes)]
    space = draw(st.sampled_from(known))
    size = each([st.integers(2, 4)] * len(space.sizes))
    return formatted(space, {"output_size": draw(size)})


def _poolable(sizes: Shape) -> bool:
    return all(size is not None and size > 1 for size in sizes)


def _poolings(shape: Shape, dtype: str) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    rank = len(shape) - 2
    if not 1 <= rank <= 3:
        return
    if not any(_poolable(space.sizes) for space in spaces(shape)):
        return
    if dtype == "float32":
        yield f"AdaptiveAveragePooling{rank}D", adaptive(shape)
    if dtype == "float32" or (rank < 3 and dtype in ("int32", "int64", "uint8")):
        yield f"AdaptiveMaxPooling{rank}D", adaptive(shape)


def _last_axes(shape: Shape) -> list[Any]:
    """The ways to name the last axes whose sizes are known."""
    ways: list[Any] = []
    for count in range(1, len(shape)):
        if shape[-count] is None:
            break
        behind = tuple(range(-count, 0))
        ways += [behind, tuple(axis + len(shape) for axis in behind)]
    return [*ways, -1, len(shape) - 1] if ways else []


EMBEDDED = options(
    {"input_dim": st.integers(3, 5), "output_dim": st.integers(1, 3)},
    tie_weights=st.booleans(),
    embeddings_initializer=INITIALIZERS,
    embeddings_regularizer=REGULARIZERS,
    embeddings_constraint=CONSTRAINTS,
)


# Features


HASHED = st.sampled_from([None, 3, (1, 2)])
ROWS = st.sampled_from(["multi_hot", "count"])
ONE_OF_EACH = st.just("one_hot")


def modes(shape: Shape) -> SearchStrategy[str]:
    """Draw an encoding that takes a shape."""
    found = [st.just("int")]
    if len(shape) == 1 or shape[-1] is not None:
        found.append(ONE_OF_EACH)
    if len(shape) == 2:
        found.append(ROWS)
    return st.one_of(found)


@st.composite
def lookup(draw: st.DrawFn, shape: Shape, words: tuple[Any, ...], invert: bool) -> Arguments:
    """Draw a vocabulary, and what is made with it."""
    vocabulary = tuple(draw(st.permutations(words)))
    mode = "int" if invert else draw(modes(shape) | st.just("int"))
    if len(shape) == 2 and not invert and draw(st.integers(0, 3)) == 0:
        mode = "tf_idf"
    arguments: Arguments = {"vocabulary": vocabulary, "output_mode": mode, "invert": invert}
    if mode == "tf_idf":
        arguments["idf_weights"] = tuple(draw(UNIT) for _ in vocabulary)
    if draw(st.booleans()):
        arguments["num_oov_indices"] = draw(st.integers(1, 3))
    if draw(st.booleans()):
        arguments["mask_token"] = "c" if isinstance(words[0], str) else 7
    if draw(st.booleans()):
        arguments |= {"max_tokens": draw(st.integers(8, 9)), "pad_to_max_tokens": True}
    if isinstance(words[0], int) and draw(st.booleans()):
        arguments["oov_method"] = "farmhash"
    if (isinstance(words[0], str) or "oov_method" in arguments) and draw(st.booleans()):
        arguments["salt"] = draw(HASHED)
    return arguments


@st.composite
def text(draw: st.DrawFn, shape: Shape) -> Arguments:
    """Draw how texts are parted, if they can be, and what becomes of the words."""
    split = draw(st.sampled_from(["whitespace", "character"]))
    arguments: Arguments = {"vocabulary": ("a", "b"), "split": split, "output_mode": "int"}
    if len(shape) == 1:
        arguments["output_mode"] = draw(st.just("int") | ROWS)
    elif shape != (None, 1) or draw(st.booleans()):
        arguments |= {"split": None, "output_mode": draw(modes(shape))}
    if arguments["output_mode"] == "int":
        arguments["output_sequence_length"] = draw(st.none() | st.integers(1, 4))
    if split and arguments["output_mode"] != "one_hot" and arguments["split"]:
        arguments["ngrams"] = draw(st.sampled_from([None, 1, 2, (1, 2)]))
    standard = st.sampled_from([None, "lower", "lower_and_strip_punctuation"])
    return arguments | draw(options(standardize=standard))


def _texts(shape: Shape) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    yield "StringLookup", lookup(shape, ("a", "b"), invert=False)
    yield "Hashing", hashing(shape, "a")
    if len(shape) == 1 or len(shape) == 2:
        yield "TextVectorization", text(shape)


@st.composite
def hashing(draw: st.DrawFn, shape: Shape, mask: Any) -> Arguments:
    bins = draw(st.integers(1, 4))
    mode = st.just("int") | ROWS if len(shape) == 2 else st.just("int")
    arguments = {"num_bins": bins, "output_mode": draw(mode)}
    return arguments | draw(options(mask_value=st.sampled_from([None, mask]), salt=HASHED))


def _integers(shape: Shape, dtype: str) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    yield "Hashing", hashing(shape, None if dtype == "bool" else 1)
    yield "IntegerLookup", lookup(shape, (0, 1, 4), invert=False)
    yield "IntegerLookup", lookup(shape, (0, 1, 4), invert=True)
    yield "StringLookup", lookup(shape, ("a", "b"), invert=True)
    encoded = [ONE_OF_EACH] if len(shape) == 1 or shape[-1] is not None else []
    if len(shape) == 2 and dtype != "uint8":
        encoded.append(ROWS)
    if encoded:
        yield (
            "CategoryEncoding",
            options({"num_tokens": st.integers(3, 5), "output_mode": st.one_of(encoded)}),
        )


@st.composite
def normalization(draw: st.DrawFn, shape: Shape) -> Arguments:
    known = [axis for axis, size in enumerate(shape) if size is not None]
    if not known or draw(st.booleans()):
        mean, axis = draw(UNIT), draw(st.sampled_from([None, *(known[:1])]))
        return {"axis": axis, "mean": mean, "variance": draw(UNIT)}
    axes = tuple(draw(st.lists(st.sampled_from(known), min_size=1, unique=True)))
    size = shape[max(axes)] or 1
    mean = tuple(draw(UNIT) for _ in range(size))
    drawn = {"mean": mean, "variance": tuple(abs(number) + 0.5 for number in mean)}
    return {"axis": axes, **drawn, **draw(options(invert=st.booleans()))}


@st.composite
def spectrogram(draw: st.DrawFn, shape: Shape) -> Arguments:
    """Draw transforms that fit a sound with channels."""
    known = [space for space in spaces(shape) if space.channels is not None]
    space = draw(st.sampled_from(known))
    (size,) = space.sizes
    padding = draw(st.sampled_from(["same", "valid"]))
    most = 6 if padding == "same" or size is None else min(6, size)
    if most < 3:
        padding, most = "same", 6
    length = draw(st.integers(3, most))
    arguments: Arguments = {"frame_length": length, "padding": padding}
    extra = options(
        mode=st.sampled_from(["log", "magnitude", "psd", "real", "imag", "angle", "stft"]),
        frame_step=st.none() | st.integers(1, length),
        fft_length=st.none() | st.integers(length, 9),
        window=st.sampled_from(["hann", "hamming", None]),
        periodic=st.booleans(),
        scaling=st.sampled_from(["density", "spectrum", None]),
        expand_dims=st.booleans(),
    )
    return formatted(space, arguments | draw(extra))


@st.composite
def mel(draw: st.DrawFn, size: int | None) -> Arguments:
    """Draw transforms for which Keras announces the steps of time that it makes."""
    half = draw(st.integers(1, min(4, (size or 5) - 1)))
    strides = [n for n in range(2, 6) if size is None or (size + 1) % n]
    arguments: Arguments = {
        "fft_length": 2 * half,
        "sequence_stride": draw(st.sampled_from(strides)),
        "num_mel_bins": draw(st.integers(1, 4)),
    }
    extra = options(
        window=st.sampled_from(["hann", "hamming", None]),
        power_to_db=st.booleans(),
        mag_exp=st.sampled_from([1.0, 2.0]),
        max_freq=st.sampled_from([None, 4000.0]),
    )
    return arguments | draw(extra)


def _sounds(shape: Shape) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    if len(shape) == 3 and (shape[1] is not None or shape[2] is not None):
        yield "STFTSpectrogram", spectrogram(shape)
    if len(shape) == 2 and (shape[1] is None or shape[1] > 1):
        yield "MelSpectrogram", mel(shape[1])


def _numbers(shape: Shape) -> Iterator[tuple[str, SearchStrategy[Arguments]]]:
    yield "Normalization", normalization(shape)
    boundaries = st.lists(st.sampled_from([-0.5, 0.5, 1.0, 1.5]), min_size=1, max_size=3)
    ordered = boundaries.map(lambda found: tuple(sorted(found)))
    mode = modes(shape) | (ROWS if len(shape) > 1 else st.just("int"))
    yield "Discretization", options({"bin_boundaries": ordered, "output_mode": mode})


def valid_items(shape: Shape, dtype: str) -> list[tuple[str, SearchStrategy[Arguments]]]:
    """The layers that take this shape and dtype, with arguments that they take."""
    if dtype == "string":
        return [("Identity", options()), *_texts(shape)]
    found = [("Identity", options()), ("EinsumDense", einsum(shape)), *_poolings(shape, dtype)]
    found += _numbers(shape)
    if len(shape) > 1:
        found.append(("Masking", options(mask_value=UNIT)))
    if dtype != "float32":
        return [*found, ("ReversibleEmbedding", EMBEDDED), *_integers(shape, dtype)]
    found += _sounds(shape)
    axis = st.sampled_from(range(-len(shape), len(shape)))
    several = st.lists(axis, min_size=1, max_size=2, unique_by=lambda one: one % len(shape))
    mask = st.tuples(*(st.sampled_from([None, 1]) for _ in shape))
    found += [
        ("ActivityRegularization", options(l1=UNIT, l2=UNIT)),
        ("AlphaDropout", options({"rate": UNIT}, noise_shape=st.none() | mask, seed=SEED)),
        ("UnitNormalization", options({"axis": axis | several.map(tuple)})),
    ]
    if _last_axes(shape):
        epsilon = st.sampled_from([1e-6, 1e-3])
        ways = st.sampled_from(_last_axes(shape))
        found.append(("RMSNormalization", options({"axis": ways}, epsilon=epsilon)))
    return found
