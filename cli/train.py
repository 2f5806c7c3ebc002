"""The verbs that train: a new run, and one that was stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, final

import typer

from . import options
from .output import interruptible, stoppable, writing
from .output import report as tell
from .progress import JsonView, Teller, View

if TYPE_CHECKING:
    from ..compiler.graph import TypedGraph
    from ..runtime.data import DataSet
    from ..runtime.initial import Initial
    from ..runtime.runs import Run
    from ..runtime.session import Manner
    from ..specs.load import Spec

TELLERS: Mapping[options.Format, Callable[..., Teller]] = {
    options.Format.text: View,
    options.Format.json: JsonView,
}
EVERY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s)?")

EveryOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--every",
        metavar="STEPS|SECONDS",
        help="How often a state is written: 500, or 30s. Default: 30s, or as the run was begun.",
    ),
]
LogEvery: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="STEPS",
        min=1,
        help="Steps from a line of metrics to the next. Default: 100, or as the run was begun.",
    ),
]
Form: TypeAlias = Annotated[
    options.Format, typer.Option("--format", help="For people, or for programs: lines of JSON.")
]
NoReport: TypeAlias = Annotated[
    bool, typer.Option("--no-report", help="Write no page that shows the run.")
]
Tensorboard: TypeAlias = Annotated[
    bool, typer.Option("--tensorboard", help="Write for TensorBoard, into the run's folder.")
]
Wandb: TypeAlias = Annotated[
    bool, typer.Option("--wandb", help="Let Weights & Biases follow the run.")
]
Mlflow: TypeAlias = Annotated[bool, typer.Option("--mlflow", help="Let MLflow follow the run.")]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print the result on the test examples alone.")
]


def train(
    spec: options.SpecArgument,
    style: Annotated[
        options.Style, typer.Option(help="The style of the Keras model.")
    ] = options.Style.functional,
    loop: Annotated[
        options.Loop | None, typer.Option(help="The loop that trains. Default: the spec's.")
    ] = None,
    data: options.DataOption = None,
    target: options.Target = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Default: the spec's.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Default: the spec's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Default: the spec's.")
    ] = None,
    settings: options.Settings = None,
    max_params: options.MaxParams = None,
    init_from: Annotated[
        Path | None,
        typer.Option(
            "--init-from",
            metavar="RUN|FILE",
            help="Begin with the weights of a run or a file, by the names of their layers.",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the run. Default: runs/<name>-<time>."),
    ] = None,
    no_run: Annotated[bool, typer.Option("--no-run", help="Keep nothing of the run.")] = False,
    every: EveryOption = None,
    log_every: LogEvery = None,
    no_report: NoReport = False,
    tensorboard: Tensorboard = False,
    wandb: Wandb = False,
    mlflow: Mlflow = False,
    quiet: Quiet = False,
    form: Form = options.Format.text,
) -> None:
    """Train the model of a spec, and test it.

    In every style and by both loops the result is the same, bit for bit on a CPU. A folder keeps
    the run: `hornbook resume` goes on with it after whatever has stopped it.
    """
    from ..compiler.needs import training_of

    followers = trackers(tensorboard=tensorboard, wandb=wandb, mlflow=mlflow)
    if no_run and (run or every or log_every or followers):
        message = "it goes with none of --run, --every, --log-every and the trackers"
        raise typer.BadParameter(message, param_hint="--no-run")
    interval(every)
    if init_from is not None:
        readable(init_from)

    given = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
    replaced = [
        *(settings or ()),
        *(f"train.{key}={value}" for key, value in given.items() if value is not None),
    ]
    asked = Asked(spec, replaced, data, target, options.max_params(max_params))
    training_of(asked.load())
    if run is not None:
        from ..runtime.runs import free_folder

        free_folder(run)
    view = TELLERS[form](quiet=quiet)
    with interruptible(view.where), view:
        dataset, loaded, typed = opened(asked, style.value)
        from ..runtime.runs import RUNS, named_folder, new_folder
        from ..runtime.session import start
        from ..runtime.trackers import need_trackers
        from ..runtime.train import train

        asked_for = training_of(loaded)
        chosen = loop.value if loop else asked_for.loop
        first = beginning(init_from, typed, style.value, asked_for.seed)
        view.head(typed, dataset, style.value, chosen, asked_for)
        if first is not None:
            view.first(first)
        if no_run:
            trained = train(
                loaded,
                dataset,
                style=style.value,
                loop=chosen,
                watcher=view,
                max_params=asked.budget,
                initial=first and first.give,
            )
        else:
            need_trackers(followers)
            with writing(run or RUNS):
                folder = new_folder(loaded.name) if run is None else named_folder(run)
            view.kept(folder)
            with stoppable(view.stop), writing(folder):
                trained = start(
                    folder,
                    loaded,
                    dataset,
                    style=style.value,
                    loop=chosen,
                    initial=first and (first.source, first.give),
                    manner=manner(
                        view, every, log_every, asked.budget, followers, report=not no_report
                    ),
                )[1]
    view.result(trained, training_of(loaded).epochs)


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    epochs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Epochs in all. Default: the run's.")
    ] = None,
    every: EveryOption = None,
    log_every: LogEvery = None,
    no_report: NoReport = False,
    tensorboard: Tensorboard = False,
    wandb: Wandb = False,
    mlflow: Mlflow = False,
    max_params: options.MaxParams = None,
    quiet: Quiet = False,
    form: Form = options.Format.text,
) -> None:
    """Go on with a run that was stopped.

    It goes on from its newest checkpoint that is whole, in the middle of an epoch too, bit for bit as
    if it had not been stopped.
    """
    from .quiet import start_runtime

    interval(every)
    followers = trackers(tensorboard=tensorboard, wandb=wandb, mlflow=mlflow)
    view = TELLERS[form](quiet=quiet)
    with interruptible(view.where), view:
        from ..runtime.runs import open_run

        start_runtime(open_run(run).info.tuning)
        from ..runtime.session import resume as go_on

        view.folder = run

        def told(kept: Run, spec: Spec, dataset: DataSet, step: int) -> None:
            from ..compiler.driver import analyse
            from ..compiler.needs import training_of

            budget = options.max_params(max_params)
            typed = analyse(spec, max_params=budget)
            view.head(typed, dataset, kept.info.style, kept.info.loop, training_of(spec))
            view.kept(run, step, ended=kept.result() is not None and epochs is None)

        with stoppable(view.stop), writing(run):
            kept, trained = go_on(
                run,
                epochs=epochs,
                manner=manner(
                    view,
                    every,
                    log_every,
                    options.max_params(max_params),
                    followers,
                    report=not no_report,
                ),
                told=told,
            )
    from ..compiler.needs import training_of

    view.result(trained, training_of(kept.spec()).epochs)


def readable(source: Path) -> None:
    """See that first weights can come from a path, before anything takes long.

    Raises:
        typer.BadParameter: where nothing is there, or something else than a run or weights.
    """
    endings = (".safetensors", ".keras", ".weights.h5")
    if not source.exists():
        raise typer.BadParameter(f"`{source}` does not exist", param_hint="--init-from")
    if not source.is_dir() and not source.name.endswith(endings):
        message = f"expected the folder of a run, or a file that ends in {', '.join(endings)}; received `{source}`"
        raise typer.BadParameter(message, param_hint="--init-from")


def beginning(source: Path | None, typed: TypedGraph, style: str, seed: int) -> Initial | None:
    """Return the weights to begin with, where they are not those of the seed.

    Raises:
        SpecError: HB901, HB801 to HB803, HB925.
    """
    if source is None:
        return None
    from ..runtime.initial import first_weights

    return first_weights(source, typed, style, seed=seed)


def interval(text: str | None) -> tuple[float | None, int | None] | None:
    """Return the seconds or the steps that `--every` means.

    Raises:
        typer.BadParameter: where it means neither.
    """
    if text is None:
        return None
    found = EVERY.fullmatch(text.strip())
    if found is None or float(found[1]) <= 0 or (not found[2] and "." in found[1]):
        message = f"expected steps as in 500, or seconds as in 30s; received {text!r}"
        raise typer.BadParameter(message, param_hint="--every")
    return (float(found[1]), None) if found[2] else (None, int(found[1]))


def trackers(**wanted: bool) -> tuple[str, ...]:
    """Return the names of the trackers that are wanted."""
    return tuple(name for name, given in wanted.items() if given)


def manner(
    view: Teller,
    every: str | None,
    log_every: int | None,
    budget: int,
    followers: tuple[str, ...],
    *,
    report: bool,
) -> Manner:
    """Return how a run is kept and followed."""
    from ..runtime.saver import Every
    from ..runtime.session import Manner

    given = interval(every)
    return Manner(
        every=given and Every(*given),
        log_every=log_every,
        trackers=followers,
        watcher=view,
        stop=view.stop,
        warn=lambda warning: tell([warning]),
        max_params=budget,
        report=report,
    )


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of the spec and its data."""

    spec: str
    settings: list[str]
    data: str | None
    target: str | None
    budget: int

    def load(self, classes: int | None = None) -> Spec:
        """Load the spec; ``classes`` is their number where the data has been read."""
        return options.load(self.spec, self.settings, self.data, self.target, classes=classes)

    def compile(self, spec: Spec, style: str) -> TypedGraph:
        """Compile the spec, to see whether it can be; what is run is compiled by the runtime."""
        from ..compiler.driver import analyse, emit

        typed = analyse(spec, max_params=self.budget)
        emit(typed, style)
        return typed


def opened(asked: Asked, style: str) -> tuple[DataSet, Spec, TypedGraph]:
    """Read the data, and compile the spec for it; what can be found before the data is, is found first.

    Raises:
        SpecError: what compiling finds, and HB601 to HB604.
    """
    from ..compiler.driver import advise
    from ..compiler.needs import training_of
    from ..specs.data import facts, resolve
    from .quiet import start_for

    loaded = asked.load()
    settings = training_of(loaded)
    first = None if loaded.assumed else asked.compile(loaded, style)
    named = settings.data
    assert named is not None
    home = Path(loaded.document.path)
    if asked.data is None and home.is_file():  # a path in a spec starts at the spec's folder
        named = resolve(named, home.parent)
    known = facts(named)
    if first is not None and known is not None and known.source == "download":
        start_for(first, settings)  # it is Keras that downloads
    from ..runtime.data import load_data

    dataset = load_data(named, span=None if asked.data else loaded.document.span(("train", "data")))
    if loaded.assumed:
        loaded = asked.load(dataset.classes)
    typed = asked.compile(loaded, style)
    tell(() if loaded.assumed else advise(loaded, typed))
    start_for(typed, settings)
    return dataset, loaded, typed
