"""The verb that measures the model of a run."""

from __future__ import annotations

import json
import math
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from . import options, output
from .output import interruptible, say
from .progress import in_order, number

if TYPE_CHECKING:
    from rich.table import Table

    from ..runtime.evaluation import Evaluation


class Part(str, Enum):
    """The parts of a data set."""

    test = "test"
    train = "train"
    all = "all"


def evaluate(
    run: options.RunArgument,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Other data than the run's: a name, an .npz or .csv file, a folder.",
        ),
    ] = None,
    target: options.Target = None,
    part: Annotated[Part, typer.Option(help="The examples to measure it on.")] = Part.test,
    style: options.RunStyle = None,
    form: Annotated[
        options.Format, typer.Option("--format", help="For people, or for programs.")
    ] = options.Format.text,
) -> None:
    """Measure the model of a run.

    Its loss and metrics are told, on its own test examples or on other data. In every style the numbers
    are those that the training ended with, bit for bit on the same machine. Other data is scaled, and its
    classes are counted, as those of the training were.
    """
    from .quiet import start_runtime

    if data is None and target is not None:
        raise typer.BadParameter(
            "it names a column of the file that --data gives", param_hint="--target"
        )
    with interruptible(lambda: "interrupted"):
        from ..runtime.runs import open_run

        opened = open_run(run)
        start_runtime(opened.info.tuning)
        from ..runtime.evaluation import evaluate_run

        found = evaluate_run(
            opened,
            style=style.value if style else None,
            data=data,
            target=target,
            part=part.value,
        )
    if form is options.Format.json:
        say(json.dumps(record(found, str(run)), indent=2))
        return
    part_told = {"test": "test examples", "train": "training examples", "all": "examples"}
    say(f"model  {run}, {found.style}")
    say(f"data   {found.data}: {found.examples:,} {part_told[found.part]}")
    for note in found.notes:
        say(f"note   {note}")
    say()
    output.show(table(found))
    if found.equal:
        say("\nthe same, bit for bit, as when the training ended")
    elif found.recorded is not None:
        say(
            "\nnot what it was when the training ended: another machine, or other versions, round otherwise"
        )


def record(found: Evaluation, run: str) -> dict[str, object]:
    """Return an evaluation as JSON data; a number that is not finite is null."""
    return {
        "run": run,
        "style": found.style,
        "data": found.data,
        "part": found.part,
        "examples": found.examples,
        "found": _finite(found.found),
        "recorded": None if found.recorded is None else _finite(found.recorded),
        "equal": found.equal,
        "notes": list(found.notes),
    }


def _finite(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: one if math.isfinite(one) else None for name, one in numbers.items()}


def table(found: Evaluation) -> Table:
    """Lay the numbers out, beside those that were recorded where there are such."""
    recorded = found.recorded
    view = output.table("", "now", *(("then",) if recorded is not None else ()))
    for name in in_order(found.found):
        then = () if recorded is None else (number(recorded[name]) if name in recorded else "",)
        view.add_row(name, number(found.found[name]), *then)
    return view
