"""How long a model takes to build from emitted source, against the same model written by hand.

    python benchmarks/building.py [--rounds 15] [--model resnet50]

Both build functions run in one process, in turn; figures are processor time, as ratios within a round: their
median and range. The last two columns are all that hornbook does, from the typed graph or the validated spec to the
live model: it sets the seed, emits, compiles and executes the source, builds, and ties the layers to the spec. They
stand against the model by hand after `keras.utils.set_random_seed`, which empties TensorFlow's cache of kernels.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers

from hornbook.compiler.driver import analyse, emit
from hornbook.runtime.build import build, build_typed
from hornbook.specs.load import load

Build = Callable[[], keras.Model]


def mnist_sequential() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def mnist_functional() -> keras.Model:
    image = keras.Input((28, 28, 1))
    x = layers.Conv2D(32, 3, activation="relu")(image)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


class Mnist(keras.Model):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = layers.Conv2D(32, 3, activation="relu")
        self.conv2 = layers.Conv2D(64, 3, activation="relu")
        self.flatten = layers.Flatten()
        self.hidden = layers.Dense(128, activation="relu")
        self.head = layers.Dense(10, activation="softmax")

    def call(self, inputs: Any) -> Any:
        x = self.conv2(self.conv1(inputs))
        return self.head(self.hidden(self.flatten(x)))


def cifar100_sequential() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(100, activation="softmax"),
        ]
    )


def cifar100_functional() -> keras.Model:
    image = keras.Input((32, 32, 3))
    x = layers.MaxPooling2D(2)(layers.Conv2D(16, 3, activation="relu")(image))
    x = layers.MaxPooling2D(2)(layers.Conv2D(32, 3, activation="relu")(x))
    x = layers.Dense(256, activation="relu")(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(100, activation="softmax")(x))


class Cifar100(keras.Model):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = layers.Conv2D(16, 3, activation="relu")
        self.pool1 = layers.MaxPooling2D(2)
        self.conv2 = layers.Conv2D(32, 3, activation="relu")
        self.pool2 = layers.MaxPooling2D(2)
        self.flatten = layers.Flatten()
        self.hidden = layers.Dense(256, activation="relu")
        self.head = layers.Dense(100, activation="softmax")

    def call(self, inputs: Any) -> Any:
        x = self.pool1(self.conv1(inputs))
        x = self.pool2(self.conv2(x))
        return self.head(self.hidden(self.flatten(x)))


def conv(filters: int, size: int, **more: object) -> layers.Conv2D:
    return layers.Conv2D(filters, size, padding="same", **{"use_bias": False, **more})


def residual_functional() -> keras.Model:
    image = keras.Input((32, 32, 3))
    stem = conv(16, 3)(layers.RandomFlip("horizontal")(image))
    x = layers.ReLU()(layers.BatchNormalization()(stem))
    x = layers.ReLU()(layers.BatchNormalization()(conv(16, 3)(x)))
    total = layers.Add()([conv(16, 3)(x), stem])
    shortcut = layers.Conv2D(32, 1, strides=2)(total)
    x = layers.ReLU()(layers.BatchNormalization()(total))
    x = layers.ReLU()(layers.BatchNormalization()(conv(32, 3, strides=2)(x)))
    x = layers.Add()([conv(32, 3)(x), shortcut])
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


class Residual(keras.Model):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.flip = layers.RandomFlip("horizontal")
        self.stem = conv(16, 3)
        self.norms = [layers.BatchNormalization() for _ in range(5)]
        self.relus = [layers.ReLU() for _ in range(5)]
        self.convs = [conv(16, 3), conv(16, 3), conv(32, 3, strides=2), conv(32, 3)]
        self.sums = [layers.Add(), layers.Add()]
        self.shortcut = layers.Conv2D(32, 1, strides=2)
        self.pool = layers.GlobalAveragePooling2D()
        self.head = layers.Dense(10, activation="softmax")

    def active(self, place: int, x: Any, training: bool | None) -> Any:
        return self.relus[place](self.norms[place](x, training=training))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        stem = self.stem(self.flip(inputs, training=training))
        x = self.convs[0](self.active(0, stem, training))
        x = self.convs[1](self.active(1, x, training))
        total = self.sums[0]([x, stem])
        x = self.convs[2](self.active(2, total, training))
        x = self.convs[3](self.active(3, x, training))
        x = self.sums[1]([x, self.shortcut(total)])
        return self.head(self.pool(self.active(4, x, training)))


STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))


def normal(filters: int, size: int, strides: int = 1) -> tuple[layers.Layer, layers.Layer]:
    return (
        layers.Conv2D(filters, size, strides=strides, padding="same"),
        layers.BatchNormalization(epsilon=1.001e-5),
    )


def applied(parts: tuple[layers.Layer, layers.Layer], x: object) -> object:
    for part in parts:
        x = part(x)
    return x


def resnet50_functional() -> keras.Model:
    image = keras.Input((224, 224, 3))
    x = layers.ReLU()(applied(normal(64, 7, 2), image))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for filters, depth, strides in STAGES:
        for block in range(depth):
            step = strides if block == 0 else 1
            shortcut = x if block else applied(normal(filters * 4, 1, step), x)
            x = layers.ReLU()(applied(normal(filters, 1, step), x))
            x = layers.ReLU()(applied(normal(filters, 3), x))
            x = applied(normal(filters * 4, 1), x)
            x = layers.ReLU()(layers.Add()([shortcut, x]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(1000, activation="softmax")(x))


class Normalized(layers.Layer):  # type: ignore[misc]
    def __init__(self, filters: int, size: int, strides: int = 1) -> None:
        super().__init__()
        self.conv, self.norm = normal(filters, size, strides)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.norm(self.conv(inputs), training=training)


class Bottleneck(layers.Layer):  # type: ignore[misc]
    def __init__(self, filters: int) -> None:
        super().__init__()
        self.reduce = Normalized(filters, 1)
        self.relu1 = layers.ReLU()
        self.across = Normalized(filters, 3)
        self.relu2 = layers.ReLU()
        self.expand = Normalized(filters * 4, 1)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = self.relu1(self.reduce(inputs, training=training))
        x = self.relu2(self.across(x, training=training))
        return self.expand(x, training=training)


class Identity(layers.Layer):  # type: ignore[misc]
    def __init__(self, filters: int) -> None:
        super().__init__()
        self.bottleneck = Bottleneck(filters)
        self.add = layers.Add()
        self.relu = layers.ReLU()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.relu(self.add([inputs, self.bottleneck(inputs, training=training)]))


class Projection(layers.Layer):  # type: ignore[misc]
    def __init__(self, filters: int, strides: int) -> None:
        super().__init__()
        self.reduce = Normalized(filters, 1, strides)
        self.relu1 = layers.ReLU()
        self.across = Normalized(filters, 3)
        self.relu2 = layers.ReLU()
        self.expand, self.norm = normal(filters * 4, 1)
        self.shortcut, self.shortcut_norm = normal(filters * 4, 1, strides)
        self.add = layers.Add()
        self.relu = layers.ReLU()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = self.relu1(self.reduce(inputs, training=training))
        x = self.relu2(self.across(x, training=training))
        x = self.norm(self.expand(x), training=training)
        shortcut = self.shortcut_norm(self.shortcut(inputs), training=training)
        return self.relu(self.add([shortcut, x]))


class Stage(layers.Layer):  # type: ignore[misc]
    def __init__(self, filters: int, depth: int, strides: int) -> None:
        super().__init__()
        self.first = Projection(filters, strides)
        self.rest = [Identity(filters) for _ in range(depth - 1)]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = self.first(inputs, training=training)
        for block in self.rest:
            x = block(x, training=training)
        return x


class Resnet50(keras.Model):  # type: ignore[misc]
    """Classes within classes as the spec has blocks within blocks: for each, Keras traces a call once more."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Normalized(64, 7, 2)
        self.relu = layers.ReLU()
        self.pool = layers.MaxPooling2D(3, strides=2, padding="same")
        self.stages = [Stage(*stage) for stage in STAGES]
        self.average = layers.GlobalAveragePooling2D()
        self.head = layers.Dense(1000, activation="softmax")

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = self.pool(self.relu(self.stem(inputs, training=training)))
        for stage in self.stages:
            x = stage(x, training=training)
        return self.head(self.average(x))


def subclassed(model: type[keras.Model], shape: tuple[int, ...]) -> Build:
    def make() -> keras.Model:
        made = model()
        made(keras.Input(shape))
        return made

    return make


HAND: dict[tuple[str, str], tuple[Build, int]] = {
    ("mnist", "sequential"): (mnist_sequential, 4),
    ("mnist", "functional"): (mnist_functional, 4),
    ("mnist", "subclassed"): (subclassed(Mnist, (28, 28, 1)), 4),
    ("cifar100", "sequential"): (cifar100_sequential, 4),
    ("cifar100", "functional"): (cifar100_functional, 4),
    ("cifar100", "subclassed"): (subclassed(Cifar100, (32, 32, 3)), 4),
    ("residual", "functional"): (residual_functional, 2),
    ("residual", "subclassed"): (subclassed(Residual, (32, 32, 3)), 2),
    ("resnet50", "functional"): (resnet50_functional, 1),
    ("resnet50", "subclassed"): (subclassed(Resnet50, (224, 224, 3)), 1),
}
"""The models by hand, and how many are built in one round."""


def seconds(make: Callable[[], object], count: int) -> float:
    keras.backend.clear_session()
    gc.collect()
    start = time.process_time()
    for _ in range(count):
        make()
    return time.process_time() - start


def ratios(name: str, style: str, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Return what emitted source, the step from the typed graph, and all of `build` take."""
    by_hand, count = HAND[name, style]
    spec = load(name)
    typed = analyse(spec, max_params=10**12)
    namespace: dict[str, object] = {"__name__": "emitted"}
    exec(compile(emit(typed, style).text, "<emitted>", "exec"), namespace)
    from_source: Build = namespace["build_model"]  # type: ignore[assignment]
    assert by_hand().count_params() == from_source().count_params()

    def seeded() -> keras.Model:
        keras.utils.set_random_seed(0)
        return by_hand()

    ways: list[Callable[[], object]] = [
        by_hand,
        seeded,
        from_source,
        lambda: build_typed(typed, style, seed=0),
        lambda: build(spec, style),
    ]
    found: tuple[list[float], ...] = ([], [], [])
    for turn in range(rounds):
        # Each goes first as often as last, so that none gains by what the one before has left.
        order = range(5) if turn % 2 else reversed(range(5))
        took = {way: seconds(ways[way], count) for way in order}
        for values, position, against in zip(found, (2, 3, 4), (0, 1, 1), strict=True):
            values.append(took[position] / took[against])
    return found  # type: ignore[return-value]


def shown(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--model", choices=sorted({name for name, _ in HAND}), help="one alone")
    chosen = options.parse_args()
    print("| model, style | emitted source | from the typed graph | from the spec |")
    print("|---|---|---|---|")
    for name, style in HAND:
        if chosen.model not in (None, name):
            continue
        cells = " | ".join(shown(values) for values in ratios(name, style, chosen.rounds))
        print(f"| {name}, {style} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
