"""Live Keras models to specs, and back: the same weights by name give the same numbers."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from keras import layers, ops  # noqa: E402

from hornbook.compiler.driver import analyse  # noqa: E402
from hornbook.compiler.importing import Imported, import_config, read_model  # noqa: E402
from hornbook.compiler.importing.items import AUGMENTATION, UNTRAINED  # noqa: E402
from hornbook.runtime.build import Built, build_typed  # noqa: E402
from hornbook.runtime.importing import import_model  # noqa: E402
from hornbook.runtime.samples import sample_inputs  # noqa: E402
from hornbook.specs.base import LayerSpec  # noqa: E402
from hornbook.specs.diagnostics import SpecError  # noqa: E402
from hornbook.specs.load import load  # noqa: E402
from hornbook.specs.registries import LAYER  # noqa: E402
from hornbook.specs.write import write_spec  # noqa: E402
from hornbook.specs.yaml import read_text  # noqa: E402
from specimens import specs  # noqa: E402

THREE = np.array([1.0, 2.0, 3.0], "float32")
ALL = os.environ.get("HORNBOOK_APPLICATIONS") == "all"
SOON = ("MobileNetV3Small", "ResNet50", "VGG16", "Xception")
ARCHITECTURES = sorted(
    name for name, one in vars(keras.applications).items() if callable(one) and name[0].isupper()
)
NEEDS = {"ConvNeXt": ("EinsumDense", "Normalization"), "EfficientNet": ("Normalization",)}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)


def rebuilt(model: Any, found: Imported) -> Built:
    """Build what was imported, and give it the weights of the model by the names of its layers."""
    document = read_text(write_spec(found.data))
    assert document.data == found.data
    built = build_typed(analyse(load(document)), "functional", seed=0)
    copied = 0
    for path, name in found.names.items():
        if name not in built.layers:
            continue
        original = model
        for part in path.split("/"):
            original = named(original, part)
        pairs = zip(getattr(original, "variables", ()), built.layers[name].variables, strict=True)
        for old, new in pairs:
            assert old.trainable == new.trainable, path
            new.assign(old)
            copied += 1
    assert copied == len(model.variables)
    return built


def named(model: Any, name: str) -> Any:
    """Return a layer, or an operation, of a model."""
    return next(one for one in getattr(model, "operations", model.layers) if one.name == name)


def numbers(model: Any, batch: int = 3) -> list[Any]:
    """Return values for each input of a model, whole numbers from 0 to 4 where they are whole."""
    rng = np.random.default_rng(0)
    found = []
    for tensor in model.inputs:
        shape = (batch, *(5 if size is None else size for size in tensor.shape[1:]))
        whole = "int" in tensor.dtype
        drawn = rng.integers(0, 5, shape) if whole else rng.normal(size=shape)
        found.append(drawn.astype(tensor.dtype))
    return found


def scatter(model: Any) -> None:
    """Give every weight a value of its own, variances positive ones."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.dtype != "float32":
            continue
        low, high = (0.5, 1.5) if "variance" in weight.path else (-0.3, 0.3)
        weight.assign(rng.uniform(low, high, weight.shape))


def agree(model: Any) -> Imported:
    """Import a model and hold what is built from the spec against it, bit for bit."""
    found = import_model(model)
    scatter(model)
    built = rebuilt(model, found)
    values = numbers(model)
    wanted = flat(model.call(structured(model, values), training=False))
    given = dict(zip(found.data["inputs"], values, strict=True))
    got = built.model(given if len(given) > 1 else values[0], training=False)
    outputs = found.data.get("outputs")
    results = [got[name] for name in outputs] if isinstance(outputs, tuple) else flat(got)
    for one, other in zip(wanted, results, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    return found


def structured(model: Any, values: list[Any]) -> Any:
    return keras.tree.pack_sequence_as(model._inputs_struct, values) if hasattr(
        model, "_inputs_struct"
    ) and not isinstance(model, keras.Sequential) else values[0]  # fmt: skip


def flat(values: Any) -> list[Any]:
    return keras.tree.flatten(values)


# Small models of each kind


def chain() -> Any:
    return keras.Sequential(
        [
            keras.Input((12, 12, 3), name="image"),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", use_bias=False),
            layers.BatchNormalization(trainable=False),
            layers.DepthwiseConv2D(3),
            layers.ReLU(max_value=6.0),
            layers.MaxPooling2D(),
            layers.ZeroPadding2D(((0, 1), (1, 0))),
            layers.SeparableConv2D(6, 2, activation=layers.LeakyReLU(0.2)),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(5, kernel_regularizer="l2", kernel_initializer="he_normal", name="head"),
            layers.Softmax(),
        ],
        name="chain",
    )


def shared() -> Any:
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    tower = layers.Dense(4, activation="tanh", name="tower")
    one, other = tower(left), tower(right)
    return keras.Model(
        [left, right], layers.Concatenate()([one, other, tower(left)]), name="shared"
    )


def nested() -> Any:
    x = keras.Input((8,))
    inner = keras.Sequential([layers.Dense(8, name="dense"), layers.ReLU()], name="inner")
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b")
    total = layers.Add(name="total")([layers.Dense(8, name="dense")(a), b])
    pair = keras.Model({"a": a, "b": b}, {"total": total, "same": b}, name="pair")
    made = pair({"b": inner(x), "a": x})
    again = pair({"b": made["total"], "a": inner(made["same"])})
    return keras.Model(x, layers.Multiply()([again["total"], again["same"]]), name="nested")


def several() -> Any:
    image, row = keras.Input((6, 6, 2), name="image"), keras.Input((3,), name="row")
    seen = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
    both = layers.Concatenate()([seen, row])
    outputs = {
        "kind": layers.Dense(2, name="kind")(both),
        "size": layers.Dense(1, name="size")(seen),
    }
    return keras.Model({"row": row, "image": image}, outputs, name="several")


def operations() -> Any:
    x = keras.Input((4, 6), name="x")
    first, second = ops.split(x, 2, axis=-1)
    y = ops.concatenate([first * 2.0 + 1.0, ops.subtract(THREE, second)], axis=1)
    y = ops.transpose(ops.reshape(y, (-1, 3, 8)), (0, 2, 1))
    y = ops.relu6(y) / (1.0 + ops.exp(-y))
    y = ops.matmul(y, ops.transpose(y, (0, 2, 1)))
    z = ops.maximum(ops.mean(y, axis=1, keepdims=True), 0.1)
    z = ops.squeeze(ops.expand_dims(keras.activations.relu(z, max_value=1.0), 1), 1)
    return keras.Model(
        x, [ops.softmax(z), ops.cast(ops.sum(y, axis=-1), "int32")], name="operations"
    )


def slices() -> Any:
    x = keras.Input((5, 6), name="x")
    parts = [x[:, 0], x[:, -1, 1:4], x[..., ::2], x[:, None, 1:]]
    return keras.Model(x, [*parts, layers.Dense(2)(x[:, 1])], name="slices")


def words() -> Any:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(9, 4, mask_zero=True)(tokens)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    x = layers.Dropout(0.2)(x)
    x = layers.GRU(4, recurrent_dropout=0.1)(x)
    return keras.Model(tokens, layers.Dense(2, activation="softmax")(x), name="words")


def pairs_of_words() -> Any:
    tokens, others = (keras.Input((6,), dtype="int32", name=name) for name in ("one", "two"))
    embed = layers.Embedding(9, 4, mask_zero=True)
    both = layers.Add()([embed(tokens), embed(others)])
    joined = layers.Concatenate()([both, embed(tokens)])
    kept = layers.MultiHeadAttention(2, 3)(layers.LSTM(5, return_sequences=True)(joined), joined)
    outputs = [layers.GRU(3)(kept), layers.GlobalAveragePooling1D()(both)]
    return keras.Model([tokens, others], outputs, name="pairs_of_words")


def transfer() -> Any:
    base = keras.Sequential(
        [keras.Input((8,)), layers.Dense(6), layers.BatchNormalization(), layers.Dropout(0.5)],
        name="base",
    )
    base.trainable = False
    x = keras.Input((8,), name="x")
    return keras.Model(x, layers.Dense(2)(base(x, training=False)), name="transfer")


def attention() -> Any:
    x, y = keras.Input((4, 6), name="x"), keras.Input((5, 6), name="y")
    one = layers.MultiHeadAttention(2, 3)(x, x, use_causal_mask=True)
    two = layers.MultiHeadAttention(2, 3, value_dim=4)(one, y)
    three = layers.MultiHeadAttention(1, 2)(two, y, x[:, :1] + y)
    return keras.Model([x, y], layers.LayerNormalization()(three + x), name="attention")


def odd() -> Any:
    x = keras.Input((3,), name="lambda")
    y = layers.Dense(3, name="my layer")(x)
    return keras.Model(x, [y, x, layers.Dense(2, name="Lambda")(y), y], name="odd model")


KINDS: tuple[Callable[[], Any], ...] = (
    chain, shared, nested, several, operations, slices, words, pairs_of_words, transfer,
    attention, odd,
)  # fmt: skip


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_the_spec_computes_what_the_model_does(make: Callable[[], Any]) -> None:
    agree(make())


@settings(
    max_examples=int(os.environ.get("HORNBOOK_SPECS", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(specs())
def test_what_is_built_from_any_spec_can_be_imported(spec: Any) -> None:
    keras.backend.clear_session()
    typed = analyse(load(read_text(json.dumps(spec))))
    model = build_typed(typed, "functional", seed=0).model
    found = import_model(model)
    built = rebuilt(model, found)
    values = sample_inputs(typed, 2, np.random.default_rng(0))
    x = values if len(values) > 1 else next(iter(values.values()))
    # Training is told to no layer: what draws numbers only then draws none.
    old = flat(model(x, training=False))
    new = built.model(x, training=False)
    names = found.data.get("outputs")
    listed = [new[name] for name in names] if isinstance(names, tuple) else [new]
    assert [np.asarray(one).tobytes() for one in old] == [
        np.asarray(one).tobytes() for one in listed
    ]


SENTENCE = ["a", "b"]


def preprocessed() -> dict[str, Any]:
    """Layers of whose arguments Keras writes more than it was given, each with what remains."""
    return {
        "TextVectorization": (
            layers.TextVectorization(vocabulary=SENTENCE, output_sequence_length=3),
            ("string", (1,)),
            {"output_sequence_length": 3, "vocabulary": ("a", "b")},
        ),
        "StringLookup": (
            layers.StringLookup(vocabulary=SENTENCE),
            ("string", (1,)),
            {"vocabulary": ("a", "b")},
        ),
        "IntegerLookup": (
            layers.IntegerLookup(vocabulary=[3, 5]),
            ("int32", (1,)),
            {"vocabulary": (3, 5)},
        ),
        "Discretization": (
            layers.Discretization([0.0, 1.0]),
            ("float32", (3,)),
            {"bin_boundaries": (0.0, 1.0)},
        ),
        "RandomFlip": (
            layers.RandomFlip("horizontal"),
            ("float32", (4, 4, 3)),
            {"mode": "horizontal"},
        ),
        "Resizing": (
            layers.Resizing(2, 2),
            ("float32", (4, 4, 3)),
            {"height": 2, "width": 2},
        ),
        "RandomShear": (
            layers.RandomShear(0.3, (0.1, 0.2)),
            ("float32", (4, 4, 3)),
            {"x_factor": 0.3, "y_factor": (0.1, 0.2)},
        ),
        "RandomContrast": (
            layers.RandomContrast((0.25, 0.5)),
            ("float32", (4, 4, 3)),
            {"factor": (0.25, 0.5)},
        ),
    }


@pytest.mark.parametrize("name", preprocessed())
def test_what_prepares_data_comes_back_without_what_keras_adds(name: str) -> None:
    layer, (dtype, shape), wanted = preprocessed()[name]
    layer.name = "prepared"
    x = keras.Input(shape, name="x", dtype=dtype)
    found = import_model(keras.Model(x, layer(x)))
    assert found.data["layers"] == ({name: {**wanted, "name": "prepared"}},)
    rebuilt(keras.Model(x, layer(x)), found)


def test_a_vocabulary_that_was_learned_is_not_in_the_config() -> None:
    layer = layers.TextVectorization()
    layer.adapt(np.array([["a b a"]]))
    x = keras.Input((1,), dtype="string")
    with pytest.raises(SpecError, match="the words of its vocabulary are not in the config"):
        import_model(keras.Model(x, layer(x)))


def test_boundaries_that_were_learned_are_in_the_config() -> None:
    layer = layers.Discretization(num_bins=2)
    layer.adapt(np.array([[1.0], [2.0], [3.0]]))
    x = keras.Input((1,))
    ((name, given),) = import_model(keras.Model(x, layer(x))).data["layers"][0].items()
    assert (name, list(given)) == ("Discretization", ["bin_boundaries"])


def test_the_tables_of_training_are_what_keras_writes() -> None:
    written: dict[object, set[str]] = {False: set(), True: set()}
    for name, cls in LAYER.items.items():
        told = inspect.signature(getattr(layers, name).call).parameters.get("training")
        if issubclass(cls, LayerSpec) and told is not None and told.default is not None:
            written[told.default].add(name)
    assert written[False] == UNTRAINED
    assert written[True] == AUGMENTATION - {"Rescaling"}


def test_a_chain_reads_as_if_written_by_hand() -> None:
    assert (
        write_spec(import_model(chain()).data)
        == """\
name: chain
inputs:
  image: [12, 12, 3]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, strides: 2, padding: same, activation: relu, use_bias: false}
  - BatchNormalization: {trainable: false}
  - DepthwiseConv2D: {kernel_size: 3}
  - ReLU: {max_value: 6.0}
  - MaxPooling2D
  - ZeroPadding2D: {padding: [[0, 1], [1, 0]]}
  - SeparableConv2D: {filters: 6, kernel_size: 2, activation: {LeakyReLU: {negative_slope: 0.2}}}
  - Dropout: {rate: 0.3}
  - Flatten
  - Dense: {units: 5, kernel_initializer: he_normal, kernel_regularizer: l2, name: head}
  - Softmax
"""
    )


def test_what_a_nested_model_is_told_of_training_is_overruled_and_left_out() -> None:
    model = transfer()
    found = import_model(model)
    assert found.lost == ("base",)
    assert "call" not in write_spec(found.data)
    x = np.ones((1, 8), "float32")
    drawn = [np.asarray(model(x, training=True)) for _ in range(20)]
    assert any(not np.array_equal(drawn[0], one) for one in drawn)


def test_what_a_layer_is_told_of_training_holds_only_where_the_model_is_told_nothing() -> None:
    inputs = keras.Input((64,), name="x")
    frozen = keras.layers.BatchNormalization(name="frozen")
    always = keras.layers.Dropout(0.5, name="always")
    model = keras.Model(inputs, always(frozen(inputs, training=False), training=True))
    x = np.random.default_rng(0).normal(3, 1, (8, 64)).astype("float32")

    def drops(values: Any) -> bool:
        return bool((np.asarray(values) == 0).any())

    assert drops(model(x))
    assert not drops(model(x, training=False))
    assert not drops(model.predict(x, verbose=0))
    assert not np.any(frozen.moving_mean)
    model(x, training=True)
    assert np.any(frozen.moving_mean)

    found = agree(model)
    assert found.lost == ("always", "frozen")
    assert "call" not in write_spec(found.data)


def test_names_lead_back_to_the_layers_of_nested_models() -> None:
    found = import_model(nested())
    assert found.names["inner/dense"] == "inner_dense"
    assert found.names["pair/dense"] == "pair_dense"
    assert found.renames == {"inner/dense": "inner_dense", "pair/dense": "pair_dense"}


def test_a_saved_file_gives_what_the_live_model_gives(tmp_path: Path) -> None:
    model = several()
    model.compile("adam", {"kind": "mse", "size": "mse"})
    model.save(tmp_path / "model.keras")
    (tmp_path / "config.json").write_text(model.to_json())
    found = import_model(model)
    assert import_config(read_model(tmp_path / "model.keras")) == found
    assert import_config(read_model(tmp_path / "config.json")) == found


@pytest.mark.skipif(
    "return_state" not in LAYER.items["LSTM"].model_fields,
    reason="the language has no `return_state`",
)
def test_states_go_from_one_layer_to_another() -> None:
    x = keras.Input((5, 3), name="x")
    sequence, *states = layers.LSTM(4, return_state=True, return_sequences=True, name="reads")(x)
    y = layers.LSTM(4, name="writes")(sequence, initial_state=states)
    found = agree(keras.Model(x, [y, states[1]], name="states"))
    assert found.data["layers"][1] == {
        "LSTM": {"units": 4, "name": "writes", "call": {"initial_state": ("reads.1", "reads.2")}}
    }
    assert found.data["outputs"] == ("writes", "reads.2")


def test_scores_of_attention_are_an_output_of_their_own() -> None:
    x = keras.Input((4, 6), name="x")
    y, scores = layers.MultiHeadAttention(2, 3, name="at")(x, x, return_attention_scores=True)
    found = import_model(keras.Model(x, [y, scores], name="scores"))
    arguments = {"num_heads": 2, "key_dim": 3, "name": "at"}
    assert found.data["layers"] == (
        {"MultiHeadAttention": {**arguments, "call": {"return_attention_scores": True}}},
    )
    assert found.data["outputs"] == ("at", "at.1")


def test_what_cannot_be_imported_is_listed() -> None:
    class Own(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    x = keras.Input((4,))
    y = Own(name="own")(layers.Lambda(lambda x: x, name="code", output_shape=(4,))(x))
    y = layers.Dense(2, dtype="mixed_bfloat16", name="half")(ops.erf(y))
    with pytest.raises(SpecError) as caught:
        import_model(keras.Model(x, y))
    assert [one.message.split(":")[0] for one in caught.value.diagnostics] == [
        "`code` (Lambda)", "`own` (Own)", "`erf` (Erf)", "`half` (Dense)",
    ]  # fmt: skip


def test_a_subclassed_model_is_no_data() -> None:
    class Model(keras.Model):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.width = width

    with pytest.raises(SpecError) as caught:
        import_model(Model(3))
    (found,) = caught.value.diagnostics
    assert found.code == "HB802"


def test_a_model_without_a_shape() -> None:
    with pytest.raises(SpecError, match="no input shape yet"):
        import_model(keras.Sequential([layers.Dense(2)]))


# Keras's own architectures


def missing(name: str) -> list[str]:
    """Return the layers that an architecture needs and the language does not have yet."""
    return [
        one for start, needed in NEEDS.items() if name.startswith(start)
        for one in needed if one not in LAYER.items
    ]  # fmt: skip


@pytest.mark.parametrize("name", [one for one in ARCHITECTURES if ALL or one in SOON])
def test_an_architecture_of_keras(name: str) -> None:
    if missing(name):
        pytest.skip(f"the language has no {missing(name)}")
    make = getattr(keras.applications, name)
    model = make(weights=None, input_shape=(96, 96, 3), classes=10)
    found = agree(model)
    kept = [path for path in found.names if path not in found.renames]
    assert len(kept) == len(found.names)
