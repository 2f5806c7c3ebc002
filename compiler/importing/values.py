"""Untrusted JSON data, taken apart with its types checked at every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Data: TypeAlias = Any
"""Spec data: dicts with words as keys, tuples, texts, numbers, truth values, None."""

SHOWN = 60
SENTENCE = 400


class Obstacle(Exception):  # noqa: N818
    """Why one part of a model cannot be written as a spec."""

    def __init__(self, why: str, help: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.help = help


def shown(value: object) -> str:
    """Show a value of a file that may hold anything: short, and without control characters."""
    return _cut(str(value), SHOWN)


def said(sentence: object) -> str:
    """Show a sentence that may quote such a value: whole, unless it is very long."""
    return _cut(str(sentence), SENTENCE)


def _cut(text: str, length: int) -> str:
    clean = "".join(one if one.isprintable() else "?" for one in text[: length + 1])
    return clean if len(clean) <= length else clean[: length - 3] + "..."


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """Return a mapping with words as keys.

    Raises:
        Obstacle: where it is none.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise Obstacle(f"{what} is not a mapping")
    return value


def sequence(value: object, what: str) -> tuple[Any, ...]:
    """Return a list as a tuple.

    Raises:
        Obstacle: where it is none.
    """
    if not isinstance(value, list | tuple):
        raise Obstacle(f"{what} is not a list")
    return tuple(value)


def text(value: object, what: str) -> str:
    """Return a text that is not empty.

    Raises:
        Obstacle: where it is none.
    """
    if not isinstance(value, str) or not value:
        raise Obstacle(f"{what} is not a text")
    return value


def count(value: object, what: str) -> int:
    """Return a number that counts from zero.

    Raises:
        Obstacle: where it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Obstacle(f"{what} is not a number that counts")
    return value


def tagged(value: object) -> str | None:
    """Return the class of an object that Keras has written as a mapping, None for other data."""
    if isinstance(value, Mapping) and "class_name" in value:
        return str(value["class_name"])
    return None


def inner(value: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    """Return the config inside an object that Keras has written."""
    return mapping(value.get("config"), f"the config of {what}")


def walk(value: Any, change: Callable[[Mapping[str, Any]], Any]) -> Any:
    """Rebuild nested data: lists become tuples, objects become what ``change`` makes of them."""
    if isinstance(value, list | tuple):
        return tuple(walk(part, change) for part in value)
    if tagged(value) is not None:
        return change(value)
    if isinstance(value, Mapping):
        return {str(key): walk(part, change) for key, part in value.items()}
    return value
