"""A loss that is not a finite number: noticing it, and what it probably comes from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, final

import keras
import tensorflow as tf


@final
class NonFiniteLoss(ArithmeticError):
    """The loss became nan or infinite. ``epoch`` and ``step`` count from 1.

    ``loss`` is what was reported there, and ``last_finite`` what was reported one step before (None
    at the first step of a run): the mean over the epoch so far, as every callback sees it.
    """

    def __init__(self, epoch: int, step: int, loss: float, last_finite: float | None) -> None:
        before = "" if last_finite is None else f"; the last finite value was {last_finite:.6g}"
        super().__init__(f"the loss became {loss} in epoch {epoch}, at step {step}{before}")
        self.epoch = epoch
        self.step = step
        self.loss = loss
        self.last_finite = last_finite


@final
class StopAtNonFinite(keras.callbacks.Callback):
    """Raises :class:`NonFiniteLoss` at the end of the first step whose loss is not finite.

    A mean is never finite again once one term was not, so the first mean that is not finite tells
    the step. It comes first among the callbacks: none may save such weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        self.last_finite: float | None = None

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        """Note the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise NonFiniteLoss(self.epoch + 1, batch + 1, loss, self.last_finite)
        self.last_finite = loss

@final
class LabelOutsideHead(ValueError):
    """A label that no unit of the head stands for; ``label`` is the label, ``units`` the width."""

    def __init__(self, label: int, units: int) -> None:
        super().__init__(
            f"expected labels from 0 to {units - 1}, one for each of the head's {units} units, "
            f"received {label}"
        )
        self.label = label
        self.units = units


_LABEL = re.compile(r"label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)")


@contextmanager
def plain_label_errors() -> Iterator[None]:
    """Turn TensorFlow's report of a label outside the head into :class:`LabelOutsideHead`.

    A GPU reports nothing and gives nan instead.
    """
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        found = _LABEL.search(str(error))
        if found is None:
            raise
        raise LabelOutsideHead(int(found[1]), int(found[2])) from error


Range = tuple[float, float]

UNSCALED = 20.0
STEEP = 0.1
ADAPTIVE = frozenset(
    {"adam", "adamw", "adamax", "nadam", "rmsprop", "lamb", "lion", "adafactor", "muon"}
)
WIDE_TARGETS = 1000.0
SQUARING = frozenset({"mean_squared_error", "mse"})
PROBABLE = {"softmax": "probabilities", "sigmoid": "probabilities"}
BETWEEN_0_AND_1 = frozenset({"binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy"})


def likely_causes() -> None: ...
