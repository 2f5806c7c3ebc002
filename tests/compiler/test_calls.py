"""What a call takes besides its inputs: masks and first states, held against Keras."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
np = pytest.importorskip("numpy")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from drawn import examples  # noqa: E402
from families import LAYERS  # noqa: E402
from hornbook.compiler.graph import TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.compiler.shapes.calls import CHECKS, check_call  # noqa: E402
from hornbook.compiler.shapes.rule import RuleError  # noqa: E402
from hornbook.specs.base import LayerSpec, registry  # noqa: E402
from keras_layers import agree_all  # noqa: E402

VALUES = ("mask", "query_mask", "value_mask", "key_mask", "attention_mask", "initial_state")


def item(name: str, arguments: dict[str, Any]) -> LayerSpec:
    made = registry("layer").read({name: arguments})
    assert isinstance(made, LayerSpec)
    return made


def floats(*sizes: int | None) -> TensorType:
    return TensorType((None, *sizes))


def truths(*sizes: int | None) -> TensorType:
    return TensorType((None, *sizes), "bool")


def test_every_value_of_a_call_has_a_check() -> None:
    for cls in LAYERS:
        for name in cls.calls:
            assert name not in VALUES or (cls, name) in CHECKS, (cls.__name__, name)
    assert all(name in cls.calls for cls, name in CHECKS)


UNITS = {"units": 2}
STACK = {"cell": ({"GRUCell": UNITS}, {"SimpleRNNCell": {"units": 3}})}
DEEP = {"cell": ({"GRUCell": UNITS}, {"LSTMCell": {"units": 3}})}
CONV = {"filters": 2, "kernel_size": 2}
BACK = {"SimpleRNN": {"units": 2, "go_backwards": True}}
HEADS = {"num_heads": 2, "key_dim": 2}
GROUPS = {"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1}

SEQUENCE = (floats(4, 3),)
FILM = (floats(4, 5, 3),)
PAIR = (floats(4, 3), floats(5, 3))
TRIPLE = (floats(4, 3), floats(5, 3), floats(5, 3))
PLANES = (floats(2, 4, 3), floats(2, 5, 3))

Case = tuple[str, dict[str, Any], tuple[TensorType, ...], dict[str, tuple[Any, ...]]]

WORKS: list[Case] = [
    ("SimpleRNN", UNITS, SEQUENCE, {"mask": (truths(4),)}),
    ("LSTM", UNITS | {"return_sequences": True}, SEQUENCE, {"mask": (truths(4),)}),
    ("GRU", UNITS | {"unroll": True}, SEQUENCE, {"mask": (truths(4),)}),
    ("RNN", STACK, SEQUENCE, {"mask": (truths(4),)}),
    ("RNN", DEEP | {"zero_output_for_mask": True}, SEQUENCE, {"mask": (truths(4),)}),
    ("RNN", DEEP, (floats(None, 3),), {"mask": (truths(None),)}),
    ("Bidirectional", {"layer": {"LSTM": UNITS}}, SEQUENCE, {"mask": (truths(4),)}),
    ("Bidirectional", {"layer": {"RNN": DEEP}}, SEQUENCE, {"mask": (truths(4),)}),
    ("ConvLSTM1D", CONV, FILM, {"mask": (truths(4),)}),
    ("BatchNormalization", {}, FILM, {"mask": (truths(4, 5),)}),
    ("GlobalAveragePooling1D", {}, SEQUENCE, {"mask": (truths(4),)}),
    (
        "GlobalAveragePooling1D",
        {"data_format": "channels_first"},
        SEQUENCE,
        {"mask": (truths(3),)},
    ),
    ("Softmax", {}, SEQUENCE, {"mask": (truths(4, 3),)}),
    ("Softmax", {"axis": (1, 2)}, SEQUENCE, {"mask": (truths(1, 3),)}),
    ("TimeDistributed", {"layer": {"Dense": UNITS}}, SEQUENCE, {"mask": (truths(4),)}),
    ("TimeDistributed", {"layer": {"LSTM": UNITS}}, FILM, {"mask": (truths(4, 5),)}),
    ("TimeDistributed", {"layer": "GlobalAveragePooling1D"}, FILM, {"mask": (truths(4, 5),)}),
    ("TimeDistributed", {"layer": "Softmax"}, FILM, {"mask": (truths(4, 1, 3),)}),
    ("Attention", {}, PAIR, {"mask": (truths(4), truths(5))}),
    ("Attention", {}, PAIR, {"mask": (None, truths(5))}),
    ("Attention", {}, TRIPLE, {"mask": (truths(4), None, None)}),
    ("AdditiveAttention", {}, PAIR, {"mask": (None, truths(5))}),
    ("Attention", {}, PLANES, {"mask": (truths(2, 4), None)}),
    ("Attention", {"call": {"use_causal_mask": True}}, PLANES, {"mask": (None, truths(2, 5))}),
    ("MultiHeadAttention", HEADS, PAIR, {"value_mask": (truths(5),)}),
    ("MultiHeadAttention", HEADS, SEQUENCE, {"key_mask": (truths(4),)}),
    ("MultiHeadAttention", HEADS, PAIR, {"attention_mask": (truths(4, 5),)}),
    ("MultiHeadAttention", HEADS, PAIR, {"attention_mask": (truths(1, 5),)}),
    ("MultiHeadAttention", HEADS, PAIR, {"attention_mask": (truths(2, 4, 5),)}),
    ("MultiHeadAttention", HEADS, PAIR, {"attention_mask": (truths(1, 4, 5),)}),
    (
        "MultiHeadAttention",
        HEADS | {"call": {"use_causal_mask": True}},
        PAIR,
        {"attention_mask": (truths(4, 5),), "value_mask": (truths(5),)},
    ),
    ("MultiHeadAttention", HEADS, PLANES, {"attention_mask": (truths(2, 4, 2, 5),)}),
    (
        "MultiHeadAttention",
        HEADS | {"attention_axes": 2},
        PLANES,
        {"attention_mask": (truths(4, 5),)},
    ),
    (
        "MultiHeadAttention",
        HEADS | {"attention_axes": 2},
        PLANES,
        {"attention_mask": (truths(2, 2, 4, 5),)},
    ),
    (
        "MultiHeadAttention",
        HEADS | {"attention_axes": 2},
        PLANES,
        {"value_mask": (truths(2, 5),)},
    ),
    (
        "GroupQueryAttention",
        GROUPS,
        TRIPLE,
        {"query_mask": (truths(4),), "value_mask": (truths(5),), "key_mask": (truths(5),)},
    ),
    ("GroupQueryAttention", GROUPS, PAIR, {"attention_mask": (truths(2, 4, 5),)}),
    ("SimpleRNN", UNITS, SEQUENCE, {"initial_state": (floats(2),)}),
    ("LSTM", UNITS, SEQUENCE, {"initial_state": (floats(2), floats(2))}),
    ("GRU", UNITS, SEQUENCE, {"initial_state": (TensorType((None, 2), "int32"),)}),
    ("RNN", STACK, SEQUENCE, {"initial_state": (floats(2), floats(3))}),
    (
        "RNN",
        {"cell": {"LSTMCell": UNITS}, "return_state": True},
        SEQUENCE,
        {"initial_state": (floats(2), floats(2))},
    ),
    ("ConvLSTM1D", CONV, FILM, {"initial_state": (floats(4, 2), floats(4, 2))}),
    ("Bidirectional", {"layer": {"LSTM": UNITS}}, SEQUENCE, {"initial_state": (floats(2),) * 4}),
    (
        "Bidirectional",
        {"layer": {"RNN": STACK}},
        SEQUENCE,
        {"initial_state": (floats(2), floats(3)) * 2},
    ),
]
IDS = [f"{name}-{'-'.join(given)}-{number}" for number, (name, _, _, given) in enumerate(WORKS)]


@pytest.mark.parametrize(("name", "arguments", "inputs", "given"), WORKS, ids=IDS)
def test_works(
    name: str,
    arguments: dict[str, Any],
    inputs: tuple[TensorType, ...],
    given: dict[str, tuple[Any, ...]],
) -> None:
    assert agree_all(item(name, arguments), inputs, given)


OWN = (
    # Keras takes numbers for truths, though a number may be meant otherwise.
    "holds truths",
    # It stretches what has the size 1, takes the first entries of what is too long, and reads other
    # ranks as it happens to need them.
    "has the sizes",
    "has 2 axes",
    "has 3 axes",
    "does not meet the scores",
    "works where they have 3 axes",
    # It looks at fewer values than are given, or runs fewer cells.
    "is not looked at",
    "value: ",
    "one value",
    "values: ",
    "equally many states",
    "takes a list of its own",
    # It pairs heads with examples where there are as many.
    "does not go with a mask of positions",
)
"""Fragments of what we refuse though Keras lets it pass, and why."""

CHANGES = st.sampled_from(["same", "same", "size", "one", "rank", "less", "dtype", "more", "fewer"])


def changed(draw: Any, given: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Change the values of a call here and there."""
    made = {}
    for name, values in given.items():
        found = [one and _changed(draw, one) for one in values]
        how = draw(CHANGES)
        known = [one for one in found if one is not None]
        if how == "more":
            found.append(known[0])
        elif how == "fewer" and len(found) > 1:
            found.pop()
        made[name] = tuple(found)
    return made


def _changed(draw: Any, one: TensorType) -> TensorType:
    how, shape = draw(CHANGES), list(one.shape)
    axis = draw(st.integers(1, len(shape) - 1))
    if how == "size":
        shape[axis] = draw(st.integers(1, 6))
    elif how == "one":
        shape[axis] = 1
    elif how == "rank":
        shape.insert(axis, draw(st.integers(1, 5)))
    elif how == "less":
        shape.pop(axis)
    dtype = draw(st.sampled_from(["float32", "int32"])) if how == "dtype" else one.dtype
    return TensorType(tuple(shape), dtype)


KNOWN = [case for case in WORKS if all(None not in one.shape[1:] for one in case[2])]
"""Cases in which a size that does not fit is one that is known not to."""


@examples(150)
@given(st.data(), st.sampled_from(KNOWN))
def test_changed_values(data: Any, case: Case) -> None:
    """Where Keras refuses, so do we; where we alone do, it is for a reason."""
    name, arguments, inputs, given_values = case
    agree_all(item(name, arguments), inputs, changed(data.draw, given_values), own=OWN)


@pytest.mark.parametrize(("name", "arguments", "inputs", "given"), WORKS, ids=IDS)
def test_values_are_looked_at(
    name: str,
    arguments: dict[str, Any],
    inputs: tuple[TensorType, ...],
    given: dict[str, tuple[Any, ...]],
) -> None:
    """A size that is too large by one is refused, in whichever value it stands."""
    layer = item(name, arguments)
    for argument, values in given.items():
        for place, one in enumerate(values):
            if one is None or None in one.shape[1:]:
                continue
            larger = TensorType((None, *one.shape[1:-1], one.shape[-1] + 1), one.dtype)
            wrong = given | {argument: (*values[:place], larger, *values[place + 1 :])}
            with pytest.raises(RuleError) as caught:
                check_call(layer, inputs, wrong)
            assert caught.value.field == "call"


REFUSED: list[tuple[Case, str, str]] = [
    (
        ("LSTM", UNITS, SEQUENCE, {"mask": (floats(4),)}),
        "HB405",
        "`mask` of the call of `LSTM` holds truths, but receives float32 (None, 4)",
    ),
    (
        ("LSTM", UNITS, SEQUENCE, {"mask": (truths(5),)}),
        "HB403",
        "has the sizes (None, 4) (batch, steps), but receives (None, 5)",
    ),
    (
        ("LSTM", UNITS, SEQUENCE, {"mask": (truths(4), truths(4))}),
        "HB404",
        "is one value, but receives 2",
    ),
    (
        ("LSTM", UNITS, SEQUENCE, {"initial_state": (floats(2),)}),
        "HB404",
        "is 2 values: (None, 2), (None, 2), but receives 1",
    ),
    (
        ("RNN", DEEP, SEQUENCE, {"initial_state": (floats(2), floats(3), floats(3))}),
        "HB404",
        "`LSTMCell` of a stack takes a list of its own",
    ),
    (
        (
            "Bidirectional",
            {"layer": {"LSTM": UNITS}, "backward_layer": BACK},
            SEQUENCE,
            {"initial_state": (floats(2),) * 3},
        ),
        "HB404",
        "unequally many states",
    ),
    (
        ("MultiHeadAttention", HEADS, PAIR, {"query_mask": (truths(4),)}),
        "HB404",
        "is not looked at by Keras",
    ),
    (("Attention", {}, PAIR, {"mask": (truths(4),)}), "HB404", "is a list of two"),
    (
        ("Attention", {}, TRIPLE, {"mask": (None, None, truths(5))}),
        "HB404",
        "not looked at for the keys",
    ),
    (
        (
            "MultiHeadAttention",
            HEADS,
            PAIR,
            {"attention_mask": (truths(2, 4, 5),), "value_mask": (truths(5),)},
        ),
        "HB404",
        "does not go with a mask of positions",
    ),
    (
        ("TimeDistributed", {"layer": {"LSTM": UNITS}}, FILM, {"mask": (truths(4),)}),
        "HB401",
        "`mask` of the call of `LSTM` has 2 axes (batch, steps), but receives 1",
    ),
]


@pytest.mark.parametrize(("case", "code", "part"), REFUSED)
def test_refusals(case: Case, code: str, part: str) -> None:
    name, arguments, inputs, values = case
    infer(item(name, arguments), inputs)
    with pytest.raises(RuleError) as caught:
        check_call(item(name, arguments), inputs, values)
    assert caught.value.code == code
    assert part in caught.value.message
    assert caught.value.field == "call"


def test_why_the_query_mask_is_refused() -> None:
    """Keras overwrites it with the mask that the query carries."""
    layer = keras.layers.MultiHeadAttention(2, 3, seed=1)
    query = keras.random.normal((2, 4, 3), seed=1)
    mask = np.array([[True, False, False, True]] * 2)
    plain, masked = layer(query, query), layer(query, query, query_mask=mask)
    assert np.array_equal(plain, masked)


def test_why_states_of_a_stack_are_counted() -> None:
    """With fewer states than cells, Keras leaves cells out and announces another shape."""
    inputs, state = keras.Input((4, 3)), keras.Input((2,))
    layer = keras.layers.RNN([keras.layers.GRUCell(2), keras.layers.GRUCell(5)])
    outputs = layer(inputs, initial_state=[state])
    model = keras.Model([inputs, state], outputs)
    assert outputs.shape == (None, 5)
    assert model([np.ones((1, 4, 3)), np.ones((1, 2))]).shape == (1, 2)
