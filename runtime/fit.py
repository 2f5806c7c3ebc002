"""Training by Keras's own loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

import keras

from .batches import Batches
from .finite import StopAtNonFinite, plain_label_errors
from .history import History


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
) -> History:
    """Train a compiled model by ``model.fit``, in the order of ``batches``.

    The epochs from ``initial_epoch`` up to, not including, ``epochs`` are run, the first from ``initial_step`` on.
    :func:`~hornbook.runtime.tape.tape` does the same, bit for bit on a CPU.

    Raises:
        NonFiniteLoss: at the step whose loss is not a finite number.
        LabelOutsideHead: for a label that no unit of the head stands for.
    """
    hooks = _Hooks(
        [StopAtNonFinite(), *callbacks],
        add_history=True,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=batches.steps_per_epoch,
    )

    def run(first: int, last: int, step: int = 0) -> None:
        model.fit(
            # Keras looks at a batch even where no epoch is left.
            batches.dataset(first, max(last, first + 1), step),
            shuffle=False,
            steps_per_epoch=batches.steps_per_epoch - step,
            initial_epoch=first,
            epochs=last,
            validation_data=validation.dataset(0, 1) if validation else None,
            callbacks=hooks,
        )

    if initial_step:
        # Keras's epochs are of one length, so what is left of the first is a call of its own.
        with hooks.part(initial_step), averages_kept(model.optimizer):
            run(initial_epoch, initial_epoch + 1, initial_step)
        initial_epoch = epochs if model.stop_training else initial_epoch + 1
    run(initial_epoch, epochs)
    return History.of(model.history)


@final
class _Hooks(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Callbacks that take two calls of ``fit`` for one training."""

    begun = False
    offset = 0

    @contextmanager
    def part(self, offset: int) -> Iterator[None]:
        """Take a call for the rest of an epoch that begins at a step, with more calls to come."""
        self.offset = offset
        try:
            yield
        finally:
            self.offset = 0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Pass on what begins the training."""
        if not self.begun:
            self.begun = True
            super().on_train_begin(logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Pass on what ends the training."""
        if not self.offset:
            super().on_train_end(logs)

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Pass on the number that the step has in its epoch."""
        super().on_train_batch_begin(batch + self.offset, logs)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Pass on the number that the step has in its epoch."""
        super().on_train_batch_end(batch + self.offset, logs)


@contextmanager
def averages_kept(optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
    """Keep an optimizer that averages the weights from putting the average in their place."""
    optimizer.finalize_variable_values = lambda _: None
    try:
        yield
    finally:
        del optimizer.finalize_variable_values
