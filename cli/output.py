"""What reaches the terminal: colours only where a person looks, plain text where a program reads."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import typer

from ..specs.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

INTERRUPTED: Final = 130
WIDE: Final = 200
"""Columns for what is piped: nothing is cut or wrapped for a reader that has no screen."""


def terminal(stream: TextIO) -> bool:
    """Tell whether a person looks at a stream."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def colored(stream: TextIO) -> bool:
    """Tell whether colours are welcome: at a terminal, unless NO_COLOR is set."""
    return terminal(stream) and not os.environ.get("NO_COLOR")


def console(stream: TextIO | None = None) -> Console:
    """Return a console that takes every text literally and never writes control characters to a pipe."""
    from rich.console import Console
    from rich.theme import Theme

    stream = stream or sys.stdout
    live = terminal(stream)
    return Console(
        file=stream,
        force_terminal=live,
        no_color=not colored(stream),
        width=None if live or "COLUMNS" in os.environ else WIDE,
        markup=False,
        emoji=False,
        highlight=False,
        theme=Theme({"markdown.code": "cyan"}),
    )


def show(thing: Any) -> None:
    """Print a table or another renderable of rich on stdout, without blanks at the ends of lines."""
    view = console()
    with view.capture() as captured:
        view.print(thing)
    typer.echo("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


def table(*headings: str) -> Table:
    """Return an empty table in the one look that all tables have."""
    from rich import box
    from rich.table import Table

    view = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    for heading in headings:
        view.add_column(heading, overflow="fold")
    return view


def fits(view: Table) -> bool:
    """Tell whether a table of texts of one line is as wide as it wants to be on this screen."""
    from rich.cells import cell_len
    from rich.measure import Measurement

    # To measure the longest of each column takes a tenth of the time to measure them all.
    texts = (map(str, (column.header, *column.cells)) for column in view.columns)
    longest = (max(column, key=cell_len) for column in texts)
    screen = console()
    wide = screen.options.update(width=10 * WIDE)
    return Measurement.get(screen, wide, table(*longest)).maximum <= screen.width


def say(text: str = "") -> None:
    """Print a text on stdout as it is."""
    typer.echo(text)


def remark(text: str) -> None:
    """Print a text on stderr, so that stdout stays what the verb is for."""
    typer.echo(text, err=True)


def source(text: str, language: str) -> None:
    """Print code: highlighted at a terminal, as it is into a pipe."""
    if not colored(sys.stdout):
        typer.echo(text, nl=False)
        return
    from rich.syntax import Syntax

    width = max((len(line) for line in text.splitlines()), default=0)
    code = Syntax(
        text.rstrip("\n"), language, theme="ansi_dark", background_color="default", code_width=width
    )
    show(code)


def report(diagnostics: Iterable[Diagnostic], stream: TextIO | None = None) -> None:
    """Print diagnostics as text, by default on stderr."""
    from ..specs.render import render_text

    stream = stream or sys.stderr
    text = render_text(diagnostics, color=colored(stream))
    if text:
        typer.echo(text, file=stream)


def fail(error: SpecError) -> None:
    """Print what was found on stderr."""
    report(error.diagnostics)


def write(
    path: Path, content: str | bytes, *, force: bool, way_out: str = "overwrite it with `--force`"
) -> None:
    """Write a new file; ``way_out`` is what else than another name would do.

    Raises:
        SpecError: HB703 where it exists and ``force`` is not given.
        typer.BadParameter: where it cannot be written.
    """
    try:
        with open(path, "wb" if force else "xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
    except FileExistsError:
        raise _exists(path, way_out) from None
    except OSError as error:
        if not force and path.is_file():  # what there is of it
            path.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in a line that something at a path, or what the error names, cannot be written.

    Raises:
        typer.BadParameter: where that is so.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(Path(error.filename or path), error) from None


def _unwritable(path: Path, error: OSError) -> typer.BadParameter:
    reason = (error.strerror or "unknown reason").lower()
    return typer.BadParameter(f"cannot write `{path}`: {reason}")


def unused(path: Path, *, force: bool) -> None:
    """See beforehand that a file can be written that takes long to make.

    Raises:
        SpecError: HB703 where it exists and ``force`` is not given.
        typer.BadParameter: where its folder does not exist, or it is one.
    """
    if path.is_dir() or not path.parent.is_dir():
        reason = "it is a folder" if path.is_dir() else "its folder does not exist"
        raise typer.BadParameter(f"cannot write `{path}`: {reason}")
    if not force and os.path.lexists(path):
        raise _exists(path, "overwrite it with `--force`")


def _exists(path: Path, way_out: str) -> SpecError:
    help = f"choose another name, or {way_out}"
    return SpecError([Diagnostic("HB703", f"`{path}` exists already", help=help)])


@contextmanager
def interruptible(message: Callable[[], str]) -> Iterator[None]:
    """Answer Ctrl-C with one line, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        remark(message())
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def stoppable(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C, or SIGTERM, ask for an end after the step that runs, and a second one take it."""
    import signal

    numbers = (signal.SIGINT, signal.SIGTERM)

    def asked(number: int, frame: object) -> None:  # noqa: ARG001
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        remark("ending after this step; once more ends it at once")

    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def flush() -> None:
    """Empty what Python still holds of stdout."""
    if sys.stdout is not None:
        sys.stdout.flush()


def silence() -> None:
    """Let stdout lead nowhere, so that nothing is said of it when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def plural(count: int, noun: str) -> str:
    """Count things: 1 error, 2 errors."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
