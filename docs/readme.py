"""Fills the marked blocks of README.md with what hornbook really prints.

    python docs/readme.py            writes README.md
    python docs/readme.py --check    exits with 1 where README.md would change

The certificate is made by running TensorFlow; with ``--check`` that block is left as it is.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

from hornbook.compiler.drawing import mermaid
from hornbook.compiler.drawing import picture as drawn
from hornbook.compiler.driver import STYLES, analyse, compile_spec
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load, zoo_text
from hornbook.specs.yaml import read_text

README = Path(__file__).resolve().parent.parent / "README.md"
TITLES = {"sequential": "Sequential", "functional": "Functional", "subclassed": "Subclassed"}
BLOCK = re.compile(r"<!-- (\w+) -->\n.*?<!-- end -->\n", re.DOTALL)

MISTAKES = """\
name: mynet
inputs:
  image: [32, 32, 3]
layers:
  - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
  - MaxPooling2D: {pool_size: 8}
  - Conv2D: {filters: 32, kernel_size: 5, activation: relu}
  - Flatten
  - Dense: {units: 10, activation: softmax}
"""


def diagnostic() -> str:
    try:
        analyse(load(read_text(MISTAKES, "mynet.yaml")))
    except SpecError as error:
        return f"```text\n{error}\n```\n"
    raise AssertionError("the example of a mistake is none")


def spec() -> str:
    return f"```yaml\n{zoo_text('mnist')}```\n"


def programs() -> str:
    """Lay the three programs side by side."""
    loaded = load("mnist")
    heads = "".join(f"<th>{TITLES[style]}</th>" for style in STYLES)
    cells = "".join(
        f"<td>\n\n```python\n{body(compile_spec(loaded, style).text)}```\n\n</td>\n"
        for style in STYLES
    )
    return f'<table>\n<tr>{heads}</tr>\n<tr valign="top">\n{cells}</tr>\n</table>\n'


def body(text: str) -> str:
    """Leave out the docstring."""
    return text.split("\n\n", 1)[1]


def blocks() -> str:
    """Show a spec with blocks, and a program that keeps them."""
    program = body(compile_spec(load("unet"), "functional").text)
    return (
        f"```yaml\n{zoo_text('unet')}```\n\n<details><summary>The Functional program</summary>\n\n"
        f"```python\n{program}```\n\n</details>\n"
    )


def picture() -> str:
    """Show the spec of the blocks as a picture, which the reader of Markdown draws."""
    return f"```mermaid\n{mermaid(drawn(analyse(load('unet')), depth=0))}```\n"


def certificate() -> str:
    from hornbook.cli.verify import verify

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        verify(["digits"])
    return f"```console\n$ hornbook verify digits\n{out.getvalue()}```\n"


BLOCKS: dict[str, Callable[[], str]] = {
    "diagnostic": diagnostic,
    "spec": spec,
    "programs": programs,
    "blocks": blocks,
    "picture": picture,
    "certificate": certificate,
}


def filled(text: str, *, slow: bool) -> str:
    """Return the text with every block written anew."""

    def one(match: re.Match[str]) -> str:
        name = match[1]
        if name == "certificate" and not slow:
            return match[0]
        return f"<!-- {name} -->\n{BLOCKS[name]()}<!-- end -->\n"

    return BLOCK.sub(one, text)


def main() -> None:
    check = "--check" in sys.argv[1:]
    before = README.read_text(encoding="utf-8")
    after = filled(before, slow=not check)
    if check:
        sys.exit(before != after)
    README.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
