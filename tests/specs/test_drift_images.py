"""The layers that prepare images and vary them against the installed Keras."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from drift import hold_fields, names_in_keras  # noqa: E402
from families import layers_of  # noqa: E402
from hornbook.specs.base import LayerSpec  # noqa: E402
from hornbook.specs.layers import ALIASES, REFUSED, augmentation, preprocessing  # noqa: E402

CLASSES = layers_of(augmentation)
OMITTED = augmentation.OMITTED


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_fields_are_the_arguments_of_keras(cls: type[LayerSpec]) -> None:
    hold_fields(cls, OMITTED.get(cls.__name__, {}))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_aliases_are_those_of_keras(cls: type[LayerSpec]) -> None:
    own = {alias for alias, name in ALIASES.items() if name == cls.__name__}
    assert own == names_in_keras(cls) - {cls.__name__}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_exists(name: str) -> None:
    assert hasattr(keras.layers, name)


def test_every_layer_of_images_is_known() -> None:
    """A later Keras may bring more of them."""
    base = keras.layers.Resizing.__mro__[1]
    found = {
        name
        for name in dir(keras.layers)
        if isinstance(getattr(keras.layers, name), type)
        and issubclass(getattr(keras.layers, name), base)
    }
    assert found
    known = {cls.__name__ for cls in (*CLASSES, *layers_of(preprocessing))}
    assert found <= known | set(REFUSED)
