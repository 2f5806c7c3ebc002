"""Equations, adaptive poolings, masks and features against the installed Keras."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from drift import hold_fields, names_in_keras  # noqa: E402
from families import LAYERS, layers_of  # noqa: E402
from hornbook.specs.base import LayerSpec  # noqa: E402
from hornbook.specs.layers import adaptive, einsum, features  # noqa: E402

FAMILIES = (adaptive, einsum, features)
CLASSES = [cls for family in FAMILIES for cls in layers_of(family)]
OMITTED = {name: why for family in FAMILIES for name, why in family.OMITTED.items()}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_fields_are_the_arguments_of_keras(cls: type[LayerSpec]) -> None:
    hold_fields(cls, OMITTED.get(cls.__name__, {}))


def test_classes_are_in_the_language() -> None:
    assert set(CLASSES) <= set(LAYERS)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_no_class_has_a_second_name_in_keras(cls: type[LayerSpec]) -> None:
    assert names_in_keras(cls) == {cls.__name__}
