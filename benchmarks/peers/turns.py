"""The rounds of a training that Keras's callbacks follow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, final

import keras

from ..gate import Gate


@final
class Turns(keras.callbacks.Callback):  # type: ignore[misc]
    """Makes a round of each epoch, with all that happens between it and the one before."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        self.gate.built(trained(self.model))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        assert logs is not None
        self.gate.turn(float(logs["loss"]))


def trained(model: keras.Model) -> int:
    """Count the numbers in a model that training moves."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)
