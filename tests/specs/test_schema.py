"""The JSON Schema accepts what the language accepts, and says what the classes say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from families import LAYERS
from hornbook.specs.load import zoo, zoo_text
from hornbook.specs.registries import REGISTRIES
from hornbook.specs.schema import schema
from hornbook.specs.yaml import read_text

SCHEMA = schema()
TYPES: dict[str, Any] = {
    "null": type(None),
    "boolean": bool,
    "string": str,
    "object": dict,
    "array": (tuple, list),
    "number": (int, float),
    "integer": int,
}
CHECKED = {
    "$ref", "additionalProperties", "anyOf", "const", "default", "description", "enum", "exclusiveMaximum",
    "exclusiveMinimum", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minProperties",
    "minimum", "oneOf", "pattern", "patternProperties", "prefixItems", "properties", "required", "type",
    "multipleOf", "propertyNames", "maxProperties", "allOf", "uniqueItems",
}  # fmt: skip


def is_a(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])


def faults(value: Any, rule: Any, where: str = "") -> Iterator[str]:
    """Yield where a value breaks a schema: as much of draft 7 as the language's schema uses."""
    if rule is True or rule is False:
        if rule is False:
            yield f"{where}: not allowed"
        return
    if "$ref" in rule:
        yield from faults(value, SCHEMA["$defs"][rule["$ref"].removeprefix("#/$defs/")], where)
    kinds = rule.get("type", [])
    if kinds and not any(
        is_a(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)
    ):
        yield f"{where}: {value!r} is not {kinds}"
        return
    if "const" in rule and value != rule["const"]:
        yield f"{where}: {value!r} is not {rule['const']!r}"
    if "enum" in rule and value not in rule["enum"]:
        yield f"{where}: {value!r} is none of {rule['enum']}"
    for arms in (rule.get("anyOf"), rule.get("oneOf")):
        if arms and not any(not list(faults(value, arm, where)) for arm in arms):
            yield f"{where}: {value!r} fits no arm"
    if isinstance(value, str) and "pattern" in rule and not re.search(rule["pattern"], value):
        yield f"{where}: {value!r} does not match {rule['pattern']}"
    if is_a(value, "number"):
        yield from bounds(value, rule, where)
    if isinstance(value, dict):
        yield from inside_object(value, rule, where)
    if isinstance(value, (tuple, list)):
        yield from inside_array(value, rule, where)


def bounds(value: float, rule: dict[str, Any], where: str) -> Iterator[str]:
    if not rule.get("minimum", value) <= value <= rule.get("maximum", value):
        yield f"{where}: {value} is out of bounds"
    if value <= rule.get("exclusiveMinimum", value - 1) or value >= rule.get(
        "exclusiveMaximum", value + 1
    ):
        yield f"{where}: {value} is out of bounds"


def inside_object(value: dict[str, Any], rule: dict[str, Any], where: str) -> Iterator[str]:
    yield from (f"{where}: needs {key}" for key in rule.get("required", ()) if key not in value)
    for key, part in value.items():
        if key in rule.get("properties", {}):
            yield from faults(part, rule["properties"][key], f"{where}.{key}")
            continue
        matching = [
            inner
            for pattern, inner in rule.get("patternProperties", {}).items()
            if re.search(pattern, key)
        ]
        for inner in matching or [rule.get("additionalProperties", True)]:
            yield from faults(part, inner, f"{where}.{key}")


def inside_array(value: Any, rule: dict[str, Any], where: str) -> Iterator[str]:
    if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
        yield f"{where}: {len(value)} items"
    items = rule.get("items", True)
    pairs = (
        zip(value, items, strict=False)
        if isinstance(items, list)
        else ((part, items) for part in value)
    )
    for index, (part, inner) in enumerate(pairs):
        yield from faults(part, inner, f"{where}[{index}]")


def nodes(rule: Any, key: str = "") -> Iterator[dict[str, Any]]:
    """Yield every schema inside a schema."""
    if isinstance(rule, dict):
        if key not in ("properties", "patternProperties", "$defs"):
            yield rule
        for name, part in rule.items():
            if name not in ("default", "const", "enum"):
                yield from nodes(
                    part, name if key not in ("properties", "patternProperties", "$defs") else ""
                )
    elif isinstance(rule, list):
        for part in rule:
            yield from nodes(part)


@pytest.mark.parametrize("name", zoo())
def test_every_shipped_spec_is_valid(name: str) -> None:
    assert list(faults(read_text(zoo_text(name)).data, SCHEMA)) == []


WRONG = {
    "a misspelt key": "name: a\ninputs: {x: [4]}\nlayer: [Flatten]",
    "a misspelt layer": "name: a\ninputs: {x: [4]}\nlayers: [Flaten]",
    "a misspelt argument": "name: a\ninputs: {x: [4]}\nlayers: [Dense: {unit: 3}]",
    "a layer that needs arguments": "name: a\ninputs: {x: [4]}\nlayers: [Dense]",
    "a value of the wrong type": "name: a\ninputs: {x: [4]}\nlayers: [Dense: {units: many}]",
    "a value out of bounds": "name: a\ninputs: {x: [4]}\nlayers: [Dense: {units: 0}]",
    "a word that is none of those allowed": "name: a\ninputs: {x: [4]}\nlayers: [Dense: {units: 3, activation: rleu}]",
    "no loss": "name: a\ninputs: {x: [4]}\nlayers: [Flatten]\ntrain: {epochs: 3}",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=list(WRONG))
def test_mistakes_are_marked(text: str) -> None:
    assert list(faults(read_text(text).data, SCHEMA))


RIGHT = {
    "a named number": "Dense: {units: $classes}",
    "null for an optional value": "Dense: {units: 3, activation: null}",
    "null for optional arguments": "Flatten:",
    "a word with arguments": "Dense: {units: 3, kernel_initializer: {he_normal: {seed: 1}}}",
    "a class without arguments": "Dense: {units: 3, kernel_initializer: HeNormal}",
    "a layer in a layer": "Bidirectional: {layer: {LSTM: {units: 3}}}",
    "a second call": "call: {layer: a}",
}


@pytest.mark.parametrize("item", RIGHT.values(), ids=list(RIGHT))
def test_what_the_language_takes_is_not_marked(item: str) -> None:
    document = read_text(f"name: a\ninputs: {{x: [4]}}\nlayers:\n  - {item}\n")
    assert list(faults(document.data, SCHEMA)) == []


def test_this_test_knows_every_word_that_the_schema_uses() -> None:
    used = {word for rule in nodes({**SCHEMA, "$schema": None, "title": None}) for word in rule}
    assert used - CHECKED <= {"$defs", "$schema", "title"}


def test_every_reference_leads_somewhere() -> None:
    for rule in nodes(SCHEMA):
        if "$ref" in rule:
            assert rule["$ref"].removeprefix("#/$defs/") in SCHEMA["$defs"]


def test_every_layer_has_its_class_doc_and_every_argument_its_own() -> None:
    arms = {
        arm["required"][0]: arm for arm in SCHEMA["$defs"]["layer"]["anyOf"] if "required" in arm
    }
    for cls in LAYERS:
        assert cls.__doc__
        assert arms[cls.__name__]["description"] == cls.__doc__.strip().split("\n")[0]
        definition = SCHEMA["$defs"][f"layer.{cls.__name__}"]
        assert list(definition["properties"]) == list(cls.model_fields)
        assert all(part.get("description") for part in definition["properties"].values()), cls


def test_every_spelling_is_offered() -> None:
    for kind, registry in REGISTRIES.items():
        arms = SCHEMA["$defs"][kind]["anyOf"]
        offered = {arm["const"] for arm in arms if "const" in arm} | {
            arm["required"][0] for arm in arms if "required" in arm
        }
        assert offered == set(registry.spellings())


def test_nothing_spoils_a_hover() -> None:
    for rule in nodes(SCHEMA):
        assert rule is SCHEMA or "title" not in rule
        assert rule.get("default", ...) is not None
    text = json.dumps(SCHEMA)
    assert "x-kind" not in text
    assert "x-named" not in text
    assert {"type": "null"} not in [
        arm
        for rule in nodes(SCHEMA)
        for arm in rule.get("anyOf", ())
        if len(rule["anyOf"]) == 2 and "type" in rule["anyOf"][0]
    ]
