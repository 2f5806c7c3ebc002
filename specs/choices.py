"""Reading a choice: ``Name`` or ``Name: {arguments}``, or the sentence about what it is instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from .base import WIRING, Fault, Item, Path, Registry
from .base import registry as registry_of
from .faults import faults_of, prefix
from .wording import (
    SPOKEN,
    any_of,
    bare,
    describe,
    did_you_mean,
    flow,
    kind_of,
    nearest,
)

SHORT_LIST = 40
EXAMPLES = {"layer": ("Dense", "Conv2D", "LSTM"), "metric": ("accuracy", "mae", "AUC")}
NAMING_KEYS = ("type", "class_name", "class", "layer", "kind", "op")
NULLABLE = ("activation", "regularizer", "constraint")


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


def read_list(
    registry: Registry, data: tuple[object, ...]
) -> tuple[tuple[str | Item, ...], tuple[Fault, ...]]:
    """Read one choice after the other; return them, and the faults of those that are none."""
    entries: list[str | Item] = []
    faults: list[Fault] = []
    for index, part in enumerate(data):
        found = read_choice(registry, part)
        if isinstance(found, tuple):
            faults += [prefix(fault, (index,)) for fault in found]
        else:
            entries.append(found)
    return tuple(entries), tuple(faults)


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
    """Show how arguments that stand without their names are written with them."""
    fields = [field for field in cls.model_fields if field not in WIRING]
    values = arguments if isinstance(arguments, tuple) else (arguments,)
    if not fields:
        return f"write `{name}`: it has no arguments of its own"
    if len(values) > len(fields) or not all(isinstance(value, int | float) for value in values):
        return f"name each argument: `{name}: {{{fields[0]}: ...}}`"
    return "write `{}: {{{}}}`".format(
        name, ", ".join(f"{k}: {flow(v)}" for k, v in zip(fields, values, strict=False))
    )


def _class_of_word(registry: Registry, name: str) -> type[Item] | None:
    """Let ``he_normal: {seed: 1}`` mean ``HeNormal: {seed: 1}``."""
    if name not in registry.names:
        return None
    wanted = name.replace("_", "").lower()
    return next((registry.items[key] for key in registry.items if key.lower() == wanted), None)


def unknown_name(registry: Registry, name: str, path: Path, at: Literal["key", "value"]) -> Fault:
    """Make the fault for a name that a registry does not hold."""
    refused = {word.replace("_", "").lower(): word for word in registry.refused}
    word = registry.refused.get(name) or registry.refused.get(
        refused.get(bare(name).replace("_", "").lower(), "")
    )
    if word is not None and bare(name) not in registry.names:
        return Fault("HB208", path, f"`{name}` cannot stand in a spec", word, at)
    if registry.kind == "layer" and name in registry_of("cell").items:
        help = f"put it in `RNN`, which reads a sequence with it: `RNN: {{cell: {{{name}: ...}}}}`"
        return Fault("HB205", path, f"`{name}` is a cell, not a layer", help, at)
    if registry.kind == "cell" and name in registry_of("layer").items:
        own = f"{name}Cell"
        help = f"did you mean `{own}`?" if own in registry.items else _meant(registry, name)
        return Fault("HB205", path, f"`{name}` is a layer, not a cell", help, at)
    if name in registry.names:
        return Fault(
            "HB201", path, f"the {registry.kind} `{name}` takes no arguments", f"write `{name}`", at
        )
    return Fault("HB205", path, f"unknown {registry.kind} `{name}`", _meant(registry, name), at)


def _meant(registry: Registry, name: str) -> str:
    """Say what an unknown name probably stands for, or what there is."""
    spellings = registry.spellings()
    if SPOKEN.get(name, "") is None and registry.kind in NULLABLE:
        return f"write `null`, or leave the {registry.kind} out"
    if "(" in name and (near := nearest(name, spellings)):
        return (
            f"arguments stand in braces: `{near[0]}: {{...}}`"
            if "()" not in name
            else f"write `{near[0]}`"
        )
    hint = did_you_mean(name, spellings)
    if hint is not None:
        return hint
    words = {word.replace("_", "").lower() for word in registry.names}
    known = [*registry.names, *(item for item in registry.items if item.lower() not in words)]
    if len(known) <= SHORT_LIST:
        return "known: " + ", ".join(f"`{word}`" for word in known)
    some = EXAMPLES.get(registry.kind, tuple(known[:3]))
    return f"{kind_of(registry.kind)} has the name that Keras gives it, such as " + any_of(
        f"`{word}`" for word in some
    )


def _several_keys(registry: Registry, data: Mapping[Any, object]) -> Fault:
    known = {*registry.items, *registry.aliases}
    name = next((key for key in data if key in known), None)
    if name is None:
        return _named_by_key(registry, data)
    other = next(key for key in data if key != name)
    if other in known:
        return Fault(
            "HB206",
            (other,),
            f"`{other}` stands in the item of `{name}`",
            f"begin an item of its own: `- {other}`",
            "key",
        )
    message = f"`{other}` stands beside `{name}`, not inside it"
    return Fault(
        "HB206",
        (other,),
        message,
        f"indent it below `{name}:`, or write `{name}: {{{other}: ...}}`",
        "key",
    )


def _named_by_key(registry: Registry, data: Mapping[Any, object]) -> Fault:
    """Make the fault of an item in another tool's form: ``type: Dense`` beside the arguments."""
    first, *_ = data
    for key in NAMING_KEYS:
        name = data.get(key)
        if isinstance(name, str):
            near = nearest(name, registry.spellings())
            rest = data.get("config", {one: value for one, value in data.items() if one != key})
            help = f"write `{near[0] if near else name}: {flow(rest) if isinstance(rest, Mapping) else '{...}'}`"
            return Fault(
                "HB206",
                (key,),
                f"the name of {kind_of(registry.kind)} is the key itself, not a value",
                help,
                "key",
            )
    keys = ", ".join(f"`{key}`" for key in data)
    return Fault(
        "HB206",
        (first,),
        f"{kind_of(registry.kind)} has one name, but here stand {len(data)}: {keys}",
        None,
        "key",
    )
