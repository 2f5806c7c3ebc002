"""Training by a loop of our own: what ``model.fit`` does, with every step in sight.

Copy it where a step has to be composed anew, as for a GAN or in reinforcement learning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from .batches import Batches
from .finite import StopAtNonFinite, plain_label_errors
from .history import History

Logs = dict[str, Any]
Step = Callable[[Any], Logs]


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
) -> History:
    """Train a compiled model step by step, in the order of ``batches``.

    The epochs from ``initial_epoch`` up to, not including, ``epochs`` are run, the first from ``initial_step`` on.
    :func:`~hornbook.runtime.fit.fit` does the same, bit for bit on a CPU.

    Raises:
        NonFiniteLoss: at the step whose loss is not a finite number.
        LabelOutsideHead: for a label that no unit of the head stands for.
    """
    hooks = keras.callbacks.CallbackList(
        [StopAtNonFinite(), *callbacks],
        add_history=True,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=batches.steps_per_epoch,
    )
    data = batches.dataset(initial_epoch, epochs, initial_step)
    upcoming = iter(data)
    train = in_graph(train_step, model, data)
    validate = evaluation(model, validation, hooks) if validation else None

    model.stop_training = False
    report: Logs | None = None
    hooks.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        model.reset_metrics()
        hooks.on_epoch_begin(epoch)
        for step in range(initial_step, batches.steps_per_epoch):
            hooks.on_train_batch_begin(step)
            logs = train(next(upcoming))
            hooks.on_train_batch_end(step, logs)
            if model.stop_training:
                break
        report = model.get_metrics_result()
        if validate:
            report |= {f"val_{name}": value for name, value in validate().items()}
        hooks.on_epoch_end(epoch, report)
        initial_step = 0
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
        predicted = forward(model, x, training=True)
        # Regularisation losses are part of it.
        loss = model.compute_loss(x=x, y=y, y_pred=predicted, training=True)
        # Half precision multiplies the loss, lest small gradients vanish; apply() divides again.
        scaled = model.optimizer.scale_loss(loss)
    weights = model.trainable_variables
    gradients = recorder.gradient(scaled, weights)
    model.optimizer.apply(gradients, weights)
    return measured(model, x, y, predicted, loss)


def test_step(model: keras.Model, batch: Any) -> Logs:
    """Move nothing but the metrics, and return them."""
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    predicted = forward(model, x, training=False)
    loss = model.compute_loss(x=x, y=y, y_pred=predicted, training=False)
    return measured(model, x, y, predicted, loss)


def forward(model: keras.Model, x: Any, training: bool) -> Any:
    """Call a model. One whose ``call`` takes no ``training`` runs as in use, as ``fit`` has it."""
    if "training" in model.call_signature_parameters:
        return model(x, training=training)
    return model(x)


def measured(model: keras.Model, x: Any, y: Any, predicted: Any, loss: tf.Tensor) -> Logs:
    """Update the metrics and return them; the mean loss weighs each batch by its examples."""
    examples = tf.shape(tf.nest.flatten(x)[0])[0]
    total = next(metric for metric in model.metrics if metric.name == "loss")
    total.update_state(loss, sample_weight=examples)
    return dict(model.compute_metrics(x, y, predicted))


def in_graph(
    step: Callable[[keras.Model, Any], Logs], model: keras.Model, data: tf.data.Dataset
) -> Step:
    """Make one graph of a step, for batches of any size; eager where the model was compiled so."""

    def on_batch(batch: Any) -> Logs:
        return step(model, batch)

    if model.run_eagerly:
        return on_batch
    graph: Step = tf.function(
        on_batch,
        input_signature=(data.element_spec,),
        jit_compile=model.jit_compile,
        autograph=False,
    )
    return graph


def evaluation(
    model: keras.Model, validation: Batches, hooks: keras.callbacks.CallbackList
) -> Callable[[], Logs]:
    """Return what measures the model on the validation examples."""
    data = validation.dataset(0, 1)
    test = in_graph(test_step, model, data)

    def evaluate() -> Logs:
        model.stop_evaluating = False
        hooks.on_test_begin()
        model.reset_metrics()
        for step, batch in enumerate(data):
            hooks.on_test_batch_begin(step)
            logs = test(batch)
            hooks.on_test_batch_end(step, logs)
            if model.stop_evaluating:
                break
        report: Logs = model.get_metrics_result()
        hooks.on_test_end(report)
        return report

    return evaluate
