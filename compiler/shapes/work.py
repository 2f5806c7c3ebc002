"""How much work activations are, which are parts of layers and layers of their own."""

from __future__ import annotations

from ...specs.base import Item
from .checks import times

FREE = (None, "linear")

SOFTMAX = ("softmax", "log_softmax", "sparsemax", "Softmax")
"""Activations that need the exponentials, their sum and a division."""


def activation_work(activation: str | Item | None, outputs: int | None) -> int | None:
    """Return the operations of an activation of so many entries: one each, for most."""
    name = type(activation).__name__ if isinstance(activation, Item) else activation
    return times(0 if name in FREE else 3 if name in SOFTMAX else 1, outputs)
