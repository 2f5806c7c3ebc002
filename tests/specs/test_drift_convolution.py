"""Core, reshaping, convolution, pooling and preprocessing against the installed Keras."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from drift import hold_fields, names_in_keras  # noqa: E402
from families import layers_of  # noqa: E402
from hornbook.specs.base import LayerSpec  # noqa: E402
from hornbook.specs.layers import ALIASES, conv, core, pooling, preprocessing, reshaping  # noqa: E402

FAMILIES = (core, reshaping, conv, pooling, preprocessing)
CLASSES = [cls for family in FAMILIES for cls in layers_of(family)]
OMITTED = {name: why for family in FAMILIES for name, why in family.OMITTED.items()}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_fields_are_the_arguments_of_keras(cls: type[LayerSpec]) -> None:
    hold_fields(cls, OMITTED.get(cls.__name__, {}))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_aliases_are_those_of_keras(cls: type[LayerSpec]) -> None:
    own = {alias for alias, name in ALIASES.items() if name == cls.__name__}
    assert own == names_in_keras(cls) - {cls.__name__}
