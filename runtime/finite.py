"""A loss that is not a finite number: noticing it, and what it probably comes from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias, final

import keras
import tensorflow as tf

from ..compiler.losses import CROSSENTROPIES, key, label_form

Range: TypeAlias = tuple[float, float]
"""The least and the greatest of some numbers."""

UNSCALED = 20.0
FAST = 0.1
WIDE_TARGETS = 1000.0
ADAPTIVE = frozenset({"adam", "adamw", "adamax", "nadam", "rmsprop", "lamb", "lion", "muon"})
NORMALISED = frozenset({"softmax", "sigmoid"})
NOT_NEGATIVE = frozenset(
    {"softmax", "sigmoid", "hard_sigmoid", "relu", "relu6", "softplus", "exponential"}
)


@final
class NonFiniteLoss(ArithmeticError):  # noqa: N818
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
class StopAtNonFinite(keras.callbacks.Callback):  # type: ignore[misc]
    """Raises :class:`NonFiniteLoss` at the end of the first step whose loss is not finite.

    A mean is never finite again once one term was not, so the first mean that is not finite tells
    the step. It comes first among the callbacks: none may save such weights.
    """

    logs_alone = True

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
class LabelOutsideHead(ValueError):  # noqa: N818
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


def likely_causes(
    loss_name: str,
    learning_rate: float | None,
    label_range: Range | None,
    input_range: Range | None,
    activation: str | None,
    *,
    units: int | None = None,
    optimizer: str | None = None,
    from_logits: bool = False,
) -> tuple[str, ...]:
    """Say what a loss that is not finite probably comes from, the surest first; never nothing.

    Args:
        loss_name: as a spec or Keras writes it.
        learning_rate: the one used, or the first of a schedule.
        label_range: of the targets.
        input_range: of the inputs as the model sees them, after scaling.
        activation: of the head; None for none.
        units: the width of the head.
        optimizer: its name.
        from_logits: whether the loss applies softmax or sigmoid itself.
    """
    loss, head = key(loss_name), activation or "linear"
    found = [
        *_of_values("inputs", input_range),
        *_of_values("labels", label_range),
        *_of_labels(loss, label_range, units),
        *_of_size(loss, input_range, label_range),
        *_of_speed(learning_rate, optimizer),
        *_of_head(loss, head, from_logits),
    ]
    return tuple(found or _where_nothing_stands_out(loss, head, from_logits))


def _of_values(what: str, values: Range | None) -> Iterator[str]:
    if values and not all(map(math.isfinite, values)):
        yield f"The {what} hold numbers that are not finite: drop or fill them before training."


def _of_labels(loss: str, labels: Range | None, units: int | None) -> Iterator[str]:
    if labels is None:
        return
    low, high = labels
    form = label_form(loss)
    if form == "integer" and (low < 0 or (units is not None and high >= units)):
        width = "" if units is None else f", and the head has {units} units"
        yield f"The labels run from {low:g} to {high:g}{width}: each numbers a unit, from 0 up."
    if form in ("one_hot", "binary") and loss in CROSSENTROPIES and (low < 0 or high > 1):
        yield f"The loss takes labels from 0 to 1, and they run from {low:g} to {high:g}."
    if loss == "poisson" and low < 0:
        yield f"The loss takes counts, and the labels start at {low:g}."
    if loss in ("meanabsolutepercentageerror", "mape") and low <= 0 <= high:
        yield "The loss divides by the label, and a label of 0 makes it huge."


def _of_size(loss: str, inputs: Range | None, labels: Range | None) -> Iterator[str]:
    if inputs and UNSCALED < _reach(inputs) < math.inf:
        yield f"The inputs run from {inputs[0]:g} to {inputs[1]:g}: scale them to about -1 to 1."
    if labels and label_form(loss) == "values" and WIDE_TARGETS < _reach(labels) < math.inf:
        yield f"The targets run from {labels[0]:g} to {labels[1]:g}: standardise them."


def _reach(values: Range) -> float:
    return max(map(abs, values))


def _of_speed(rate: float | None, optimizer: str | None) -> Iterator[str]:
    if rate is not None and rate > FAST:
        usual = 0.001 if optimizer and key(optimizer) in ADAPTIVE else 0.01
        whose = f" for {optimizer}" if optimizer else ""
        yield f"The learning rate of {rate:g} is high{whose}: try {usual:g}."


def _of_head(loss: str, head: str, from_logits: bool) -> Iterator[str]:
    if loss in CROSSENTROPIES:
        if from_logits and head in NORMALISED:
            yield f"The loss (`from_logits: true`) and the head both apply {head}: drop one."
        elif not from_logits and head not in NORMALISED:
            yield (
                f"The loss takes probabilities, and the head ends in {head}: give it softmax or "
                "sigmoid, or set `from_logits: true`."
            )
    if loss == "poisson" and head not in NOT_NEGATIVE:
        yield f"The loss takes the logarithm of a {head} head, which can be negative: use softplus."
    if head == "exponential":
        yield "The head's exponential overflows from 89 on: use softplus."


def _where_nothing_stands_out(loss: str, head: str, from_logits: bool) -> Iterator[str]:
    yield (
        "The steps may have grown without bound: divide the learning rate by ten, or set "
        "`global_clipnorm: 1.0` on the optimizer."
    )
    if loss in CROSSENTROPIES and head in NORMALISED and not from_logits:
        yield (
            f"In half precision a {head} can round to 0, whose logarithm is infinite: a head "
            "without activation and `from_logits: true` are stable."
        )
