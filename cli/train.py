"""The verb that trains."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

import typer

from . import options
from .output import colored, interruptible, plural, report, say, terminal
from .progress import View, duration, in_order, number

if TYPE_CHECKING:
    from ..compiler.graph import TypedGraph
    from ..runtime.data import DataSet
    from ..runtime.train import Trained
    from ..specs.load import Spec
    from ..specs.model import TrainSpec

WIDTH = 88
"""Columns of the curves in a pipe."""


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
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the result on the test examples alone.")
    ] = False,
) -> None:
    """Train the model of a spec, and test it.

    In every style and by both loops the result is the same, bit for bit on a CPU.
    """
    from ..compiler.needs import training_of

    given = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
    replaced = [
        *(settings or ()),
        *(f"train.{key}={value}" for key, value in given.items() if value is not None),
    ]
    asked = Asked(spec, replaced, data, target, options.max_params(max_params))
    training_of(asked.load())
    view = View(quiet=quiet)
    with interruptible(view.where), view:
        dataset, loaded, typed = opened(asked, style.value)
        from ..runtime.train import train

        view.source = dataset.name
        if not quiet:
            _head(
                typed,
                dataset,
                style.value,
                loop.value if loop else training_of(loaded).loop,
                training_of(loaded),
            )
        trained = train(
            loaded,
            dataset,
            style=style.value,
            loop=loop and loop.value,
            watcher=view,
            max_params=asked.budget,
        )
    if not quiet:
        _summary(trained, training_of(loaded).epochs)
    for name in in_order(trained.test):
        say(f"test {name} {number(trained.test[name])}")


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
    from .quiet import start_runtime

    loaded = asked.load()
    if not loaded.assumed:
        asked.compile(loaded, style)
    named = training_of(loaded).data
    assert named is not None
    home = Path(loaded.document.path)
    if asked.data is None and home.is_file():  # a path in a spec starts at the spec's folder
        named = resolve(named, home.parent)
    known = facts(named)
    if known is not None and known.source == "download":
        start_runtime()  # it is Keras that downloads
    from ..runtime.data import load_data

    dataset = load_data(named, span=None if asked.data else loaded.document.span(("train", "data")))
    if loaded.assumed:
        loaded = asked.load(dataset.classes)
    typed = asked.compile(loaded, style)
    report(() if loaded.assumed else advise(loaded, typed))
    start_runtime()
    return dataset, loaded, typed


def _head(typed: TypedGraph, dataset: DataSet, style: str, loop: str, settings: TrainSpec) -> None:
    from ..compiler.infer import count

    say(
        f"model  {typed.graph.name}: {plural(count(typed)[1], 'parameter')}, {style}, seed {settings.seed}"
    )
    say(f"loop   {loop}: {plural(settings.epochs, 'epoch')} in batches of {settings.batch_size}")
    for note in dataset.notes:
        say(f"note   {note}")


def _summary(trained: Trained, epochs: int) -> None:
    ran, took = len(trained.seconds), duration(sum(trained.seconds))
    early = (
        f"; a callback ended it, {plural(epochs, 'epoch')} were asked for" if ran < epochs else ""
    )
    say(f"\ntrained {plural(ran, 'epoch')} in {took}{early}\n")
    if ran > 1 and "utf" in (sys.stdout.encoding or "").lower():
        from .curves import draw

        live = terminal(sys.stdout)
        width = shutil.get_terminal_size().columns if live else WIDTH
        say(draw(trained.history.history, width=width, color=colored(sys.stdout)) + "\n")
