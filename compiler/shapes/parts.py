"""Whether the parts of a layer suit its weights and its output.

An initializer, regularizer, constraint or activation is validated before the shape of what it
works on is known. Keras refuses an unsuitable one when it builds the layer, or at the first step of training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...specs.activations import Softmax
from ...specs.base import Item, LayerSpec
from ...specs.constraints import MaxNorm, MinMaxNorm, UnitNorm
from ...specs.initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    VarianceScaling,
)
from ...specs.layers.attention import GroupQueryAttention, MultiHeadAttention
from ...specs.layers.cells import GRUCell, LSTMCell, SimpleRNNCell
from ...specs.regularizers import OrthogonalRegularizer
from ..graph import Inference, Weight
from .checks import count
from .rule import RuleError

IDENTITY = ("identity",)
ORTHOGONAL = ("orthogonal",)
ORTHOGONAL_PENALTY = ("orthogonal_regularizer",)
FITTED = (
    VarianceScaling,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
)

Owner = LayerSpec | SimpleRNNCell | LSTMCell | GRUCell
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
    attention = isinstance(layer, MultiHeadAttention | GroupQueryAttention)
    penalized = rank + 1 if attention else rank
    # A layer that reads steps activates what one of them makes.
    activated = rank - 1 if getattr(layer, "return_sequences", False) else rank
    for field, axes, check in (
        ("activity_regularizer", penalized, _matrix_only),
        ("activation", activated, _softmax),
        ("recurrent_activation", activated, _softmax),
    ):
        if field in type(layer).model_fields:
            what = f"receives {count('axis', axes)}"
            yield field, what, check(getattr(layer, field), axes)


def _initializer(part: Part, weight: Weight) -> Problem:
    rank = len(weight.shape)
    if (part in IDENTITY or isinstance(part, Identity)) and rank != 2:
        return "makes a matrix"
    if (part in ORTHOGONAL or isinstance(part, Orthogonal)) and rank < 2:
        return "makes a matrix"
    if isinstance(part, FITTED) and part.input_axes and part.output_axes:
        return _out_of(rank, (*part.input_axes, *part.output_axes))
    return None


def _regularizer(part: Part, weight: Weight) -> Problem:
    return _matrix_only(part, len(weight.shape))


def _constraint(part: Part, weight: Weight) -> Problem:
    if isinstance(part, MaxNorm | MinMaxNorm | UnitNorm):
        axes = part.axis if isinstance(part.axis, tuple) else (part.axis,)
        return _out_of(len(weight.shape), axes)
    return None


def _matrix_only(part: Part, rank: int) -> Problem:
    if (part in ORTHOGONAL_PENALTY or isinstance(part, OrthogonalRegularizer)) and rank != 2:
        return "is for matrices"
    return None


def _softmax(part: Part, rank: int) -> Problem:
    if isinstance(part, Softmax):
        return _out_of(rank, part.axis if isinstance(part.axis, tuple) else (part.axis,))
    return None


def _out_of(rank: int, axes: tuple[int, ...]) -> Problem:
    wrong = next((axis for axis in axes if not -rank <= axis < rank), None)
    return None if wrong is None else f"works on axis {wrong}"


FROZEN: dict[str, Callable[[Part, Weight], Problem]] = {"initializer": _initializer}
"""What matters of weights that no step moves."""

CHECKS = FROZEN | {"regularizer": _regularizer, "constraint": _constraint}
