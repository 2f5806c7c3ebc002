"""The classes of the language against the installed Keras: names, arguments, order, defaults."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from families import layers_of  # noqa: E402
from hornbook.specs.base import Item, LayerSpec, Registry  # noqa: E402
from hornbook.specs.choices import read_choice  # noqa: E402
from hornbook.specs.layers import (  # noqa: E402
    activation,
    attention,
    merging,
    normalization,
    recurrent,
    regularization,
)
from hornbook.specs.registries import REGISTRIES  # noqa: E402

LAYER_FAMILIES = (activation, attention, merging, normalization, recurrent, regularization)
RATE = {"name": "it is only shown in the names of the optimizer's own variables"}
LOSS = {
    "name": "it is shown nowhere: a loss is reported under its output's name",
    "dtype": "a loss is computed in the precision of the model's output",
}
SUM = {"dtype": "a metric is summed in the precision that Keras chooses"}
PATTERNS = {"exclude_layers": "these are patterns of weight paths, which differ between the styles"}
OMITTED: dict[str, dict[str, dict[str, str]]] = {
    "activation": {},
    "initializer": {},
    "regularizer": {},
    "constraint": {},
    "optimizer": dict.fromkeys(REGISTRIES["optimizer"].items, RATE) | {"Muon": RATE | PATTERNS},
    "schedule": dict.fromkeys(REGISTRIES["schedule"].items, RATE),
    "loss": dict.fromkeys(REGISTRIES["loss"].items, LOSS),
    "metric": dict.fromkeys(REGISTRIES["metric"].items, SUM),
    "callback": {},
    "layer": {name: why for family in LAYER_FAMILIES for name, why in family.OMITTED.items()},
}
WIRING = {"name", "inputs", "trainable", "call"}


def items() -> Iterator[tuple[str, type[Item]]]:
    for kind in OMITTED:
        if kind != "layer":
            yield from ((kind, cls) for cls in REGISTRIES[kind].items.values())
    for family in LAYER_FAMILIES:
        yield from (("layer", cls) for cls in layers_of(family))


ITEMS = list(items())
IDS = [f"{kind}-{cls.__name__}" for kind, cls in ITEMS]


def module(one: Registry) -> Any:
    found = keras
    for part in one.module.split("."):
        found = getattr(found, part)
    return found


def arguments(made: type) -> dict[str, Any]:
    """What a Keras class takes by name, in order; the catch-all aside."""
    parameters = list(inspect.signature(made.__init__).parameters.values())[1:]
    return {
        one.name: one.default
        for one in parameters
        if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    }


@pytest.mark.parametrize(("kind", "cls"), ITEMS, ids=IDS)
def test_fields_are_keras_arguments(kind: str, cls: type[Item]) -> None:
    """Same names, same order, same defaults; what is left out has a reason."""
    expected = arguments(getattr(module(REGISTRIES[kind]), cls.__name__))
    own = dict(cls.model_fields)
    if issubclass(cls, LayerSpec):
        # Some classes of Keras list the arguments that every layer has.
        expected = {n: d for n, d in expected.items() if n not in {*WIRING, "dtype"}}
        own = {n: info for n, info in own.items() if n not in WIRING}
    omitted = OMITTED[kind].get(cls.__name__, {})
    assert set(omitted) <= set(expected), "an omitted argument that Keras does not have"
    assert not set(omitted) & set(own)
    expected = {n: d for n, d in expected.items() if n not in omitted}
    assert list(own) == list(expected)
    for name, info in own.items():
        if info.is_required():
            assert expected[name] is inspect.Parameter.empty, name
        else:
            assert same(info.get_default(), expected[name]), name


def same(own: object, theirs: object) -> bool:
    """Compare defaults; Keras writes some words as class names, and some numbers without a point."""
    if isinstance(own, str) and isinstance(theirs, str):
        return own.lower() == theirs.lower()
    return own == theirs and isinstance(own, bool) == isinstance(theirs, bool)


@pytest.mark.parametrize(("kind", "cls"), ITEMS, ids=IDS)
def test_keras_takes_every_default_by_name(kind: str, cls: type[Item]) -> None:
    """Construct each class from its fields' defaults, as an emitter that spelt all of them would."""
    made = getattr(module(REGISTRIES[kind]), cls.__name__)
    skip = WIRING if issubclass(cls, LayerSpec) else set()
    given = {
        name: REQUIRED[name]() if info.is_required() else info.get_default()
        for name, info in cls.model_fields.items()
        if name not in skip
    }
    assert made(**given) is not None


REQUIRED: dict[str, Any] = {
    "axes": lambda: 1,
    "boundaries": lambda: (10,),
    "cell": lambda: keras.layers.GRUCell(2),
    "decay_rate": lambda: 0.5,
    "decay_steps": lambda: 10,
    "first_decay_steps": lambda: 10,
    "head_dim": lambda: 2,
    "initial_learning_rate": lambda: 0.5,
    "key_dim": lambda: 2,
    "layer": lambda: keras.layers.LSTM(2),
    "num_classes": lambda: 3,
    "num_heads": lambda: 2,
    "num_key_value_heads": lambda: 1,
    "num_query_heads": lambda: 2,
    "precision": lambda: 0.5,
    "rate": lambda: 0.5,
    "recall": lambda: 0.5,
    "sensitivity": lambda: 0.5,
    "specificity": lambda: 0.5,
    "stddev": lambda: 0.5,
    "target_class_ids": lambda: (0, 1),
    "units": lambda: 2,
    "values": lambda: (0.5, 0.25),
}


WORDS = [(kind, word) for kind in OMITTED for word in REGISTRIES[kind].names.values()]


@pytest.mark.parametrize(("kind", "word"), WORDS)
def test_keras_knows_every_word(kind: str, word: str) -> None:
    if kind == "metric" and word in ("accuracy", "acc"):
        # `compile` itself reads these two, by the shapes of labels and predictions.
        from keras.src.trainers.compile_utils import get_metric

        found = get_metric(word, keras.KerasTensor((4, 1)), keras.KerasTensor((4, 3)))
        assert type(found).__name__ == "SparseCategoricalAccuracy"
        return
    # The items of activations are layers, but its words are functions.
    where = keras.activations if kind == "activation" else module(REGISTRIES[kind])
    assert where.get(word) is not None


@pytest.mark.parametrize("kind", ["initializer", "regularizer", "constraint", "loss", "metric"])
def test_every_word_of_keras_is_known(kind: str) -> None:
    """What Keras reads as a word is a word, an alias, a class or a refusal here."""
    one = REGISTRIES[kind]
    for word in sorted(getattr(keras.src, one.module).ALL_OBJECTS_DICT):
        lower = word.replace("_", "").lower()
        listed = {*one.spellings(), *one.refused, *UNSPOKEN}
        classes = {name.lower() for name in (*one.items, *one.refused)}
        assert word in listed or lower in classes, word


UNSPOKEN = {"LossFunctionWrapper"}
"""A base class that Keras does not publish, though it knows the word."""

PUBLIC = ["initializer", "regularizer", "constraint", "optimizer", "schedule", "loss", "metric"]


@pytest.mark.parametrize("kind", [*PUBLIC, "callback"])
def test_every_public_class_is_known_or_refused(kind: str) -> None:
    one = REGISTRIES[kind]
    for name, found in vars(module(one)).items():
        if inspect.isclass(found) and name == found.__name__:
            assert name in one.items or name in one.refused or name in ELSEWHERE, name


ELSEWHERE = {
    "MonitorCallback": "the base class of callbacks that watch a value",
    "OrbaxCheckpoint": "checkpoints are the run's own",
    "RemoteMonitor": "it sends what it sees to a server",
    "SwapEMAWeights": "the optimizer's `use_ema` ends with the averaged weights",
    "TensorBoard": "it writes files of its own",
}


@pytest.mark.parametrize("kind", [*PUBLIC, "callback", "layer"])
def test_refusals_are_of_names_that_keras_has(kind: str) -> None:
    one = REGISTRIES[kind]
    words = {"ce", "crossentropy"}  # read by `compile` itself
    for name in one.refused:
        assert name in words or hasattr(module(one), name), name


def test_activations_of_keras_are_known_or_refused() -> None:
    one = REGISTRIES["activation"]
    for word in keras.src.activations.ALL_OBJECTS_DICT:
        assert word in one.names or word in one.refused, word


@pytest.mark.parametrize("name", list(REGISTRIES["activation"].items))
def test_a_layer_serves_as_an_activation_and_survives_saving(name: str, tmp_path: Any) -> None:
    made = getattr(keras.layers, name)
    inputs = keras.Input((3, 2))
    hidden = keras.layers.LSTM(2, activation=made(), return_sequences=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, activation=made())(hidden))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    data = keras.random.normal((2, 3, 2), seed=1)
    assert (
        keras.ops.convert_to_numpy(model(data)) == keras.ops.convert_to_numpy(again(data))
    ).all()


def test_keras_does_not_freeze_what_composite_layers_hold() -> None:
    """The reason why `trainable: false` is refused on them."""
    inputs = keras.Input((3, 2))
    for layer, call in (
        (keras.layers.Bidirectional(keras.layers.LSTM(2), trainable=False), (inputs,)),
        (keras.layers.TimeDistributed(keras.layers.Dense(2), trainable=False), (inputs,)),
        (keras.layers.MultiHeadAttention(1, 2, trainable=False), (inputs, inputs)),
    ):
        model = keras.Model(inputs, layer(*call))
        assert layer.trainable_weights == []
        assert len(model.trainable_weights) == len(layer.weights) > 0


REFUSED_BY_BOTH: list[tuple[str, str, dict[str, Any]]] = [
    ("optimizer", "SGD", {"clipnorm": 1.0, "clipvalue": 1.0}),
    ("optimizer", "Adam", {"gradient_accumulation_steps": 1}),
    ("optimizer", "AdamW", {"weight_decay": None}),
    ("optimizer", "Ftrl", {"learning_rate_power": 1.0}),
    ("optimizer", "Lion", {"beta_1": 0.0}),
    ("schedule", "PiecewiseConstantDecay", {"boundaries": (1,), "values": (0.5,)}),
    ("initializer", "VarianceScaling", {"scale": 0.0}),
    ("initializer", "VarianceScaling", {"mode": "fan"}),
    ("loss", "MeanSquaredError", {"reduction": "average"}),
    ("loss", "CategoricalGeneralizedCrossEntropy", {"q": 1.0}),
    ("metric", "AUC", {"num_thresholds": 1}),
    ("metric", "AUC", {"num_labels": 2}),
    ("metric", "FBetaScore", {"beta": 0.0}),
    ("metric", "IoU", {"num_classes": 2, "target_class_ids": (2,)}),
    ("metric", "Precision", {"thresholds": 1.5}),
    ("callback", "ReduceLROnPlateau", {"factor": 1.0}),
    ("activation", "LeakyReLU", {"negative_slope": -0.5}),
    ("layer", "Dropout", {"rate": 1.5}),
    ("layer", "GroupNormalization", {"groups": 0}),
    ("layer", "MultiHeadAttention", {"num_heads": 0, "key_dim": 1}),
    ("layer", "GaussianNoise", {"stddev": 1.5}),
    ("layer", "SpatialDropout1D", {"rate": 0.5, "trainable": False}),
]


@pytest.mark.parametrize(("kind", "name", "given"), REFUSED_BY_BOTH)
def test_what_keras_refuses_is_refused(kind: str, name: str, given: dict[str, Any]) -> None:
    assert isinstance(read_choice(REGISTRIES[kind], {name: given}), tuple)
    with pytest.raises((ValueError, TypeError)):
        getattr(module(REGISTRIES[kind]), name)(**given)
