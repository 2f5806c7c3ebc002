"""Keeps a record of a training: its metrics line by line, and its state every so often."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, final

import keras

from ..specs.diagnostics import Diagnostic, SpecError
from .build import Built
from .checkpoints import Checkpoints, complaint, unfinished
from .durable import Lines
from .runs import CHECKPOINTS, METRICS
from .state import About, State, callbacks_of, capture, put_back, put_back_metrics

Logs = Mapping[str, Any]
LOG_EVERY: Final = 100


@final
@dataclass(frozen=True)
class Every:
    """How often a state is written: after so many seconds, or after so many steps."""

    seconds: float | None = 30.0
    steps: int | None = None

    def due(self, seconds: float, steps: int) -> bool:
        """Tell whether it is time, so long and so many steps after the last one."""
        return (self.seconds is not None and seconds >= self.seconds) or (
            self.steps is not None and steps >= self.steps
        )


@final
@dataclass(frozen=True)
class Recording:
    """What is asked of the record of a run.

    Args:
        folder: the folder of the run.
        spec: the text by which a state is told from one of another spec.
        every: how often a state is written.
        log_every: the steps from one line of metrics to the next; each epoch has a line besides.
        state: where a run goes on that was stopped.
        stop: set by whoever wants the training to end at the next step, with its state written.
        warn: is told of a state that could not be written.
        first: whether a state is written before the first step, as where the weights come from elsewhere.
    """

    folder: Path
    spec: str
    style: str
    loop: str
    every: Every = field(default_factory=Every)
    log_every: int = LOG_EVERY
    state: State | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    warn: Callable[[Diagnostic], None] = lambda _: None
    first: bool = False

    @property
    def checkpoints(self) -> Checkpoints:
        """The checkpoints of the run."""
        return Checkpoints(self.folder / CHECKPOINTS)

    @property
    def lines(self) -> Path:
        """The file of metrics."""
        return self.folder / METRICS


@final
class Saver(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes the record of a training; the last of its callbacks, so that it sees what all others did.

    States are copied between two calls of the graph and written by a thread of their own. The very last one is
    waited for.
    """

    logs_alone = True

    def __init__(
        self,
        recording: Recording,
        built: Built,
        others: Sequence[keras.callbacks.Callback],
        seconds: list[float],
        example: Any,
        steps_per_epoch: int,
    ) -> None:
        super().__init__()
        self.recording = recording
        self.built = built
        self.others = tuple(others)
        self.seconds = seconds
        self.example = example
        self.steps_per_epoch = steps_per_epoch
        about = recording.state.about if recording.state else None
        self.epoch = about.epoch if about else 0
        self.steps = about.steps if about else 0
        self.lines: Lines | None = None
        self.writer = ThreadPoolExecutor(1, "checkpoints")
        self.pending: Future[None] | None = None
        self.last = time.monotonic()
        self.last_steps = self.steps
        self.failing = False

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold the file of metrics open, and wait in the end for what is still being written.

        Raises:
            SpecError: HB903 where lines could not be written to the end.
        """
        state = self.recording.state
        # Lines that were written after the state are written again.
        with Lines.open(self.recording.lines, state.about.lines if state else 0) as self.lines:
            try:
                yield
            finally:
                self.writer.shutdown(wait=True)
            try:
                self.lines.flush()
            except OSError as error:
                raise SpecError([unfinished(error, self.recording.folder)]) from None

    def on_train_begin(self, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Put back the state that the run goes on from."""
        state = self.recording.state
        if state is None:
            if self.recording.first:
                self.model._symbolic_build(data_batch=self.example)
                self._save(0, 0, wait=True)
            return
        try:
            put_back(self.built, self.others, state, self.example)
        except ValueError as error:
            message = f"the checkpoint of `{self.recording.folder}` does not fit its model: {error}"
            raise SpecError([Diagnostic("HB905", message)]) from None
        about = state.about
        history = self.model.history
        history.epoch[:] = about.epochs
        history.history.update({name: list(values) for name, values in about.history.items()})
        self.seconds[:] = about.seconds

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Put back the metrics of an epoch that was begun before."""
        self.epoch = epoch
        state = self.recording.state
        if state is not None and state.about.step and epoch == state.about.epoch:
            put_back_metrics(self.model, state)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:  # noqa: ARG002
        """Write a line where it is time."""
        self.steps += 1
        if self.steps % self.recording.log_every == 0:
            self._line({"epoch": self.epoch + 1, "step": self.steps}, logs)

    def steps_to_pause(self) -> int | None:
        """Return after how many steps a state is due; None where only seconds count."""
        every = self.recording.every.steps
        return None if every is None else max(1, self.last_steps + every - self.steps)

    def on_pause(self, batch: int) -> None:
        """Write a state where it is time; end the training where that was asked for."""
        if batch + 1 == self.steps_per_epoch:  # the epoch is not over before it was validated
            return
        if self.recording.stop.is_set():
            self._save(self.epoch, batch + 1, wait=True)
            raise KeyboardInterrupt
        if self._due():
            self._save(self.epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line; write a state where it is time, where nothing follows, and where the end was asked for."""
        self._line({"epoch": epoch + 1, "steps": self.steps}, logs)
        over = self.model.stop_training or epoch + 1 == self.params["epochs"]
        stop = self.recording.stop.is_set()
        if over or stop or self._due():
            # The weights of the very end are written here: callbacks may exchange them when training ends.
            self._save(epoch + 1, 0, wait=over or stop)
        if stop:
            raise KeyboardInterrupt

    def _due(self) -> bool:
        """Tell whether it is time for a state, and the one before is written."""
        if self.pending is not None and not self.pending.done():
            return False
        return self.recording.every.due(time.monotonic() - self.last, self.steps - self.last_steps)

    def _line(self, place: dict[str, Any], logs: Logs | None) -> None:
        assert self.lines is not None
        numbers = {name: finite(float(value)) for name, value in (logs or {}).items()}
        self.lines.add(json.dumps(place | numbers).encode() + b"\n")

    def _save(self, epoch: int, step: int, *, wait: bool = False) -> None:
        assert self.lines is not None
        history = self.model.history
        about = About(
            epoch=epoch,
            step=step,
            steps=self.steps,
            stopped=bool(self.model.stop_training),
            style=self.recording.style,
            loop=self.recording.loop,
            spec=self.recording.spec,
            lines=self.lines.length,
            history={name: list(map(float, values)) for name, values in history.history.items()},
            epochs=list(history.epoch),
            seconds=list(self.seconds),
            callbacks=callbacks_of(self.others),
        )
        state = capture(self.built, self.others, about)
        self.last, self.last_steps = time.monotonic(), self.steps
        if self.pending is not None:
            self.pending.result()
        self.pending = self.writer.submit(self._write, state, self.lines)
        if wait:
            self.pending.result()

    def _write(self, state: State, lines: Lines) -> None:
        checkpoints = self.recording.checkpoints
        try:
            lines.sync()  # a state must not be on the disk before the lines it counts
            checkpoints.write(state.about.steps, state.files())
            self.failing = False
        except OSError as error:
            if not self.failing:  # said once, until one is written again
                self.recording.warn(complaint(error, checkpoints.folder, state.size))
            self.failing = True


def finite(value: float) -> float | None:
    """Return a number as JSON can hold it."""
    return value if math.isfinite(value) else None
