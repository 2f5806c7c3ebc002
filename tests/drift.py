"""Classes of layers held against those of the installed Keras."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from hornbook.specs.base import LayerSpec

OF_EVERY_LAYER = {*LayerSpec.model_fields, "dtype"}


def arguments(name: str) -> dict[str, Any]:
    """What a Keras layer takes by name, in order, with its defaults."""
    made = getattr(keras.layers, name)
    parameters = list(inspect.signature(made.__init__).parameters.values())[1:]
    return {
        one.name: one.default
        for one in parameters
        if one.kind is not one.VAR_KEYWORD and one.name not in OF_EVERY_LAYER
    }


def hold_fields(cls: type[LayerSpec], omitted: Mapping[str, Any]) -> None:
    """Same names, same order, same defaults; what is left out has a reason."""
    expected = arguments(cls.__name__)
    assert set(omitted) <= set(expected), "an omitted argument that Keras does not have"
    own = {name: info for name, info in cls.model_fields.items() if name not in OF_EVERY_LAYER}
    assert list(own) == [name for name in expected if name not in omitted]
    for name, info in own.items():
        default = inspect.Parameter.empty if info.is_required() else info.get_default()
        assert default == expected[name], name
        assert isinstance(default, bool) == isinstance(expected[name], bool), name


def names_in_keras(cls: type[LayerSpec]) -> set[str]:
    """Return the names under which Keras publishes a class; some have two."""
    made = getattr(keras.layers, cls.__name__)
    return {name for name in dir(keras.layers) if getattr(keras.layers, name) is made}
