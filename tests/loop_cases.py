"""Models and data that both loops are tried on, and what a training leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
from keras import layers

from hornbook.runtime.batches import Batches
from hornbook.runtime.fit import fit
from hornbook.runtime.history import History
from hornbook.runtime.tape import tape

LOOPS: dict[str, Callable[..., History]] = {"fit": fit, "tape": tape}
BYTES = SimpleNamespace(offset=0.0, scale=255.0, identity=False)
CLASSES = 5


# ---------------------------------------------------------------------------- models and data


@dataclass(frozen=True)
class Case:
    """A model, how to compile it, and examples for it."""

    model: Callable[[], Any]
    data: Callable[[int], Batches]
    settings: Callable[[], dict[str, Any]] = dict
    examples: int = 33
    epochs: int = 2
    validate: bool = False


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def images(examples: int) -> Batches:
    x = rng().integers(0, 256, (examples, 8, 8, 3), dtype=np.uint8)
    y = rng().integers(0, CLASSES, examples)
    return Batches(x, y, batch_size=8, seed=3, scaling=BYTES)


def rows(examples: int) -> Batches:
    x = rng().normal(size=(examples, 6))
    y = rng().normal(size=(examples, 1))
    return Batches(x, y, batch_size=8, seed=3)


def words(examples: int) -> Batches:
    x = rng().integers(0, 20, (examples, 7))
    y = rng().integers(0, 2, (examples, 1)).astype("float32")
    return Batches(x, y, batch_size=8, seed=3)


def towers(examples: int) -> Batches:
    x = {
        "picture": rng().integers(0, 256, (examples, 8, 8, 1), dtype=np.uint8),
        "row": rng().normal(size=(examples, 4)),
    }
    y = {"main": rng().integers(0, CLASSES, examples), "aux": rng().normal(size=(examples, 1))}
    return Batches(x, y, batch_size=8, seed=3, scaling={"picture": BYTES})


def bare(examples: int) -> Batches:
    return Batches(rng().normal(size=(examples, 6)), batch_size=8, seed=3)


def chain(*inner: Any) -> Any:
    return keras.Sequential([*inner, layers.Dense(CLASSES, activation="softmax")])


def convolutions() -> Any:
    return chain(
        keras.Input((8, 8, 3)),
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(6, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(12, activation="relu"),
    )


def normalised() -> Any:
    return chain(
        keras.Input((8, 8, 3)),
        layers.Conv2D(4, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.SpatialDropout2D(0.2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(12),
        layers.BatchNormalization(),
    )


def regularised() -> Any:
    return chain(
        keras.Input((8, 8, 3)),
        layers.Conv2D(4, 3, kernel_regularizer="l2", bias_regularizer="l1"),
        layers.Flatten(),
        layers.Dense(12, kernel_regularizer=keras.regularizers.L1L2(1e-3, 1e-2)),
        layers.Dense(
            12, activation="tanh", activity_regularizer="l2", kernel_constraint="max_norm"
        ),
    )


def augmented() -> Any:
    return chain(
        keras.Input((8, 8, 3)),
        layers.RandomFlip(),
        layers.RandomTranslation(0.2, 0.2),
        layers.GaussianNoise(0.1),
        layers.Flatten(),
    )


def two_towers() -> Any:
    picture, row = keras.Input((8, 8, 1), name="picture"), keras.Input((4,), name="row")
    left = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(picture))
    joined = layers.Concatenate()([left, layers.Dense(8)(row)])
    joined = layers.BatchNormalization()(joined)
    outputs = {
        "main": layers.Dense(CLASSES, activation="softmax", name="main")(joined),
        "aux": layers.Dense(1, name="aux")(joined),
    }
    return keras.Model({"picture": picture, "row": row}, outputs)


class Residual(keras.Model):
    """A subclassed model; its ``call`` knows no ``training``."""

    def __init__(self) -> None:
        super().__init__()
        self.first = layers.Dense(6, activation="relu")
        self.norm = layers.BatchNormalization()
        self.drop = layers.Dropout(0.3)
        self.last = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.last(inputs + self.drop(self.norm(self.first(inputs))))


class Gated(Residual):
    """A subclassed model that passes ``training`` on."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.last(
            inputs + self.drop(self.norm(self.first(inputs), training=training), training=training)
        )


class OwnLoss(keras.Model):
    """A model that brings its own loss, and needs no targets."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow = layers.Dense(2)
        self.wide = layers.Dense(6)

    def call(self, inputs: Any) -> Any:
        again = self.wide(self.narrow(inputs))
        self.add_loss(keras.ops.mean(keras.ops.square(again - inputs)))
        return again


def called(model: Any) -> Any:
    model(keras.Input((6,)))
    return model


def recurrent() -> Any:
    return keras.Sequential(
        [
            keras.Input((7,), dtype="int64"),
            layers.Embedding(20, 6),
            layers.LSTM(5, dropout=0.2, recurrent_dropout=0.1),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def half_frozen() -> Any:
    model = convolutions()
    model.layers[0].trainable = False
    return model


def classify(**changes: Any) -> dict[str, Any]:
    return {
        "optimizer": "adam",
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
    } | changes


def regress(**changes: Any) -> dict[str, Any]:
    return {"optimizer": "adam", "loss": "mse", "metrics": ["mae"]} | changes


def clipped_and_scheduled() -> dict[str, Any]:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 2, 0.9)
    return classify(optimizer=keras.optimizers.Adam(schedule, global_clipnorm=0.3))


def averaged() -> dict[str, Any]:
    return classify(
        optimizer=keras.optimizers.AdamW(0.01, weight_decay=0.1, use_ema=True, clipnorm=1.0)
    )


def by_output() -> dict[str, Any]:
    return {
        "optimizer": keras.optimizers.Adam(global_clipnorm=1.0),
        "loss": {"main": "sparse_categorical_crossentropy", "aux": "mse"},
        "loss_weights": {"main": 1.0, "aux": 0.3},
        "metrics": {"main": ["accuracy"], "aux": ["mae", "mse"]},
    }


def binary() -> dict[str, Any]:
    loss = keras.losses.BinaryCrossentropy(label_smoothing=0.1)
    return {
        "optimizer": "rmsprop",
        "loss": loss,
        "metrics": ["accuracy", keras.metrics.AUC(name="auc")],
    }


def half_precision() -> dict[str, Any]:
    return regress(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01, 0.9)))


CASES: dict[str, Case] = {
    "convolutions": Case(convolutions, images, classify, validate=True),
    "batch norm and dropout": Case(normalised, images, classify, epochs=3),
    "regularised": Case(regularised, images, classify, validate=True),
    "augmented": Case(augmented, images, classify),
    "clipped and scheduled": Case(convolutions, images, clipped_and_scheduled),
    "averaged weights": Case(normalised, images, averaged, validate=True),
    "several outputs": Case(two_towers, towers, by_output, validate=True),
    "subclassed": Case(lambda: called(Gated()), rows, regress, validate=True),
    "subclassed without training": Case(lambda: called(Residual()), rows, regress, validate=True),
    "own loss": Case(lambda: called(OwnLoss()), bare, lambda: {"optimizer": "sgd"}, validate=True),
    "recurrent": Case(recurrent, words, binary),
    "scaled loss": Case(lambda: called(Gated()), rows, half_precision),
    "frozen layer": Case(half_frozen, images, classify),
    "no partial batch": Case(normalised, images, classify, examples=16),
    "fewer than a batch": Case(normalised, images, classify, examples=5, validate=True),
    "one example": Case(convolutions, images, classify, examples=1),
}


@dataclass(frozen=True)
class Outcome:
    """Everything that a run leaves behind."""

    state: dict[str, bytes]
    history: History


def ready(case: Case) -> Any:
    keras.utils.set_random_seed(11)
    model = case.model()
    model.compile(**case.settings(), jit_compile=False)
    return model


def outcome(loop: Callable[..., History], case: Case, **arguments: Any) -> Outcome:
    model, batches = ready(case), case.data(case.examples)
    validation = replace(case.data(11), shuffle=False) if case.validate else None
    history = loop(model, batches, case.epochs, validation, **arguments)
    return Outcome(state_of(model), history)


def state_of(model: Any) -> dict[str, bytes]:
    """Return every variable's bytes: weights, generators' states, and the optimizer's."""
    state = {f"{i} {v.name}": np.asarray(v).tobytes() for i, v in enumerate(model.variables)}
    return state | {
        f"optimizer {i}": np.asarray(v).tobytes() for i, v in enumerate(model.optimizer.variables)
    }
