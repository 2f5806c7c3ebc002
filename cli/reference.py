"""The verbs that answer questions: the shipped specs, the error codes, the schema for editors."""

from __future__ import annotations

import itertools
import json
import re
import sys
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .output import colored, remark, say, show, source, table, write


def zoo(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The spec to print.")] = None,
) -> None:
    """List the shipped specs, or print one."""
    from ..specs.load import zoo, zoo_text
    from ..specs.wording import did_you_mean

    if name is None:
        _list_zoo(zoo())
        return
    if name not in zoo():
        hint = did_you_mean(name, zoo()) or "known: " + ", ".join(zoo())
        raise typer.BadParameter(f"no shipped spec is called `{name}`; {hint}", param_hint="NAME")
    source(zoo_text(name), "yaml")


def _list_zoo(names: tuple[str, ...]) -> None:
    from ..compiler.driver import analyse
    from ..compiler.infer import count
    from ..specs.load import load, zoo_text

    view = table()
    for heading in ("name", "inputs"):
        view.add_column(heading, no_wrap=True)
    view.add_column("parameters", justify="right", no_wrap=True)
    view.add_column("what it is")
    for name in names:
        typed = analyse(load(name))
        inputs = "\n".join(
            f"{one.name} [{', '.join(map(str, one.type.shape[1:]))}]" for one in typed.graph.inputs
        )
        view.add_row(name, inputs, f"{count(typed)[1]:,}", first_comment(zoo_text(name)))
    show(view)
    say("\nprint one with `hornbook zoo NAME`; train one with `hornbook train NAME`")


def first_comment(text: str) -> str:
    """Return the first sentence of the comment that a spec opens with."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    comment = " ".join(line.lstrip("# ") for line in lines)
    sentence = re.match(r".*?[.?](?= [A-Z0-9]|$)", comment)
    return sentence[0] if sentence else comment


def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="A code such as HB101.")
    ] = None,
) -> None:
    """Explain a diagnostic by its code, or list all codes."""
    from ..specs.codes import CODES
    from ..specs.wording import did_you_mean

    if code is None:
        say("\n".join(f"{known}  {title}" for known, title in CODES.items()))
        return
    known = code.upper()
    if known not in CODES:
        hint = did_you_mean(known, CODES) or "`hornbook explain` lists them all"
        raise typer.BadParameter(f"no diagnostic has the code `{code}`; {hint}", param_hint="CODE")
    _page((resources.files("hornbook.errors") / f"{known}.md").read_text(encoding="utf-8"))


def _page(text: str) -> None:
    if not colored(sys.stdout):
        say(text.rstrip("\n"))
        return
    from rich.markdown import Markdown

    show(Markdown(text, code_theme="ansi_dark"))


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a new file.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Print the JSON Schema of the language.

    It gives editors completion, hovers and marks.
    """
    from ..specs.schema import schema

    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        source(text, "json")
        return
    write(output, text, force=force)
    remark(f"wrote {output}; begin a spec with: # yaml-language-server: $schema={output}")
