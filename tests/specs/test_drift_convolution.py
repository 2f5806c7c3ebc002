"""Core, reshaping, convolution, pooling and preprocessing against the installed Keras."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from families import layers_of  # noqa: E402
from hornbook.specs.base import LayerSpec  # noqa: E402
from hornbook.specs.layers import ALIASES, conv, core, pooling, preprocessing, reshaping  # noqa: E402

FAMILIES = (core, reshaping, conv, pooling, preprocessing)
CLASSES = [cls for family in FAMILIES for cls in layers_of(family)]
OMITTED = {name: why for family in FAMILIES for name, why in family.OMITTED.items()}
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


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_fields_are_the_arguments_of_keras(cls: type[LayerSpec]) -> None:
    """Same names, same order, same defaults; what is left out has a reason."""
    expected = arguments(cls.__name__)
    omitted = OMITTED.get(cls.__name__, {})
    assert set(omitted) <= set(expected), "an omitted argument that Keras does not have"
    own = {name: info for name, info in cls.model_fields.items() if name not in OF_EVERY_LAYER}
    assert list(own) == [name for name in expected if name not in omitted]
    for name, info in own.items():
        default = inspect.Parameter.empty if info.is_required() else info.get_default()
        assert default == expected[name], name
        assert isinstance(default, bool) == isinstance(expected[name], bool), name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_aliases_are_those_of_keras(cls: type[LayerSpec]) -> None:
    """Keras has some classes under two names."""
    made = getattr(keras.layers, cls.__name__)
    expected = {name for name in dir(keras.layers) if getattr(keras.layers, name) is made}
    own = {alias for alias, name in ALIASES.items() if name == cls.__name__}
    assert own == expected - {cls.__name__}
