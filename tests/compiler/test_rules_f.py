"""Functions of ``keras.ops``, held against Keras: announced by symbols, then run in a graph."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from hornbook.compiler.graph import Literal, TensorType  # noqa: E402
from hornbook.specs.base import OpSpec  # noqa: E402
from keras_ops import agree_op, read_op  # noqa: E402
from strategies_f import DTYPES, valid_applications, valid_items  # noqa: E402

SCALE = int(os.environ.get("HORNBOOK_EXAMPLES", "1"))
"""Multiplies the number of examples, for a longer run by hand."""


def examples(count: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=count * SCALE,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


def item(name: str, arguments: dict[str, Any]) -> OpSpec:
    made = read_op(name, arguments)
    assert made is not None, f"{name} refuses {arguments}"
    return made


SIZES = st.sampled_from([None, 1, 1, 2, 2, 3, 4, 6])
KINDS = st.sampled_from(["float32"] * 4 + list(DTYPES))


def types(least: int, most: int) -> Any:
    shapes = st.lists(SIZES, min_size=least, max_size=most).map(lambda found: (None, *found))
    return st.builds(TensorType, shapes, KINDS)


@examples(250)
@given(st.data(), types(0, 3))
def test_valid_functions_of_one_value(data: Any, shape: TensorType) -> None:
    name, arguments = data.draw(st.sampled_from(valid_items(shape.shape, shape.dtype)))
    assert agree_op(item(name, data.draw(arguments)), (shape,))


@examples(300)
@given(st.data(), types(0, 3))
def test_valid_functions_of_several(data: Any, shape: TensorType) -> None:
    name, arguments, operands = data.draw(valid_applications(shape))
    assert agree_op(item(name, arguments), operands)
