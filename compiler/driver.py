"""The whole pipeline on one screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..specs.arithmetic import ArithmeticMistake
from ..specs.diagnostics import Diagnostic, SpecError, in_order
from ..specs.load import Spec, assumption
from .emit import functional, sequential, subclassed
from .emit.values import InexpressibleError
from .graph import TypedGraph
from .infer import MAX_PARAMS, budget, infer
from .lower import lower
from .python import Module, Source, print_module
from .structure import flat, structure
from .training import check_training
from .xla import half_outputs, obstacles

BY_STRUCTURE: Final[dict[str, Callable[..., Module]]] = {
    "functional": functional.emit,
    "subclassed": subclassed.emit,
}
STYLES: Final = ("sequential", *BY_STRUCTURE)
OBSTACLES: Final[dict[str, Callable[[TypedGraph], list[Diagnostic]]]] = {
    "sequential": sequential.obstacles,
    "functional": functional.obstacles,
    "subclassed": subclassed.obstacles,
}
"""What keeps a style from expressing a graph."""


def analyse(spec: Spec, *, max_params: int = MAX_PARAMS) -> TypedGraph:
    """Take a validated spec to its typed graph, with everything checked that can be without data.

    Raises:
        SpecError: HB3xx, HB4xx or HB5xx, all that the failing stage found.
    """
    graph = lower(spec)
    typed = infer(graph, spec.document)
    batch_size = spec.model.train.batch_size if spec.model.train else 1
    problems = [
        *budget(typed, batch_size, max_params),
        *check_training(spec, typed),
        *obstacles(spec, typed),
        *half_outputs(typed),
    ]
    if any(one.severity == "error" for one in problems):
        raise SpecError(in_order(problems))
    return typed


def advise(spec: Spec, typed: TypedGraph) -> list[Diagnostic]:
    """Return the warnings about a spec that compiles."""
    return [*assumption(spec), *check_training(spec, typed)]


def compile_spec(
    spec: Spec, style: str, *, show_shapes: bool = False, max_params: int = MAX_PARAMS
) -> Source:
    """Compile a spec to the source of one style: sequential, functional or subclassed.

    Raises:
        SpecError: what :func:`analyse` raises, and HB308 where the style cannot express the graph.
        KeyError: for an unknown style.
    """
    typed = analyse(spec, max_params=max_params)
    return emit(typed, style, show_shapes=show_shapes)


def emit(typed: TypedGraph, style: str, *, show_shapes: bool = False) -> Source:
    """Print the module of one style."""
    return print_module(module_of(typed, style, show_shapes=show_shapes), style)


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
    return tuple(style for style in STYLES if not OBSTACLES[style](typed))
