"""The command ``hornbook``: its verbs, and what happens to an error that none of them expects.

Exit codes: 0 all is well; 1 something was found in a spec, its data or its training; 2 the command was
used wrongly; 70 hornbook or the machine failed; 130 interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

from ..specs.diagnostics import SpecError
from .output import fail, flush, remark, silence

FINDINGS: Final = 1
FAILED: Final = 70
EPILOG: Final = (
    "A SPEC is a path, or the name of a shipped spec (`hornbook zoo` lists them). "
    "Exit codes: 0 fine, 1 findings, 2 wrong usage, 70 hornbook failed, 130 interrupted."
)

VERBS: Final = (
    ("init", "init", "init"),
    ("import", "importing", "import_"),
    ("check", "check", "check"),
    ("show", "show", "show"),
    ("graph", "graph", "graph"),
    ("diff", "diff", "diff"),
    ("emit", "emit", "emit"),
    ("train", "train", "train"),
    ("resume", "train", "resume"),
    ("report", "report", "report"),
    ("evaluate", "evaluate", "evaluate"),
    ("predict", "predict", "predict"),
    ("export", "export", "export"),
    ("runs", "runs", "runs"),
    ("compare", "runs", "compare"),
    ("verify", "verify", "verify"),
    ("zoo", "reference", "zoo"),
    ("explain", "reference", "explain"),
    ("schema", "reference", "schema"),
)
"""Each verb, with the module and the function that carry it out: most are never asked for."""

BRIEF: Final = frozenset({"check", "show", "graph", "diff", "emit", "zoo", "explain", "schema"})
"""Verbs that only compile, so that their garbage may wait for the end of the process."""


class Verb(TyperCommand):
    """A verb that speaks of a wrong option in its own words, without those of who checked it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments of the verb."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


def application(wanted: str | None = None) -> typer.Typer:
    """Return the command line application: with all verbs, or with the one that is wanted."""
    app = typer.Typer(
        name="hornbook",
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback(epilog=EPILOG)(hornbook)
    known = any(name == wanted for name, *_ in VERBS)
    for name, module, function in VERBS:
        if not known or name == wanted:
            verb = getattr(import_module(f".{module}", __package__), function)
            app.command(name, cls=Verb)(verb)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("hornbook")
        except PackageNotFoundError:
            number = "(not installed)"
        typer.echo(f"hornbook {number}")
        raise typer.Exit


def hornbook(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Compile one YAML spec to three equivalent Keras programs, and train it by two equivalent loops."""


def run() -> None:
    """Run the command line; no traceback reaches a user who has not asked for one."""
    try:
        try:
            wanted = sys.argv[1] if len(sys.argv) > 1 else None
            if wanted in BRIEF:
                gc.disable()  # it would walk over a growing spec again and again, and find nothing
            application(wanted)(prog_name="hornbook")
        finally:
            flush()
    except SpecError as error:
        fail(error)
        sys.exit(FINDINGS)
    except BrokenPipeError:  # whoever read has seen enough
        silence()
        sys.exit(FINDINGS)
    except OSError as error:
        if os.environ.get("HORNBOOK_TRACEBACK"):
            raise
        silence()
        remark(f"hornbook: {error}")
        sys.exit(FAILED)
    except Exception as error:
        if os.environ.get("HORNBOOK_TRACEBACK"):
            raise
        first = (str(error).strip() or "no message").split("\n")[0]
        remark(f"hornbook failed: {type(error).__name__}: {first}")
        remark(
            "This is a defect of hornbook. Please report it with what HORNBOOK_TRACEBACK=1 shows."
        )
        sys.exit(FAILED)
