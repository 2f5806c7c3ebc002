"""What a field allows and what it received, in words."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .base import Choice, registry

ARTICLES = {"activation": "an", "initializer": "an", "optimizer": "an"}
PLAIN = {bool: "`true` or `false`", int: "an integer", float: "a number", str: "a word", type(None): "`null`"}
BOUNDS = {"gt": "above {}", "ge": "of at least {}", "lt": "below {}", "le": "of at most {}"}
MAX_SHOWN = 60


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the help line for a misspelt word, or None where nothing is near."""
    lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), lower, n=1, cutoff=0.65)
    return f"did you mean `{lower[near[0]]}`?" if near else None


def kind_of(kind: str) -> str:
    """Put the article before a kind: an optimizer, a layer."""
    return f"{ARTICLES.get(kind, 'a')} {kind}"


def any_of(words: Iterable[str]) -> str:
    """Join alternatives: a, b or c."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def expected(field: FieldInfo) -> str:
    """Say what a field allows."""
    return _allowed(field.annotation, field.metadata)


def _allowed(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _allowed(inner, [*metadata, *more])
    for mark in metadata:
        if isinstance(mark, Choice):
            return f"{kind_of(mark.kind)}, as `Name` or `Name: {{arguments}}`"
    if origin in (Union, types.UnionType):
        arms = [arm for arm in get_args(annotation) if arm is not type(None)]
        words = [_allowed(arm, metadata) for arm in arms]
        for position, arm in enumerate(arms):
            each = get_args(arm)
            if get_origin(arm) is tuple and each and _allowed(each[0]) in words and len(set(map(str, each))) == 1:
                words[position] = f"a list of {len(each)} of them"
        return any_of(dict.fromkeys(words))
    if origin is Literal:
        return any_of(f"`{json.dumps(value).strip(chr(34))}`" for value in get_args(annotation))
    if origin is tuple:
        return _list(get_args(annotation), metadata)
    if origin in (dict, Mapping) or isinstance(origin, type) and issubclass(origin, Mapping):
        return "a mapping"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a mapping with " + any_of(f"`{name}`" for name in annotation.model_fields)
    return PLAIN.get(annotation, "a value") + _bounds(metadata)


def _bounds(metadata: Sequence[Any]) -> str:
    found = []
    for mark in metadata:
        for part in (mark, *getattr(mark, "metadata", ())):
            for name, phrase in BOUNDS.items():
                if getattr(part, name, None) is not None:
                    found.append(phrase.format(getattr(part, name)))
            if getattr(part, "pattern", None):
                found.append("that begins with a letter and holds letters, digits and `_`, 64 at most")
    return f" {' and '.join(dict.fromkeys(found))}" if found else ""


def _list(arms: Sequence[Any], metadata: Sequence[Any]) -> str:
    if len(arms) == 2 and arms[1] is Ellipsis:
        return f"a list of which each is {_allowed(arms[0])}"
    if len({str(arm) for arm in arms}) == 1:
        return f"a list of {len(arms)} of which each is {_allowed(arms[0])}"
    return f"a list of {len(arms)}: " + ", ".join(_allowed(arm) for arm in arms)


def describe(data: object) -> str:
    """Name a value as a person would: its kind, and what it is where that is short."""
    match data:
        case None:
            return "nothing"
        case bool():
            return f"`{str(data).lower()}`"
        case int() | float():
            return f"the number {data}"
        case str():
            return f"the word `{data}`" if len(data) <= MAX_SHOWN else "a long text"
        case _:
            text = flow(data)
            return f"`{text}`" if len(text) <= MAX_SHOWN else "a mapping" if isinstance(data, Mapping) else "a list"


def flow(data: object) -> str:
    """Write data in YAML's flow style."""
    match data:
        case None:
            return "null"
        case bool():
            return str(data).lower()
        case Mapping():
            return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in data.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(flow(value) for value in data) + "]"
        case _:
            return str(data)


def words_of(field: FieldInfo) -> tuple[str, ...]:
    """List the words that a field accepts, for did-you-mean."""
    return tuple(_words(field.annotation, field.metadata))


def _words(annotation: Any, metadata: Sequence[Any] = ()) -> Iterable[str]:
    for mark in metadata:
        if isinstance(mark, Choice):
            yield from registry(mark.kind).spellings()
            return
    if get_origin(annotation) is Literal:
        yield from (value for value in get_args(annotation) if isinstance(value, str))
        return
    for arm in get_args(annotation):
        if get_origin(annotation) is Annotated:
            yield from _words(arm, get_args(annotation)[1:])
            return
        yield from _words(arm)
