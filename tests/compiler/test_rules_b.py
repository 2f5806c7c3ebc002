"""The rules against Keras: what it makes of random layers, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from strategies_b import (  # noqa: E402
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

from hornbook.compiler.graph import Inference, TensorType  # noqa: E402
from hornbook.compiler.shapes import infer  # noqa: E402
from hornbook.compiler.shapes.rule import RuleError  # noqa: E402
from hornbook.specs.base import Item, LayerSpec, registry  # noqa: E402
from hornbook.specs.registries import REGISTRIES  # noqa: E402

WIRING = {"name", "inputs"}
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
    return made(**{name: build(getattr(value, name)) for name in type(value).model_fields if name not in skip})


@dataclass(frozen=True)
class Seen:
    """What Keras says of a layer, and what runs."""

    shape: tuple[int | None, ...]
    symbolic: str
    dtype: str
    weights: tuple[tuple[str, tuple[int, ...], bool], ...]


def observe(item: LayerSpec, types: tuple[TensorType, ...]) -> Seen | Exception:
    """Build the layer in a model, run it in inference and training, take its penalties and constraints."""
    try:
        return _observe(item, types)
    except Exception as error:  # noqa: BLE001 - Keras and TensorFlow refuse by many classes
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
    data = [tf.cast(tf.random.stateless_uniform(shape, (1, 2)), one.dtype) for one, shape in zip(types, _sizes(types))]
    result = model(data, training=False)
    trained = model(data, training=True)
    assert result.shape == trained.shape
    assert all(loss.shape == () for loss in model.losses)
    for weight in layer.weights:
        if weight.constraint is not None:
            weight.assign(weight.constraint(weight))
    declared = tuple(output.shape)
    for place, (size, real) in enumerate(zip(declared, result.shape, strict=True)):
        if place > 0 and size is not None and size != real:
            raise ValueError(f"Keras announces {declared} and makes {result.shape}")
    if result.dtype.name not in ("float32", "int32", "int64", "uint8", "bool"):
        raise TypeError(f"Keras makes {result.dtype.name}")
    movable = {id(weight) for weight in layer.trainable_weights}
    weights = tuple((w.name, tuple(w.shape), id(w) in movable) for w in layer.weights)
    return Seen(declared, output.dtype, result.dtype.name, weights)


def _sizes(types: tuple[TensorType, ...]) -> list[tuple[int, ...]]:
    """Give sizes that are not known the value that another input has there, counted from the end."""

    def size(back: int) -> int:
        known = [one.shape[-back] for one in types if one.rank > back and one.shape[-back] is not None]
        return max(known, default=LENGTH)

    return [
        (BATCH, *(size(one.rank - axis) if one.shape[axis] is None else one.shape[axis] for axis in range(1, one.rank)))
        for one in types
    ]


def item(name: str, arguments: dict[str, Any]) -> LayerSpec:
    made = registry("layer").read({name: arguments})
    assert isinstance(made, LayerSpec)
    return made


def agree(layer: LayerSpec, types: tuple[TensorType, ...], stricter: Callable[[RuleError], bool] | None = None) -> None:
    """Hold the rule against Keras; ``stricter`` tells refusals of our own, which Keras lets pass."""
    seen = observe(layer, types)
    try:
        found = infer(layer, types)
    except RuleError as error:
        assert error.input is None or 0 <= error.input < len(types)
        if isinstance(seen, Seen):
            assert stricter is not None, f"only we refuse {types}: {error.message}"
            assert stricter(error), f"only we refuse {types}: {error.message}"
        return
    assert isinstance(seen, Seen), f"only Keras refuses {types}: {seen}"
    assert found.output.shape == seen.shape
    assert found.output.dtype == seen.dtype
    assert tuple((w.name, w.shape, w.trainable) for w in found.weights) == seen.weights
    assert (found.flops is None) == flops_unknown(layer, types, found)


def flops_unknown(layer: LayerSpec, types: tuple[TensorType, ...], found: Inference) -> bool:
    """Work is unknown only where a size is: never where all sizes are known."""
    return found.flops is None and any(None in one.shape[1:] for one in types)


def examples(count: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


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
        options(axis=AXES | st.lists(AXES, min_size=1, max_size=3).map(tuple), **scale_and_offset(HARD_INITIALIZERS)),
        types(),
    ),
    "GroupNormalization": (
        options(axis=AXES, groups=st.sampled_from([-1, 1, 2, 3, 4]), **scale_and_offset(HARD_INITIALIZERS)),
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
    "SpatialDropout2D": (options({"rate": UNIT}, data_format=st.sampled_from([None, "channels_first"])), types()),
    "SpatialDropout3D": (options({"rate": UNIT}, data_format=st.sampled_from(["channels_last"])), types(2)),
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
            st.none() | st.integers(1, 2) | st.lists(st.integers(1, 3), min_size=1, max_size=2).map(tuple),
            st.none() | KNOWN,
        ),
        types(2, 3),
    ),
}

OWN_REFUSALS = {
    "LayerNormalization": ("would round",),
    "GroupNormalization": ("would round",),
    "Dropout": ("noise_shape",),
}
"""Fragments of what we refuse though Keras lets it pass; the decision stands beside each rule."""


@pytest.mark.parametrize("name", ONE_INPUT)
def test_one_input(name: str) -> None:
    arguments, inputs = ONE_INPUT[name]
    own = OWN_REFUSALS.get(name, ())

    @examples(60)
    @given(arguments, inputs, st.booleans())
    def check(drawn: dict[str, Any], given_type: TensorType, trainable: bool) -> None:
        layer = item(name, drawn | {"trainable": trainable})
        agree(layer, (given_type,), lambda error: any(part in error.message for part in own))

    check()
