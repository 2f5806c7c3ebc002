"""What a function of ``keras.ops`` takes: names of values, numbers, lists of numbers.

The mistakes are found here by hand, since of a nested list Pydantic tells only that no arm of a union fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from .base import Fault, Path
from .wording import describe

MAX_DEPTH: Final = 3
"""Lists in lists, at most."""

TAKES: Final = "a name, a number, or a list of numbers"


def operand_faults(given: Any) -> tuple[Fault, ...]:
    """Return what is wrong with the ``inputs`` of a function, each with its path in them."""
    if isinstance(given, str) or given is None:
        return ()
    if not isinstance(given, tuple):
        message = f"`inputs` must be a name, or a list of operands, not {describe(given)}"
        return (Fault("HB204", (), message, f"each operand is {TAKES}"),)
    return tuple(
        fault
        for index, one in enumerate(given)
        for fault in ((_listed if isinstance(one, tuple) else _alone)(one, (index,)))
    )


def _alone(one: Any, path: Path) -> Iterator[Fault]:
    if isinstance(one, str):
        return
    yield from _number(one, path, f"an operand must be {TAKES}")


def _number(one: Any, path: Path, what: str) -> Iterator[Fault]:
    if not isinstance(one, int | float):
        yield Fault("HB204", path, f"{what}, not {describe(one)}")
    elif isinstance(one, float) and not isfinite(one):
        yield Fault("HB203", path, f"an operand must be a finite number, not {one}")


def _listed(one: tuple[Any, ...], path: Path) -> Iterator[Fault]:
    """Yield what is wrong with a list: its entries, or else that they are no grid of one kind."""
    wrong = tuple(_entries(one, path, 1))
    yield from wrong
    if wrong:
        return
    yield from _ragged(one, path)
    numbers = tuple(_leaves(one, path))
    truths = isinstance(numbers[0][1], bool)
    other = next((where for where, leaf in numbers if isinstance(leaf, bool) is not truths), None)
    if other is not None:
        message = "a list of operands holds numbers, or `true` and `false`, not both"
        yield Fault("HB203", other, message)


def _entries(one: tuple[Any, ...], path: Path, depth: int) -> Iterator[Fault]:
    if not one:
        yield Fault("HB203", path, "an empty list holds no numbers to calculate with")
    elif depth > MAX_DEPTH:
        yield Fault("HB203", path, f"lists of numbers stand at most {MAX_DEPTH} deep in each other")
    else:
        for index, part in enumerate(one):
            where = (*path, index)
            if isinstance(part, tuple):
                yield from _entries(part, where, depth + 1)
            else:
                yield from _number(part, where, "a list among the operands holds numbers")


def _ragged(one: tuple[Any, ...], path: Path) -> Iterator[Fault]:
    """Yield the first entry that is not as the one that stands first beside it."""
    shape = _shape(one[0])
    for index, part in enumerate(one):
        if _shape(part) != shape:
            yield Fault(
                "HB203",
                (*path, index),
                f"the entries of a list must be alike, but {describe(part)} stands beside "
                f"{describe(one[0])}",
                "make all lists of one depth equally long",
            )
            return
        if isinstance(part, tuple):
            deeper = tuple(_ragged(part, (*path, index)))
            yield from deeper
            if deeper:
                return


def _shape(one: Any) -> tuple[int, ...]:
    return (len(one), *_shape(one[0])) if isinstance(one, tuple) else ()


def _leaves(one: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if not isinstance(one, tuple):
        yield path, one
        return
    for index, part in enumerate(one):
        yield from _leaves(part, (*path, index))
