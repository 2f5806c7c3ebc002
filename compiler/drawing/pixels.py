"""A picture as PNG: its SVG in the light theme, drawn by resvg."""

from __future__ import annotations

from math import sqrt
from typing import Final

from .model import Picture
from .vector import COLORS, draw

SHARP: Final = 2.0
"""Pixels of the file for one of the drawing, where the file does not become too large."""

LEGIBLE: Final = 0.5
SIDE: Final = 32_000
PIXELS: Final = 100_000_000
PROBE: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30"><text y="20" '
    'font-family="sans-serif">{}</text></svg>'
)


class TooLargeError(ValueError):
    """A picture of which no file of pixels can be read."""


class NoFontError(RuntimeError):
    """A machine that has no font to write with."""


def png(picture: Picture) -> bytes:
    """Return the pixels.

    Raises:
        TooLargeError: where words would be too small to be read.
        NoFontError: where the machine has no font.
    """
    import resvg_py

    drawn = draw(picture, theme="light")
    zoom = min(
        SHARP, SIDE / drawn.width, SIDE / drawn.height, sqrt(PIXELS / (drawn.width * drawn.height))
    )
    if zoom < LEGIBLE:
        raise TooLargeError(f"{drawn.width:,} x {drawn.height:,}")
    if not has_font():
        raise NoFontError
    return bytes(resvg_py.svg_to_bytes(drawn.text, zoom=zoom, background=COLORS["page"][0]))


def has_font() -> bool:
    """Tell whether a letter leaves a trace on this machine."""
    import resvg_py

    return bool(resvg_py.svg_to_bytes(PROBE.format("H")) != resvg_py.svg_to_bytes(PROBE.format("")))
