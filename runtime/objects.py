"""Validated items to live Keras objects: optimizers, losses, metrics, callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import keras
import tensorflow as tf

from ..compiler.emit.values import keras_module
from ..compiler.graph import TypedGraph
from ..compiler.xla import share
from ..specs.base import WIRING, Item, LayerSpec
from ..specs.model import TrainSpec


def live(value: Any) -> Any:
    """Return the Keras object that a value of a spec stands for; words and numbers stay as they are."""
    if isinstance(value, Item):
        skip = WIRING if isinstance(value, LayerSpec) else ()
        arguments = {
            field: live(getattr(value, field))
            for field in type(value).model_fields
            if field not in skip
        }
        cls = attrgetter(f"{keras_module(type(value))}.{type(value).__name__}")(keras)
        return cls(**arguments)
    if isinstance(value, tuple):
        return [live(part) for part in value]
    if isinstance(value, dict):
        return {key: live(part) for key, part in value.items()}
    return value


def compile_model(model: keras.Model, train: TrainSpec, typed: TypedGraph) -> None:
    """Give a model its optimizer, loss and metrics.

    XLA stays off unless the settings ask for it: it changes the bits of a result.
    """
    by_xla = share(train, typed)
    model.compile(
        optimizer=live(train.optimizer),
        loss=live(train.loss),
        metrics=live(train.metrics) or None,
        loss_weights=train.loss_weights,
        jit_compile=by_xla == "on",
    )
    if by_xla == "for the optimizer":
        compile_update(model.optimizer)


def compile_update(optimizer: keras.optimizers.Optimizer) -> None:
    """Let XLA compile the update of an optimizer, whose many small operations it makes one of.

    Each of Keras's operations reads and writes arrays as large as the weights: Adam some thirty times.
    """
    apply = optimizer.apply

    def compiled(gradients: Sequence[Any], variables: Sequence[Any] | None = None) -> None:
        if tf.executing_eagerly():  # which is for looking into it
            apply(gradients, variables)
            return
        update = tf.function(
            lambda gradients: apply(gradients, variables), jit_compile=True, autograph=False
        )
        update(gradients)

    optimizer.apply = compiled
