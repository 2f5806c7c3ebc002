"""The verbs that look at runs: one lists them, one puts some side by side."""

from __future__ import annotations

import json
import shutil
import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ..specs.diagnostics import SpecError
from . import options
from .output import colored, remark, say, show, table, terminal
from .progress import duration, in_order, number

if TYPE_CHECKING:
    from ..runtime.runs import Run
    from ..specs.load import Spec

WIDTH: Final = 88
"""Columns of the curves in a pipe."""

FormatOption = Annotated[
    options.Format, typer.Option("--format", help="For people, or for programs.")
]


def runs(
    root: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder that holds runs. Default: runs.")
    ] = Path("runs"),
    form: FormatOption = options.Format.text,
) -> None:
    """List runs with their results.

    The oldest stands first; the results are those on the test examples.
    """
    from ..runtime.runs import runs_in

    if not root.is_dir() and root != Path("runs"):
        raise typer.BadParameter(f"`{root}` is no folder", param_hint="DIR")
    found = [_record(run) for run in runs_in(root)]
    if form is options.Format.json:
        say(json.dumps(found, indent=2))
        return
    if not found:
        remark(f"no runs in `{root}`; `hornbook train SPEC` makes one")
        return
    names = _metrics(one["test"] for one in found)
    view = table("run", "style", "loop", "epochs", "state", *(f"test {name}" for name in names))
    for one in found:
        figures = [_figure(one["test"], name) for name in names]
        view.add_row(
            one["run"], one["style"], one["loop"], str(one["epochs"]), one["state"], *figures
        )
    show(view)


def compare(
    paths: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Two runs or more.")],
    form: FormatOption = options.Format.text,
) -> None:
    """Put runs side by side.

    Shown is what they were made of, what became of them, and their curves; of settings and models only
    what differs.
    """
    from ..runtime.runs import open_run

    if len(paths) < 2:
        raise typer.BadParameter("give two runs or more", param_hint="RUN...")
    if len(paths) > len(string.ascii_uppercase):
        raise typer.BadParameter(
            f"at most {len(string.ascii_uppercase)} runs fit side by side", param_hint="RUN..."
        )
    opened = [open_run(path) for path in paths]
    specs = [run.spec() for run in opened]
    settings = [_settings(run, spec) for run, spec in zip(opened, specs, strict=True)]
    results = [_result(run) for run in opened]
    histories = [run.history() for run in opened]
    if form is options.Format.json:
        columns = zip(opened, settings, results, histories, strict=True)
        say(
            json.dumps(
                [
                    {
                        "run": str(run.folder),
                        "settings": made,
                        "results": got,
                        "history": _json(past),
                    }
                    for run, made, got, past in columns
                ],
                indent=2,
            )
        )
        return
    letters = dict(zip(string.ascii_uppercase, opened, strict=False))
    for letter, run in letters.items():
        say(f"{letter}  {run.folder}")
    _side_by_side("settings", list(letters), settings, differing=True)
    _models(list(letters), specs)
    _side_by_side("results", list(letters), results, differing=False)
    _curves({letter: past for letter, past in zip(letters, histories, strict=True) if past})


def _record(run: Run) -> dict[str, Any]:
    """Return what a line of the list says."""
    result = run.result()
    try:
        epochs: int | None = sum("steps" in line for line in run.lines())
    except SpecError:
        epochs = None
    return {
        "run": str(run.folder),
        "name": run.info.name,
        "created": run.info.created,
        "style": run.info.style,
        "loop": run.info.loop,
        "data": run.info.data,
        "seed": run.info.seed,
        "epochs": "?" if epochs is None else epochs,
        "state": "training" if run.busy() else "ended" if result else "stopped",
        "test": (result or {}).get("test", {}),
    }


def _metrics(tests: Any) -> list[str]:
    """Return the names of all that was measured, the loss first."""
    return in_order({name: 0.0 for one in tests for name in one})


def _figure(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return number(value) if isinstance(value, int | float) else ""


def _settings(run: Run, spec: Spec) -> dict[str, str]:
    """Return what a run was made of, as texts by name."""
    from ..compiler.driver import analyse
    from ..compiler.infer import count
    from ..specs.resolve import resolved
    from ..specs.write import flow

    info = run.info
    training = {
        name: value if isinstance(value, str) else flow(value)
        for name, value in resolved(spec).get("train", {}).items()
        if name not in ("data", "loop", "seed")
    }
    return {
        "model": info.name,
        "parameters": f"{count(analyse(spec))[1]:,}",
        "style": info.style,
        "loop": info.loop,
        "seed": str(info.seed),
        "first weights": info.initial or "from the seed",
        "data": f"{info.data} ({info.fingerprint[:8]})",
        **training,
        **info.environment,
    }


def _result(run: Run) -> dict[str, str]:
    """Return what became of a run, as texts by name."""
    result = run.result() or {}
    test, history = result.get("test", {}), run.history()
    seconds = result.get("seconds", ())
    found = {f"test {name}": _figure(test, name) for name in in_order(test)}
    found |= {f"last {name}": number(values[-1]) for name, values in _ordered(history) if values}
    found["epochs"] = str(max((len(one) for one in history.values()), default=0))
    if seconds:
        found["time"] = duration(sum(seconds))
    found["state"] = "ended" if result else "stopped"
    return found


def _ordered(history: Mapping[str, Sequence[float]]) -> Iterator[tuple[str, Sequence[float]]]:
    for name in in_order(dict.fromkeys(history, 0.0)):
        yield name, history[name]


def _side_by_side(
    title: str, letters: Sequence[str], columns: Sequence[Mapping[str, str]], *, differing: bool
) -> None:
    """Show a row for every name, and a column for every run."""
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = [(name, [column.get(name, "") for column in columns]) for name in names]
    if differing:
        rows = [(name, values) for name, values in rows if len(set(values)) > 1]
    say()
    if not rows:
        say(f"{title}: the same in all")
        return
    view = table(title, *letters)
    for name, values in rows:
        view.add_row(name, *values)
    show(view)


def _models(letters: Sequence[str], specs: Sequence[Spec]) -> None:
    """Say how the models of the others differ from the first."""
    from ..compiler.diff import Side, diff
    from ..compiler.driver import analyse
    from .diff import text

    sides = [Side(analyse(spec), None, trained=False) for spec in specs]
    for letter, other in zip(letters[1:], sides[1:], strict=True):
        found = diff(sides[0], other)
        if not found.equal:
            say()
            say("\n".join(text(found, f"model of {letters[0]}", f"model of {letter}")))


def _curves(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    longest = max((len(one) for past in histories.values() for one in past.values()), default=0)
    if longest < 2 or "utf" not in (sys.stdout.encoding or "").lower():
        return
    from .curves import overlay

    live = terminal(sys.stdout)
    width = shutil.get_terminal_size().columns if live else WIDTH
    drawn = overlay(histories, width=width, color=colored(sys.stdout))
    if drawn:
        say("\n" + drawn)


def _json(history: Mapping[str, Sequence[float]]) -> dict[str, list[float | None]]:
    """Return the numbers as JSON can hold them."""
    return {
        name: [value if value == value and abs(value) != float("inf") else None for value in values]
        for name, values in history.items()
    }
