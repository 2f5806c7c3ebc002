"""What is seen of a training: a bar while an epoch runs, a row when it has ended; or lines of JSON."""

from __future__ import annotations

import json
import math
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from .output import colored, console, plural, say, terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..compiler.graph import TypedGraph
    from ..runtime.data import DataSet
    from ..runtime.initial import Initial
    from ..runtime.train import Examples, Trained
    from ..specs.model import TrainSpec

NARROWEST: Final = 8
WIDTH: Final = 88
"""Columns of the curves in a pipe."""
GAP: Final = "  "


@final
class Rows:
    """Writes epochs as rows of a table; where the screen is too narrow, as words and numbers.

    The columns are those of the first epoch.
    """

    def __init__(self, epochs: int, width: int | None) -> None:
        self.epochs = epochs
        self.width = width
        self.names: list[str] = []

    def lines(self, epoch: int, seconds: float, logs: Mapping[str, float]) -> list[str]:
        """Return the row of an epoch, which counts from 0; the headings go before the first."""
        first = not self.names
        if first:
            self.names = in_order(logs)
        counted = f"{epoch + 1}/{self.epochs}".rjust(self.first())
        values = [number(logs[name]) if name in logs else "" for name in self.names]
        if self.wide():
            pairs = (f"{name} {value}" for name, value in zip(self.names, values, strict=True))
            return [GAP.join((counted, duration(seconds), *pairs))]
        cells = [value.rjust(width) for value, width in zip(values, self.widths(), strict=True)]
        row = GAP.join((counted, duration(seconds).rjust(NARROWEST), *cells))
        return [self.heading(), row] if first else [row]

    def widths(self) -> list[int]:
        """Return the widths of the columns of numbers."""
        return [max(NARROWEST, len(name)) for name in self.names]

    def wide(self) -> bool:
        """Tell whether a row would be broken by the edge of the screen."""
        needed = self.first() + sum(len(GAP) + width for width in (NARROWEST, *self.widths()))
        return self.width is not None and needed > self.width

    def first(self) -> int:
        """Return the width of the first column."""
        return max(len("epoch"), 2 * len(str(self.epochs)) + 1)

    def heading(self) -> str:
        """Return the headings."""
        names = [name.rjust(width) for name, width in zip(self.names, self.widths(), strict=True)]
        return GAP.join(("epoch".rjust(self.first()), "time".rjust(NARROWEST), *names))


def machine(typed: TypedGraph, settings: TrainSpec) -> dict[str, Any]:
    """Return how the machine computes; of precision and XLA what is not the default."""
    from ..compiler.xla import share
    from ..runtime.process import settled

    now = settled()
    found: dict[str, Any] = {}
    if settings.precision != "float32":
        found["precision"] = settings.precision
    if settings.jit_compile:
        found["XLA"] = share(settings, typed)
    found["oneDNN"] = "on" if now.onednn else "off"
    found["intra_op threads"] = now.intra_op
    return found | ({"inter_op threads": now.inter_op} if now.inter_op else {})


class Teller(Protocol):
    """Tells of a training, to people or to programs; it is a :class:`hornbook.runtime.train.Watcher`."""

    folder: Path | None
    stop: threading.Event

    def head(
        self, typed: TypedGraph, data: DataSet, style: str, loop: str, settings: TrainSpec
    ) -> None:
        """Tell what is to be trained."""

    def first(self, weights: Initial) -> None:
        """Tell which weights training begins with, where not with those of the seed."""

    def kept(self, folder: Path, step: int | None = None, *, ended: bool = False) -> None:
        """Tell where the run is kept, and after which step it goes on."""

    def began(self, examples: Examples, epochs: int) -> None:
        """Tell that training begins."""

    def epoch_began(self, epoch: int) -> None:
        """Tell of an epoch that begins."""

    def step_ended(self, step: int, logs: Mapping[str, float]) -> None:
        """Tell of a step that has ended."""

    def epoch_ended(self, epoch: int, seconds: float, logs: Mapping[str, float]) -> None:
        """Tell of an epoch that has ended."""

    def result(self, trained: Trained, epochs: int) -> None:
        """Tell what came of it, of so many epochs that were asked for."""

    def where(self) -> str:
        """Say where an interruption came."""

    def __enter__(self) -> Teller: ...

    def __exit__(self, *_: object) -> None: ...


@final
class View:
    """Tells people of a training.

    Into a pipe goes one line an epoch, and no control character.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = terminal(sys.stdout) and not quiet
        self.stack = ExitStack()
        self.bar: Progress | None = None
        self.task: TaskID | None = None
        self.rows = Rows(0, None)
        self.epoch: int | None = None
        self.source = "data"
        self.folder: Path | None = None
        self.stop = threading.Event()
        self.begun = 0.0
        self.first_step = 0

    def head(
        self, typed: TypedGraph, data: DataSet, style: str, loop: str, settings: TrainSpec
    ) -> None:
        """Say what is to be trained."""
        from ..compiler.infer import count

        self.source = data.name
        if self.quiet:
            return
        size = plural(count(typed)[1], "parameter")
        say(f"model  {typed.graph.name}: {size}, {style}, seed {settings.seed}")
        say(
            f"loop   {loop}: {plural(settings.epochs, 'epoch')} in batches of {settings.batch_size}"
        )
        chosen = machine(typed, settings)
        if chosen:
            say("by     " + ", ".join(f"{name} {value}" for name, value in chosen.items()))
        for note in data.notes:
            say(f"note   {note}")

    def first(self, weights: Initial) -> None:
        """Say which weights training begins with."""
        if self.quiet:
            return
        begins, *others = weights.told()
        say(f"first  {begins}")
        for line in others:
            say(f"note   {line}")

    def kept(self, folder: Path, step: int | None = None, *, ended: bool = False) -> None:
        """Say where the run is kept, and after which step it goes on."""
        self.folder = folder
        if self.quiet:
            return
        after = f", after {plural(step, 'step')}" if step else ", from the beginning"
        say(f"run    {folder}{'' if step is None else after}")
        if ended:
            say("note   it had ended already; `--epochs N` trains it for longer")

    def began(self, examples: Examples, epochs: int) -> None:
        """Count the examples, and show an empty bar."""
        self.rows = Rows(epochs, shutil.get_terminal_size().columns if self.live else None)
        if not self.quiet:
            say(f"data   {self.source}: {counts(examples)}\n")
        if self.live:
            self.bar = self.stack.enter_context(_bar())
            self.task = self.bar.add_task("", total=examples.training.steps_per_epoch, note="")

    def epoch_began(self, epoch: int) -> None:
        """Begin the bar anew."""
        self.epoch = epoch
        self.begun = 0.0
        if self.bar is not None and self.task is not None:
            self.bar.reset(self.task, description=f"epoch {epoch + 1}/{self.rows.epochs}", note="")

    def step_ended(self, step: int, logs: Mapping[str, float]) -> None:
        """Move the bar."""
        if self.bar is not None and self.task is not None:
            shown = [f"{name} {number(logs[name])}" for name in in_order(logs)[:2]]
            note = GAP.join([*self.rate(step), *shown])
            self.bar.update(self.task, completed=step + 1, note=note)

    def rate(self, step: int) -> list[str]:
        """Return the steps a second; the first of an epoch, in which graphs may be made, are not counted."""
        now = time.monotonic()
        if not self.begun:
            self.begun, self.first_step = now, step
        took = now - self.begun
        return [f"{(step - self.first_step) / took:.0f} steps/s"] if took > 0.1 else []

    def epoch_ended(self, epoch: int, seconds: float, logs: Mapping[str, float]) -> None:
        """Write the row."""
        for line in self.rows.lines(epoch, seconds, logs):
            if self.bar is not None:
                self.bar.console.print(line, soft_wrap=True)
            elif not self.quiet:
                say(line)

    def where(self) -> str:
        """Say where an interruption came."""
        when = (
            "before the first epoch"
            if self.epoch is None
            else f"in epoch {self.epoch + 1} of {self.rows.epochs}"
        )
        if self.folder is None:
            return f"interrupted {when}; nothing was saved"
        return f"interrupted {when}; go on with\n  hornbook resume {self.folder}"

    def result(self, trained: Trained, epochs: int) -> None:
        """Say how long it took, draw the curves, and say what the test examples give."""
        if not self.quiet:
            self._summary(trained, epochs)
            from ..runtime.runs import REPORT

            page = self.folder and self.folder / REPORT
            if page and page.is_file():
                say(f"report {page}")
        for name in in_order(trained.test):
            say(f"test {name} {number(trained.test[name])}")

    def _summary(self, trained: Trained, epochs: int) -> None:
        ran, took = len(trained.seconds), duration(sum(trained.seconds))
        asked = f"{plural(epochs, 'epoch')} were asked for"
        early = f"; a callback ended it, {asked}" if ran < epochs else ""
        say(f"\ntrained {plural(ran, 'epoch')} in {took}{early}\n")
        if ran > 1 and "utf" in (sys.stdout.encoding or "").lower():
            from .curves import draw

            width = shutil.get_terminal_size().columns if self.live else WIDTH
            say(draw(trained.history.history, width=width, color=colored(sys.stdout)) + "\n")

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the bar."""
        self.stack.close()
        self.bar = None


@final
class JsonView:
    """Tells programs of a training: a line of JSON for what is trained, every epoch, and the result."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.folder: Path | None = None
        self.stop = threading.Event()

    def head(
        self, typed: TypedGraph, data: DataSet, style: str, loop: str, settings: TrainSpec
    ) -> None:
        """Tell what is to be trained."""
        from ..compiler.infer import count

        self._tell(
            "model",
            model=typed.graph.name,
            parameters=count(typed)[1],
            style=style,
            loop=loop,
            seed=settings.seed,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            data=data.name,
            notes=list(data.notes),
            **machine(typed, settings),
        )

    def first(self, weights: Initial) -> None:
        """Tell which weights training begins with."""
        match = weights.match
        self._tell(
            "first",
            source=weights.source,
            loaded=list(match.loaded),
            missing=list(match.missing),
            misfit=list(match.misfit),
            unexpected=list(match.unexpected),
        )

    def kept(self, folder: Path, step: int | None = None, *, ended: bool = False) -> None:
        """Tell where the run is kept, and after which step it goes on."""
        self.folder = folder
        self._tell("run", run=str(folder), steps=step or 0, ended=ended)

    def began(self, examples: Examples, epochs: int) -> None:  # noqa: ARG002
        """Tell how many examples there are."""
        held = examples.validation
        self._tell(
            "data",
            training=examples.training.examples,
            validation=0 if held is None else held.examples,
            test=examples.test.examples,
        )

    def epoch_began(self, epoch: int) -> None:
        """Tell nothing: a program wants what has happened."""

    def step_ended(self, step: int, logs: Mapping[str, float]) -> None:
        """Tell nothing: metrics.jsonl has lines of steps."""

    def epoch_ended(self, epoch: int, seconds: float, logs: Mapping[str, float]) -> None:
        """Tell what an epoch, counted from 1, has come to."""
        self._tell("epoch", epoch=epoch + 1, seconds=seconds, metrics=_numbers(logs))

    def result(self, trained: Trained, epochs: int) -> None:
        """Tell what the test examples give."""
        self.quiet = False
        self._tell(
            "result",
            test=_numbers(trained.test),
            epochs=len(trained.seconds),
            asked=epochs,
            seconds=sum(trained.seconds),
            run=None if self.folder is None else str(self.folder),
        )

    def where(self) -> str:
        """Say where an interruption came."""
        if self.folder is None:
            return "interrupted; nothing was saved"
        return f"interrupted; go on with\n  hornbook resume {self.folder}"

    def __enter__(self) -> JsonView:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to remove."""

    def _tell(self, event: str, **what: Any) -> None:
        if not self.quiet:
            say(json.dumps({"event": event, **what}))


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    """Return numbers as JSON can hold them."""
    return {
        name: float(values[name]) if math.isfinite(values[name]) else None
        for name in in_order(values)
    }


def counts(examples: Examples) -> str:
    """Say how many examples there are, and what for."""
    parts = [f"{examples.training.examples:,} examples to train on"]
    if examples.validation is not None and examples.validation is not examples.test:
        parts.append(f"{examples.validation.examples:,} to validate")
    also = " and to validate" if examples.validation is examples.test else ""
    return ", ".join([*parts, f"{examples.test.examples:,} to test{also}"])


def _bar() -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}"),
    ]
    return Progress(*columns, console=console(), transient=True)


def in_order(names: Mapping[str, float]) -> list[str]:
    """Order what is reported: the loss, the metrics, the same of the validation, the learning rate."""

    def place(name: str) -> tuple[bool, bool, bool]:
        plain = name.removeprefix("val_")
        return (name == "learning_rate", plain != name, plain != "loss")

    return sorted(names, key=place)


def number(value: float) -> str:
    """Write a number for a column: enough digits, and few characters."""
    size = abs(value)
    if size and (size < 1e-3 or size >= 1e7):
        return f"{value:.2e}"
    return f"{value:.4f}" if size < 1000 else f"{value:.1f}"


def duration(seconds: float) -> str:
    """Write a duration: 0.42s, 12.3s, 3m05s, 2h04m."""
    if seconds < 60:
        return f"{seconds:.2f}s" if seconds < 10 else f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    return f"{minutes // 60}h{minutes % 60:02}m"
