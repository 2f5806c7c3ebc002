"""Steps on batches, a chunk of many in one call of a graph.

On a small net most of a step's time goes by between two graphs: in Python, in callbacks, in handing over a
batch. Here a graph gathers its batches itself and loops over them, and Python has its turn every tenth
of a second. How many steps a call takes changes no bit.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias, final, runtime_checkable

import keras
import tensorflow as tf

from ..specs.diagnostics import Diagnostic, Note, SpecError
from .batches import Batches
from .finite import StopAtNonFinite

Logs: TypeAlias = dict[str, Any]
Phase: TypeAlias = Literal["train", "test"]

SECONDS: Final = 0.1
"""How long a call of the graph should take: after each, callbacks are told, and a training can be stopped."""
MOST: Final = 1024
"""The steps of a call at most."""
XLA: Final = re.compile(r"tf2xla|XlaMustCompile|XLA_[CG]PU_JIT")
"""What TensorFlow's errors hold where it is XLA that has refused."""
GROWTH: Final = 8
"""How many times longer a chunk may be than the one before, whose time may have been a fluke."""


@final
class Steps:
    """Takes a step on one batch after another, many of them in one call of a graph.

    A model that was compiled to run eagerly does so here; one that was compiled with ``jit_compile`` has the whole
    chunk compiled by XLA.

    Args:
        model: a compiled model.
        step: takes a batch and returns numbers by name, as ``model.train_step`` does.
    """

    def __init__(self, model: keras.Model, step: Callable[[Any], Logs]) -> None:
        self.model = model
        self.step = step
        self._graphs: dict[Any, Callable[..., Any]] = {}

    def take(self, batches: Batches, feed: Any, first: int, last: int) -> list[Logs]:
        """Take the steps from ``first`` up to, not including, ``last`` of an epoch, at most ``MOST``.

        Returns:
            What each step returned: Python numbers by name, in the order of their names.
        """
        if self.model.run_eagerly:
            found = (self.step(batches.batch(feed, step)) for step in range(first, last))
            stacked = ({name: tf.stack([value]) for name, value in one.items()} for one in found)
            return [logs for one in stacked for logs in _pythonic(one, 1)]
        logs: list[Logs] = []
        for begin, end, size in self._pieces(batches, first, last):
            graph = self._graph(batches, size)
            with batches.explained(), refusals_of_xla():
                found = graph(feed, tf.constant(begin), tf.constant(end))
            logs += _pythonic(found, end - begin)
        return logs

    def _pieces(
        self, batches: Batches, first: int, last: int
    ) -> Sequence[tuple[int, int, int | None]]:
        """Cut steps into pieces of one batch size where that must be known, which XLA demands."""
        if not self.model.jit_compile or batches.streamed:
            return [(first, last, None)]
        whole, rest = divmod(batches.examples, batches.batch_size)
        pieces = [(first, min(last, whole), batches.batch_size), (max(first, whole), last, rest)]
        return [piece for piece in pieces if piece[0] < piece[1]]

    def _graph(self, batches: Batches, size: int | None) -> Callable[..., Any]:
        key = (
            repr((batches.signature, batches.dtype)),
            batches.batch_size,
            id(batches.scaling),
            size,
        )
        if key not in self._graphs:
            # A graph that makes variables, as of metrics and the optimizer, would be traced twice.
            self.model._symbolic_build(data_batch=batches.example())
            self._graphs[key] = self._traced(batches, size)
        return self._graphs[key]

    def _traced(self, batches: Batches, size: int | None) -> Callable[..., Any]:
        compiled, taken = bool(self.model.jit_compile), self.step
        xla = compiled and not batches.streamed
        if compiled and not xla:  # it cannot read the disk, so it compiles one step at a time
            taken = tf.function(self.step, jit_compile=True, autograph=False)
        number = tf.TensorSpec([], tf.int32)
        # A graph of its own for one step tells what it returns, before the loop is made around it.
        one = tf.function(
            lambda feed, step: taken(batches.batch(feed, step, size)),
            input_signature=(batches.signature, number),
            autograph=False,
        ).get_concrete_function()
        returned = one.structured_outputs

        def many(feed: Any, first: tf.Tensor, last: tf.Tensor) -> dict[str, tf.Tensor]:
            length = MOST if xla else last - first  # XLA must know how long an array is

            def body(step: tf.Tensor, arrays: dict[str, Any]) -> tuple[Any, ...]:
                logs = one(feed, step)
                written = {name: arrays[name].write(step - first, logs[name]) for name in arrays}
                return step + 1, written

            arrays = {
                name: tf.TensorArray(spec.dtype, length, element_shape=spec.shape)
                for name, spec in returned.items()
            }
            _, arrays = tf.while_loop(
                lambda step, _: step < last, body, (first, arrays), parallel_iterations=1
            )
            return {name: array.stack() for name, array in arrays.items()}

        graph: Callable[..., Any] = tf.function(
            many,
            input_signature=(batches.signature, number, number),
            jit_compile=xla,
            autograph=False,
        )
        return graph


@contextmanager
def refusals_of_xla() -> Iterator[None]:
    """Tell of a graph that XLA cannot compile; which it is, nobody knows before it has been tried.

    Raises:
        SpecError: HB510.
    """
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
        if not XLA.search(str(error)):
            raise
        said = re.sub(r"\s+", " ", str(error).split("\n", 1)[0])[:200]
        note = Note(f"its compiler said: {said}")
        help = "leave `jit_compile` out, or write `jit_compile: auto`"
        message = "XLA cannot compile the training of this model"
        raise SpecError([Diagnostic("HB510", message, None, (note,), help)]) from error


def _pythonic(logs: Mapping[str, tf.Tensor], steps: int) -> list[Logs]:
    """Return the logs of each step as Python numbers; what is no number stays an array."""
    columns = {}
    for name in sorted(logs):
        values = logs[name].numpy()[:steps]
        columns[name] = values.astype(float).tolist() if values.ndim == 1 else list(values)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@runtime_checkable
class Pausing(Protocol):
    """A callback that looks at the model itself, which it does between two calls of the graph."""

    def steps_to_pause(self) -> int | None:
        """Return after how many steps it must have its turn; None where any time is right."""
        ...

    def on_pause(self, batch: int) -> None:
        """Look at the model, whose last step in this epoch was ``batch``."""
        ...


@final
@dataclass
class Pace:
    """How many steps a call takes, so that it lasts about ``SECONDS``."""

    steps: int = 0
    seconds: float = field(default=0.0)

    def next(self) -> int:
        """Return the number of steps of the next call. The first takes one, since it traces the graph."""
        if self.steps == 0:
            return 1
        if self.seconds == 0.0:
            return 2
        fitting = int(SECONDS * self.steps / max(self.seconds, 1e-9))
        return max(1, min(fitting, self.steps * GROWTH, MOST))

    def took(self, steps: int, seconds: float) -> None:
        """Note how long a call took."""
        self.seconds = seconds if self.steps else 0.0
        self.steps = steps


@final
class Hooks(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Callbacks of a training that takes many steps in one call.

    One that is told of every batch gets a call for each step, with the model as it is there; but one with
    ``logs_alone = True`` reads nothing but logs, and may be told of a step when later ones have been taken. If it sets
    ``model.stop_training`` then, these count.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Model,
        epochs: int,
        steps: int,
        verbose: int,
    ) -> None:
        super().__init__(
            [StopAtNonFinite(), *callbacks],
            add_history=True,
            add_progbar=verbose != 0,
            model=model,
            verbose=verbose,
            epochs=epochs,
            steps=steps,
        )
        self.epoch = 0
        self.told = {phase: _told(self.callbacks, phase) for phase in ("train", "test")}
        self.single = {
            phase: not all(map(_reads_logs_alone, told)) for phase, told in self.told.items()
        }
        self.pausing = [one for one in self.callbacks if isinstance(one, Pausing)]
        self.paces = {"train": Pace(), "test": Pace()}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch, and pass it on."""
        self.epoch = epoch
        super().on_epoch_begin(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Pass nothing on: to Keras a whole epoch is one batch."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Pass nothing on."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Pass nothing on."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Pass nothing on."""

    def run(self, phase: Phase, steps: Steps, batches: Batches, first: int = 0) -> None:
        """Take the steps of an epoch from ``first`` on, and tell the callbacks of each.

        It ends early where a callback sets ``model.stop_training`` or, in a test, ``model.stop_evaluating``.
        """
        feed = batches.feed(self.epoch, first)
        while first < batches.steps_per_epoch:
            count = min(self._count(phase), batches.steps_per_epoch - first)
            if count == 1:
                self._begin(phase, first)
            began = time.perf_counter()
            taken = steps.take(batches, feed, first, first + count)
            self.paces[phase].took(count, time.perf_counter() - began)
            for step, logs in enumerate(taken, first):
                if count > 1:
                    self._begin(phase, step)
                self._end(phase, step, logs)
            first += count
            if phase == "train":
                for one in self.pausing:
                    one.on_pause(first - 1)
            if self.model.stop_training if phase == "train" else self.model.stop_evaluating:
                break

    def _count(self, phase: Phase) -> int:
        if self.single[phase]:
            return 1
        limits = [one.steps_to_pause() for one in self.pausing] if phase == "train" else []
        return min([self.paces[phase].next(), *(limit for limit in limits if limit is not None)])

    def _begin(self, phase: Phase, step: int) -> None:
        for one in self.told[phase]:
            one.on_train_batch_begin(step) if phase == "train" else one.on_test_batch_begin(step)

    def _end(self, phase: Phase, step: int, logs: Logs) -> None:
        for one in self.told[phase]:
            if phase == "train":
                one.on_train_batch_end(step, logs)
            else:
                one.on_test_batch_end(step, logs)


LOGS_ALONE: Final = (keras.callbacks.ProgbarLogger, keras.callbacks.History)
"""Callbacks of Keras that read nothing but the logs of a batch."""


def _reads_logs_alone(callback: keras.callbacks.Callback) -> bool:
    return type(callback) in LOGS_ALONE or getattr(callback, "logs_alone", False)


def _told(
    callbacks: Sequence[keras.callbacks.Callback], phase: str
) -> list[keras.callbacks.Callback]:
    """Return the callbacks that do something at the begin or the end of a batch."""
    names = [f"on_{phase}_batch_begin", f"on_{phase}_batch_end"]
    if phase == "train":
        names += ["on_batch_begin", "on_batch_end"]
    base = keras.callbacks.Callback
    return [
        one
        for one in callbacks
        if any(_function(getattr(one, name)) is not getattr(base, name) for name in names)
    ]


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)


def evaluate(
    model: keras.Model,
    batches: Batches,
    testing: Steps | None = None,
    hooks: Hooks | None = None,
) -> Logs:
    """Return the loss and the metrics of a compiled model on some examples, as ``model.evaluate`` does.

    Args:
        model: a compiled model.
        batches: the examples, in their order.
        testing: the steps, where they have been made before.
        hooks: callbacks that are told of it.
    """
    testing = testing or Steps(model, model.test_step)
    hooks = hooks or Hooks((), model, 1, batches.steps_per_epoch, 0)
    model.stop_evaluating = False
    hooks.on_test_begin()
    model.reset_metrics()
    hooks.run("test", testing, batches)
    found = dict(model.get_metrics_result())
    hooks.on_test_end(found)
    return found


def predictions(model: keras.Model, batches: Batches, most: int | None = None) -> Any:
    """Return what a model makes of examples in their order, as NumPy arrays; of the first ``most`` batches alone."""
    step = tf.function(
        lambda feed, step: model.predict_step(batches.batch(feed, step)),
        input_signature=(batches.signature, tf.TensorSpec([], tf.int32)),
        autograph=False,
        jit_compile=False,
    )
    feed = batches.feed(0)
    taken = range(min(batches.steps_per_epoch, most or batches.steps_per_epoch))
    with batches.explained():
        parts = [step(feed, tf.constant(number)) for number in taken]
    return tf.nest.map_structure(lambda *part: tf.concat(part, 0).numpy(), *parts)
