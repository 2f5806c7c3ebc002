"""Training by a loop of our own: what ``model.fit`` does, with every step in sight.

Copy it where a step has to be composed anew, as for a GAN or in reinforcement learning.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from .batches import Batches
from .finite import plain_label_errors
from .history import History
from .steps import Hooks, Logs, Steps, evaluate


@plain_label_errors()
def tape(
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
    """Train a compiled model step by step, in the order of ``batches``.

    The epochs from ``initial_epoch`` up to, not including, ``epochs`` are run, the first from ``initial_step`` on.
    :func:`~hornbook.runtime.fit.fit` does the same, bit for bit on a CPU.
    ``testing`` are the steps of the validation, where they have been made before.

    Raises:
        NonFiniteLoss: at the step whose loss is not a finite number.
        LabelOutsideHead: for a label that no unit of the head stands for.
    """
    hooks = Hooks(callbacks, model, epochs, batches.steps_per_epoch, verbose)
    training = Steps(model, partial(train_step, model))

    model.stop_training = False
    report: Logs | None = None
    hooks.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        model.reset_metrics()
        hooks.on_epoch_begin(epoch)
        hooks.run("train", training, batches, initial_step if epoch == initial_epoch else 0)
        report = model.get_metrics_result()
        if validation:
            measured = evaluate(model, validation, testing, hooks)
            report |= {f"val_{name}": value for name, value in measured.items()}
        hooks.on_epoch_end(epoch, report)
        if model.stop_training:
            break
    # An optimizer that averages the weights puts the average in their place at the end.
    model.optimizer.finalize_variable_values(model.trainable_variables)
    hooks.on_train_end(report)
    return History.of(model.history)


def train_step(model: keras.Model, batch: Any) -> Logs:
    """Move the weights once; return the metrics over the epoch so far."""
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    with tf.GradientTape() as recorder:
        predicted = forward(model, x)
        # Regularisation losses are part of it.
        loss = model.compute_loss(x=x, y=y, y_pred=predicted, training=True)
        # Half precision multiplies the loss, lest small gradients vanish; apply() divides again.
        scaled = model.optimizer.scale_loss(loss)
    weights = model.trainable_variables
    gradients = recorder.gradient(scaled, weights)
    model.optimizer.apply(gradients, weights)
    # The mean loss weighs each batch by its examples.
    total = next(metric for metric in model.metrics if metric.name == "loss")
    total.update_state(loss, sample_weight=tf.shape(tf.nest.flatten(x)[0])[0])
    return dict(model.compute_metrics(x, y, predicted))


def forward(model: keras.Model, x: Any) -> Any:
    """Call a model as in training. One whose ``call`` takes no ``training`` runs as in use, as ``fit`` has it."""
    if "training" in model.call_signature_parameters:
        return model(x, training=True)
    return model(x)
