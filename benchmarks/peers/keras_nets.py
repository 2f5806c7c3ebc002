"""The nets as one writes them in Keras by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import keras
from keras import layers

from ..works import WORDS, Net


def cifar100(net: Net) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(net.shape),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(net.classes, activation="softmax"),
        ]
    )


def mnist(net: Net) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(net.shape),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(net.classes, activation="softmax"),
        ]
    )


def mlp(net: Net) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(net.shape),
            layers.Dense(32, activation="relu"),
            layers.Dense(net.classes, activation="softmax"),
        ]
    )


def wide(net: Net) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(net.shape),
            layers.Dense(1024, activation="relu"),
            layers.Dense(1024, activation="relu"),
            layers.Dense(net.classes, activation="softmax"),
        ]
    )


def normed(net: Net) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(net.shape),
            layers.Dense(128, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Dense(128),
            layers.LayerNormalization(),
            layers.LeakyReLU(),
            layers.Dense(net.classes, activation="softmax"),
        ]
    )


def lstm(net: Net) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(net.shape, dtype="int32"),
            layers.Embedding(WORDS, 32),
            layers.LSTM(32),
            layers.Dense(net.classes, activation="softmax"),
        ]
    )


def resnet50(net: Net) -> keras.Model:
    return keras.applications.ResNet50(weights=None, input_shape=net.shape, classes=net.classes)


NETS: Final[Mapping[str, Callable[[Net], keras.Model]]] = {
    "cifar100": cifar100,
    "mnist": mnist,
    "mlp": mlp,
    "wide": wide,
    "normed": normed,
    "lstm": lstm,
    "resnet50": resnet50,
}


def model(net: Net) -> keras.Model:
    return NETS[net.name](net)
