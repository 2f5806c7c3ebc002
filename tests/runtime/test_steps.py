"""A chunk of many steps in one call of a graph does what one step after another does, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from loop_cases import CASES, LOOPS, Case, Outcome, outcome, ready, state_of

from hornbook.runtime import steps
from hornbook.runtime.batches import Batches
from hornbook.runtime.data.memory import ALIGNMENT, aligned, empty
from hornbook.runtime.fit import fit
from hornbook.runtime.history import History
from hornbook.runtime.steps import GROWTH, MOST, SECONDS, Hooks, Pace, Steps, evaluate, predictions
from hornbook.runtime.tape import tape

pytestmark = pytest.mark.keras


# ------------------------------------------------------------------------------------ reference


def by_keras_alone(case: Case) -> Outcome:
    """Train by Keras's fit as it is: its own train function, one step a call, batches from Python."""
    model, batches = ready(case), case.data(case.examples)
    validation = replace(case.data(11), shuffle=False) if case.validate else None

    def dataset(source: Batches, epochs: int) -> tf.data.Dataset:
        def numbers() -> Iterator[Any]:
            for epoch in range(epochs):
                feed = source.feed(epoch)
                for step in range(source.steps_per_epoch):
                    yield source.batch(feed, step)

        spec = tf.nest.map_structure(
            lambda one: tf.TensorSpec([None, *one.shape[1:]], one.dtype), next(numbers())
        )
        length = tf.data.experimental.assert_cardinality(epochs * source.steps_per_epoch)
        return tf.data.Dataset.from_generator(numbers, output_signature=spec).apply(length)

    found = model.fit(
        dataset(batches, case.epochs),
        steps_per_epoch=batches.steps_per_epoch,
        epochs=case.epochs,
        shuffle=False,
        validation_data=dataset(validation, 1) if validation else None,
        verbose=0,
    )
    return Outcome(state_of(model), History.of(found))


class Looks(keras.callbacks.Callback):
    """A callback that wants to see the model after each step, of which hornbook knows nothing."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        assert np.isfinite(logs["loss"])


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_chunks_leave_the_bits_of_single_steps(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = by_keras_alone(case)
    assert outcome(fit, case, callbacks=[Looks()]) == alone
    for loop, lengths in zip(LOOPS.values(), ([1, 2, 3, 4], [4, 2, 1, 3]), strict=True):
        told = iter(lengths * 50)
        monkeypatch.setattr(Pace, "next", lambda _, told=told: next(told))
        assert outcome(loop, case) == alone


@pytest.mark.parametrize("loop", LOOPS.values(), ids=list(LOOPS))
def test_a_chunk_is_one_call_of_the_graph(
    loop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    take = Steps.take

    def counting(self: Steps, batches: Batches, feed: Any, first: int, last: int) -> Any:
        taken.append(last - first)
        return take(self, batches, feed, first, last)

    monkeypatch.setattr(Steps, "take", counting)
    monkeypatch.setattr(steps, "SECONDS", 60.0)
    case = CASES["scaled loss"]
    loop(ready(case), case.data(200), 1)
    assert taken == [1, 2, 16, 6]
    taken.clear()
    loop(ready(case), case.data(30), 1, callbacks=[Looks()])
    assert taken == [1, 1, 1, 1]


# ---------------------------------------------------------------------------------------- hooks


def told(*callbacks: Any) -> Hooks:
    return Hooks(callbacks, ready(CASES["scaled loss"]), 1, 10, 0)


def test_who_may_be_told_of_a_step_later() -> None:
    quiet = [keras.callbacks.EarlyStopping(), keras.callbacks.ReduceLROnPlateau()]
    epochs = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    assert told(*quiet, epochs).single == {"train": False, "test": False}
    batches = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    assert told(batches).single == {"train": True, "test": False}
    assert told(keras.callbacks.ModelCheckpoint("x.keras")).single["train"]

    class Old(keras.callbacks.Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            self.seen = batch

    class Tests(keras.callbacks.Callback):
        def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.seen = batch

    assert told(Old()).single == {"train": True, "test": False}
    assert told(Tests()).single == {"train": False, "test": True}
    late = Old()
    late.logs_alone = True
    assert told(late).single["train"] is False


def test_a_pause_comes_after_the_step_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pauses(keras.callbacks.Callback):
        logs_alone = True

        def __init__(self) -> None:
            super().__init__()
            self.seen: list[tuple[int, int]] = []
            self.last = -1

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.last = batch

        def steps_to_pause(self) -> int:
            return 3

        def on_pause(self, batch: int) -> None:
            assert self.last == batch
            self.seen.append((batch, int(self.model.optimizer.iterations)))

    monkeypatch.setattr(Pace, "next", lambda _: 1000)
    for loop in LOOPS.values():
        case, pauses = CASES["subclassed"], Pauses()
        loop(ready(case), case.data(64), 1, callbacks=[pauses])
        assert pauses.seen == [(2, 3), (5, 6), (7, 8)]


def test_the_first_call_takes_one_step_and_the_next_fill_their_time() -> None:
    pace = Pace()
    assert pace.next() == 1
    pace.took(1, 30.0)  # it traced the graph
    assert pace.next() == 2
    pace.took(2, 2e-9)
    assert pace.next() == 2 * GROWTH
    pace.took(16, 16 * SECONDS / 40)
    assert pace.next() == 40
    pace.took(40, 40.0)
    assert pace.next() == 1
    pace.took(1, 0.0)
    assert pace.next() >= 1


@given(st.lists(st.tuples(st.floats(0, 1e4), st.booleans()), max_size=30))
def test_a_pace_stays_within_its_limits(times: list[tuple[float, bool]]) -> None:
    pace, before = Pace(), 1
    for seconds, cut in times:
        count = pace.next()
        assert 1 <= count <= min(MOST, max(2, before * GROWTH))
        before = max(1, count // 2) if cut else count
        pace.took(before, seconds)


# ------------------------------------------------------------------------------------------ XLA


def test_both_loops_agree_under_xla_and_know_a_partial_batch() -> None:
    def compiled(loop: Callable[..., Any]) -> Outcome:
        case = CASES["convolutions"]
        keras.utils.set_random_seed(11)
        model = case.model()
        model.compile(**case.settings(), jit_compile=True)
        history = loop(model, case.data(33), 2, replace(case.data(11), shuffle=False))
        return Outcome(state_of(model), history)

    left, right = compiled(fit), compiled(tape)
    assert left == right
    plain = outcome(fit, replace(CASES["convolutions"], validate=True))
    for name, values in plain.history.history.items():
        assert left.history.history[name] == pytest.approx(values, rel=1e-3)


# --------------------------------------------------------------------------- tests, predictions


def test_evaluate_is_what_keras_evaluates() -> None:
    case = CASES["several outputs"]
    model, batches = ready(case), replace(case.data(21), shuffle=False)
    feed = batches.feed(0)
    x, y = batches.batch(feed, 0)
    inputs = {
        name: np.concatenate([batches.batch(feed, i)[0][name] for i in range(3)]) for name in x
    }
    targets = {
        name: np.concatenate([batches.batch(feed, i)[1][name] for i in range(3)]) for name in y
    }
    wanted = model.evaluate(inputs, targets, batch_size=8, return_dict=True, verbose=0)
    found = {name: float(value) for name, value in evaluate(model, batches).items()}
    assert found == wanted
    made = predictions(model, batches)
    expected = model.predict(inputs, batch_size=8, verbose=0)
    assert {name: one.tobytes() for name, one in made.items()} == {
        name: one.tobytes() for name, one in expected.items()
    }
    assert {name: len(one) for name, one in predictions(model, batches, 2).items()} == {
        "main": 16,
        "aux": 16,
    }


def test_examples_of_one_kind_share_a_graph() -> None:
    case = CASES["convolutions"]
    model, batches = ready(case), case.data(40)
    traced: list[int] = []

    def step(batch: Any) -> Any:
        traced.append(1)
        return model.test_step(batch)

    testing = Steps(model, step)
    evaluate(model, batches, testing)
    evaluate(model, replace(batches, rows=np.arange(7)), testing)
    evaluate(model, replace(case.data(9), scaling=batches.scaling), testing)
    assert len(traced) == 1


# --------------------------------------------------------------------------------------- memory

dtypes = st.sampled_from(
    ["uint8", "int8", "int16", "int32", "int64", "uint32", "float16", "float32", "bool"]
)


@given(dtypes, st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_examples_are_shared_and_not_copied(dtype: str, shape: list[int]) -> None:
    array = empty(shape, dtype)
    array[...] = 0
    assert array.ctypes.data % ALIGNMENT == 0
    assert aligned(array) is array
    data = Batches(array, shuffle=False, batch_size=100)
    feed = data.feed(0)
    array[...] = 1
    assert (data.batch(feed, 0)[0].numpy() == 1).all()


def test_texts_and_large_floats_are_taken_too() -> None:
    data = Batches(np.array(["a", "bc"]), np.array([1.0, 2.0]), shuffle=False)
    x, y = data.batch(data.feed(0), 0)
    assert x.numpy().tolist() == [b"a", b"bc"]
    assert y.dtype == tf.float32
