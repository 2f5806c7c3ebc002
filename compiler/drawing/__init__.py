"""The architecture as a picture: SVG, Graphviz, Mermaid, PNG.

``picture`` says what there is to see; one function a format draws it. Nothing here needs Keras.
"""

from __future__ import annotations

from ..graph import TypedGraph
from .flowchart import mermaid
from .folding import closed, folded, untangled
from .graphviz import dot
from .model import Picture, picture_of
from .pixels import NoFontError, TooLargeError, png
from .vector import draw

__all__ = [
    "NoFontError",
    "Picture",
    "TooLargeError",
    "dot",
    "draw",
    "mermaid",
    "picture",
    "png",
    "svg",
]


def picture(typed: TypedGraph, *, depth: int | None = None, unroll: bool = False) -> Picture:
    """Return what there is to see of a graph.

    Args:
        typed: the graph.
        depth: how deep blocks are open; 0 draws each use of a block as one box, None opens all.
        unroll: draw each turn of a repetition, even where they are all alike.
    """
    found = picture_of(typed)
    if not unroll:
        found = folded(found)
    found = untangled(found)
    return found if depth is None else closed(found, depth)


def svg(typed: TypedGraph, *, depth: int | None = None, declaration: bool = False) -> str:
    """Draw a graph for a page: real text, no ids, colours for light and dark.

    ``declaration`` adds the line that a file begins with; ``depth`` is that of :func:`picture`.
    """
    return draw(picture(typed, depth=depth), declaration=declaration).text
