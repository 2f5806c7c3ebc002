"""The three styles: which emitter writes each, and what keeps a graph from being written in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ...specs.arithmetic import ArithmeticMistake
from ...specs.diagnostics import Diagnostic
from ..graph import TypedGraph
from ..python import Module
from ..structure import flat, structure
from . import functional, sequential, subclassed
from .values import InexpressibleError

BY_STRUCTURE: Final[dict[str, Callable[..., Module]]] = {
    "functional": functional.emit,
    "subclassed": subclassed.emit,
}
OBSTACLES: Final[dict[str, Callable[[TypedGraph], list[Diagnostic]]]] = {
    "sequential": sequential.obstacles,
    "functional": functional.obstacles,
    "subclassed": subclassed.obstacles,
}
"""What keeps a style from expressing a graph."""


def module_of(typed: TypedGraph, style: str, *, show_shapes: bool = False) -> Module:
    """Return the module of one style, its blocks kept where the style can keep them.

    Raises:
        SpecError: HB308 where the style cannot express the graph.
        KeyError: for an unknown style.
    """
    if style == "sequential":
        return sequential.emit(typed, show_shapes=show_shapes)
    make = BY_STRUCTURE[style]
    try:
        # An output of its own dtype is not like the same item in other uses of a block.
        odd = typed.graph.expansion.uses and any(one.dtype for one in typed.graph.layers)
        shown = flat(typed.graph) if odd else structure(typed.graph)
        return make(typed, shown, show_shapes=show_shapes)
    except (ArithmeticMistake, InexpressibleError):
        # Calculations of blocks that are written out may become too large for source.
        return make(typed, flat(typed.graph), show_shapes=show_shapes)


def styles_of(typed: TypedGraph) -> tuple[str, ...]:
    """Return the styles that can express a graph."""
    return tuple(style for style, obstacles in OBSTACLES.items() if not obstacles(typed))
