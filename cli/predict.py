"""The verb that asks the model of a run about new examples."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..specs.diagnostics import Diagnostic, SpecError
from . import options
from .output import interruptible, plural, remark, say, unused, write

if TYPE_CHECKING:
    from ..runtime.predict import Predictor

STDIN = "-"


def predict(
    run: options.RunArgument,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Pictures, .npy, .npz, .csv or .jsonl files; - reads a table or JSON from stdin.",
        ),
    ],
    style: options.RunStyle = None,
    top: Annotated[
        int, typer.Option(metavar="N", min=1, help="The classes to tell, the likeliest first.")
    ] = 5,
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a new file.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Ask the model of a run about new examples.

    Each is answered by a line of JSON. Values are scaled as those of the training were. Nothing is
    resized or filled in: an example that is not what the model takes is an error.
    """
    from .quiet import start_runtime

    if inputs.count(STDIN) > 1:
        raise typer.BadParameter("stdin can be read once", param_hint="INPUT")
    for one in inputs:
        if one != STDIN and not Path(one).exists():
            raise SpecError([Diagnostic("HB601", f"`{one}` does not exist")])
    if target is not None:
        unused(target, force=force)
    with interruptible(lambda: "interrupted"):
        from ..runtime.runs import open_run

        opened = open_run(run)
        start_runtime(opened.info.tuning)
        from ..runtime.predict import predictor

        asked = predictor(opened, style=style.value if style else None, top=top)
        warn(asked, inputs)
        lines = (json.dumps(one) for one in asked.predictions(inputs, sys.stdin or io.StringIO()))
        if target is None:
            for line in lines:
                say(line)
            return
        found = list(lines)
        write(target, "".join(f"{line}\n" for line in found), force=force)
    remark(f"wrote {target}: {plural(len(found), 'example')}")


def warn(asked: Predictor, inputs: list[str]) -> None:
    """Say where pictures, which hold bytes, are not scaled as bytes."""
    from ..runtime.data.images import SUFFIXES
    from ..runtime.scaling import BYTES_TOLD, told

    how = [told(one) for one in asked.scaling.values()]
    pictures = any(Path(one).suffix.lower() in SUFFIXES for one in inputs)
    if pictures and how != [BYTES_TOLD]:
        remark(f"pictures hold values from 0 to 255, which are taken as in training: {how[0]}")
