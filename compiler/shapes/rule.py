"""What a shape rule is, and the arithmetic that rules share.

A rule is a pure function of a layer's arguments and its inputs' types. It returns the
output's type, the layer's weights in the order in which Keras creates them, and the work of one forward
pass; or it raises :class:`RuleError` with a sentence about what cannot work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from ...specs.base import Item
from ..graph import Inference, Shape, TensorType

Rule = Callable[[Any, tuple[TensorType, ...]], Inference]


@cache
def rule_of(cls: type[Item]) -> Rule:
    """Return the rule of a layer or a function.

    The rules of a family stand in the file of the same name, which is loaded when one of its layers is met.
    """
    family = cls.__module__.rpartition(".")[2]
    found: Rule = import_module(f".{family}", __package__).RULES[cls]
    return found


class RuleError(Exception):
    """The layer cannot take these inputs.

    ``field`` is the argument to point at (``None``: the layer's name); ``input`` is the index of
    the input whose producer is the second guilty place (``None``: all of them).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        help: str | None = None,
        input: int | None = 0,
    ) -> None:
        self.code = code
        self.message = message
        self.field = field
        self.help = help
        self.input = input
        super().__init__(message)


def require_rank(name: str, type: TensorType, rank: int, axes: str) -> None:
    """Raise HB401 unless the input has ``rank`` axes, the batch included."""
    if type.rank != rank:
        raise RuleError(
            "HB401",
            f"`{name}` takes {rank} axes {axes}, but receives {type.rank}: {type}",
        )


def known(name: str, type: TensorType, axis: int, what: str) -> int:
    """Return the size of an axis; raise HB406 where it is not known before data arrives."""
    size = type.shape[axis]
    if size is None:
        raise RuleError("HB406", f"`{name}` needs a known size of {what}, but receives {type}")
    return size


def product(shape: Shape) -> int | None:
    """Multiply the sizes; ``None`` where one of them is unknown."""
    total = 1
    for size in shape:
        if size is None:
            return None
        total *= size
    return total
