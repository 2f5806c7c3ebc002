"""The form of an item: a word, or a mapping of one word to its arguments. Told before it is validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def called(item: Any) -> str | None:
    """Return the name that an item begins with; None for what is no item."""
    if isinstance(item, str):
        return item
    if isinstance(item, Mapping) and len(item) == 1:
        (name,) = item
        return str(name)
    return None


def arguments_of(item: Any) -> Any:
    """Return the arguments of an item of the right form, which may still be anything but nothing."""
    if isinstance(item, Mapping) and len(item) == 1:
        (arguments,) = item.values()
        return {} if arguments is None else arguments
    return {}


def argument_of(item: Any, name: str) -> Any:
    """Return one argument of an item; None where it has none of that name."""
    arguments = arguments_of(item)
    return arguments.get(name) if isinstance(arguments, Mapping) else None
