"""Training by Keras's own loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from .batches import Batches
from .finite import plain_label_errors
from .history import History
from .steps import Hooks, Logs, Steps


@plain_label_errors()
def fit(
    model: keras.Model,
    batches: Batches,
    epochs: int,
    validation: Batches | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
    initial_epoch: int = 0,
    initial_step: int = 0,
    testing: Steps | None = None,
) -> History:
    """Train a compiled model by ``model.fit``, in the order of ``batches``.

    The epochs from ``initial_epoch`` up to, not including, ``epochs`` are run, the first from ``initial_step`` on.
    :func:`~hornbook.runtime.tape.tape` does the same, bit for bit on a CPU.

    Keras rules over epochs, validation and callbacks, and its ``train_step`` moves the weights. Its train
    function, which it documents as one to replace, takes the steps of a whole epoch here, in chunks.
    ``testing`` are the steps of the validation, where they have been made before.

    Raises:
        NonFiniteLoss: at the step whose loss is not a finite number.
        LabelOutsideHead: for a label that no unit of the head stands for.
    """
    hooks = Hooks(callbacks, model, epochs, batches.steps_per_epoch, verbose)
    training, testing = Steps(model, model.train_step), testing or Steps(model, model.test_step)

    def train_epoch(iterator: Any) -> Logs:  # noqa: ARG001
        first = initial_step if hooks.epoch == initial_epoch else 0
        hooks.run("train", training, batches, first)
        return dict(model.get_metrics_result())

    def validate(iterator: Any) -> Logs:  # noqa: ARG001
        assert validation is not None
        hooks.run("test", testing, validation)
        return dict(model.get_metrics_result())

    once = tf.data.Dataset.range(1)  # what Keras takes for the one batch of an epoch
    model.train_function, model.test_function = train_epoch, validate
    try:
        model.fit(
            once.repeat(),
            shuffle=False,
            steps_per_epoch=1,
            initial_epoch=initial_epoch,
            epochs=epochs,
            validation_data=once if validation else None,
            callbacks=hooks,
        )
    finally:
        model.train_function = model.test_function = None
    return History.of(model.history)
