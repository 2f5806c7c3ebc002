"""The verb that says what is wrong with specs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import Enum
from typing import Annotated

import typer

from ..specs.diagnostics import Diagnostic, SpecError
from . import options
from .output import plural, report, say


class Format(str, Enum):
    """Forms of diagnostics."""

    text = "text"
    json = "json"
    github = "github"


def check(
    files: Annotated[
        list[str], typer.Argument(metavar="SPEC", help="Paths, or names of shipped specs.")
    ],
    form: Annotated[
        Format, typer.Option("--format", help="For people, for programs, or for GitHub Actions.")
    ] = Format.text,
    max_params: options.MaxParams = None,
    settings: options.Settings = None,
    data: options.DataOption = None,
    target: options.Target = None,
) -> None:
    """Find every mistake in specs.

    Names, wiring, shapes, sizes and training settings are checked; nothing is run and no data is opened.
    Exit code 1 on any error; warnings alone are fine.
    """
    from ..specs.render import render_github, render_json

    found = [examine(file, settings, data, target, max_params) for file in files]
    everything = [one for diagnostics in found for one in diagnostics]
    match form:
        case Format.json:
            say(render_json(everything))
        case Format.github if everything:
            say(render_github(everything))
        case Format.text:
            report(everything, sys.stdout)
            say(("\n" if everything else "") + closing(found))
    raise typer.Exit(int(any(one.severity == "error" for one in everything)))


def examine(
    file: str,
    settings: list[str] | None = None,
    data: str | None = None,
    target: str | None = None,
    max_params: int | None = None,
) -> tuple[Diagnostic, ...]:
    """Return everything that can be said about one spec without data."""
    from ..compiler.driver import advise, analyse

    try:
        spec = options.load(file, settings, data, target)
        typed = analyse(spec, max_params=options.max_params(max_params))
    except SpecError as error:
        return error.diagnostics
    return tuple(advise(spec, typed))


def closing(found: Iterable[Iterable[Diagnostic]]) -> str:
    """Sum up: `2 errors in 1 of 3 specs`, `3 specs are fine`."""
    severities = [[one.severity for one in diagnostics] for diagnostics in found]
    errors = sum(each.count("error") for each in severities)
    warnings = sum(each.count("warning") for each in severities)
    total, bad = len(severities), sum("error" in each for each in severities)
    warned = plural(warnings, "warning")
    if not errors:
        fine = f"{plural(total, 'spec')} {'is' if total == 1 else 'are'} fine"
        return f"{fine}, with {warned}" if warnings else fine
    counts = f"{plural(errors, 'error')} and {warned}" if warnings else plural(errors, "error")
    return f"{counts} in {bad} of {total} specs" if total > 1 else f"{counts} in 1 spec"
