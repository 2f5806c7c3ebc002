"""Functions against the installed ``keras.ops``: names, order, defaults."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from families import OPS  # noqa: E402
from hornbook.specs.base import WIRING, OpSpec  # noqa: E402
from hornbook.specs.layers.ops import GetItem  # noqa: E402

DEMANDED = {
    # By default Keras would work across the batch, or across all axes at once.
    **dict.fromkeys(
        ["concatenate", "cumsum", "max", "mean", "min", "split", "stack", "sum"], "axis"
    ),
    # By default Keras would turn the batch to the back.
    "transpose": "axes",
    # By default Keras would take away every axis of size 1, a batch of one too.
    "squeeze": "axis",
}
"""Arguments that Keras has a default for, and a spec must give."""

OMITTED = {
    # A batch may not be empty, so no reduction needs a number to begin with.
    "max": {"initial"},
    "min": {"initial"},
    # The sum has the dtype of what is summed; `ops.cast` before it gives another.
    "cumsum": {"dtype"},
}
FUNCTIONS = [cls for cls in OPS if cls is not GetItem]


def own_name(cls: type[OpSpec]) -> str:
    return cls.__name__.removeprefix("ops.")


def fields(cls: type[OpSpec]) -> dict[str, Any]:
    return {name: info for name, info in cls.model_fields.items() if name not in WIRING}


def parameters(cls: type[OpSpec]) -> list[inspect.Parameter]:
    return list(inspect.signature(getattr(keras.ops, own_name(cls))).parameters.values())


@pytest.mark.parametrize("cls", FUNCTIONS, ids=own_name)
def test_fields_are_keras_arguments(cls: type[OpSpec]) -> None:
    operands = 1 if cls.takes_list else cls.arity[0]
    expected = {one.name: one.default for one in parameters(cls)[operands:]}
    omitted = OMITTED.get(own_name(cls), set())
    assert omitted <= set(expected)
    assert list(fields(cls)) == [name for name in expected if name not in omitted]
    demanded = DEMANDED.get(own_name(cls))
    for name, info in fields(cls).items():
        if name == demanded:
            assert info.is_required()
            assert expected[name] is not inspect.Parameter.empty
            continue
        default = inspect.Parameter.empty if info.is_required() else info.get_default()
        assert default == expected[name], name
        assert isinstance(default, bool) == isinstance(expected[name], bool), name


@pytest.mark.parametrize("cls", FUNCTIONS, ids=own_name)
def test_operands_come_first_and_have_no_defaults(cls: type[OpSpec]) -> None:
    operands = 1 if cls.takes_list else cls.arity[0]
    found = parameters(cls)
    assert all(one.default is inspect.Parameter.empty for one in found[:operands])
    assert all(one.kind is one.POSITIONAL_OR_KEYWORD for one in found)


def test_every_exception_is_of_a_function() -> None:
    names = {own_name(cls) for cls in OPS}
    assert {*DEMANDED, *OMITTED} <= names
