"""Equations, adaptive poolings, masks and features against Keras: what it makes, what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.strategies import SearchStrategy  # noqa: E402
from strategies_d import einsum, valid_items  # noqa: E402

from hornbook.compiler.graph import TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.compiler.shapes.rule import RuleError  # noqa: E402
from keras_layers import DTYPES, agree, read  # noqa: E402
from strategies_b import options  # noqa: E402

Shape = tuple[int | None, ...]
SCALE = int(os.environ.get("HORNBOOK_EXAMPLES", "1"))
"""Multiplies the number of examples, for a longer run by hand."""


def examples(count: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=count * SCALE,
        derandomize=SCALE == 1,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


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
    # Sizes of 1 can make sense of an axis too many.
    ", but `EinsumDense` receives",
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
        run = len(shape) > axes if "..." in left else len(shape) == axes
        took = agree("EinsumDense", arguments, TensorType(shape, dtype), OWN_EQUATIONS, run=run)
        seen[took] += 1

    check()
    assert min(seen.values()) >= 5


# Poolings, normalizations, masks


@pytest.mark.parametrize("name", ["float32", "int32", "uint8", "bool"])
def test_layers_that_suit(name: str) -> None:
    taken: set[str] = set()

    @examples(120)
    @given(st.data(), shapes(st.integers(1, 5)))
    def check(data: Any, shape: Shape) -> None:
        kind, drawn = data.draw(st.sampled_from(valid_items(shape, name)))
        arguments = data.draw(drawn) | {"trainable": data.draw(st.booleans())}
        assert agree(kind, arguments, TensorType(shape, name)), (kind, arguments)
        taken.add(kind)

    check()
    assert taken >= {kind for kind, _ in valid_items((None, 3, 3), name)}


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
    size = st.integers(0, 4)
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


@pytest.mark.parametrize("name", WILD)
def test_layers_that_may_not_suit(name: str) -> None:
    case = WILD[name]
    ranks = st.sampled_from([1, 2, 3, 4, 5] + [case.rank] * 10)
    seen = {True: 0, False: 0}

    @examples(40)
    @given(case.arguments, shapes(ranks, 4), DTYPE)
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
