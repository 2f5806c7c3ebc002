"""A spec with nothing left to work out: no variables, no calculations, no blocks, no overrides.

What remains is what a reader would have to work out: each layer with its arguments as they are.
Names and wiring stay only where they do not follow from the order of the items, so that the result
reads back as the same model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from .load import Spec
from .names import Names, stem
from .registries import ENTRY

GONE: Final = ("variables", "blocks")
CALL: Final = "call"


def resolved(spec: Spec) -> dict[str, Any]:
    """Return a spec as data that says the same without variables, blocks and overrides.

    :func:`hornbook.specs.write.write_spec` makes a text of it.
    """
    data = spec.document.data
    found = {key: _plain(data[key]) for key in data if key not in GONE and key != "layers"}
    items = [_opened(item) for item in data["layers"]]
    found["layers"] = tuple(_written(items, _chosen(spec), tuple(spec.model.inputs)))
    return found


def _plain(value: Any) -> Any:
    """Return data that has been validated already, such as what ``--data`` gives, as it is written."""
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(exclude_defaults=True))
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    return value


def _opened(item: Any) -> tuple[str, dict[str, Any]]:
    """Return the word of an item and its arguments."""
    if isinstance(item, str):
        return item, {}
    ((word, arguments),) = item.items()
    return word, dict(arguments or {})


def _chosen(spec: Spec) -> list[bool]:
    """Tell of each item whether the spec says its name; those in blocks have one from their block."""
    if not spec.expansion.origins:
        return [item.name is not None for item in spec.model.layers]
    return [one.use is not None or one.local is not None for one in spec.expansion.origins]


def _written(
    items: list[tuple[str, dict[str, Any]]], chosen: list[bool], inputs: tuple[str, ...]
) -> Iterator[Any]:
    """Write the items, without what a reader knows from those above."""
    names, said = _names(items, chosen, inputs)
    above = inputs[0] if len(inputs) == 1 else None
    for (word, arguments), name, kept in zip(items, names, said, strict=True):
        if not kept:
            arguments.pop("name", None)
        if arguments.get("inputs") in (above, (above,), None):
            arguments.pop("inputs", None)
        yield {word: arguments} if arguments else word
        above = name


def _names(
    items: list[tuple[str, dict[str, Any]]], chosen: list[bool], inputs: tuple[str, ...]
) -> tuple[list[str], list[bool]]:
    """Return the name of each item, and whether it has to be written.

    A name that is written may be in the way of one that would be given, so this goes on until
    nothing changes.
    """
    while True:
        given = _given(items, chosen, inputs)
        names = [
            arguments.get("name") or name for (_, arguments), name in zip(items, given, strict=True)
        ]
        needed = [one or name != free for one, name, free in zip(chosen, names, given, strict=True)]
        if needed == chosen:
            return names, chosen
        chosen = needed


def _given(
    items: list[tuple[str, dict[str, Any]]], chosen: list[bool], inputs: tuple[str, ...]
) -> list[str]:
    """Return the name that each item gets if only the chosen ones are written."""
    written = [arguments["name"] for (_, arguments), one in zip(items, chosen, strict=True) if one]
    taken = {name.lower() for name in (*written, *inputs)}
    names, calls = Names(), Names()
    found = []
    for (word, arguments), one in zip(items, chosen, strict=True):
        if one:
            found.append(arguments["name"])
        elif word == CALL:
            found.append(calls.free(f"{arguments['layer']}_call", taken))
        else:
            found.append(names.free(stem(ENTRY.aliases.get(word, word)), taken))
    return found
