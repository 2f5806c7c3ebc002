"""Whether the parts of a layer suit its weights and its output.

An initializer, regularizer, constraint or activation is validated before the shape of what it
works on is known. Keras refuses an unsuitable one when it builds the layer, or at the first step of training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from ...specs.base import Item, LayerSpec
from ..graph import Inference, Weight
from .checks import count
from .rule import RuleError

if TYPE_CHECKING:
    from ...specs.layers.cells import GRUCell, LSTMCell, SimpleRNNCell

IDENTITY = ("identity", "Identity")
ORTHOGONAL = ("orthogonal", "Orthogonal")
ORTHOGONAL_PENALTY = ("orthogonal_regularizer", "OrthogonalRegularizer")
ATTENTION = ("MultiHeadAttention", "GroupQueryAttention")

Owner: TypeAlias = "LayerSpec | SimpleRNNCell | LSTMCell | GRUCell"
"""What has weights and parts that work on them."""

Part = str | Item | None
Problem = str | None


def check_parts(layer: Owner, found: Inference) -> None:
    """Raise HB404 where an argument of the layer does not suit a weight or the output."""
    name = type(layer).__name__
    for field, what, problem in _problems(layer, found):
        if problem is not None:
            message = f"`{field}` of `{name}` {problem}, but {what}"
            raise RuleError("HB404", message, field=field)


def _problems(layer: Owner, found: Inference) -> Iterable[tuple[str, str, Problem]]:
    """Yield each argument with a part, what the part works on, and what is wrong with it."""
    yield from _of_weights(layer, found)
    yield from _of_output(layer, found.output.rank)


def _of_weights(layer: Owner, found: Inference) -> Iterable[tuple[str, str, Problem]]:
    fields = type(layer).model_fields
    for weight in found.weights:
        stems = (weight.name, weight.name.removesuffix("_kernel"))
        for suffix, check in (CHECKS if layer.trainable else FROZEN).items():
            for field in dict.fromkeys(f"{stem}_{suffix}" for stem in stems):
                if field in fields:
                    what = f"`{weight.name}` has the shape {weight.shape}"
                    yield field, what, check(getattr(layer, field), weight)


def _of_output(layer: Owner, rank: int) -> Iterable[tuple[str, str, Problem]]:
    # Attention penalizes its projections, which have an axis more than its output.
    penalized = rank + 1 if type(layer).__name__ in ATTENTION else rank
    # A layer that reads steps activates what one of them makes.
    activated = rank - 1 if getattr(layer, "return_sequences", False) else rank
    for field, axes, check in (
        ("activity_regularizer", penalized, _matrix_only),
        ("activation", activated, _along),
        ("recurrent_activation", activated, _along),
    ):
        if field in type(layer).model_fields:
            what = f"receives {count('axis', axes)}"
            yield field, what, check(getattr(layer, field), axes)


def _initializer(part: Part, weight: Weight) -> Problem:
    rank = len(weight.shape)
    name = _name(part)
    if (name in IDENTITY and rank != 2) or (name in ORTHOGONAL and rank < 2):
        return "makes a matrix"
    incoming, outgoing = (getattr(part, field, None) for field in ("input_axes", "output_axes"))
    return _out_of(rank, (*incoming, *outgoing)) if incoming and outgoing else None


def _regularizer(part: Part, weight: Weight) -> Problem:
    return _matrix_only(part, len(weight.shape))


def _constraint(part: Part, weight: Weight) -> Problem:
    return _along(part, len(weight.shape))


def _matrix_only(part: Part, rank: int) -> Problem:
    if _name(part) in ORTHOGONAL_PENALTY and rank != 2:
        return "is for matrices"
    return None


def _name(part: Part) -> str | None:
    """Return the word that a part is, or the name of its class."""
    return part if part is None or isinstance(part, str) else type(part).__name__


def _along(part: Part, rank: int) -> Problem:
    """Say where a part would work along an axis that is not there."""
    axis = getattr(part, "axis", None)
    return None if axis is None else _out_of(rank, axis if isinstance(axis, tuple) else (axis,))


def _out_of(rank: int, axes: tuple[int, ...]) -> Problem:
    wrong = next((axis for axis in axes if not -rank <= axis < rank), None)
    return None if wrong is None else f"works on axis {wrong}"


FROZEN: dict[str, Callable[[Part, Weight], Problem]] = {"initializer": _initializer}
"""What matters of weights that no step moves."""

CHECKS = FROZEN | {"regularizer": _regularizer, "constraint": _constraint}
