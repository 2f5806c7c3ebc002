"""Values given beside a spec, as ``key=value``, that replace values in it.

A key is a path of keys and positions joined by dots: ``train.epochs``, ``layers.0.Dense.units``.
A key that is no top-level one names a variable, or is looked up under ``train``, so ``width=64`` and
``epochs=3`` work; a layer can be named, as in ``layers.head.units``.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .base import Path
from .diagnostics import Diagnostic, Span, SpecError
from .wording import did_you_mean
from .yaml import Document, Place, read_text

NOTHING = ("", "null", "~")
TOP = ("name", "variables", "inputs", "blocks", "layers", "outputs", "train")


@dataclass(frozen=True)
class Override:
    """One ``key=value`` as the user gave it."""

    text: str


def override(document: Document, overrides: Iterable[Override]) -> Document:
    """Return the document with the values replaced; diagnostics then quote the override.

    Raises:
        SpecError: HB201 for a path that leads nowhere, HB206 for a text that is no ``key=value``.
    """
    for one in overrides:
        document = _apply(document, one)
    return document


def _apply(document: Document, one: Override) -> Document:
    origin = f"--set {one.text}"
    key, equals, text = one.text.partition("=")
    if not equals or not key.strip():
        message = f"`{origin}` is not of the form `key=value`"
        raise SpecError([Diagnostic("HB206", message, help="for example `train.epochs=3`")])
    value = None if text.strip() in NOTHING else read_text(text, f"{origin} (value)").data
    path = _resolve(document, key.strip().split("."), origin)
    return replaced(document, path, value, origin, len("--set ") + len(key) + 1)


def replaced(document: Document, path: Path, value: Any, origin: str, offset: int) -> Document:
    """Put a value in place of another; it stands in ``origin``, a line of its own, from ``offset`` on."""
    linecache.cache[origin] = (len(origin), None, [origin], origin)
    where = Span(origin, 1, offset + 1, 1, len(origin) + 1)
    key = Span(origin, 1, origin.index(" ") + 2, 1, max(offset, origin.index(" ") + 2))
    places = {p: place for p, place in document.places.items() if p[: len(path)] != path}
    places[path] = Place(key, where)
    return replace(document, data=_put(document.data, path, value), places=places)


def _resolve(document: Document, keys: list[str], origin: str) -> Path:
    if keys[0] not in TOP:
        variables = document.data.get("variables") if isinstance(document.data, Mapping) else None
        named = variables if isinstance(variables, Mapping) else {}
        if keys[0] not in named and isinstance(document.data, Mapping):
            _trains(document.data, keys[0], list(named), origin)
        keys = ["variables" if keys[0] in named else "train", *keys]
    data: Any = document.data
    path: list[str | int] = []
    for position, key in enumerate(keys):
        last = position == len(keys) - 1
        if isinstance(data, tuple):
            index = _index(data, key)
            if index is None:
                raise _nowhere(keys, key, [str(i) for i in range(len(data))], origin)
            path.append(index)
            data = data[index]
            inner = keys[position + 1] if not last else None
            if (
                isinstance(data, Mapping)
                and len(data) == 1
                and inner is not None
                and inner not in data
            ):
                ((name, arguments),) = data.items()
                path.append(name)
                data = arguments
        elif isinstance(data, Mapping) and (key in data or last):
            path.append(key)
            data = data.get(key)
        elif data is None and last:
            path.append(key)
        else:
            raise _nowhere(keys, key, list(data) if isinstance(data, Mapping) else [], origin)
    return tuple(path)


def _trains(data: Mapping[str, Any], key: str, variables: list[str], origin: str) -> None:
    """Refuse a key that names no variable where there is no `train` that could have it."""
    if "train" not in data:
        message = f"`{origin}`: the spec has no variable `{key}`, and no `train` with such a key"
        raise SpecError([Diagnostic("HB201", message, help=did_you_mean(key, variables))])


def _index(items: tuple[Any, ...], key: str) -> int | None:
    """Find an item of a list by its position, or a layer by its name."""
    if key.isdigit():
        return int(key) if int(key) < len(items) else None
    for index, item in enumerate(items):
        if isinstance(item, Mapping) and len(item) == 1:
            (arguments,) = item.values()
            if isinstance(arguments, Mapping) and arguments.get("name") == key:
                return index
    return None


def _nowhere(keys: list[str], key: str, known: list[str], origin: str) -> SpecError:
    message = f"`{origin}`: the spec has no `{key}` on the way `{'.'.join(keys)}`"
    return SpecError([Diagnostic("HB201", message, help=did_you_mean(key, known))])


def _put(data: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    key, *rest = path
    if isinstance(data, tuple):
        index = int(key)
        return (*data[:index], _put(data[index], tuple(rest), value), *data[index + 1 :])
    mapping = dict(data or {})
    mapping[str(key)] = _put(mapping.get(str(key)), tuple(rest), value)
    return mapping
