"""The JSON Schema of the language, for editors: completion, hovers and marks while a spec is written.

It is made from the same Pydantic classes that validate, so it cannot drift from them. It is looser
in one way, as no schema can follow names: wherever an integer stands, so may a ``$`` name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from .base import Item, Registry
from .model import ModelSpec
from .registries import REGISTRIES

Json: TypeAlias = dict[str, Any]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
DEFS: Final = "#/$defs/"
KIND: Final = "x-kind"
NAMED: Final = "x-named"
NULL: Final[Json] = {"type": "null"}
NAMED_VALUE: Final[Json] = {
    "type": "string",
    "pattern": r"\$",
    "description": "A value by its name, such as `$classes`, or a calculation, such as `$width * 2`.",
}
BLOCK_USES: Final[list[Json]] = [
    {"type": "string", "pattern": r"^[a-z][a-z0-9_]*$", "description": "A block, by its name."},
    {
        "type": "object",
        "description": "A block, by its name, with its arguments.",
        "patternProperties": {r"^[a-z][a-z0-9_]*$": {"type": ["object", "null"]}},
        "additionalProperties": False,
    },
]
"""A use of a block. Its name is the document's own; a small letter tells it from a layer's."""

COMPUTED: Final = ("integer", "number", "boolean")


def schema() -> Json:
    """Return the JSON Schema (draft 7) of a spec."""
    found = _generate(ModelSpec)
    inner = found.pop("$defs", {})
    defs = {**inner, **_classes()}
    for kind, one in REGISTRIES.items():
        defs[kind] = _choice(one)
    defs["entry"]["anyOf"] += BLOCK_USES
    whole = {
        "$schema": DIALECT,
        "title": "A hornbook spec",
        **found,
        "$defs": dict(sorted(defs.items())),
    }
    tidied: Json = _tidy(_rename(whole, KIND, "$ref"))
    return tidied


@final
class _Generator(GenerateJsonSchema):
    """Pydantic's generator, with the references to kinds put aside: it insists on defining its own."""

    def generate_inner(self, schema: Any) -> Json:
        """Put the references in what was generated aside."""
        found: Json = _rename(super().generate_inner(schema), "$ref", KIND)
        return found


def _is_kind(value: object) -> bool:
    return isinstance(value, str) and value.removeprefix(DEFS) in REGISTRIES


def _generate(cls: type[BaseModel]) -> Json:
    found: Json = cls.model_json_schema(schema_generator=_Generator)
    return found


def _rename(node: Any, old: str, new: str) -> Any:
    """Rename the key of every reference to a kind."""
    match node:
        case dict():
            return {
                new if key == old and _is_kind(value) else key: _rename(value, old, new)
                for key, value in node.items()
            }
        case list():
            return [_rename(part, old, new) for part in node]
        case _:
            return node


# One definition a class, one a kind


def _key(one: Registry, cls: type[Item]) -> str:
    """Name a class's definition; two kinds may hold classes of one name."""
    return f"{one.kind}.{cls.__name__}"


def _classes() -> dict[str, Json]:
    """Define the arguments of every class that a spec can name."""
    defs: dict[str, Json] = {}
    for one in REGISTRIES.values():
        for cls in one.items.values():
            found = _generate(cls)
            defs |= found.pop("$defs", {})
            if not found.get("required"):
                found["type"] = ["object", "null"]
            defs[_key(one, cls)] = found
    return defs


def _choice(one: Registry) -> Json:
    """Define a kind: a bare word, or a mapping from one name to its arguments."""
    named = _named(one)
    words = [
        {"const": word} | _described(named.get(word)) for word in one.names if word not in one.items
    ]
    bare = [name for name, cls in named.items() if name not in one.names or name in one.items]
    classes = [
        {"const": name} | _described(named[name])
        for name in bare
        if not _needs_arguments(named[name])
    ]
    calls = [_with_arguments(one, name, cls) for name, cls in named.items()]
    return {"anyOf": [*classes, *words, *calls, *([] if one.kind == "layer" else [NAMED_VALUE])]}


def _named(one: Registry) -> dict[str, type[Item]]:
    """Map every name that takes arguments to its class; some words mean one (`he_normal: {seed: 1}`)."""
    found = {name: one.items[one.aliases.get(name, name)] for name in (*one.items, *one.aliases)}
    by_word = {name.lower(): cls for name, cls in one.items.items()}
    for word in one.names:
        cls = by_word.get(word.replace("_", "").lower())
        if cls is not None:
            found.setdefault(word, cls)
    return found


def _described(cls: type[Item] | None) -> Json:
    return {} if cls is None else {"description": _summary(cls)}


def _with_arguments(one: Registry, name: str, cls: type[Item]) -> Json:
    return {
        "type": "object",
        "description": _summary(cls),
        "properties": {name: {"$ref": DEFS + _key(one, cls)}},
        "required": [name],
        "additionalProperties": False,
    }


def _needs_arguments(cls: type[Item]) -> bool:
    return any(field.is_required() for field in cls.model_fields.values())


def _summary(cls: type[Item]) -> str:
    return (cls.__doc__ or "").strip().split("\n")[0]


# Tidying


def _tidy(node: Any) -> Any:
    """Drop what spoils an editor's hovers, and let a `$` name stand for an integer."""
    match node:
        case dict():
            kept = {key: value for key, value in node.items() if not _noise(key, value, node)}
            return _flat(
                {key: _tidy(value) for key, value in _named_integer(_collapse(kept)).items()}
            )
        case list():
            return [_tidy(part) for part in node]
        case _:
            return node


def _noise(key: str, value: object, node: Mapping[str, Any]) -> bool:
    """Tell Pydantic's automatic titles, and defaults of null, from what was written for people."""
    automatic = key == "title" and isinstance(value, str) and "$schema" not in node
    return automatic or (key == "default" and value is None)


def _collapse(node: Json) -> Json:
    """Write an optional value as one schema of two types, not as a choice between two schemas."""
    arms = node.get("anyOf")
    if not isinstance(arms, list) or NULL not in arms:
        return node
    only, *others = (arm for arm in arms if arm != NULL)
    if others or not isinstance(only.get("type"), str):
        return node
    outer = {key: value for key, value in node.items() if key != "anyOf"}
    merged = {**only, **outer, "type": [only["type"], "null"]}
    if "enum" in only:
        merged["enum"] = [*only["enum"], None]
    return merged


def _named_integer(node: Json) -> Json:
    """Offer a `$` name beside a number or a truth value."""
    kinds = node.get("type")
    lead = kinds[0] if isinstance(kinds, list) and kinds[1:] == ["null"] else kinds
    if lead not in COMPUTED or node.get(NAMED):
        return node
    outer = {key: value for key, value in node.items() if key in ("description", "default")}
    inner = {key: value for key, value in node.items() if key not in outer}
    return {**outer, "anyOf": [{**inner, NAMED: True}, NAMED_VALUE]}


def _flat(node: Json) -> Json:
    """Take up the arms of a choice within a choice, and drop the mark of :func:`_named_integer`."""
    kept = {key: value for key, value in node.items() if key != NAMED}
    arms = kept.get("anyOf")
    if isinstance(arms, list):
        inner = (arm["anyOf"] if list(arm) == ["anyOf"] else [arm] for arm in arms)
        kept["anyOf"] = list({json.dumps(arm): arm for one in inner for arm in one}.values())
    return kept
