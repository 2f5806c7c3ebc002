"""The words in a box, and how much room they take in whatever font a reader has."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from textwrap import wrap
from typing import Final, final
from unicodedata import east_asian_width

from .layout import Size
from .model import Box, Cluster

WRAP: Final = 34
"""Characters of a line of arguments."""

LINES: Final = 4
"""Lines of arguments; a longer list ends in dots, and stands in full in the tooltip."""

LONGEST: Final = 40
"""Characters of a name."""

MORE: Final = "…"
PAD: Final = 10.0
LEADING: Final = 16.0
NARROW: Final = 92.0

THIN: Final = frozenset("iljtfI.,:;'|!()[]{}/ ")
BROAD: Final = frozenset("mwMW%@—…")
FIXED: Final = 0.61
"""The width of a character in fonts where all are as wide."""


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, in one of the styles of the drawing, and what stands at its right end."""

    text: str
    style: str
    right: str = ""


@final
@dataclass(frozen=True, slots=True)
class Style:
    """A size of text, and whether its characters are all as wide."""

    size: float
    fixed: bool
    bold: bool = False


STYLES: Final = {
    "title": Style(13, fixed=False, bold=True),
    "name": Style(12, fixed=True),
    "text": Style(11, fixed=True),
    "sizes": Style(11, fixed=True),
}


def lines_of(box: Box) -> tuple[Line, ...]:
    """Return what is written in a box."""
    found = [Line(box.heading, "title")]
    if box.label:
        found.append(Line(shortened(box.label), "name"))
    found += [Line(text, "text") for text in arguments_of(box)]
    if box.shape or box.weights:
        found.append(Line(shortened(box.shape), "sizes", box.weights))
    return tuple(found)


def arguments_of(box: Box) -> list[str]:
    """Return the arguments of a box on lines, cut where there are too many."""
    text = ", ".join(box.arguments).replace("\n", " ")
    return wrap(text, WRAP, max_lines=LINES, placeholder=f" {MORE}", break_on_hyphens=False)


def frame_of(cluster: Cluster) -> tuple[Line, ...]:
    """Return what is written on a frame."""
    title = Line(cluster.heading, "title")
    label = cluster.label
    return (title,) if label == cluster.title else (title, Line(shortened(label), "name"))


def told(box: Box) -> str:
    """Return all that is known of a box, on lines."""
    parts = (f"{box.heading} {box.key}", *box.arguments, box.shape, box.weights)
    return "\n".join(part for part in parts if part)


def shortened(text: str) -> str:
    """Return a text that is not longer than may be, its middle left out."""
    half = (LONGEST - 1) // 2
    return text if len(text) <= LONGEST else text[:half] + MORE + text[-half:]


def size_of(lines: tuple[Line, ...]) -> Size:
    """Return the size of a box for these lines, with its middle at a whole number."""
    width = max((_width(line) for line in lines), default=0.0)
    return Size(2 * ceil(max(NARROW, width + 2 * PAD) / 2), len(lines) * LEADING + PAD)


def head_of(lines: tuple[Line, ...]) -> Size:
    """Return the size of what stands on a frame."""
    return Size(ceil(max(map(_width, lines)) + 2 * PAD), len(lines) * LEADING + PAD / 2)


def _width(line: Line) -> float:
    style = STYLES[line.style]
    return wide(line.text, style) + (18 + wide(line.right, style) if line.right else 0.0)


def wide(text: str, style: Style) -> float:
    """Return the width of a text in the widest of the usual fonts."""
    return style.size * sum(_part(one, style) for one in text)


def _part(one: str, style: Style) -> float:
    if east_asian_width(one) in "WF":
        return 1.05
    if style.fixed:
        return FIXED
    plain = 0.44 if one in THIN else 1.0 if one in BROAD else 0.78 if one.isupper() else 0.66
    return plain * (1.06 if style.bold else 1.0)
