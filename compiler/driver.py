"""The whole pipeline on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..specs.diagnostics import Diagnostic, SpecError, in_order
from ..specs.load import Spec, assumption
from .graph import TypedGraph
from .infer import MAX_PARAMS, budget, infer
from .lower import lower
from .training import check_training
from .xla import half_outputs, obstacles

if TYPE_CHECKING:
    from .python import Source

STYLES: Final = ("sequential", "functional", "subclassed")


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
    # A spec that is only checked pays for no emitter.
    from .emit.styles import module_of
    from .python import print_module

    return print_module(module_of(typed, style, show_shapes=show_shapes), style)


def styles_of(typed: TypedGraph) -> tuple[str, ...]:
    """Return the styles that can express a graph."""
    from .emit.styles import styles_of

    return styles_of(typed)
