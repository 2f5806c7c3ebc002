"""From a spec and data to a trained model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest

from hornbook.compiler.driver import analyse
from hornbook.runtime.data import DataSet, Scaling, load_data
from hornbook.runtime.data.memory import aligned
from hornbook.runtime.train import Examples, Trained, hold_out, place_of_data, prepare, train
from hornbook.specs.data import NpzData
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import Spec, load
from hornbook.specs.overrides import Override
from hornbook.specs.yaml import read_text

pytestmark = pytest.mark.keras

WINE = """
name: wines
inputs: {row: [13]}
layers:
  - Dense: {units: 8, activation: relu, kernel_regularizer: l2}
  - BatchNormalization
  - Dropout: {rate: 0.3}
  - Dense: {units: $classes, activation: softmax}
train:
  data: wine
  optimizer: {Adam: {learning_rate: 0.01}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  epochs: 3
  batch_size: 40
  validation: 0.2
  seed: 5
"""


def read(text: str, *overrides: str, classes: int | None = None) -> Spec:
    return load(read_text(text), overrides=map(Override, overrides), classes=classes)


def numbers(rows: int = 20, columns: int = 3, **changes: Any) -> DataSet:
    """Make a data set whose label is whether the sum of a row is positive."""
    x = np.random.default_rng(0).standard_normal((rows, columns)).astype(np.float32)
    y = (x.sum(axis=1) > 0).astype(np.int64)
    made = {"x_train": x, "y_train": y, "x_test": x[:5], "y_test": y[:5], "classes": 2, **changes}
    return DataSet("made", **made)


def codes(caught: pytest.ExceptionInfo[SpecError]) -> list[str]:
    return [one.code for one in caught.value.diagnostics]


def weights(trained: Trained) -> dict[str, bytes]:
    return {
        f"{name} {position}": np.asarray(variable).tobytes()
        for name, layer in trained.built.layers.items()
        for position, variable in enumerate(layer.variables)
    }


def test_styles_and_loops_end_alike_bit_for_bit() -> None:
    data = load_data("wine")
    first = train(read(WINE), data)
    assert set(first.test) == {"loss", "accuracy"}
    assert first.history.history["loss"][-1] < first.history.history["loss"][0]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} == set(first.history.history)
    assert len(first.seconds) == 3
    for style, loop in [("sequential", "fit"), ("subclassed", "tape"), ("functional", "tape")]:
        other = train(read(WINE), data, style=style, loop=loop)
        assert weights(other) == weights(first)
        assert other.test == first.test
        assert other.history == first.history
        assert f"as a {style.capitalize()} Keras model" in other.source.text


GREY = """
name: grey
inputs: {{image: [6, 6, 1]}}
layers:
  - {first}
  - Flatten
  - Dense: {{units: 3, activation: softmax}}
train: {{data: {{npz: none.npz, scale: none, classes: 3}}, loss: sparse_categorical_crossentropy, batch_size: 8}}
"""


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
@pytest.mark.parametrize(
    "first",
    ["LayerNormalization", "GaussianNoise: {stddev: 0.1}", "Conv2D: {filters: 2, kernel_size: 3}"],
)
def test_numbers_that_nothing_scales_are_cast_alike_in_every_style(first: str, dtype: str) -> None:
    """Keras casts what a Functional model takes, and leaves it to the layers of a subclass."""
    found = np.random.default_rng(0).integers(0, 255, (21, 6, 6, 1))
    x, y = (found > 99 if dtype == "bool" else found).astype(dtype), np.arange(21) % 3
    data = numbers(x_train=x, y_train=y, x_test=x[:5], y_test=y[:5], classes=3)
    spec = read(GREY.format(first=first))
    one, other = (train(spec, data, style=style) for style in ("functional", "subclassed"))
    assert weights(one) == weights(other)
    assert one.test == other.test


IDS = """
name: ids
inputs: {words: {shape: [4], dtype: int32}}
layers: [{Embedding: {input_dim: 50, output_dim: 3}}, Flatten, {Dense: {units: 3, activation: softmax}}]
train: {data: {npz: none.npz, classes: 3}, loss: sparse_categorical_crossentropy}
"""


@pytest.mark.parametrize(
    ("first", "said"),
    [(2**33, "run from 0 to 8589934592"), (-(2**40), "run from"), (0.5, "are not all whole")],
)
def test_what_integers_cannot_hold_is_refused(first: float, said: str) -> None:
    x = np.zeros((6, 4), np.float64 if isinstance(first, float) else np.int64)
    x[0, 0] = first
    spec = read(IDS.replace("Embedding: {input_dim: 50, output_dim: 3}", "Hashing: {num_bins: 5}"))
    data = numbers(
        x_train=x, x_test=x, y_train=np.arange(6) % 3, y_test=np.arange(6) % 3, classes=3
    )
    with pytest.raises(SpecError, match=f"HB602.*the input `words` takes int32.*{said}"):
        prepare(spec, analyse(spec), data)


def test_wide_numbers_are_narrowed_once() -> None:
    x = np.random.default_rng(0).random((40, 13))
    y = np.arange(40) % 3
    data = numbers(x_train=x, y_train=y, x_test=x, y_test=y, classes=3)
    spec = read(WINE, classes=3)
    found = prepare(spec, analyse(spec), data)
    assert found.training.x.dtype == np.float32
    assert found.validation is not None
    assert found.validation.x is found.training.x
    assert aligned(found.training.x) is found.training.x


def test_the_seed_decides() -> None:
    data = load_data("wine")
    assert weights(train(read(WINE, "seed=6"), data)) != weights(train(read(WINE), data))


def test_the_spec_names_the_loop() -> None:
    assert train(read(WINE, "loop=tape", "epochs=1"), load_data("wine")).loop == "tape"


class Told:
    """Notes what a watcher is told."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def began(self, examples: Examples, epochs: int) -> None:
        self.events.append((examples.training.examples, examples.training.steps_per_epoch, epochs))

    def epoch_began(self, epoch: int) -> None:
        self.events.append(epoch)

    def step_ended(self, step: int, logs: Mapping[str, float]) -> None:
        assert set(logs) == {"loss", "accuracy"}
        self.events.append(f"step {step}")

    def epoch_ended(self, epoch: int, seconds: float, logs: Mapping[str, float]) -> None:
        assert seconds > 0
        self.events.append(sorted(logs))


@pytest.mark.parametrize("loop", ["fit", "tape"])
def test_a_watcher_is_told_of_every_step(loop: str) -> None:
    told = Told()
    train(read(WINE, "epochs=2", "batch_size=100"), load_data("wine"), loop=loop, watcher=told)
    ended = ["accuracy", "loss", "val_accuracy", "val_loss"]
    epoch = ["step 0", "step 1", ended]
    assert told.events == [(114, 2, 2), 0, *epoch, 1, *epoch]


def test_callbacks_of_the_spec_and_of_the_caller() -> None:
    seen: list[int] = []
    mine = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    spec = read(WINE, "epochs=50", "callbacks=[EarlyStopping: {patience: 1, min_delta: 10.0}]")
    trained = train(spec, load_data("wine"), callbacks=[mine])
    assert seen == [0, 1]
    assert len(trained.seconds) == 2


# Holding out


def test_hold_out_splits_by_the_seed_alone() -> None:
    left, held = hold_out(100, 0.25, 3, "made", None)
    assert (len(left), len(held)) == (75, 25)
    assert sorted([*left, *held]) == list(range(100))
    assert np.array_equal(hold_out(100, 0.25, 3, "made", None)[1], held)
    assert not np.array_equal(hold_out(100, 0.25, 4, "made", None)[1], held)


def test_a_small_fraction_holds_out_one_example() -> None:
    left, held = hold_out(3, 0.01, 0, "made", None)
    assert (len(left), len(held)) == (2, 1)


def test_one_example_cannot_be_split() -> None:
    with pytest.raises(SpecError) as caught:
        hold_out(1, 0.5, 0, "made", None)
    assert codes(caught) == ["HB602"]


def test_the_test_part_can_validate() -> None:
    spec = read(WINE, "validation=test")
    examples = prepare(spec, analyse(spec), load_data("wine"))
    assert examples.validation is examples.test
    assert not examples.test.shuffle
    assert examples.training.examples == 142


# Data that does not fit

SMALL = """
name: small
inputs: {row: [3]}
layers:
  - Dense: {units: $classes, activation: softmax}
train: {data: {npz: made.npz}, loss: sparse_categorical_crossentropy}
"""


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (numbers(columns=4), "HB504"),
        (numbers(y_train=np.full(20, 2)), "HB603"),
        (numbers(y_test=np.full(5, -1)), "HB603"),
        (numbers(y_train=np.eye(2, dtype=np.float32)[np.zeros(20, int)]), "HB502"),
        (numbers(x_train={"a": np.zeros((20, 3))}, x_test={"a": np.zeros((5, 3))}), "HB504"),
        (numbers(y_train={"a": np.zeros(20), "b": np.zeros(20)}), "HB602"),
    ],
)
def test_data_that_does_not_fit_is_refused_before_the_first_step(data: DataSet, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        train(read(SMALL, classes=2), data)
    assert codes(caught) == [code]
    place = caught.value.diagnostics[0].span
    assert place is not None
    assert place.line == 6


def test_a_guessed_number_of_classes_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        train(read(SMALL), numbers())
    assert codes(caught) == ["HB508"]
    with pytest.raises(SpecError) as caught:
        train(read(SMALL), numbers(classes=None))
    assert codes(caught) == ["HB506"]
    assert train(read(SMALL), numbers(classes=10)).test


def test_no_settings_no_training() -> None:
    text = "name: bare\ninputs: {row: [3]}\nlayers:\n  - Dense: {units: 2}\n"
    for changes in ([], ["train={loss: mse}"]):
        with pytest.raises(SpecError) as caught:
            train(read(text, *changes), numbers())
        assert codes(caught) == ["HB507"]


def test_place_of_data() -> None:
    spec = read(SMALL, classes=2)
    place = place_of_data(spec)
    assert place is not None
    assert (place.line, place.column) == (6, 15)
    replaced = load(read_text(SMALL), data=NpzData(npz="other.npz"), classes=2)
    place = place_of_data(replaced)
    assert place is not None
    assert (place.path, place.column) == ("--data other.npz", 8)


# What stops a loop


@pytest.mark.parametrize("loop", ["fit", "tape"])
def test_a_loss_that_is_not_finite_stops_with_its_causes(loop: str) -> None:
    text = SMALL.replace("$classes, activation: softmax", "1").replace(
        "sparse_categorical_crossentropy", "mean_squared_error"
    )
    spec = read(text, "optimizer={SGD: {learning_rate: 1e15}}", "epochs=9", "batch_size=4")
    data = numbers(y_train=np.ones(20, np.float32), y_test=np.ones(5, np.float32), classes=None)
    with pytest.raises(SpecError) as caught:
        train(spec, data, loop=loop)
    (found,) = caught.value.diagnostics
    assert found.code == "HB701"
    assert "in epoch 1, at step" in found.message
    assert any("learning rate of 1e+15" in note.message for note in found.notes)
    assert found.span is not None


WORDS = """
name: words
inputs: {words: {shape: [4], dtype: int32}}
layers:
  - Embedding: {name: vectors, input_dim: 50, output_dim: 2}
  - Flatten
  - Dense: {units: 1, activation: sigmoid}
train: {data: {npz: made.npz}, loss: binary_crossentropy}
"""


def words(top: int) -> DataSet:
    x = np.random.default_rng(0).integers(0, top, (20, 4)).astype(np.uint8)
    x[0, 0] = top - 1
    y = (x[:, 0] % 2).astype(np.int64)
    return DataSet("made", x, y, x[:5], y[:5], 2, scaling=Scaling(0.0, 255.0))


def test_word_numbers_are_held_against_the_embedding() -> None:
    with pytest.raises(SpecError) as caught:
        train(read(WORDS), words(51))
    (found,) = caught.value.diagnostics
    assert found.code == "HB504"
    assert "`vectors` knows the integers from 0 to 49" in found.message
    assert found.help == "write `input_dim: 51`"


def test_word_numbers_in_bytes_are_not_scaled() -> None:
    spec = read(WORDS)
    examples = prepare(spec, analyse(spec), words(50))
    assert examples.training.scaling is None
    assert train(spec, words(50)).test


TWO = """
name: two
inputs: {a: [3], b: [2]}
layers:
  - Concatenate: {inputs: [a, b]}
  - Dense: {name: kind, units: 4, activation: softmax}
  - Dense: {name: price, units: 1, inputs: concatenate}
outputs: [kind, price]
train:
  data: {npz: made.npz}
  loss: {kind: sparse_categorical_crossentropy, price: mean_squared_error}
  metrics: {kind: [accuracy]}
  validation: 0.5
"""


def test_several_inputs_and_outputs() -> None:
    rng = np.random.default_rng(0)
    x = {
        "a": rng.integers(0, 255, (20, 3)).astype(np.uint8),
        "b": rng.standard_normal((20, 2)).astype(np.float32),
    }
    y = {"kind": rng.integers(0, 4, 20), "price": rng.standard_normal(20).astype(np.float32)}
    data = DataSet("made", x, y, x, y, None, scaling={"a": Scaling(0.0, 255.0), "b": None})
    trained = train(read(TWO), data)
    assert {"loss", "kind_loss", "price_loss", "kind_accuracy"} <= set(trained.test)
    assert weights(train(read(TWO), data, style="subclassed", loop="tape")) == weights(trained)
