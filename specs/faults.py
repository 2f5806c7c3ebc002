"""From what a validator says to the sentence a person needs.

Pydantic reports positions that hold union arms and validator names; here each of its errors
becomes a :class:`~hornbook.specs.base.Fault` with the path of a value that stands in the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from .base import Fault, Item, Path, Registry

ARTICLES = {"activation": "an", "initializer": "an", "optimizer": "an"}


def nested(faults: tuple[Fault, ...]) -> PydanticCustomError:
    """Wrap faults found inside a value, so that they travel through Pydantic together."""
    return PydanticCustomError("nested", "invalid", {"faults": faults})


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the help line for a misspelt word, or None where nothing is near."""
    lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return f"did you mean `{lower[near[0]]}`?" if near else None


def read_choice(registry: Registry, data: object) -> str | Item | tuple[Fault, ...]:
    """Read ``Name`` or ``Name: {arguments}``; return the faults where it is neither."""
    if isinstance(data, Item):
        return data
    if isinstance(data, str):
        return _read_word(registry, data)
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        return (_not_an_item(registry, data),)
    if len(data) != 1:
        return (_several_keys(registry, data),)
    ((name, arguments),) = data.items()
    cls = registry.items.get(registry.aliases.get(name, name))
    if cls is None:
        if name in registry.names:
            if not arguments:
                return registry.names[name]
            cls = _class_of_word(registry, name)
        if cls is None:
            return (unknown_name(registry, name, (name,), "key"),)
    if arguments is not None and not isinstance(arguments, Mapping):
        return (
            Fault(
                "HB204",
                (name,),
                f"the arguments of `{name}` must be a mapping, not {describe(arguments)}",
                f"write `{name}: {{argument: value}}`",
            ),
        )
    try:
        return cls.model_validate(dict(arguments or {}))
    except ValidationError as error:
        return tuple(prefix(fault, (name,)) for fault in faults_of(error, cls, name))


def _class_of_word(registry: Registry, name: str) -> type[Item] | None:
    """Let ``he_normal: {seed: 1}`` mean ``HeNormal: {seed: 1}``."""
    wanted = name.replace("_", "").lower()
    for key, cls in registry.items.items():
        if key.lower() == wanted:
            return cls
    return None


def _read_word(registry: Registry, word: str) -> str | Item | tuple[Fault, ...]:
    if word in registry.names:
        return registry.names[word]
    cls = registry.items.get(registry.aliases.get(word, word))
    if cls is None:
        return (unknown_name(registry, word, (), "value"),)
    try:
        return cls.model_validate({})
    except ValidationError as error:
        return tuple(faults_of(error, cls, word))


def unknown_name(registry: Registry, name: str, path: Path, at: Any) -> Fault:
    """Make the fault for a name that a registry does not hold."""
    kind = registry.kind
    if name in registry.refused:
        return Fault("HB208", path, f"`{name}` cannot stand in a spec", registry.refused[name], at)
    hint = did_you_mean(name, registry.spellings())
    if hint is None and kind != "layer" and len(registry.spellings()) <= 40:
        hint = "one of " + ", ".join(f"`{word}`" for word in (*registry.names, *registry.items))
    return Fault("HB205", path, f"unknown {kind} `{name}`", hint, at)


def _not_an_item(registry: Registry, data: object) -> Fault:
    article = ARTICLES.get(registry.kind, "a")
    return Fault(
        "HB206",
        (),
        f"{article} {registry.kind} is written `Name` or `Name: {{arguments}}`, not as {describe(data)}",
    )


def _several_keys(registry: Registry, data: Mapping[str, object]) -> Fault:
    if not data:
        return _not_an_item(registry, data)
    first, *rest = data
    if first in registry.items or first in registry.aliases:
        return Fault(
            "HB206",
            (rest[0],),
            f"`{rest[0]}` stands beside `{first}`, but belongs inside its arguments or in an item of its own",
            f"indent it below `{first}:`, or write `{first}: {{{rest[0]}: ...}}`",
            "key",
        )
    return Fault("HB206", (rest[0],), f"{ARTICLES.get(registry.kind, 'a')} {registry.kind} has one name, not {len(data)}", None, "key")


def prefix(fault: Fault, path: Path) -> Fault:
    """Return the fault as seen from ``path`` above it."""
    return Fault(fault.code, (*path, *fault.path), fault.message, fault.help, fault.at)


def faults_of(error: ValidationError, cls: type[BaseModel], owner: str) -> list[Fault]:
    """Translate what Pydantic found in the arguments of ``owner``, one fault per mistake.

    An unknown argument that resembles a missing one is one mistake, not two. Errors of
    the arms of one union are merged into the most telling one.
    """
    details = error.errors(include_url=False)
    unknown = [d for d in details if d["type"] == "extra_forbidden"]
    missing = [d for d in details if d["type"] == "missing"]
    faults: list[Fault] = []
    explained: set[tuple[Any, ...]] = set()
    for detail in unknown:
        path, word = detail["loc"], str(detail["loc"][-1])
        owner_class = _class_at(cls, path[:-1])
        fields = list(owner_class.model_fields)
        hint = did_you_mean(word, fields)
        if hint is None:
            hint = "known here: " + ", ".join(f"`{name}`" for name in fields)
        for other in missing:
            if other["loc"][:-1] == path[:-1] and hint == f"did you mean `{other['loc'][-1]}`?":
                explained.add(other["loc"])
        what = "argument" if issubclass(owner_class, Item) else "key"
        faults.append(Fault("HB201", path, f"`{owner}` has no {what} `{word}`", hint, "key"))
    for detail in missing:
        if detail["loc"] not in explained:
            word = str(detail["loc"][-1])
            what = "argument" if issubclass(_class_at(cls, detail["loc"][:-1]), Item) else "key"
            faults.append(
                Fault("HB202", detail["loc"][:-1], f"`{owner}` needs the {what} `{word}`", f"add `{word}: ...`", "key")
            )
    rest = [d for d in details if d["type"] not in ("extra_forbidden", "missing")]
    by_field: dict[tuple[Any, ...], list[ErrorDetails]] = {}
    for detail in rest:
        by_field.setdefault(_field_path(cls, detail["loc"]), []).append(detail)
    for path, group in by_field.items():
        faults.extend(_value_faults(cls, path, group, owner))
    return faults


def _class_at(cls: type[BaseModel], path: tuple[Any, ...]) -> type[BaseModel]:
    """Follow field names down to the nested class whose field is at fault."""
    for key in path:
        field = cls.model_fields.get(key) if isinstance(key, str) else None
        if field is None:
            continue
        for arm in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(arm, type) and issubclass(arm, BaseModel):
                cls = arm
                break
    return cls


def _field_path(cls: type[BaseModel], loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keep the part of a location that stands in the document: up to the field that holds a union."""
    path: list[Any] = []
    for key in loc:
        if isinstance(key, str) and key not in cls.model_fields:
            break
        path.append(key)
        cls = _class_at(cls, (key,))
        if isinstance(key, str) and path and cls.model_fields.get(key) is not None:
            continue
    return tuple(path[:1]) if len(path) > 1 and isinstance(path[1], int) and len(loc) > len(path) else tuple(path)


def _value_faults(cls: type[BaseModel], path: Path, group: list[ErrorDetails], owner: str) -> list[Fault]:
    for detail in group:
        context = detail.get("ctx", {})
        if detail["type"] == "nested":
            return [prefix(fault, path) for fault in context["faults"]]
        if detail["type"] == "hornbook":
            return [Fault(context["code"], (*path, context["field"]), context["message"], context["help"])]
    from .wording import sentence

    return [sentence(cls, path, group, owner)]


def describe(data: object) -> str:
    """Name a value as a person would: its kind, and what it is where that is short."""
    if data is None:
        return "nothing"
    if isinstance(data, bool):
        return f"the truth value `{str(data).lower()}`"
    if isinstance(data, (int, float)):
        return f"the number {data}"
    if isinstance(data, str):
        return f"the word `{data}`" if len(data) <= 40 else "a text"
    return "a mapping" if isinstance(data, Mapping) else "a list"
