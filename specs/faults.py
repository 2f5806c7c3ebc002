"""From what a validator says to the sentence a person needs.

Pydantic reports positions that hold union arms and validator names; here each of its errors
becomes a :class:`~hornbook.specs.base.Fault` with the path of a value that stands in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from .base import Fault, Item, Path, Registry
from .wording import describe, did_you_mean, expected, kind_of, words_of

SHORT_LIST = 40
TYPE_ERRORS = ("_type", "_parsing", "_attributes_type")


def nested(faults: tuple[Fault, ...]) -> PydanticCustomError:
    """Wrap faults found inside a value, so that they travel through Pydantic together."""
    return PydanticCustomError("nested", "invalid", {"faults": faults})


def prefix(fault: Fault, path: Path) -> Fault:
    """Return the fault as seen from ``path`` above it."""
    return Fault(fault.code, (*path, *fault.path), fault.message, fault.help, fault.at)


def read_choice(registry: Registry, data: object) -> str | Item | tuple[Fault, ...]:
    """Read ``Name`` or ``Name: {arguments}``; return the faults where it is neither."""
    match data:
        case Item():
            return data
        case str():
            return _read_named(registry, data, None, (), "value")
        case Mapping() if len(data) == 1:
            ((name, arguments),) = data.items()
            return _read_named(registry, str(name), arguments, (name,), "key")
        case Mapping() if data:
            return (_several_keys(registry, data),)
        case _:
            message = f"{kind_of(registry.kind)} is written `Name` or `Name: {{arguments}}`, not as {describe(data)}"
            return (Fault("HB206", (), message),)


def _read_named(
    registry: Registry, name: str, arguments: Any, path: Path, at: Literal["key", "value"]
) -> str | Item | tuple[Fault, ...]:
    if name in registry.names and not arguments:
        return registry.names[name]
    cls = registry.items.get(registry.aliases.get(name, name)) or _class_of_word(registry, name)
    if cls is None:
        return (unknown_name(registry, name, path, at),)
    if arguments is not None and not isinstance(arguments, Mapping):
        message = f"the arguments of `{name}` must be a mapping, not {describe(arguments)}"
        return (Fault("HB204", path, message, _example(name, cls, arguments)),)
    try:
        return cls.model_validate(dict(arguments or {}))
    except ValidationError as error:
        return tuple(
            prefix(fault, path) for fault in faults_of(error, cls, name, arguments or {}, at)
        )


def _example(name: str, cls: type[Item], arguments: object) -> str:
    first = next(
        iter(field for field in cls.model_fields if field not in ("name", "inputs", "trainable")),
        None,
    )
    if first is None:
        return f"write `{name}`: it has no arguments of its own"
    value = describe(arguments).split("`")[1] if "`" in describe(arguments) else arguments
    return f"write `{name}: {{{first}: {value}}}`"


def _class_of_word(registry: Registry, name: str) -> type[Item] | None:
    """Let ``he_normal: {seed: 1}`` mean ``HeNormal: {seed: 1}``."""
    if name not in registry.names:
        return None
    wanted = name.replace("_", "").lower()
    return next((cls for key, cls in registry.items.items() if key.lower() == wanted), None)


def unknown_name(registry: Registry, name: str, path: Path, at: Literal["key", "value"]) -> Fault:
    """Make the fault for a name that a registry does not hold."""
    if name in registry.refused:
        return Fault("HB208", path, f"`{name}` cannot stand in a spec", registry.refused[name], at)
    if name in registry.names:
        return Fault(
            "HB201", path, f"the {registry.kind} `{name}` takes no arguments", f"write `{name}`", at
        )
    spellings = registry.spellings()
    hint = did_you_mean(name, spellings)
    if hint is None and len(spellings) <= SHORT_LIST:
        hint = "known: " + ", ".join(f"`{word}`" for word in dict.fromkeys(spellings))
    return Fault("HB205", path, f"unknown {registry.kind} `{name}`", hint, at)


def _several_keys(registry: Registry, data: Mapping[Any, object]) -> Fault:
    first, second, *_ = data
    if first in registry.items or first in registry.aliases:
        message = f"`{second}` stands beside `{first}`, not inside it"
        help = f"indent it below `{first}:`, or write `{first}: {{{second}: ...}}`"
        return Fault("HB206", (second,), message, help, "key")
    message = f"{kind_of(registry.kind)} has one name, but here stand {len(data)}: " + ", ".join(
        f"`{key}`" for key in data
    )
    return Fault("HB206", (second,), message, None, "key")


def faults_of(
    error: ValidationError,
    cls: type[BaseModel],
    owner: str,
    data: Any,
    at: Literal["key", "value"] = "key",
) -> list[Fault]:
    """Translate what Pydantic found in ``data``, the arguments of ``owner``: one fault a mistake.

    An unknown argument that resembles a missing one is one mistake, not two, and the
    errors of the arms of one union are one mistake. ``at`` tells whether ``owner`` stands
    as a key or as a bare word.
    """
    details = error.errors(include_url=False)
    missing = {detail["loc"]: detail for detail in details if detail["type"] == "missing"}
    faults: list[Fault] = []
    fields: dict[Path, list[ErrorDetails]] = {}
    for detail in details:
        if detail["type"] == "extra_forbidden":
            fault, meant = _unknown_key(detail["loc"], cls, owner, data)
            missing.pop((*detail["loc"][:-1], str(meant)), None)
            faults.append(fault)
        elif detail["type"] != "missing":
            path, _ = _field_at(cls, detail["loc"], data)
            fields.setdefault(path, []).append(detail)
    faults += [_missing_key(loc, cls, owner, data, at) for loc in missing]
    for path, group in fields.items():
        faults += _value_faults(cls, path, group, owner, data)
    return faults


def _field_at(
    cls: type[BaseModel], loc: tuple[Any, ...], data: Any
) -> tuple[Path, type[BaseModel]]:
    """Follow a location down nested models; return the path to the field, and its owner's class.

    Of what Pydantic adds for itself (union arms, validators) nothing stands in the data.
    """
    path: list[str | int] = []
    for key in loc:
        if isinstance(data, Mapping) and key in data:
            path.append(key)
            data = data[key]
            model = _model_of(cls, key)
            if model is None:
                break
            cls = model
        elif isinstance(data, tuple) and isinstance(key, int) and key < len(data):
            path.append(key)
            data = data[key]
    return _into_list(tuple(path), loc, data), cls


def _into_list(path: Path, loc: tuple[Any, ...], data: Any) -> Path:
    """Tell the items of a list of choices apart: each is a mistake of its own."""
    rest = loc[len(path) :]
    if isinstance(data, tuple) and rest and isinstance(rest[0], int) and rest[0] < len(data):
        return (*path, rest[0])
    return path


def _model_of(cls: type[BaseModel], key: Any) -> type[BaseModel] | None:
    """Return the class of a field whose value is a mapping of its own."""
    field = cls.model_fields.get(key)
    if field is None:
        return None
    for arm in (field.annotation, *getattr(field.annotation, "__args__", ())):
        if isinstance(arm, type) and issubclass(arm, BaseModel) and not issubclass(arm, Item):
            return arm
    return None


def _unknown_key(
    loc: tuple[Any, ...], cls: type[BaseModel], owner: str, data: Any
) -> tuple[Fault, str | None]:
    path, holder = _field_at(cls, loc[:-1], data)
    word = str(loc[-1])
    names = list(holder.model_fields)
    hint = did_you_mean(word, names)
    meant = hint.split("`")[1] if hint else None
    if hint is None:
        hint = "known here: " + ", ".join(f"`{name}`" for name in names)
    owner = str(path[-1]) if path else owner
    return Fault(
        "HB201", (*path, word), f"{quoted(owner)} has no {_noun(holder)} `{word}`", hint, "key"
    ), meant


def _missing_key(
    loc: tuple[Any, ...], cls: type[BaseModel], owner: str, data: Any, at: Literal["key", "value"]
) -> Fault:
    path, holder = _field_at(cls, loc[:-1], data)
    word = str(loc[-1])
    owner = str(path[-1]) if path else owner
    field = holder.model_fields[word]
    what = f" ({field.description.rstrip('.')})" if field.description else ""
    message = f"{quoted(owner)} needs the {_noun(holder)} `{word}`{what}"
    help = (
        f"write `{owner}: {{{word}: ...}}`" if at == "value" and not path else f"add `{word}: ...`"
    )
    return Fault("HB202", path, message, help, "key" if path else at)


def quoted(owner: str) -> str:
    """Quote a name that stands in the text; a description such as "the spec" stays as it is."""
    return owner if " " in owner else f"`{owner}`"


def _noun(cls: type[BaseModel]) -> str:
    return "argument" if issubclass(cls, Item) else "key"


def _value_faults(
    cls: type[BaseModel], path: Path, group: list[ErrorDetails], owner: str, data: Any
) -> list[Fault]:
    for detail in group:
        context = detail.get("ctx", {})
        if detail["type"] == "nested":
            return [prefix(fault, path) for fault in context["faults"]]
        if detail["type"] == "hornbook":
            where = context["field"]
            there = (*path, *((where,) if where else ()))
            return [Fault(context["code"], there, context["message"], context["help"])]
    return [_value_fault(cls, path, group, owner, data)]


def _value_fault(
    cls: type[BaseModel], path: Path, group: list[ErrorDetails], owner: str, data: Any
) -> Fault:
    holder, keys, value = cls, [key for key in path if isinstance(key, str)], data
    for key in path:
        value = value[key]
    if not keys:
        return Fault("HB204", path, f"{owner} must be a mapping, not {describe(data)}", None)
    for key in keys[:-1]:
        holder = _model_of(holder, key) or holder
    owner = keys[-2] if len(keys) > 1 else owner
    field = holder.model_fields[keys[-1]]
    wrong_type = all(detail["type"].endswith(TYPE_ERRORS) for detail in group)
    message = f"`{keys[-1]}` of {quoted(owner)} must be {expected(field)}, not {describe(value)}"
    hint = did_you_mean(value, words_of(field)) if isinstance(value, str) else None
    return Fault("HB204" if wrong_type else "HB203", path, message, hint)
