"""Equations, adaptive poolings, masks and features against Keras: what it makes, what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.strategies import SearchStrategy  # noqa: E402

from drawn import same_examples as examples  # noqa: E402
from hornbook.compiler.driver import analyse, styles_of  # noqa: E402
from hornbook.compiler.graph import TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.compiler.shapes.rule import RuleError  # noqa: E402
from hornbook.runtime.build import build_typed  # noqa: E402
from hornbook.runtime.samples import sample_inputs  # noqa: E402
from hornbook.specs.load import load  # noqa: E402
from hornbook.specs.yaml import read_text  # noqa: E402
from keras_layers import DTYPES, agree, read, reasons  # noqa: E402
from strategies.features import einsum, valid_items  # noqa: E402
from strategies.normalization import options  # noqa: E402

Shape = tuple[int | None, ...]
DTYPE = st.sampled_from(["float32"] * 6 + list(DTYPES))


@st.composite
def shapes(draw: st.DrawFn, ranks: SearchStrategy[int], most: int = 5) -> Shape:
    """Draw a shape whose sizes are all known, nine times out of ten."""
    size: SearchStrategy[int | None] = st.integers(1, most)
    if draw(st.integers(0, 9)) == 0:
        size = st.none() | size
    return (None, *(draw(size) for _ in range(draw(ranks) - 1)))


# Equations


@examples(80)
@given(shapes(st.integers(1, 5), most=3), st.data(), DTYPE)
def test_equations_that_suit(shape: Shape, data: Any, dtype: str) -> None:
    arguments = data.draw(einsum(shape)) | {"trainable": data.draw(st.booleans())}
    assert agree("EinsumDense", arguments, TensorType(shape, dtype))


OWN_EQUATIONS = (
    # Keras overlooks what follows an equation; the product may make sense of it.
    "is no equation",
    # What is announced as the batch is then another axis, or the batch is summed up.
    "first axis is the batch's",
    # A batch of just that size passes, and so does an ellipsis that stands for nothing.
    "names two axes of equal size",
    "sizes that",
    "Keras mistakes the order",
)


LIKELY = ["ab bc ac", "abc cd abd", "abc bcd ad", "ab c abc", "bc cd bd", "abc cd adb", "ab b a"]


@st.composite
def wild_equations(draw: st.DrawFn) -> dict[str, Any]:
    """Draw equations of a few letters, most of which are none."""
    word = st.text("abcd", min_size=1, max_size=3)
    likely = st.sampled_from(LIKELY).map(lambda text: tuple(text.split()))
    parts = draw(likely | likely | st.tuples(word, word, word))
    left, right = draw(st.sampled_from([("", "")] * 5 + [("...", ""), ("", "..."), ("...", "...")]))
    equation = f"{left}{parts[0]}{right},{parts[1]}->{left}{parts[2]}{right}"
    size = st.none() | st.integers(1, 3)
    sizes = st.integers(1, 3) | st.lists(size, max_size=3).map(tuple)
    fitting = st.tuples(*[st.none() | st.integers(1, 3)] * len(parts[2] if left else parts[2][1:]))
    return draw(
        options(
            {"equation": st.just(equation), "output_shape": fitting | fitting | sizes},
            bias_axes=st.sampled_from([None] * 6 + ["", "b", "c", "d", "dc", "e"]),
        )
    )


def test_equations_that_may_not_suit() -> None:
    seen = {True: 0, False: 0}

    @examples(200)
    @given(wild_equations(), shapes(st.sampled_from([1, 2, 2, 3, 3, 4]), most=2), DTYPE)
    def check(arguments: dict[str, Any], shape: Shape, dtype: str) -> None:
        left = arguments["equation"].split(",")[0]
        axes = len(left.replace("...", ""))
        # TensorFlow may end the process where the letters are not those of the axes.
        run = len(shape) == axes
        if "..." in left:
            run = len(shape) > axes or (left[0] != "." and run)
        if not run:
            assert refusal("EinsumDense", arguments, shape, dtype)
            return
        seen[agree("EinsumDense", arguments, TensorType(shape, dtype), OWN_EQUATIONS)] += 1

    check()
    assert min(seen.values()) >= 1


# Poolings, normalizations, masks


@pytest.mark.parametrize("name", ["float32", "int32", "uint8", "bool", "string"])
def test_layers_that_suit(name: str) -> None:
    taken: set[str] = set()

    @examples(300)
    @given(st.data(), shapes(st.sampled_from([1, 2, 2, 3, 3, 3, 4, 5])))
    def check(data: Any, shape: Shape) -> None:
        kind, drawn = data.draw(st.sampled_from(valid_items(shape, name)))
        arguments = data.draw(drawn)
        if kind != "Discretization":
            arguments["trainable"] = data.draw(st.booleans())
        assert agree(kind, arguments, TensorType(shape, name)), (kind, arguments)
        taken.add(kind)

    check()
    possible = {kind for kind, _ in valid_items((None, 3, 3), name)}
    assert len(taken & possible) >= len(possible) * 2 // 3


FORMAT = st.sampled_from([None, "channels_last", "channels_first"])
AXIS = st.integers(-4, 4)
AXES = AXIS | st.lists(AXIS, min_size=1, max_size=3).map(tuple)
MASKS = st.none() | st.lists(st.sampled_from([None, 1, 2, 3]), min_size=1, max_size=4).map(tuple)
RATE = st.sampled_from([0.0, 0.5, 0.5, 1.0])


@dataclass(frozen=True)
class Case:
    """Arguments drawn without a look at the input, its likely rank, and what only we refuse."""

    arguments: SearchStrategy[Any]
    rank: int
    own: tuple[str, ...] = ()


def pooled(rank: int) -> SearchStrategy[Any]:
    size = st.sampled_from([0, 1, 2, 2, 3, 4])
    wrong = st.lists(size, min_size=1, max_size=3).map(tuple)
    return options({"output_size": size | st.tuples(*[size] * rank) | wrong}, data_format=FORMAT)


WILD: dict[str, Case] = {
    # Keras rounds the penalty on integers to 0.
    "ActivityRegularization": Case(
        options(l1=st.sampled_from([0.0, 0.5, -0.5]), l2=st.sampled_from([0.0, 0.5])),
        2,
        ("rounds the penalty",),
    ),
    # A mask of fewer axes, or one as large as the batch, can be stretched over some batches.
    "AlphaDropout": Case(
        options({"rate": RATE}, noise_shape=MASKS), 2, ("`noise_shape` of `AlphaDropout`",)
    ),
    "Identity": Case(options(), 3),
    # Keras asks of a whole batch whether anything is there.
    "Masking": Case(options(mask_value=st.sampled_from([-1.0, 0.0, 1.5])), 3, ("2 axes or more",)),
    # Keras rounds what it makes of integers, and scales along another axis of the same size.
    "RMSNormalization": Case(
        options({"axis": AXES}), 3, ("round others back", "scales along the last axes")
    ),
    "UnitNormalization": Case(options({"axis": AXES}), 3),
    # Keras rounds what it is given to integers.
    "ReversibleEmbedding": Case(
        options(
            {"input_dim": st.integers(3, 4), "output_dim": st.integers(1, 2)},
            tie_weights=st.booleans(),
        ),
        2,
        ("takes integers",),
    ),
} | {
    # Outside a graph Keras averages along windows that reach past the end.
    f"Adaptive{kind}Pooling{rank}D": Case(pooled(rank), rank + 2, ("with a window of",))
    for rank in (1, 2, 3)
    for kind in ("Average", "Max")
}


OFTEN = (
    "IntegerLookup",
    "StringLookup",
    "TextVectorization",
    "Normalization",
    "Hashing",
    "STFTSpectrogram",
    "3D",
)
"""Layers most of whose arguments drawn so are refused."""
MODES = st.sampled_from(["int", "int", "one_hot", "multi_hot", "count", "tf_idf", "sparse"])
MASK = st.sampled_from([None, None, "a", "", 1, -1, 300, 2**40])
TOKENS = st.sampled_from([None, None, None, 0, 1, 2, 3, 5])
WEIGHTS = st.sampled_from([None, None, (0.5,), (0.5, 0.25), (0.5, 0.25, 0.125)])
LOOKUP = {
    "max_tokens": TOKENS,
    "num_oov_indices": st.sampled_from([1, 1, 1, 2, 3, -1]),
    "idf_weights": WEIGHTS,
    "invert": st.sampled_from([False, False, True]),
    "output_mode": MODES,
    "pad_to_max_tokens": st.sampled_from([False, False, False, True]),
    "salt": st.sampled_from([None, None, 1, (1, 2)]),
}
ANNOUNCED = ("takes 2 axes", "takes a last axis of size 1")
"""Keras announces another shape than it makes, unless sizes are equal by chance."""

WILD |= {
    "CategoryEncoding": Case(
        options({"num_tokens": st.sampled_from([3, 4, 5, 0, None])}, output_mode=MODES),
        2,
        # Keras cuts fractions off.
        (*ANNOUNCED, "takes integers"),
    ),
    "Discretization": Case(
        options(
            bin_boundaries=st.sampled_from([None, (0.5,), (0.5, 0.5), (0.5, 1.5), (1.5, 0.5)]),
            output_mode=MODES,
        ),
        2,
        ANNOUNCED,
    ),
    "Hashing": Case(
        options({"num_bins": st.integers(0, 3)}, mask_value=MASK, salt=MASK, output_mode=MODES),
        2,
        # Keras cuts fractions off; what is too large for a dtype can never be met.
        (*ANNOUNCED, "takes integers or texts", "`mask_value` of `Hashing`"),
    ),
    "IntegerLookup": Case(
        options(
            {
                "vocabulary": st.sampled_from(
                    [(1, 2), (-1, 1, 2), (1, 1), (2, -1), (0, -1, 2), None]
                )
            },
            mask_token=st.sampled_from([None, None, 0, 1]),
            oov_method=st.sampled_from(["floormod", "farmhash"]),
            **LOOKUP,
        ),
        2,
        (*ANNOUNCED, "takes integers", "needs `vocabulary`"),
    ),
    "StringLookup": Case(
        options(
            {
                "vocabulary": st.sampled_from(
                    [("a", "b"), ("[UNK]", "a"), ("a", "a"), ("a", ""), ("", "[UNK]", "a"), None]
                )
            },
            mask_token=st.sampled_from([None, None, "", "a"]),
            **LOOKUP,
        ),
        2,
        (*ANNOUNCED, "takes integers", "needs `vocabulary`"),
    ),
    "TextVectorization": Case(
        options(
            {"vocabulary": st.sampled_from([("a", "b"), ("", "[UNK]", "a"), ("a", "a"), None])},
            max_tokens=TOKENS,
            split=st.sampled_from(["whitespace", "whitespace", None]),
            output_mode=MODES,
            output_sequence_length=st.sampled_from([None, None, 2]),
            pad_to_max_tokens=st.sampled_from([False, False, False, True]),
            idf_weights=WEIGHTS,
        ),
        2,
        (*ANNOUNCED, "takes one text", "announces a wrong shape", "needs `vocabulary`"),
    ),
    # Without its numbers Keras changes nothing, and says nothing.
    "Normalization": Case(
        options(
            axis=st.none() | AXES,
            mean=st.sampled_from([None, 0.5, (0.5,), (0.5, 1.5), (0.5, 1.0, 1.5)]),
            variance=st.sampled_from([None, 0.5, (0.5,), (0.5, 1.5), (0.5, 1.0, 1.5)]),
        ),
        2,
        ("needs `mean`", "needs `variance`", "same axis twice"),
    ),
    "MelSpectrogram": Case(
        options(
            {"fft_length": st.integers(2, 6), "num_mel_bins": st.integers(1, 3)},
            sequence_stride=st.integers(1, 4),
            sequence_length=st.none() | st.integers(1, 5),
        ),
        2,
        # A batch is taken for one sound, or a sound for a batch.
        ("takes 2 axes",),
    ),
    "STFTSpectrogram": Case(
        options(
            {"frame_length": st.integers(1, 5)},
            frame_step=st.none() | st.integers(0, 5),
            fft_length=st.none() | st.integers(2, 6),
            padding=st.sampled_from(["same", "valid", "causal"]),
            data_format=FORMAT,
        ),
        3,
        # Keras makes what is no number, or one frequency.
        ("too few for a transform",),
    ),
}


@pytest.mark.parametrize("name", WILD)
def test_layers_that_may_not_suit(name: str) -> None:
    case = WILD[name]
    ranks = st.sampled_from([1, 2, 3, 4, 5] + [case.rank] * 10)
    seen = {True: 0, False: 0}

    dtypes = DTYPE
    if name in ("StringLookup", "TextVectorization", "Hashing"):
        dtypes = st.sampled_from(["string"] * 8) | DTYPE

    if name in ("CategoryEncoding", "IntegerLookup"):
        dtypes = st.sampled_from(["int32"] * 8) | DTYPE

    @examples(100 if name.endswith(OFTEN) else 40)
    @given(case.arguments, shapes(ranks, 4), dtypes)
    def check(drawn: dict[str, Any], shape: Shape, dtype: str) -> None:
        if "Max" in name and refusal(name, drawn, shape, dtype) == "HB402":
            return  # Keras does not survive it.
        seen[agree(name, drawn, TensorType(shape, dtype), case.own)] += 1

    check()
    assert seen[True]
    assert seen[False] or name == "Identity"


def refusal(name: str, arguments: dict[str, Any], shape: Shape, dtype: str = "float32") -> str:
    """Return the code with which a rule refuses; nothing where it does not."""
    layer = read(name, arguments)
    if layer is None:
        return "HB207"
    try:
        infer(layer, (TensorType(shape, dtype),))
    except RuleError as error:
        return error.code
    return ""


CRASH = """
import keras
keras.layers.AdaptiveMaxPooling1D(1)(keras.ops.ones((1, 3, 1)))
"""


@pytest.mark.skipif(os.name != "posix", reason="how a process dies is told otherwise elsewhere")
def test_a_window_larger_than_the_input_ends_the_process() -> None:
    """The reason why a size that Keras announces without a word is refused."""
    assert refusal("AdaptiveMaxPooling1D", {"output_size": 1}, (None, 3, 1)) == "HB402"
    assert subprocess.run([sys.executable, "-c", CRASH], capture_output=True).returncode < 0


def test_no_graph_takes_a_window_larger_than_the_input() -> None:
    layer = keras.layers.AdaptiveAveragePooling1D(1)
    assert layer(keras.ops.ones((1, 3, 1))).shape == (1, 1, 1)
    with pytest.raises(ValueError, match="Negative dimension"):
        tf.function(layer)(keras.ops.ones((1, 3, 1)))
    assert refusal("AdaptiveAveragePooling1D", {"output_size": 1}, (None, 3, 1)) == "HB402"


def test_the_penalty_on_integers_is_lost() -> None:
    layer = keras.layers.ActivityRegularization(l1=0.5)
    layer(keras.ops.array([[1, 2]], dtype="int32"))
    assert float(layer.losses[0]) == 0
    assert refusal("ActivityRegularization", {"l1": 0.5}, (None, 2), "int32") == "HB405"


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("shape", [(None, 2), (None, 4, 2), (None, 4, 3), (None,), (None, None)])
def test_reversible_embeddings_in_reverse(tied: bool, shape: Shape) -> None:
    arguments = {"input_dim": 5, "output_dim": 2, "tie_weights": tied, "logit_soft_cap": 2.0}
    layer = read("ReversibleEmbedding", arguments | {"call": {"reverse": True}})
    assert layer is not None
    made = keras.layers.ReversibleEmbedding(**arguments)
    numbers = keras.ops.ones([3 if size is None else size for size in shape])
    if shape == (None, None):
        numbers = keras.ops.ones((3, 2))
    try:
        found = infer(layer, (TensorType(shape),))
    except RuleError:
        with pytest.raises(Exception, match=r"(?s)."):
            made(numbers, reverse=True)
        return
    output = made(numbers, reverse=True)
    assert tuple(output.shape[1:]) == found.output.shape[1:]
    assert output.dtype.name == found.output.dtype
    assert [(w.name, tuple(w.shape)) for w in made.weights] == [
        (w.name, w.shape) for w in found.weights
    ]
    symbolic = made(keras.KerasTensor(shape, "float32"), reverse=True)
    assert tuple(symbolic.shape) == found.output.shape


# Features


@pytest.mark.parametrize("mode", ["int", "one_hot"])
@pytest.mark.parametrize("shape", [(None,), (None, 1), (None, 2), (None, None), (None, 1, 1)])
@pytest.mark.parametrize("dtypes", [("string", "int32"), ("uint8", "int64"), ("bool", "float32")])
def test_crossings(mode: str, shape: Shape, dtypes: tuple[str, str]) -> None:
    layer = read("HashedCrossing", {"num_bins": 4, "output_mode": mode})
    assert layer is not None
    made = keras.layers.HashedCrossing(4, output_mode=mode)
    sizes = [3 if size is None else size for size in shape]
    data = [tf.fill(sizes, "a" if one == "string" else tf.cast(1, one)) for one in dtypes]
    try:
        found = infer(layer, tuple(TensorType(shape, one) for one in dtypes))
    except RuleError:
        with pytest.raises(ValueError, match="All `HashedCrossing` inputs"):
            made(data)
        return
    output = made(data)
    assert tuple(output.shape) == (3, *found.output.shape[1:])
    assert output.dtype.name == found.output.dtype
    symbolic = made([keras.KerasTensor(shape, one) for one in dtypes])
    assert tuple(symbolic.shape) == found.output.shape


SPEC = """
name: reviews
inputs:
  review: {shape: [1], dtype: string}
  genre: {shape: [1], dtype: string}
layers:
  - TextVectorization: {inputs: review, vocabulary: [good, bad, film], output_sequence_length: 6}
  - Embedding: {input_dim: 5, output_dim: 4}
  - GlobalAveragePooling1D: {name: text}
  - StringLookup:
      {inputs: genre, vocabulary: [drama, western], num_oov_indices: 0, output_mode: one_hot}
  - Dense: {name: kind, units: 4}
  - Add: {inputs: [text, kind]}
  - Dense: {units: 1}
"""


def test_a_model_of_texts_is_one_model_in_every_style() -> None:
    typed = analyse(load(read_text(SPEC)))
    inputs = sample_inputs(typed, 4, np.random.default_rng(0))
    assert set(np.unique(inputs["genre"])) <= {"drama", "western"}
    texts = {name: tf.constant(array) for name, array in inputs.items()}
    found = {
        np.asarray(build_typed(typed, style, seed=3).model(texts)).tobytes()
        for style in styles_of(typed)
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("StringLookup", {}, "needs `vocabulary`"),
        ("StringLookup", {"vocabulary": "words.txt"}, "must be a list"),
        ("Normalization", {"mean": 0.5}, "but no `variance`"),
        ("Normalization", {"mean": (0.5, 1.0), "variance": 1.0}, "as many numbers"),
        ("Discretization", {}, "needs `bin_boundaries`"),
        ("Discretization", {"bin_boundaries": (1.5, 0.5)}, "ascending order"),
        ("CategoryEncoding", {}, "needs `num_tokens`"),
        ("IntegerLookup", {"vocabulary": (3, 3)}, "has 3 twice"),
        ("EinsumDense", {"equation": "ab, bc->ac", "output_shape": 3}, "no equation"),
        ("EinsumDense", {"equation": "ab,bc->ca", "output_shape": 3}, "begins with `c`"),
        ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": (3, 3)}, "2 of the 1 sizes"),
        ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": (None,)}, "size of `c`"),
        ("EinsumDense", {"equation": "abc,cd->abe", "output_shape": (2, 3)}, "axis `e`"),
    ],
)
def test_messages_of_arguments(name: str, arguments: dict[str, Any], said: str) -> None:
    (message,) = reasons(name, arguments)
    assert said in message


@pytest.mark.parametrize(
    ("name", "arguments", "given", "code"),
    [
        ("Dense", {"units": 2}, TensorType((None, 1), "string"), "HB405"),
        ("StringLookup", {"vocabulary": ("a",)}, TensorType((None, 1), "int32"), "HB405"),
        ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}, TensorType((None,)), "HB401"),
        (
            "EinsumDense",
            {"equation": "...x,xy->...y", "output_shape": 3},
            TensorType((None, 2, 5, 4)),
            "HB404",
        ),
        (
            "EinsumDense",
            {"equation": "ab,bc->ac", "output_shape": 3},
            TensorType((None, None)),
            "HB406",
        ),
    ],
)
def test_codes_of_refusals(
    name: str, arguments: dict[str, Any], given: TensorType, code: str
) -> None:
    assert refusal(name, arguments, given.shape, given.dtype) == code
