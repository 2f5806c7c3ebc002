"""The rules against Keras: what it makes of random layers, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from drawn import examples  # noqa: E402
from hornbook.compiler.graph import Inference, TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.compiler.shapes.rule import RuleError  # noqa: E402
from hornbook.specs.base import Item, LayerSpec, registry  # noqa: E402
from hornbook.specs.codes import CODES  # noqa: E402
from hornbook.specs.registries import REGISTRIES  # noqa: E402
from strategies.normalization import (  # noqa: E402
    ELEMENTWISE,
    INITIALIZERS,
    UNIT,
    attention,
    batch_normalization,
    bidirectional,
    options,
    recurrent,
    scale_and_offset,
    valid_items,
    valid_merges,
)

WIRING = {"name", "inputs", "call"}
NO_SWITCH = {"SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}
"""Layers that Keras gives no argument `trainable`."""
NEVER_FROZEN = NO_SWITCH | {"Bidirectional", "MultiHeadAttention", "TimeDistributed"}
"""Layers that a spec cannot freeze, because Keras would train what is inside."""
BATCH = 3
"""Size of the batches that are run; a size that is not known becomes ``LENGTH``."""
LENGTH = 2

MODULES = {cls: one.module for one in REGISTRIES.values() for cls in one.items.values()}


def build(value: Any) -> Any:
    """Construct the Keras object that an item stands for, every argument given."""
    if not isinstance(value, Item):
        return value
    made = getattr(getattr(keras, MODULES[type(value)]), type(value).__name__)
    skip = WIRING if isinstance(value, LayerSpec) else set()
    skip = skip | {"trainable"} if type(value).__name__ in NO_SWITCH else skip
    return made(
        **{
            name: build(getattr(value, name))
            for name in type(value).model_fields
            if name not in skip
        }
    )


@dataclass(frozen=True)
class Seen:
    """What Keras says of a layer, and what runs."""

    shape: tuple[int | None, ...]
    symbolic: str
    dtype: str
    weights: tuple[tuple[str, tuple[int, ...], bool], ...]


def observe(item: LayerSpec, types: tuple[TensorType, ...]) -> Seen | Exception:
    """Build a model of the layer, run it in inference and training, take its penalties.

    Keras and TensorFlow refuse by many classes of exceptions.
    """
    try:
        return _observe(item, types)
    except Exception as error:
        return error


def _observe(item: LayerSpec, types: tuple[TensorType, ...]) -> Seen:
    layer = build(item)
    inputs = [keras.Input(one.shape[1:], dtype=one.dtype) for one in types]
    if item.takes_list:
        output = layer(inputs)
    elif item.arity == (1, 3):
        output = layer(*(inputs if len(inputs) > 1 else inputs * 2))
    else:
        output = layer(inputs[0])
    model = keras.Model(inputs, output)
    data = [
        tf.cast(tf.random.stateless_uniform(shape, (1, 2)), one.dtype)
        for one, shape in zip(types, _sizes(types), strict=True)
    ]

    def step(*given: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            trained = model(list(given), training=True)
            loss = tf.add_n([tf.reduce_sum(tf.cast(trained, "float32")), *model.losses])
        tape.gradient(loss, model.trainable_variables)
        return model(list(given), training=False), trained

    if any(None in one.shape[1:] for one in types):
        # Sizes that are not known reach the layer only in a graph; eager tensors have them all.
        step = tf.function(
            step, input_signature=[tf.TensorSpec(one.shape, one.dtype) for one in types]
        )
    result, trained = step(*data)
    assert result.shape == trained.shape
    for weight in layer.trainable_weights:
        if weight.constraint is not None:
            weight.assign(weight.constraint(weight))
    declared = tuple(output.shape)
    for place, (size, real) in enumerate(zip(declared, result.shape, strict=True)):
        if place > 0 and size is not None and size != real:
            raise ValueError(f"Keras announces {declared} and makes {result.shape}")
    if result.dtype.name not in ("float32", "int32", "int64", "uint8", "bool"):
        raise TypeError(f"Keras makes {result.dtype.name}")
    movable = {id(weight) for weight in model.trainable_weights}
    weights = tuple((w.name, tuple(w.shape), id(w) in movable) for w in layer.weights)
    return Seen(declared, output.dtype, result.dtype.name, weights)


def _sizes(types: tuple[TensorType, ...]) -> list[tuple[int, ...]]:
    """Give a size that is not known the value that another input has there, from the end."""

    def size(back: int) -> int:
        known = [
            one.shape[-back] for one in types if one.rank > back and one.shape[-back] is not None
        ]
        return max(known, default=LENGTH)

    return [
        (
            BATCH,
            *(
                size(one.rank - axis) if one.shape[axis] is None else one.shape[axis]
                for axis in range(1, one.rank)
            ),
        )
        for one in types
    ]


def item(name: str, arguments: dict[str, Any]) -> LayerSpec:
    made = registry("layer").read({name: arguments})
    assert isinstance(made, LayerSpec)
    return made


def attempt(layer: LayerSpec, types: tuple[TensorType, ...]) -> Inference | RuleError:
    try:
        return infer(layer, types)
    except RuleError as error:
        return error


def agree(
    layer: LayerSpec,
    types: tuple[TensorType, ...],
    own: tuple[str, ...] = (),
) -> None:
    """Hold the rule against Keras; ``own`` is what we refuse though Keras lets it pass."""
    seen = observe(layer, types)
    found = attempt(layer, types)
    if isinstance(found, RuleError):
        assert found.input is None or 0 <= found.input < len(types)
        assert found.code in CODES
        allowed = any(part in found.message for part in own)
        assert allowed or not isinstance(seen, Seen), f"only we refuse {types}: {found.message}"
        return
    assert isinstance(seen, Seen), f"only Keras refuses {types}: {seen}"
    assert found.output.shape == seen.shape
    assert found.output.dtype == seen.dtype
    assert tuple((w.name, w.shape, w.trainable) for w in found.weights) == seen.weights
    if all(None not in one.shape[1:] for one in types):
        assert found.flops is not None
        assert found.flops >= 0


SIZES = st.none() | st.integers(1, 4)
KNOWN = st.integers(1, 4)
DTYPES = st.sampled_from(["float32"] * 6 + ["int32", "int64", "uint8", "bool"])
AXES = st.integers(-5, 5)
HARD_INITIALIZERS = INITIALIZERS | st.sampled_from(
    ["identity", "orthogonal", {"HeNormal": {"input_axes": (0,), "output_axes": (1,)}}]
)
HARD_CONSTRAINTS = st.sampled_from([None, {"MaxNorm": {"axis": 1}}, {"UnitNorm": {"axis": (0, 1)}}])
HARD_REGULARIZERS = st.sampled_from([None, "orthogonal_regularizer"])


def types(least: int = 1, most: int = 4, sizes: Any = SIZES, dtypes: Any = DTYPES) -> Any:
    shapes = st.lists(sizes, min_size=least, max_size=most).map(lambda found: (None, *found))
    return st.builds(TensorType, shapes, dtypes)


FLOATS = st.just("float32")

ONE_INPUT: dict[str, tuple[Any, Any]] = {
    "BatchNormalization": (batch_normalization(AXES), types()),
    "LayerNormalization": (
        options(
            axis=AXES | st.lists(AXES, min_size=1, max_size=3).map(tuple),
            **scale_and_offset(HARD_INITIALIZERS),
        ),
        types(),
    ),
    "GroupNormalization": (
        options(
            axis=AXES,
            groups=st.sampled_from([-1, 1, 2, 3, 4]),
            **scale_and_offset(HARD_INITIALIZERS),
        ),
        types(),
    ),
    "Dropout": (
        options(
            {"rate": UNIT},
            noise_shape=st.none() | st.lists(st.none() | KNOWN, min_size=1, max_size=4).map(tuple),
        ),
        types(),
    ),
    "SpatialDropout1D": (options({"rate": UNIT}), types()),
    "SpatialDropout2D": (
        options({"rate": UNIT}, data_format=st.sampled_from([None, "channels_first"])),
        types(),
    ),
    "SpatialDropout3D": (
        options({"rate": UNIT}, data_format=st.sampled_from(["channels_last"])),
        types(2),
    ),
    "GaussianNoise": (options({"stddev": UNIT}), types()),
    "GaussianDropout": (options({"rate": UNIT}), types()),
    "ReLU": (options(max_value=st.none() | UNIT, negative_slope=UNIT, threshold=UNIT), types()),
    "LeakyReLU": (options(negative_slope=UNIT), types()),
    "PReLU": (
        options(
            shared_axes=st.none() | st.integers(1, 5) | st.lists(st.integers(1, 4)).map(tuple),
            alpha_initializer=HARD_INITIALIZERS,
            alpha_regularizer=HARD_REGULARIZERS,
            alpha_constraint=HARD_CONSTRAINTS,
        ),
        types(),
    ),
    "ELU": (options(alpha=UNIT), types()),
    "Softmax": (options(axis=AXES | st.lists(AXES, min_size=1, max_size=3).map(tuple)), types()),
    "SimpleRNN": (recurrent("SimpleRNN", st.booleans()), types(2, 2) | types()),
    "LSTM": (recurrent("LSTM", st.booleans()), types(2, 2) | types(dtypes=FLOATS)),
    "GRU": (recurrent("GRU", st.booleans()), types(2, 2) | types(dtypes=FLOATS)),
    "Bidirectional": (bidirectional(st.booleans()), types(2, 2) | types(2, 3)),
    "MultiHeadAttention": (
        attention(
            st.none()
            | st.integers(1, 2)
            | st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple),
            st.none() | KNOWN,
        ),
        types(2, 3),
    ),
}

OWN_REFUSALS = {
    # Keras casts the normalized values back to the integers that came in.
    "LayerNormalization": ("would round",),
    "GroupNormalization": ("would round",),
    # A mask of lower rank, or for one batch size, works by accident.
    "Dropout": ("noise_shape",),
    # Booleans times noise are booleans.
    "GaussianDropout": ("receives bool",),
    # It counts axes of the projections, in which the last is that of the heads, ignores an axis
    # that is named twice, and masks a window along axis 1 whatever axis the attention goes over.
    "MultiHeadAttention": (
        "between the batch and the features",
        "same axis twice",
        "counts positions along axis 1",
    ),
}
"""Fragments of what we refuse though Keras lets it pass, and why."""


@pytest.mark.parametrize("name", ONE_INPUT)
def test_one_input(name: str) -> None:
    arguments, inputs = ONE_INPUT[name]
    own = OWN_REFUSALS.get(name, ())

    @examples(50)
    @given(arguments, inputs, st.just(True) if name in NEVER_FROZEN else st.booleans())
    def check(drawn: dict[str, Any], given_type: TensorType, trainable: bool) -> None:
        layer = item(name, drawn | {"trainable": trainable})
        agree(layer, (given_type,), own)

    check()


@st.composite
def merged(draw: st.DrawFn, most: int) -> tuple[TensorType, ...]:
    """Draw inputs likely to merge: one shape, some of its sizes changed, leading axes cut."""
    base = draw(st.lists(SIZES, min_size=1, max_size=3))
    made = []
    for _ in range(draw(st.integers(2, most))):
        shape = [draw(st.sampled_from([size] * 6 + [1, 2, None])) for size in base]
        cut = draw(st.sampled_from([0] * 6 + [1]))
        made.append(TensorType((None, *shape[min(cut, len(shape) - 1) :]), draw(DTYPES)))
    return tuple(made)


MERGES: dict[str, tuple[Any, int, tuple[str, ...]]] = {
    **{name: (options(), 2 if name == "Subtract" else 4, ()) for name in ELEMENTWISE},
    # Keras makes float64 of int32, and lets the sum of uint8 overflow.
    "Average": (options(), 4, ("`Average` divides",)),
    # The batch would no longer match its labels.
    "Concatenate": (options(axis=st.integers(-4, 4)), 4, ("axis 0, the batch",)),
    # Keras takes a single negative axis modulo the rank, however large it is.
    "Dot": (
        options({"axes": st.integers(-4, 4) | st.tuples(AXES, AXES)}, normalize=st.booleans()),
        2,
        ("`Dot` works on axis -",),
    ),
}


@pytest.mark.parametrize("name", MERGES)
def test_merges(name: str) -> None:
    arguments, most, own = MERGES[name]

    @examples(50)
    @given(arguments, merged(most))
    def check(drawn: dict[str, Any], inputs: tuple[TensorType, ...]) -> None:
        agree(item(name, drawn), inputs, own)

    check()


@st.composite
def attended(draw: st.DrawFn) -> tuple[TensorType, ...]:
    """Draw a query, values and perhaps keys, most of them alike."""
    query = draw(st.lists(SIZES, min_size=1, max_size=2))
    value = [draw(st.sampled_from([size, size, 3])) for size in query]
    key = draw(st.sampled_from([value, value, value, query]))
    places = [query, value, key][: draw(st.integers(2, 3))]
    cut = draw(st.sampled_from([0] * 8 + [1]))
    places[-1] = places[-1][cut:]
    return tuple(
        TensorType((None, *sizes, draw(st.sampled_from([1, 2, 3, None]))), draw(DTYPES))
        for sizes in places
    )


@examples(80)
@given(
    attention(
        st.none()
        | st.integers(1, 2)
        | st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple),
        st.none() | KNOWN,
    ),
    attended(),
)
def test_attention_of_several_inputs(drawn: dict[str, Any], inputs: tuple[TensorType, ...]) -> None:
    own = OWN_REFUSALS["MultiHeadAttention"]
    layer = item("MultiHeadAttention", drawn)
    agree(layer, inputs, own)


@examples(80)
@given(st.data(), types(2, 4), st.booleans())
def test_time_distributed(data: Any, outer: TensorType, trainable: bool) -> None:
    step = (None, *outer.shape[2:])
    inner = [one for one in valid_items(step, outer.dtype) if one[0] != "MultiHeadAttention"]
    name, arguments = data.draw(st.sampled_from([*inner, ("BatchNormalization", options())]))
    switch = {} if name in NEVER_FROZEN else {"trainable": trainable}
    layer = item("TimeDistributed", {"layer": {name: data.draw(arguments) | switch}})
    agree(layer, (outer,), ("known number of steps",))


def test_time_distributed_of_unknown_length_is_wrong_in_keras() -> None:
    """The reason for a refusal: in a graph, Keras takes the batch for the number of steps."""
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, keras.layers.TimeDistributed(keras.layers.Dense(2))(inputs))
    call = tf.function(model, input_signature=[tf.TensorSpec((None, None, 4))])
    assert call(tf.ones((3, 5, 4))).shape == (3, 3, 2)


SHAPES = st.lists(SIZES, min_size=1, max_size=4).map(lambda sizes: (None, *sizes))


@examples(100)
@given(st.data(), SHAPES, DTYPES)
def test_valid_items_are_valid(data: Any, shape: tuple[int | None, ...], dtype: str) -> None:
    found = valid_items(shape, dtype)
    if found:
        name, arguments = data.draw(st.sampled_from(found))
        layer = item(name, data.draw(arguments))
        infer(layer, (TensorType(shape, dtype),))
        agree(layer, (TensorType(shape, dtype),))


@examples(60)
@given(st.data(), SHAPES)
def test_valid_merges_are_valid(data: Any, shape: tuple[int | None, ...]) -> None:
    name, arguments = data.draw(st.sampled_from(valid_merges(shape)))
    layer = item(name, data.draw(arguments))
    infer(layer, (TensorType(shape), TensorType(shape)))
    agree(layer, (TensorType(shape), TensorType(shape)))


def sizes(*given: int | None) -> tuple[TensorType, ...]:
    return (TensorType((None, *given)),)


ORTHOGONAL = "orthogonal_regularizer"
RNN = {"units": 2}
HEADS = {"num_heads": 2, "key_dim": 3}

PARTS: list[tuple[str, dict[str, Any], tuple[TensorType, ...], bool]] = [
    ("LayerNormalization", {"axis": (-1, 1)}, sizes(2, 3), True),
    ("LayerNormalization", {"axis": (2, 1)}, sizes(2, 3), True),
    ("LayerNormalization", {"axis": (2, -2), "gamma_initializer": "identity"}, sizes(2, 3), True),
    ("LayerNormalization", {"gamma_initializer": "identity"}, sizes(2, 3), False),
    ("LSTM", RNN | {"kernel_initializer": "identity"}, sizes(3, 4), True),
    ("LSTM", RNN | {"bias_initializer": "identity"}, sizes(3, 4), False),
    ("LSTM", RNN | {"kernel_regularizer": ORTHOGONAL}, sizes(3, 4), True),
    ("LSTM", RNN | {"bias_regularizer": ORTHOGONAL}, sizes(3, 4), False),
    ("LSTM", RNN | {"bias_regularizer": ORTHOGONAL, "trainable": False}, sizes(3, 4), True),
    ("LSTM", RNN | {"activity_regularizer": ORTHOGONAL}, sizes(3, 4), True),
    (
        "LSTM",
        RNN | {"activity_regularizer": ORTHOGONAL, "return_sequences": True},
        sizes(3, 4),
        False,
    ),
    ("LSTM", RNN | {"activation": {"Softmax": {"axis": 1}}}, sizes(3, 4), True),
    ("LSTM", RNN | {"activation": {"Softmax": {"axis": 2}}}, sizes(3, 4), False),
    ("GRU", RNN | {"recurrent_constraint": {"MaxNorm": {"axis": (0, 1)}}}, sizes(3, 4), True),
    ("GRU", RNN | {"recurrent_constraint": {"UnitNorm": {"axis": 2}}}, sizes(3, 4), False),
    ("GRU", RNN | {"bias_initializer": "identity"}, sizes(3, 4), True),
    ("GRU", RNN | {"bias_initializer": "identity", "reset_after": False}, sizes(3, 4), False),
    (
        "Bidirectional",
        {"layer": {"GRU": RNN | {"bias_initializer": "identity"}}},
        sizes(3, 4),
        True,
    ),
    (
        "Bidirectional",
        {"layer": {"LSTM": RNN | {"bias_initializer": "identity"}}},
        sizes(3, 4),
        False,
    ),
    ("Bidirectional", {"layer": {"LSTM": RNN | {"trainable": False}}}, sizes(3, 4), True),
    ("MultiHeadAttention", HEADS | {"kernel_initializer": "identity"}, sizes(3, 4), False),
    ("MultiHeadAttention", HEADS | {"bias_initializer": "identity"}, sizes(3, 4), False),
    ("MultiHeadAttention", HEADS | {"kernel_regularizer": ORTHOGONAL}, sizes(3, 4), False),
    ("MultiHeadAttention", HEADS | {"activity_regularizer": ORTHOGONAL}, sizes(3, 4), False),
    (
        "MultiHeadAttention",
        HEADS | {"kernel_constraint": {"MaxNorm": {"axis": 2}}},
        sizes(3, 4),
        True,
    ),
    (
        "MultiHeadAttention",
        HEADS | {"bias_constraint": {"MaxNorm": {"axis": 1}}},
        sizes(3, 4),
        False,
    ),
    ("Dense", {"units": 2, "kernel_initializer": "identity"}, sizes(4), True),
    ("Dense", {"units": 2, "bias_initializer": "orthogonal"}, sizes(4), False),
    ("Dense", {"units": 2, "kernel_constraint": {"MaxNorm": {"axis": 2}}}, sizes(4), False),
    ("Dense", {"units": 2, "activation": {"Softmax": {"axis": 2}}}, sizes(4), False),
    (
        "Dense",
        {"units": 2, "kernel_initializer": {"HeNormal": {"input_axes": (2,), "output_axes": (0,)}}},
        sizes(4),
        False,
    ),
    (
        "TimeDistributed",
        {"layer": {"Dense": {"units": 2, "bias_initializer": "identity"}}},
        sizes(3, 4),
        False,
    ),
    ("TimeDistributed", {"layer": {"Dense": {"units": 2, "trainable": False}}}, sizes(3, 4), True),
]


@pytest.mark.parametrize(("name", "given", "inputs", "works"), PARTS)
def test_parts(
    name: str, given: dict[str, Any], inputs: tuple[TensorType, ...], works: bool
) -> None:
    """Initializers, regularizers, constraints and activations that suit a weight, or do not."""
    agree(item(name, given), inputs)
    assert isinstance(attempt(item(name, given), inputs), Inference) is works
