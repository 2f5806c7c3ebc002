"""A run from its first step to its last, however often it is stopped on the way."""

from __future__ import annotations

import platform
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import final

import keras

from ..compiler.driver import analyse, emit
from ..compiler.graph import TypedGraph
from ..compiler.infer import MAX_PARAMS
from ..compiler.needs import training_of
from ..compiler.xla import share
from ..specs.diagnostics import Diagnostic, Note, SpecError
from ..specs.load import Spec, load
from ..specs.model import TrainSpec
from ..specs.overrides import Override
from .archive import packed, weights_of
from .build import Built
from .checkpoints import unfinished
from .data import DataSet, load_data
from .process import settle, settled
from .report import write_report
from .runs import (
    RESOLVED,
    Run,
    begin,
    changes,
    hornbook_version,
    identity,
    info_of,
    open_run,
    self_contained,
)
from .saver import LOG_EVERY, Every, Recording
from .state import State
from .trackers import followed
from .train import Trained, Watcher, train
from .verify import environment


@final
@dataclass(frozen=True)
class Manner:
    """How a run is kept and followed.

    Args:
        every: how often a state is written; by default as the run was begun, or every 30 seconds.
        log_every: the steps from one line of metrics to the next; by default as the run was begun, or 100.
        callbacks: Keras callbacks beside those of the spec; their own state is not kept.
        trackers: names of trackers that follow the run: tensorboard, wandb, mlflow.
        watcher: is told of every step and epoch.
        stop: set by whoever wants the training to end at the next step, with its state written.
        warn: is told of what is wrong, but does not end the training.
        max_params: the budget of parameters.
        report: whether a page is written that shows the run.
    """

    every: Every | None = None
    log_every: int | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()
    trackers: Sequence[str] = ()
    watcher: Watcher | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    warn: Callable[[Diagnostic], None] = lambda _: None
    max_params: int = MAX_PARAMS
    report: bool = True


def start(
    folder: Path,
    spec: Spec,
    data: DataSet,
    *,
    style: str = "functional",
    loop: str | None = None,
    initial: tuple[str, Callable[[Built], object]] | None = None,
    manner: Manner | None = None,
) -> tuple[Run, Trained]:
    """Train a spec in an empty folder.

    ``initial`` may put other weights into the model before training begins; its text says which.

    Raises:
        SpecError: what :func:`hornbook.runtime.train.train` raises.
        KeyboardInterrupt: where the manner's ``stop`` was set; the state has been written.
    """
    settings = training_of(spec)
    settle(spec)
    manner = manner or Manner()
    chosen = loop or settings.loop
    typed = analyse(spec, max_params=manner.max_params)
    info = info_of(
        spec,
        data,
        style=style,
        loop=chosen,
        seed=settings.seed,
        environment=surroundings(settings, typed),
        tuning=settled(),
        initial=initial and initial[0],
        every=astuple(manner.every or Every()),
        log_every=manner.log_every or LOG_EVERY,
    )
    run = begin(folder, spec, info, emit(typed, style).text)
    with run.held():
        return run, _train(run, spec, data, manner, initial=initial and initial[1])


def resume(
    folder: Path,
    *,
    epochs: int | None = None,
    data: DataSet | None = None,
    manner: Manner | None = None,
    told: Callable[[Run, Spec, DataSet, int], None] = lambda *_: None,
) -> tuple[Run, Trained]:
    """Go on with a run from its newest valid state, as if it had never been stopped.

    Args:
        folder: the folder of the run.
        epochs: how many epochs there are to be in all, where not as many as before.
        data: the data of the run, where it has been loaded; by default the spec says where it is.
        manner: how the run is kept and followed.
        told: is told of the run, the spec, the data, and the step where training goes on.

    Raises:
        SpecError: HB901 where the folder is no run, HB902 where no state is valid, HB904 where the data has changed,
            HB905 where the state is of another spec, HB906 and HB907; what training raises.
        KeyboardInterrupt: where the manner's ``stop`` was set; the state has been written.
    """
    manner = manner or Manner()
    run = open_run(folder)
    overrides = [] if epochs is None else [Override(f"train.epochs={epochs}")]
    spec = load(folder / RESOLVED, classes=run.info.classes, overrides=overrides)
    settings = training_of(spec)
    settle(spec)
    with run.held():
        state, broken = run.state(identity(spec))
        if data is None:
            assert settings.data is not None
            data = load_data(settings.data, span=spec.document.span(("train", "data")))
        if data.fingerprint != run.info.fingerprint:
            message = f"`{data.name}` is not the data that `{folder}` was trained on: its fingerprint differs"
            help = "bring the data back as it was, or train a run of its own"
            raise SpecError([Diagnostic("HB904", message, None, (), help)])
        for warning in _warnings(run, spec, broken):
            manner.warn(warning)
        if epochs is not None:
            run.reopen(self_contained(spec).encode())
        told(run, spec, data, state.about.steps if state else 0)
        return run, _train(run, spec, data, manner, state=state)


def _train(
    run: Run,
    spec: Spec,
    data: DataSet,
    manner: Manner,
    *,
    state: State | None = None,
    initial: Callable[[Built], object] | None = None,
) -> Trained:
    recording = Recording(
        run.folder,
        identity(spec),
        run.info.style,
        run.info.loop,
        manner.every or Every(run.info.every_seconds, run.info.every_steps),
        manner.log_every or run.info.log_every,
        state,
        manner.stop,
        manner.warn,
        first=initial is not None,
    )
    with followed(manner.trackers, run.folder, spec) as trackers:
        trained = train(
            spec,
            data,
            style=run.info.style,
            loop=run.info.loop,
            callbacks=(*manner.callbacks, *trackers),
            watcher=manner.watcher,
            max_params=manner.max_params,
            initial=initial,
            recording=recording,
        )
    result = {
        "test": trained.test,
        "epochs": len(trained.history.epochs),
        "seconds": list(trained.seconds),
        "ended": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    weights = packed(weights_of(trained.built))
    try:
        run.finish(weights, result)
        if manner.report:
            write_report(run, trained.built, trained.tested)
    except OSError as error:
        raise SpecError([unfinished(error, run.folder, len(weights))]) from None
    return trained


def _warnings(run: Run, spec: Spec, broken: Sequence[str]) -> list[Diagnostic]:
    found = [
        Diagnostic("HB902", f"passed over a newer checkpoint, {one}", severity="warning")
        for one in broken
    ]
    now = surroundings(training_of(spec), analyse(spec, max_params=sys.maxsize))
    changed = changes(run.info.environment, now)
    if changed:
        message = "this is not what the run was begun with, so bits may differ"
        notes = tuple(Note(one) for one in changed)
        found.append(Diagnostic("HB908", message, None, notes, None, "warning"))
    return found


def surroundings(settings: TrainSpec, typed: TypedGraph) -> dict[str, str]:
    """Return what bits depend on besides the data and the seed; what the spec leaves open, as it was settled."""
    found = environment()
    return {
        "hornbook": hornbook_version(),
        **found,
        "determinism": "not promised on a GPU" if "GPU" in found["devices"] else "bit for bit",
        "system": platform.platform(),
        "precision": settings.precision,
        "XLA": share(settings, typed),
    }
