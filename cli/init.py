"""The verb that writes a spec to begin with."""

from __future__ import annotations

import keyword
import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from .output import say, write
from .templates import TEMPLATES

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
Kind = Enum("Kind", {name: name for name in TEMPLATES}, type=str)  # type: ignore[misc]


def init(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Name of the model. Default: the template's."),
    ] = None,
    template: Annotated[Kind, typer.Option("--template", "-t", help="What to begin with.")] = Kind[
        "image"
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="File to write. Default: NAME.yaml."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the templates and write nothing.")
    ] = False,
) -> None:
    """Write a commented spec from a template.

    A file that exists is never overwritten.
    """
    if listed:
        say("\n".join(f"{key:8} {one.title}" for key, one in TEMPLATES.items()))
        return
    chosen = name if name is not None else template.value
    if not NAME.fullmatch(chosen) or keyword.iskeyword(chosen):
        reason = "a name begins with a letter, holds letters, digits and `_`, and is no keyword of Python"
        raise typer.BadParameter(f"`{chosen}` cannot name a model: {reason}", param_hint="NAME")
    path = output if output is not None else Path(f"{chosen}.yaml")
    write(path, TEMPLATES[template.value].text(chosen), force=False, way_out="remove it first")
    say(f"wrote {path}; it explains itself\nnext: hornbook check {path}")
