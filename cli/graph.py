"""The verb that draws a spec."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from . import options
from .output import remark, report, say, write

if TYPE_CHECKING:
    from ..compiler.drawing import Picture


class Form(str, Enum):
    """What a picture can be written as."""

    mermaid = "mermaid"
    dot = "dot"
    svg = "svg"
    png = "png"


SUFFIXES: Final = {
    ".svg": Form.svg,
    ".png": Form.png,
    ".dot": Form.dot,
    ".gv": Form.dot,
    ".mmd": Form.mermaid,
    ".mermaid": Form.mermaid,
}
"""The format that a file is written in, by the end of its name."""


def graph(
    spec: options.SpecArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to a new .svg, .png, .dot or .mmd file."
        ),
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option("--format", help="The format. Default: what FILE ends with, else mermaid."),
    ] = None,
    depth: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, help="Open blocks within blocks N deep. Default: open all."
        ),
    ] = None,
    collapse: Annotated[
        bool, typer.Option("--collapse", help="Draw each use of a block as one box: --depth 0.")
    ] = False,
    unroll: Annotated[
        bool, typer.Option("--unroll", help="Draw each turn of a repetition, alike or not.")
    ] = False,
    force: options.Force = False,
    max_params: options.MaxParams = None,
    settings: options.Settings = None,
    data: options.DataOption = None,
    target: options.Target = None,
) -> None:
    """Draw the architecture of a spec.

    Layers are boxes with their arguments, output shapes and parameters; the uses of blocks are frames
    around them; turns of a repetition that are alike are drawn once. Keras is not needed.
    """
    from ..compiler.drawing import picture
    from ..compiler.driver import advise, analyse

    if collapse and depth:
        raise typer.BadParameter("--collapse is --depth 0", param_hint="--depth")
    chosen = _form(output, form)
    loaded = options.load(spec, settings, data, target)
    typed = analyse(loaded, max_params=options.max_params(max_params))
    report(advise(loaded, typed))
    drawn = picture(typed, depth=0 if collapse else depth, unroll=unroll)
    content = _pixels(drawn) if chosen is Form.png else _text(drawn, chosen)
    if output is None:
        say(str(content).rstrip("\n"))
        return
    write(output, content, force=force)
    remark(f"wrote {output}: {chosen.value}")


def _form(output: Path | None, form: Form | None) -> Form:
    """Return the format that was asked for.

    Raises:
        typer.BadParameter: where the end of the name says none, or another; for pixels on a terminal.
    """
    if output is None:
        if form is Form.png:
            raise typer.BadParameter("a PNG is no text: name a file by -o", param_hint="--format")
        return form or Form.mermaid
    implied = SUFFIXES.get(output.suffix.lower())
    if form is None and implied is None:
        known = ", ".join(SUFFIXES)
        message = f"`{output.name}` ends with none of {known}; --format says what else to write"
        raise typer.BadParameter(message, param_hint="--output")
    if form is not None and implied not in (None, form):
        message = f"`{output.name}` would be taken for {implied.value if implied else ''}, not for {form.value}"
        raise typer.BadParameter(message, param_hint="--format")
    return form or implied or Form.mermaid


def _text(drawn: Picture, form: Form) -> str:
    from ..compiler.drawing import dot, draw, mermaid

    if form is Form.svg:
        return draw(drawn, declaration=True).text
    return dot(drawn) if form is Form.dot else mermaid(drawn)


def _pixels(drawn: Picture) -> bytes:
    """Return a picture as PNG.

    Raises:
        typer.BadParameter: where it would be too large to be read, or no font is there to write with.
    """
    from ..compiler.drawing import NoFontError, TooLargeError, png

    try:
        return png(drawn)
    except TooLargeError as error:
        message = f"the picture, {error}, is too large for pixels: write .svg, or use --collapse"
    except NoFontError:
        message = "this machine has no font to draw with: install one (DejaVu), or write .svg"
    raise typer.BadParameter(message, param_hint="--output")
