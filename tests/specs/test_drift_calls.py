"""The call arguments of the layers against the installed Keras."""

from __future__ import annotations

import inspect

import pytest

pytestmark = pytest.mark.keras
keras = pytest.importorskip("keras")

from families import LAYERS  # noqa: E402
from hornbook.specs.base import CallArguments, LayerSpec  # noqa: E402

NAMES = set(CallArguments.model_fields)
IDLE = {
    name: {"training"}
    for name in (
        "AutoContrast",
        "CenterCrop",
        "ContrastLimitedAdaptiveHistogramEqualization",
        "Dense",
        "EinsumDense",
        "Resizing",
    )
}
"""Call arguments that change nothing in a model that is not quantized."""
OPERATIONS = [cls for cls in LAYERS if hasattr(keras.layers, cls.__name__)]


@pytest.mark.parametrize("cls", OPERATIONS, ids=lambda cls: cls.__name__)
def test_calls(cls: type[LayerSpec]) -> None:
    taken = inspect.signature(getattr(keras.layers, cls.__name__).call).parameters
    assert set(cls.calls) == (set(taken) & NAMES) - IDLE.get(cls.__name__, set())
