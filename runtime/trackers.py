"""Trackers of trainings that others make, by the Keras callbacks that they bring themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, final

import keras

from ..specs.diagnostics import Diagnostic, SpecError
from ..specs.load import Spec
from ..specs.resolve import resolved

TAG: Final = "hornbook.run"


@final
@dataclass(frozen=True)
class Followed:
    """What a tracker is told of a run."""

    folder: Path
    spec: Spec

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.folder.resolve().name

    @property
    def id(self) -> str:
        """What tells the run from all others, and is the same when it goes on."""
        about = (self.folder / "run.json").read_bytes()
        return hashlib.sha256(about).hexdigest()[:16]

    @property
    def settings(self) -> dict[str, Any]:
        """The training settings by name."""
        found: dict[str, Any] = resolved(self.spec).get("train", {})
        return found


Opened = AbstractContextManager[keras.callbacks.Callback]


@contextmanager
def _tensorboard(run: Followed) -> Iterator[keras.callbacks.Callback]:
    yield keras.callbacks.TensorBoard(
        str(run.folder / "tensorboard"), write_graph=False, profile_batch=0
    )


@contextmanager
def _wandb(run: Followed) -> Iterator[keras.callbacks.Callback]:
    import wandb
    from wandb.integration.keras import WandbMetricsLogger

    session = wandb.init(
        project=run.spec.name,
        name=run.name,
        id=run.id,
        resume="allow",
        dir=str(run.folder),
        config=resolved(run.spec),
    )
    try:
        yield WandbMetricsLogger()
    finally:
        session.finish()


@contextmanager
def _mlflow(run: Followed) -> Iterator[keras.callbacks.Callback]:
    import mlflow
    from mlflow.keras import MlflowCallback

    experiment = mlflow.set_experiment(run.spec.name)
    known = mlflow.search_runs(
        [experiment.experiment_id], f"tags.`{TAG}` = '{run.id}'", output_format="list"
    )
    again = known[0].info.run_id if known else None
    with mlflow.start_run(again, run_name=None if again else run.name, tags={TAG: run.id}):
        yield MlflowCallback()


@final
@dataclass(frozen=True)
class Tracker:
    """A tracker: what it is called, the module that must be there, and how its callback is made."""

    title: str
    module: str
    open: Callable[[Followed], Opened]


TRACKERS: Final[Mapping[str, Tracker]] = {
    "tensorboard": Tracker("TensorBoard", "tensorboard", _tensorboard),
    "wandb": Tracker("Weights & Biases", "wandb", _wandb),
    "mlflow": Tracker("MLflow", "mlflow", _mlflow),
}


def need_trackers(names: Sequence[str]) -> None:
    """See that trackers are installed, before anything takes long.

    Raises:
        SpecError: HB909 where one is not.
    """
    missing = [
        Diagnostic(
            "HB909",
            f"`--{name}` needs the package `{TRACKERS[name].module}`, which is not installed",
            help=f"pip install 'hornbook[{name}]'",
        )
        for name in names
        if find_spec(TRACKERS[name].module) is None
    ]
    if missing:
        raise SpecError(missing)


@contextmanager
def followed(
    names: Sequence[str], folder: Path, spec: Spec
) -> Iterator[list[keras.callbacks.Callback]]:
    """Open trackers for a run, whose folder exists, and close them in the end.

    Raises:
        SpecError: HB909 where a tracker is not installed, HB910 where one cannot be opened.
    """
    need_trackers(names)
    run = Followed(folder, spec)
    with ExitStack() as stack:
        yield [_opened(stack, TRACKERS[name], run) for name in names]


def _opened(stack: ExitStack, tracker: Tracker, run: Followed) -> keras.callbacks.Callback:
    try:
        callback = stack.enter_context(tracker.open(run))
    except Exception as error:  # of whatever class: each tracker has its own
        message = f"{tracker.title} cannot follow `{run.folder}`: {error}"
        help = "train without it, or see to its settings"
        raise SpecError([Diagnostic("HB910", message, help=help)]) from error
    callback.logs_alone = True  # each is set to report epochs, and only counts the steps
    return callback
