"""The verb that prints the program of a spec."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..specs.diagnostics import SpecError
from . import options
from .output import plural, remark, report, source, write

if TYPE_CHECKING:
    from ..compiler.graph import TypedGraph
    from ..compiler.python import Source
    from ..specs.load import Spec


def emit(
    spec: options.SpecArgument,
    style: Annotated[
        options.Style, typer.Option(help="The style of the Keras model.")
    ] = options.Style.functional,
    script: Annotated[
        bool, typer.Option("--script", help="A whole script: data, model, training, test.")
    ] = False,
    loop: Annotated[
        options.Loop | None,
        typer.Option(help="With --script: the loop that trains. Default: the spec's."),
    ] = None,
    shapes: Annotated[
        bool, typer.Option("--shapes", help="Write the shape of each output behind its line.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a new file.")
    ] = None,
    force: options.Force = False,
    max_params: options.MaxParams = None,
    settings: options.Settings = None,
    data: options.DataOption = None,
    target: options.Target = None,
) -> None:
    """Print the Keras program of a spec.

    The source needs Keras, and not hornbook. With --script it is a whole training script.
    """
    from ..compiler.driver import advise, analyse

    if loop is not None and not script:
        raise typer.BadParameter("a module without --script trains nothing", param_hint="--loop")
    loaded = options.load(spec, settings, data, target)
    refuse_assumed(loaded)
    typed = analyse(loaded, max_params=options.max_params(max_params))
    report(advise(loaded, typed))
    made = compiled(
        loaded, typed, style.value, script=script, loop=loop and loop.value, shapes=shapes
    )
    if output is None:
        source(made.text, "python")
        return
    write(output, made.text, force=force)
    remark(f"wrote {output}: {plural(made.text.count(chr(10)), 'line')}, {style.value}")


def compiled(
    spec: Spec, typed: TypedGraph, style: str, *, script: bool, loop: str | None, shapes: bool
) -> Source:
    """Return the module of a style, or the script around it."""
    if script:
        from ..compiler.emit.script import emit_script

        return emit_script(spec, typed, style, loop=loop, show_shapes=shapes)
    from ..compiler.driver import emit

    return emit(typed, style, show_shapes=shapes)


def refuse_assumed(spec: Spec) -> None:
    """Refuse to write a number into source that only the data can tell.

    Raises:
        SpecError: HB508.
    """
    from ..specs.load import assumption

    message = (
        "the number of classes is known only when the data is read, so no source can hold it yet"
    )
    guessed = [
        replace(one, message=message, notes=(), severity="error") for one in assumption(spec)
    ]
    if guessed:
        raise SpecError(guessed)
