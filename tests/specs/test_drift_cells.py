"""Cells and convolutional recurrence against the installed Keras: names, order, defaults."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from families import CELLS, LAYERS, layers_of  # noqa: E402
from hornbook.specs.base import Item, LayerSpec  # noqa: E402
from hornbook.specs.layers import cells, conv_recurrent  # noqa: E402
from hornbook.specs.names import snake_case  # noqa: E402

ITEMS: list[type[Item]] = [*CELLS, *layers_of(conv_recurrent)]
OMITTED = {**cells.OMITTED, **conv_recurrent.OMITTED}
WIRING = {"name", "inputs", "trainable", "call"}
LEAST: dict[str, Any] = {"units": 2, "filters": 2, "kernel_size": 2}


def fields(cls: type[Item]) -> dict[str, Any]:
    # Keras takes `trainable` of a cell as of every layer, though no class lists it.
    return {name: info for name, info in cls.model_fields.items() if name not in WIRING}


@pytest.mark.parametrize("cls", ITEMS, ids=lambda cls: cls.__name__)
def test_fields_are_keras_arguments(cls: type[Item]) -> None:
    made = getattr(keras.layers, cls.__name__).__init__
    expected = {
        one.name: one.default
        for one in list(inspect.signature(made).parameters.values())[1:]
        if one.kind is not one.VAR_KEYWORD
    }
    omitted = OMITTED.get(cls.__name__, {})
    assert set(omitted) <= set(expected)
    assert list(fields(cls)) == [name for name in expected if name not in omitted]
    for name, info in fields(cls).items():
        default = inspect.Parameter.empty if info.is_required() else info.get_default()
        assert default == expected[name], name
        assert isinstance(default, bool) == isinstance(expected[name], bool), name


@pytest.mark.parametrize("cls", ITEMS, ids=lambda cls: cls.__name__)
def test_keras_takes_every_default_by_name(cls: type[Item]) -> None:
    least = {**LEAST, "cells": [keras.layers.GRUCell(2)]}
    given = {
        name: least[name] if info.is_required() else info.get_default()
        for name, info in fields(cls).items()
    }
    assert getattr(keras.layers, cls.__name__)(**given) is not None


def test_cells_are_those_of_keras() -> None:
    public = {name for name in vars(keras.layers) if "Cell" in name}
    assert public == {cls.__name__ for cls in CELLS}


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.__name__)
def test_names_follow_the_class(cls: type[LayerSpec]) -> None:
    """Keras names a layer after its class, which it may publish by another name."""
    own = getattr(keras.layers, cls.__name__).__name__
    assert snake_case(cls.__name__) == keras.src.utils.naming.to_snake_case(own)


def test_keras_does_not_freeze_what_is_inside() -> None:
    """The reason why `trainable: false` is refused on these layers."""
    sequence, film = keras.Input((3, 2)), keras.Input((3, 4, 2))
    make = keras.layers
    for inputs, layer in (
        ((sequence,), make.RNN(make.GRUCell(2), trainable=False)),
        ((film,), make.ConvLSTM1D(2, 2, trainable=False)),
        ((sequence, sequence), make.GroupQueryAttention(2, 2, 1, trainable=False)),
        ((sequence,), make.SpectralNormalization(make.Dense(2), trainable=False)),
    ):
        model = keras.Model(inputs[0], layer(*inputs))
        assert len(model.trainable_weights) > 0


def test_keras_freezes_a_cell() -> None:
    inputs = keras.Input((3, 2))
    layer = keras.layers.RNN(keras.layers.GRUCell(2, trainable=False))
    assert keras.Model(inputs, layer(inputs)).trainable_weights == []
