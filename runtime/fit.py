"""Training by Keras's own loop."""

from __future__ import annotations

from collections.abc import Sequence

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
) -> History:
    """Train a compiled model by ``model.fit``, in the order of ``batches``.

    The epochs from ``initial_epoch`` up to, not including, ``epochs`` are run.
    :func:`~hornbook.runtime.tape.tape` does the same, bit for bit on a CPU.

    Raises:
        NonFiniteLoss: at the step whose loss is not a finite number.
        LabelOutsideHead: for a label that no unit of the head stands for.
    """
    recorder = model.fit(
        batches.dataset(initial_epoch, epochs),
        shuffle=False,
        steps_per_epoch=batches.steps_per_epoch,
        initial_epoch=initial_epoch,
        epochs=epochs,
        validation_data=validation.dataset(0, 1) if validation else None,
        callbacks=[StopAtNonFinite(), *callbacks],
        verbose=verbose,
    )
    return History.of(recorder)
