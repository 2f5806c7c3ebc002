"""Both loops do the same, bit for bit: weights, optimizer, random state, reports and hooks."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from loop_cases import (
    BYTES,
    CASES,
    CLASSES,
    LOOPS,
    Case,
    Outcome,
    images,
    outcome,
    ready,
    regress,
    state_of,
)

from hornbook.runtime.batches import Batches, permutation
from hornbook.runtime.finite import LabelOutsideHead, NonFiniteLoss, likely_causes
from hornbook.runtime.fit import fit
from hornbook.runtime.history import History
from hornbook.runtime.tape import tape

pytestmark = pytest.mark.keras

both = pytest.mark.parametrize("loop", LOOPS.values(), ids=list(LOOPS))


# ------------------------------------------------------------------------------------ equality


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_both_loops_leave_the_same_bits(case: Case) -> None:
    left, right = outcome(fit, case), outcome(tape, case)
    assert left.history == right.history
    assert list(left.history.history) == list(right.history.history)
    assert left.state == right.state
    untrained = state_of(ready(case))
    moved = [key for key, value in untrained.items() if left.state.get(key) != value]
    assert moved, "training moved nothing, so the comparison says nothing"


def test_the_loss_of_a_partial_batch_counts_by_its_examples() -> None:
    """Without training, the mean over batches must be the mean over examples."""
    case = CASES["convolutions"]
    model, batches = ready(case), case.data(33)
    model.optimizer.learning_rate = 0.0
    x, y = batches.x.astype("float32") / 255, batches.y
    expected = -np.log(np.asarray(model(x))[np.arange(33), y]).mean()
    history = tape(model, batches, 1).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)


def test_a_seed_changes_the_run() -> None:
    case = CASES["scaled loss"]
    other = replace(case, data=lambda examples: replace(case.data(examples), seed=4))
    assert outcome(tape, case).state != outcome(tape, other).state


@both
def test_epochs_in_two_runs_are_the_epochs_of_one_run(loop: Callable[..., History]) -> None:
    case = replace(CASES["scaled loss"], epochs=3)
    model, batches = ready(case), case.data(case.examples)
    first = loop(model, batches, 1)
    second = loop(model, batches, 3, initial_epoch=1)
    once = outcome(loop, case)
    assert (first.epochs, second.epochs, once.history.epochs) == ((0,), (1, 2), (0, 1, 2))
    assert once.history.history["loss"] == first.history["loss"] + second.history["loss"]
    assert once.state == state_of(model)


@both
def test_no_epoch_left_is_no_error(loop: Callable[..., History]) -> None:
    case = CASES["convolutions"]
    model = ready(case)
    before = [w.tobytes() for w in model.get_weights()]
    assert loop(model, case.data(9), 2, initial_epoch=2) == History()
    assert loop(model, case.data(9), 2, initial_epoch=5) == History()
    assert [w.tobytes() for w in model.get_weights()] == before


def test_an_eager_model_runs_in_the_tape() -> None:
    case = CASES["subclassed"]
    model = ready(case)
    model.run_eagerly = True
    eager = tape(model, case.data(9), 1).history
    graph = tape(ready(case), case.data(9), 1).history
    assert eager["loss"] == pytest.approx(graph["loss"], rel=1e-3)


THREADS = """
import sys, json, hashlib
sys.path.insert(0, {tests!r})
import loop_cases as t
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads({threads})
tf.config.threading.set_inter_op_parallelism_threads({threads})
case = t.CASES["batch norm and dropout"]
print(json.dumps(t.outcome(t.fit, case) == t.outcome(t.tape, case)))
"""


@pytest.mark.parametrize("threads", [1, 3])
def test_equality_does_not_hang_on_the_number_of_threads(threads: int) -> None:
    """The tests above run with TensorFlow's own choice."""
    code = THREADS.format(tests=os.path.dirname(os.path.dirname(__file__)), threads=threads)
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) is True


# ----------------------------------------------------------------------------------- callbacks


def hooks() -> list[str]:
    return [name for name in vars(keras.callbacks.Callback) if name.startswith("on_")]


class Recorder(keras.callbacks.Callback):
    """Writes down every hook that is called, its position and its logs."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []


def _recording(name: str) -> Callable[..., None]:
    def hook(self: Recorder, *arguments: Any, logs: Any = None) -> None:
        *position, last = arguments if arguments and logs is None else (*arguments, logs)
        if isinstance(last, int):
            position, last = [*position, last], None
        kinds = None if last is None else {key: type(value).__name__ for key, value in last.items()}
        self.calls.append((name, *position, last, kinds, list(last or ())))

    return hook


for _name in hooks():
    setattr(Recorder, _name, _recording(_name))


def test_both_loops_call_the_same_hooks_with_the_same_logs() -> None:
    traces = []
    for loop in LOOPS.values():
        recorder = Recorder()
        outcome(loop, CASES["several outputs"], callbacks=[recorder])
        traces.append((recorder.calls, recorder.params))
    assert traces[0] == traces[1]
    calls = [name for name, *_ in traces[0][0]]
    assert calls.count("on_train_batch_end") == 2 * 5
    assert calls.count("on_test_batch_end") == 2 * 2
    assert calls[0] == "on_train_begin"
    assert calls[-1] == "on_train_end"
    assert set(calls) == {
        name for name in hooks() if "predict" not in name and "_batch" not in name[:9]
    }


class StopAt(keras.callbacks.Callback):
    """Asks for the end of training at one batch."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.batch = batch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.stop_training = batch == self.batch


class StopTestAt(keras.callbacks.Callback):
    """Asks for the end of each evaluation at its first batch."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.stop_evaluating = True


CALLBACKS: dict[str, tuple[Callable[[], Any], int]] = {
    "early stopping": (
        lambda: keras.callbacks.EarlyStopping(
            "val_loss", mode="max", patience=1, restore_best_weights=True
        ),
        2,
    ),
    "plateau": (
        lambda: keras.callbacks.ReduceLROnPlateau("loss", mode="max", factor=0.1, patience=1),
        3,
    ),
    "schedule": (
        lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5**epoch),
        3,
    ),
    "stop in an epoch": (lambda: StopAt(2), 1),
    "stop in an evaluation": (StopTestAt, 3),
}
"""Callbacks that change a run of three epochs, and how many epochs are then run."""

WATCHED = replace(CASES["subclassed"], epochs=3)


@cache
def unwatched() -> Outcome:
    return outcome(tape, WATCHED)


@pytest.mark.parametrize("kind", CALLBACKS)
def test_callbacks_work_alike(kind: str) -> None:
    make, epochs = CALLBACKS[kind]
    left, right = (outcome(loop, WATCHED, callbacks=[make()]) for loop in LOOPS.values())
    assert left == right
    assert len(left.history.epochs) == epochs
    assert left != unwatched()


def test_a_history_callback_of_the_caller_is_filled() -> None:
    for loop in LOOPS.values():
        own = keras.callbacks.History()
        assert History.of(own_filled(loop, own)) == unwatched().history


def own_filled(loop: Callable[..., History], own: Any) -> Any:
    outcome(loop, WATCHED, callbacks=[own])
    return own


def test_an_interrupt_passes_through_alike() -> None:
    """No hook follows it, in either loop."""

    class Interrupts(Recorder):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.calls.append(("on_train_batch_begin", batch))
            if batch == 1:
                raise KeyboardInterrupt

    case, traces = CASES["convolutions"], []
    for loop in LOOPS.values():
        model, recorder = ready(case), Interrupts()
        with pytest.raises(KeyboardInterrupt):
            loop(model, case.data(33), 1, callbacks=[recorder])
        traces.append((recorder.calls, state_of(model)))
    assert traces[0] == traces[1]
    assert traces[0][0][-1] == ("on_train_batch_begin", 1)


# ------------------------------------------------------------------------- losses that are lost


def poisoned(epoch: int, step: int, value: float) -> tuple[Any, Batches]:
    """Return a model that cannot learn and data whose loss is lost at one step."""
    case = CASES["subclassed"]
    model, batches = ready(case), case.data(33)
    model.optimizer.learning_rate = 0.0
    at = batches.order(epoch)[step * batches.batch_size]
    y = batches.y.copy()
    y[at] = value
    return model, replace(batches, y=y)


@both
@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("step", [0, 2, 4])
def test_a_loss_that_is_not_finite_stops_the_run_at_its_step(
    loop: Callable[..., History], step: int, value: float
) -> None:
    model, batches = poisoned(0, step, value)
    recorder = Recorder()
    with pytest.raises(NonFiniteLoss) as caught:
        loop(model, batches, 2, callbacks=[recorder])
    error = caught.value
    assert (error.epoch, error.step) == (1, step + 1)
    assert not math.isfinite(error.loss)
    assert math.isnan(error.loss) == math.isnan(value)
    assert (error.last_finite is None) == (step == 0)
    assert f"epoch 1, at step {step + 1}" in str(error)
    # Callbacks that save weights do not get to see the step.
    assert recorder.calls[-1][:2] == ("on_train_batch_begin", step)


class Poison(keras.callbacks.Callback):
    """Spoils a weight before one step of a later epoch."""

    def __init__(self, epoch: int, step: int) -> None:
        super().__init__()
        self.at, self.epoch = (epoch, step), 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == self.at:
            weight = self.model.trainable_weights[-1]
            weight.assign(weight * math.nan)


def test_both_loops_report_a_lost_loss_alike() -> None:
    errors = []
    for loop in LOOPS.values():
        with pytest.raises(NonFiniteLoss) as caught:
            loop(ready(CASES["convolutions"]), images(33), 3, callbacks=[Poison(1, 3)])
        errors.append(caught.value)
    assert str(errors[0]) == str(errors[1])
    assert (errors[0].epoch, errors[0].step) == (2, 4)
    assert errors[0].last_finite == errors[1].last_finite is not None


def test_a_learning_rate_without_measure_is_noticed() -> None:
    case = replace(
        CASES["subclassed"], settings=lambda: regress(optimizer=keras.optimizers.SGD(1e6))
    )
    found = []
    for loop in LOOPS.values():
        with pytest.raises(NonFiniteLoss) as caught:
            outcome(loop, replace(case, epochs=20))
        found.append((caught.value.epoch, caught.value.step, caught.value.last_finite))
    assert found[0] == found[1]


@both
def test_a_label_outside_the_head_is_named(loop: Callable[..., History]) -> None:
    batches = images(9)
    y = batches.y.copy()
    y[4] = CLASSES
    with pytest.raises(LabelOutsideHead, match="expected labels from 0 to 4") as caught:
        loop(ready(CASES["convolutions"]), replace(batches, y=y), 1)
    assert (caught.value.label, caught.value.units) == (CLASSES, CLASSES)


@both
def test_other_errors_of_tensorflow_pass(loop: Callable[..., History]) -> None:
    class Refuses(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            tf.debugging.assert_equal(1, 2)

    with pytest.raises(tf.errors.InvalidArgumentError):
        loop(ready(CASES["convolutions"]), images(9), 1, callbacks=[Refuses()])


def test_likely_causes_name_what_the_facts_say() -> None:
    causes = likely_causes(
        "sparse_categorical_crossentropy",
        0.5,
        (0, 99),
        (0, 255),
        "softmax",
        units=10,
        optimizer="adam",
    )
    assert (
        causes[0]
        == "The labels run from 0 to 99, and the head has 10 units: each numbers a unit, from 0 up."
    )
    assert causes[1] == "The inputs run from 0 to 255: scale them to about -1 to 1."
    assert causes[2] == "The learning rate of 0.5 is high for adam: try 0.001."
    assert len(causes) == 3


def test_likely_causes_are_never_none() -> None:
    plain = likely_causes("crossentropy", None, None, None, None)
    assert "global_clipnorm" in plain[0]
    assert len(plain) == 1
    steep = likely_causes(
        "sparse_categorical_crossentropy", 0.001, (0, 9), (0, 1), "softmax", units=10
    )
    assert steep[0] == plain[0]
    assert "half precision a softmax can round to 0" in steep[1]


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (
            ("mse", 0.001, (0, 1), (math.nan, 1), None),
            {},
            "inputs hold numbers that are not finite",
        ),
        (
            ("mse", 0.001, (0, math.inf), (0, 1), None),
            {},
            "labels hold numbers that are not finite",
        ),
        (("mse", 0.001, (-2e6, 1), (0, 1), None), {}, "targets run from -2e\\+06 to 1"),
        (
            ("SparseCategoricalCrossentropy", 0.001, (-1, 3), None, "softmax"),
            {},
            "labels run from -1 to 3: ",
        ),
        (
            ("binary_crossentropy", 0.001, (0, 9), None, "sigmoid"),
            {},
            "labels from 0 to 1, and they run from 0 to 9",
        ),
        (("categorical_crossentropy", None, None, None, None), {}, "ends in linear"),
        (
            ("BinaryCrossentropy", None, None, None, "sigmoid"),
            {"from_logits": True},
            "both apply sigmoid",
        ),
        (("poisson", 0.001, (0, 5), None, None), {}, "linear head, which can be negative"),
        (
            ("poisson", 0.001, (-1, 5), None, "softplus"),
            {},
            "takes counts, and the labels start at -1",
        ),
        (("mean_absolute_percentage_error", 0.001, (0, 5), None, None), {}, "divides by the label"),
        (("mse", 0.001, (0, 1), None, "exponential"), {}, "overflows"),
        (
            ("mse", 3.0, (0, 1), (0, 1), None),
            {"optimizer": "SGD"},
            "rate of 3 is high for SGD: try 0.01",
        ),
        (("mse", 0.001, (0, 1), (0, 1), None), {}, "global_clipnorm"),
    ],
)
def test_one_likely_cause(arguments: tuple[Any, ...], options: dict[str, Any], words: str) -> None:
    causes = likely_causes(*arguments, **options)
    assert len(causes) == 1, causes
    assert re.search(words, causes[0])


# ------------------------------------------------------------------------------------- batches

seeds = st.integers(0, 2**40)
epochs = st.integers(0, 10_000)


@given(seeds, epochs, st.integers(1, 300))
def test_an_order_is_a_permutation_and_depends_on_its_arguments_alone(
    seed: int, epoch: int, examples: int
) -> None:
    np.random.seed(epoch % 7)
    order = permutation(seed, epoch, examples)
    np.random.seed(3)
    assert (permutation(seed, epoch, examples) == order).all()
    assert order.dtype == np.int64
    assert (np.sort(order) == np.arange(examples)).all()


@given(seeds, epochs, st.integers(1, 50))
def test_orders_of_other_epochs_and_seeds_differ(seed: int, epoch: int, apart: int) -> None:
    order = permutation(seed, epoch, 100)
    assert (order != permutation(seed, epoch + apart, 100)).any()
    assert (order != permutation(seed + apart, epoch, 100)).any()


def test_the_order_is_the_documented_one() -> None:
    """Runs of earlier versions can only go on if it never changes."""
    assert permutation(7, 2, 10).tolist() == np.random.default_rng((7, 2)).permutation(10).tolist()
    assert permutation(7, 2, 10).tolist() == [1, 5, 3, 4, 6, 9, 0, 8, 2, 7]


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 12), st.integers(1, 5), st.integers(0, 3), st.integers(0, 2))
def test_batches_follow_the_order_epoch_by_epoch(
    seed: int, examples: int, size: int, first: int, more: int
) -> None:
    data = Batches(np.arange(examples), -np.arange(examples), batch_size=size, seed=seed)
    steps = math.ceil(examples / size)
    assert data.steps_per_epoch == steps
    feeds = [data.feed(epoch) for epoch in range(first, first + more)]
    found = [data.batch(feed, step) for feed in feeds for step in range(steps)]
    batches = [(x.numpy(), y.numpy()) for x, y in found]
    seen = np.concatenate([x for x, _ in batches] or [np.zeros(0)])
    wanted = [data.order(epoch) for epoch in range(first, first + more)]
    assert (seen == np.concatenate(wanted or [np.zeros(0)])).all()
    assert all((x == -y).all() for x, y in batches)
    assert [len(x) for x, _ in batches] == (
        [size] * (examples // size) + [examples % size][: examples % size]
    ) * more


def test_validation_keeps_the_order_of_the_arrays() -> None:
    data = Batches(np.arange(10), batch_size=4, shuffle=False)
    batches = [data.batch(data.feed(5), step) for step in range(3)]
    assert [x.numpy().tolist() for (x,) in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_graph_may_know_the_size_of_a_batch() -> None:
    data = Batches(np.arange(10), batch_size=4, shuffle=False)
    (x,) = data.batch(data.feed(0), 2, 2)
    assert x.numpy().tolist() == [8, 9]


def test_rows_are_the_examples_that_are_meant() -> None:
    data = Batches(np.arange(10) * 10, batch_size=4, rows=np.array([7, 1, 3]), shuffle=False)
    assert (data.examples, data.steps_per_epoch) == (3, 1)
    (x,) = data.batch(data.feed(0), 0)
    assert x.numpy().tolist() == [70, 10, 30]
    mixed = replace(data, shuffle=True, seed=5)
    assert mixed.order(2).tolist() == np.array([7, 1, 3])[permutation(5, 2, 3)].tolist()


def test_values_are_scaled_in_the_graph_and_held_as_they_are() -> None:
    x = np.arange(12, dtype=np.uint8).reshape(4, 3)
    scaling = SimpleNamespace(offset=np.array([0.0, 1.0, 2.0]), scale=2.0, identity=False)
    data = Batches(x, np.zeros(4), batch_size=4, shuffle=False, scaling=scaling)
    seen, targets = data.batch(data.feed(0), 0)
    assert (seen.numpy() == (x.astype(np.float32) - np.float32([0, 1, 2])) / np.float32(2)).all()
    assert seen.dtype == targets.dtype == tf.float32
    assert data._held[0][0].dtype == tf.uint8
    assert data._held is data._held


def test_inputs_by_name_are_scaled_by_name() -> None:
    x = {
        "bytes": np.full((2, 1), 51, np.uint8),
        "ids": np.array([[2**30 + 1], [3]]),
        "same": np.ones((2, 1), np.uint8),
    }
    identity = SimpleNamespace(offset=0.0, scale=1.0, identity=True)
    data = Batches(
        x,
        {"out": np.zeros((2, 1))},
        shuffle=False,
        scaling={"bytes": BYTES, "ids": None, "same": identity},
    )
    seen, targets = data.batch(data.feed(0), 0)
    assert seen["bytes"].numpy().tolist() == [[np.float32(51) / np.float32(255)]] * 2
    assert seen["ids"].numpy().tolist() == [[2**30 + 1], [3]]
    assert seen["same"].dtype == tf.float32
    assert targets["out"].shape == (2, 1)


@pytest.mark.parametrize(
    ("x", "y", "size"),
    [
        (np.zeros((3, 1)), np.zeros(2), 1),
        ({"a": np.zeros(3), "b": np.zeros(4)}, None, 1),
        (np.zeros((0, 1)), np.zeros(0), 1),
        (np.zeros(3), np.zeros(3), 0),
    ],
)
def test_what_cannot_be_cut_is_refused(x: Any, y: Any, size: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        Batches(x, y, batch_size=size)


def test_batches_and_histories_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Batches(np.zeros(3)).seed = 1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        History().epochs = ()  # type: ignore[misc]


def test_the_last_report_of_a_history() -> None:
    assert History({"loss": [2.0, 1.0], "val_loss": [3.0, 4.0]}, (0, 1)).last() == {
        "loss": 1.0,
        "val_loss": 4.0,
    }
    assert History().last() == {}
