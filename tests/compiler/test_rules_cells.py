"""Cells, convolutional recurrence, attention, wrappers and returned states, held against Keras."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from drawn import examples  # noqa: E402
from hornbook.compiler.graph import TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.compiler.shapes.rule import RuleError  # noqa: E402
from hornbook.specs.base import LayerSpec, registry  # noqa: E402
from keras_layers import agree_all  # noqa: E402
from strategies.cells import (  # noqa: E402
    LISTED,
    convolved,
    grouped,
    kernels,
    returning,
    rnn,
    valid_items,
    wrapped,
)
from strategies.normalization import INITIALIZERS, attention, options, recurrent  # noqa: E402


def item(name: str, arguments: dict[str, Any]) -> LayerSpec:
    made = registry("layer").read({name: arguments})
    assert isinstance(made, LayerSpec)
    return made


SIZES = st.none() | st.integers(1, 4)
KNOWN = st.integers(2, 4)
DTYPES = st.sampled_from(["float32"] * 6 + ["int32", "int64", "uint8", "bool"])


def types(least: int, most: int, sizes: Any = SIZES, dtypes: Any = DTYPES) -> Any:
    shapes = st.lists(sizes, min_size=least, max_size=most).map(lambda found: (None, *found))
    return st.builds(TensorType, shapes, dtypes)


@examples(40)
@given(st.data(), types(2, 4))
def test_valid_items_are_valid(data: Any, shape: TensorType) -> None:
    found = valid_items(shape.shape, shape.dtype)
    if found:
        name, arguments = data.draw(st.sampled_from(found))
        layer = item(name, data.draw(arguments))
        assert agree_all(layer, (shape,))


@examples(30)
@given(st.data(), types(2, 4, KNOWN, st.just("float32")))
def test_states_are_returned(data: Any, shape: TensorType) -> None:
    name, arguments = data.draw(st.sampled_from(returning(shape.shape)))
    layer = item(name, data.draw(arguments))
    assert infer(layer, (shape,)).states
    assert agree_all(layer, (shape,))


HARD = INITIALIZERS | st.sampled_from(["identity", "orthogonal"])

WILD: dict[str, tuple[Any, Any]] = {
    "RNN": (rnn(st.booleans(), HARD), types(2, 2) | types(1, 4)),
    "SimpleRNN": (recurrent("SimpleRNN", st.booleans()), types(2, 2) | types(1, 3)),
    "ConvLSTM1D": (convolved((3,), HARD), types(3, 3) | types(2, 4)),
    "ConvLSTM2D": (
        st.tuples(convolved((3, 2), HARD), st.sampled_from([None, "channels_first"])).map(
            lambda pair: pair[0] | {"data_format": pair[1]}
        ),
        types(4, 4, dtypes=st.just("float32")) | types(3, 5),
    ),
    "GroupQueryAttention": (grouped(st.none() | st.integers(1, 3)), types(2, 2) | types(1, 3)),
    "SpectralNormalization": (
        options({"layer": wrapped(list(kernels((None, 4, 4))))}),
        types(2, 2) | types(1, 4),
    ),
}
OWN = {
    # The states would be stretched to matrices, where the sizes happen to allow it.
    "RNN": ("takes 3 axes",),
    # Numbers with fractions would be cut to the input's kind.
    "SpectralNormalization": ("which must have fractions",),
}


@pytest.mark.parametrize("name", WILD)
def test_wild(name: str) -> None:
    arguments, inputs = WILD[name]
    never = st.just(True)

    @examples(30)
    @given(arguments, inputs, st.booleans() if name == "SimpleRNN" else never)
    def check(drawn: dict[str, Any], shape: TensorType, trainable: bool) -> None:
        agree_all(item(name, drawn | {"trainable": trainable}), (shape,), own=OWN.get(name, ()))

    check()


@st.composite
def attended(draw: st.DrawFn, most: int = 2) -> tuple[TensorType, ...]:
    """Draw a query, values and perhaps keys, most of them alike.

    Of two sizes that must be equal both are known or neither: what stands for an unknown one in a
    run is some number.
    """
    query = draw(st.lists(SIZES, min_size=1, max_size=most))
    value = [draw(st.sampled_from([size] * 4 + [3, 1] * (size is not None))) for size in query]
    key = draw(st.sampled_from([value, value, value, query]))
    features = draw(st.sampled_from([1, 2, 3, None]))
    places = [query, value, key][: draw(st.integers(2, 3))]
    cut = draw(st.sampled_from([0] * 8 + [1]))
    places[-1] = places[-1][cut:]
    kind = draw(DTYPES)
    return tuple(
        TensorType(
            (None, *sizes, draw(st.sampled_from([features] * 6 + [1, 2] * (features is not None)))),
            draw(st.sampled_from([kind] * 4 + ["float32"])),
        )
        for sizes in places
    )


OWN_ATTENTION = (
    # With two axes, one example would attend to another.
    "takes 3 axes or more",
    # It would be stretched over what it has nothing to do with.
    "inputs of equally many axes",
    "as many features as the query",
)


@pytest.mark.parametrize("name", LISTED)
def test_attention_of_a_list(name: str) -> None:
    @examples(60)
    @given(LISTED[name], attended(), st.booleans(), st.booleans())
    def check(
        drawn: dict[str, Any], inputs: tuple[TensorType, ...], scores: bool, trainable: bool
    ) -> None:
        layer = item(
            name, drawn | {"call": {"return_attention_scores": scores}, "trainable": trainable}
        )
        agree_all(layer, inputs, own=OWN_ATTENTION)

    check()


@examples(50)
@given(grouped(st.none()), attended(1), st.booleans())
def test_grouped_attention(
    drawn: dict[str, Any], inputs: tuple[TensorType, ...], scores: bool
) -> None:
    layer = item("GroupQueryAttention", drawn | {"call": {"return_attention_scores": scores}})
    agree_all(layer, inputs)


@examples(50)
@given(attention(st.sampled_from([None, None, 1, (2,)]), st.none()), attended(), st.booleans())
def test_scores_of_several_heads(
    drawn: dict[str, Any], inputs: tuple[TensorType, ...], causal: bool
) -> None:
    flags = {"return_attention_scores": True} | ({"use_causal_mask": True} if causal else {})
    layer = item("MultiHeadAttention", drawn | {"call": flags})
    own = ("tells the shape of the scores", "counts positions along axis 1")
    agree_all(layer, inputs, own=(*own, "between the batch and the features", "same axis twice"))


@examples(20)
@given(st.data(), types(2, 2, KNOWN, st.just("float32")))
def test_both_directions_must_have_alike_states(data: Any, shape: TensorType) -> None:
    one, other = (
        data.draw(st.sampled_from(["SimpleRNN", "LSTM", "GRU"]).flatmap(_stated)) for _ in "ab"
    )
    ((name, given_one),) = other.items()
    backward = {name: given_one | {"go_backwards": True}}
    layer = item("Bidirectional", {"layer": one, "backward_layer": backward})
    # Where the layer that reads backwards has more states, Keras loses the last.
    agree_all(layer, (shape,), own=("but `backward_layer`",))


def _stated(name: str) -> Any:
    return st.just({name: {"units": 2, "return_state": True}})


def test_unknown_sizes_may_meet_known_ones() -> None:
    query, value, key = (TensorType((None, *one)) for one in ((4, None), (None, 5), (6, 3)))
    assert infer(item("Attention", {}), (query, value, key)).output.shape == (None, 4, 5)


def message(name: str, arguments: dict[str, Any], *shapes: tuple[int | None, ...]) -> str:
    with pytest.raises(RuleError) as caught:
        infer(item(name, arguments), tuple(TensorType((None, *one)) for one in shapes))
    return caught.value.message


GRU = {"GRU": {"units": 2, "return_state": True}}
HEADS = {"num_heads": 2, "key_dim": 2, "call": {"return_attention_scores": True}}
MESSAGES: list[tuple[str, dict[str, Any], tuple[tuple[int | None, ...], ...], str]] = [
    ("RNN", {"cell": {"GRUCell": {"units": 2}}}, ((4,),), "takes 3 axes (batch, steps, features)"),
    (
        "RNN",
        {"cell": {"GRUCell": {"units": 2, "bias_initializer": "orthogonal", "reset_after": False}}},
        ((4, 3),),
        "`bias_initializer` of `GRUCell` makes a matrix",
    ),
    (
        "ConvLSTM2D",
        {"filters": 1, "kernel_size": 2},
        ((4, 3, 3),),
        "(batch, steps, height, width, channels), but receives 4",
    ),
    (
        "ConvLSTM1D",
        {"filters": 1, "kernel_size": 4},
        ((4, 3, 3),),
        "spans 4 entries of the width (axis 2), but its input has 3",
    ),
    ("ConvLSTM1D", {"filters": 1, "kernel_size": 4}, ((4, None, 3),), "a known size of the width"),
    ("TimeDistributed", {"layer": GRU}, ((4, 3, 3),), "returns its states too"),
    ("MultiHeadAttention", HEADS, ((4, 3), (5, 3)), "tells the shape of the scores"),
    ("Attention", {}, ((4, 3), (5, 2)), "keys of as many features as the query"),
    ("Attention", {}, ((4, 3), (5, 3), (6, 3)), "as many keys as values"),
    ("AdditiveAttention", {}, ((4, None), (5, 3)), "a known size of the features of its query"),
]


@pytest.mark.parametrize(("name", "arguments", "shapes", "part"), MESSAGES)
def test_messages(
    name: str,
    arguments: dict[str, Any],
    shapes: tuple[tuple[int | None, ...], ...],
    part: str,
) -> None:
    assert part in message(name, arguments, *shapes)


def test_why_a_stack_of_one_is_refused() -> None:
    """Keras takes the state out of its list, and cannot put it back behind a mask."""
    inputs, mask = keras.Input((4, 3)), keras.Input((4,), dtype="bool")
    outputs = keras.layers.RNN([keras.layers.GRUCell(2)])(inputs, mask=mask)
    model = keras.Model([inputs, mask], outputs)
    with pytest.raises(ValueError, match="same nested structure"):
        model([keras.ops.ones((2, 4, 3)), keras.ops.ones((2, 4), dtype="bool")])


def test_why_scores_of_other_lengths_are_refused() -> None:
    query, value = keras.Input((4, 3)), keras.Input((6, 3))
    layer = keras.layers.MultiHeadAttention(2, 2)
    _, scores = layer(query, value, return_attention_scores=True)
    assert scores.shape == (None, 2, 4, 4)
    _, real = layer(
        keras.ops.ones((1, 4, 3)), keras.ops.ones((1, 6, 3)), return_attention_scores=True
    )
    assert real.shape == (1, 2, 4, 6)
