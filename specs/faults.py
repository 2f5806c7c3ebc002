"""From what a validator says to the sentence a person needs.

Pydantic reports positions that hold union arms and validator names; here each of its errors
becomes a :class:`~hornbook.specs.base.Fault` with the path of a value that stands in the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from .base import Fault, Item, Path
from .wording import (
    arms,
    correction,
    describe,
    did_you_mean,
    expected,
    expected_inside,
    flow,
    inside,
    lists_of,
    nearest,
    no_name,
    words_of,
)

TYPE_ERRORS = ("_type", "_parsing", "_attributes_type")
LENGTH_ERRORS = ("too_short", "too_long", "missing")
TOP = ("layers", "outputs", "train")
FROM_INPUT = (
    "batch_input_shape",
    "in_channels",
    "in_features",
    "input_dim",
    "input_length",
    "input_shape",
    "input_size",
    "num_features",
)


def nested(faults: tuple[Fault, ...]) -> PydanticCustomError:
    """Wrap faults found inside a value, so that they travel through Pydantic together."""
    return PydanticCustomError("nested", "invalid", {"faults": faults})


def prefix(fault: Fault, path: Path) -> Fault:
    """Return the fault as seen from ``path`` above it."""
    return Fault(fault.code, (*path, *fault.path), fault.message, fault.help, fault.at)


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
    missing = {
        d["loc"]: d for d in details if d["type"] == "missing" and isinstance(d["loc"][-1], str)
    }
    unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
    said = {*missing, *unknown}
    values = [detail for detail in details if detail["loc"] not in said]
    faults: list[Fault] = []
    for loc in unknown:
        fault, meant = _unknown_key(loc, cls, owner, data)
        for name in meant:
            missing.pop((*loc[:-1], name), None)
        faults.append(fault)
    faults += [_missing_key(loc, cls, owner, data, at) for loc in missing]
    return faults + _value_faults(cls, owner, data, values)


@dataclass(frozen=True, slots=True)
class _Spot:
    """What a location of Pydantic's means: a field of a class, and the path to a value in the data.

    ``entry`` is the key of a value in a field that is a mapping with free keys, as ``inputs``.
    """

    path: Path
    holder: type[BaseModel]
    owner: str
    field: str | None = None
    entry: str | None = None

    def inside(self) -> tuple[type[BaseModel], str]:
        """Return the class of the value itself and what people call it."""
        model = _model_of(self.holder, self.field) if self.field else None
        return (model, self.entry or self.field or "") if model else (self.holder, self.owner)


def _spot(cls: type[BaseModel], owner: str, loc: tuple[Any, ...], data: Any) -> _Spot:
    """Follow a location down the classes and the data.

    Of what Pydantic adds for itself (union arms, validators) nothing stands in the data, and
    the field of a shorthand (``shape`` of ``image: [28, 28, 1]``) does not either.
    """
    path: list[str | int] = []
    spot = _Spot((), cls, owner)
    for key in loc:
        stands = (isinstance(data, Mapping) and key in data) or (
            isinstance(data, tuple) and isinstance(key, int) and key < len(data)
        )
        if stands:
            path.append(key)
            data = data[key]
        if not isinstance(key, str):
            continue
        holder, name = spot.inside()
        if spot.field and spot.entry is None and _free_keys(spot.holder, spot.field):
            spot = replace(spot, entry=key) if stands else spot
        elif key in holder.model_fields and (spot.field is None or holder is not spot.holder):
            spot = _Spot((), holder, name, key)
    return replace(spot, path=tuple(path))


def _model_of(cls: type[BaseModel], key: str) -> type[BaseModel] | None:
    """Return the class of a field whose value is a mapping of its own, or is a mapping of such."""
    for arm in arms(cls.model_fields[key].annotation):
        for one in arms(get_args(arm)[1] if get_origin(arm) is dict else arm):
            if isinstance(one, type) and issubclass(one, BaseModel) and not issubclass(one, Item):
                return one
    return None


def _free_keys(cls: type[BaseModel], key: str) -> bool:
    return any(get_origin(arm) is dict for arm in arms(cls.model_fields[key].annotation))


def _unknown_key(
    loc: tuple[Any, ...], cls: type[BaseModel], owner: str, data: Any
) -> tuple[Fault, tuple[str, ...]]:
    """Make the fault of a key that does not exist; return the names too that it may stand for."""
    spot = _spot(cls, owner, loc[:-1], data)
    holder, owner = spot.inside()
    word = str(loc[-1])
    names = list(holder.model_fields)
    meant = nearest(word, names)
    key, equals, value = word.partition("=")
    if equals and key in names:
        help = f"YAML has a colon and a space here: `{key}: {value}`"
    elif word in TOP and issubclass(holder, Item):
        help = f"`{word}:` stands at the top level, at the start of its line"
    elif word in FROM_INPUT and not meant:
        help = "leave it out: a layer finds the sizes of its input by itself"
    else:
        known = ", ".join(f"`{name}`" for name in names)
        help = did_you_mean(word, names) or (f"known here: {known}" if names else "it takes none")
    message = f"{quoted(owner)} has no {_noun(holder)} `{word}`"
    return Fault("HB201", (*spot.path, word), message, help, "key"), meant


def _missing_key(
    loc: tuple[Any, ...], cls: type[BaseModel], owner: str, data: Any, at: Literal["key", "value"]
) -> Fault:
    spot = _spot(cls, owner, loc[:-1], data)
    holder, owner = spot.inside()
    word = str(loc[-1])
    field = holder.model_fields[word]
    what = f" ({field.description.rstrip('.')})" if field.description else ""
    message = f"{quoted(owner)} needs the {_noun(holder)} `{word}`{what}"
    help = (
        f"write `{owner}: {{{word}: ...}}`"
        if at == "value" and not spot.path
        else f"add `{word}: ...`"
    )
    return Fault("HB202", spot.path, message, help, "key" if spot.path else at)


def quoted(owner: str) -> str:
    """Quote a name that stands in the text; a description such as "the spec" stays as it is."""
    return owner if " " in owner else f"`{owner}`"


def _noun(cls: type[BaseModel]) -> str:
    return "argument" if issubclass(cls, Item) else "key"


def _value_faults(
    cls: type[BaseModel], owner: str, data: Any, details: list[ErrorDetails]
) -> list[Fault]:
    """Make one fault a value, however many arms of a union refuse it."""
    faults: list[Fault] = []
    groups: dict[Path, list[tuple[_Spot, ErrorDetails]]] = {}
    for detail in details:
        spot = _spot(cls, owner, detail["loc"], data)
        context = detail.get("ctx", {})
        if detail["type"] == "nested":
            faults += [prefix(fault, spot.path) for fault in context["faults"]]
        elif detail["type"] == "hornbook":
            there = (*spot.path, *((context["field"],) if context["field"] else ()))
            faults.append(Fault(context["code"], there, context["message"], context["help"]))
        elif detail["loc"][-1:] == ("[key]",) or detail["type"] == "string_pattern_mismatch":
            faults.append(_bad_name(spot, detail))
        elif detail["type"] == "literal_error" and _meant_for_a_model(spot, data):
            continue  # what is wrong within it is told of
        elif context.get("actual_length", _len(_at(data, spot.path))) == _len(_at(data, spot.path)):
            # Otherwise Pydantic counts valid entries alone, and the others are told of already.
            groups.setdefault(_field_path(spot.path), []).append((spot, detail))
    for path, group in groups.items():
        faults += _group_faults(path, group, data)
    return faults


def _meant_for_a_model(spot: _Spot, data: Any) -> bool:
    """Tell whether a value is a mapping where one arm of a union takes such: words need not refuse it."""
    if spot.field is None or spot.path[-1:] != (spot.field,):
        return False
    return (
        isinstance(_at(data, spot.path), Mapping) and _model_of(spot.holder, spot.field) is not None
    )


def _len(value: object) -> int:
    """Return the length of what has one."""
    return len(value) if isinstance(value, str | tuple | Mapping) else 0


def _at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data


def _field_path(path: Path) -> Path:
    """Return the path to the whole value of a field, without positions in it."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _bad_name(spot: _Spot, detail: ErrorDetails) -> Fault:
    """Make the fault of a name that breaks the rules of names."""
    message, help = no_name(str(detail["input"]))
    return Fault(
        "HB210", spot.path, message, help, "key" if detail["loc"][-1] == "[key]" else "value"
    )


def _group_faults(path: Path, group: list[tuple[_Spot, ErrorDetails]], data: Any) -> list[Fault]:
    """Make the fault of a value; where it is a list with wrong entries, one for each of them."""
    spot, _ = group[0]
    entries: dict[Path, list[ErrorDetails]] = {}
    for one, detail in group:
        if one.path != path:
            entries.setdefault(one.path, []).append(detail)
    whole = any(detail["type"] in LENGTH_ERRORS for _, detail in group)
    if (
        entries
        and not whole
        and spot.field
        and lists_of(spot.holder.model_fields[spot.field].annotation) == 1
    ):
        spots = {s.path: s for s, _ in group}
        return [
            _value_fault(spots[there], details, _at(data, there))
            for there, details in entries.items()
        ]
    return [
        _value_fault(replace(spot, path=path), [detail for _, detail in group], _at(data, path))
    ]


def _value_fault(spot: _Spot, details: list[ErrorDetails], value: object) -> Fault:
    if spot.field is None:
        return Fault(
            "HB204", spot.path, f"{spot.owner} must be a mapping, not {describe(value)}", None
        )
    field = spot.holder.model_fields[spot.field]
    owner, name = (spot.field, spot.entry) if spot.entry else (spot.owner, spot.field)
    annotation: Any = field.annotation
    words, what = expected(field), f"`{name}` of {quoted(owner)}"
    if spot.entry:
        annotation = inside(annotation, spot.entry)
        words = expected_inside(annotation)
    if isinstance(spot.path[-1], int):
        annotation = inside(annotation, spot.path[-1])
        words, what = expected_inside(annotation), f"an entry of `{_field_path(spot.path)[-1]}`"
    wrong_type = all(detail["type"].endswith(TYPE_ERRORS) for detail in details)
    hint = did_you_mean(value, words_of(field)) if isinstance(value, str) else None
    hint = (
        _about_batch(spot, value)
        or hint
        or correction(value, annotation)
        or _percent(details, value)
        or _length(details)
        or _unnamed(name, annotation, value)
    )
    return Fault(
        "HB204" if wrong_type else "HB203",
        spot.path,
        f"{what} must be {words}, not {describe(value)}",
        hint,
    )


def _about_batch(spot: _Spot, value: object) -> str | None:
    """Tell of Keras's habit to begin a shape with None, the batch."""
    if spot.field == "shape" and spot.path[-1] == 0 and value in ("None", -1):
        return "leave the batch out: a shape is that of one example"
    return None


def _percent(details: list[ErrorDetails], value: object) -> str | None:
    """Show the fraction where a percentage was probably meant."""
    above = any(
        detail.get("ctx", {}).get("lt", detail.get("ctx", {}).get("le")) == 1 for detail in details
    )
    if above and isinstance(value, int | float) and 1 < value <= 100:
        return f"a fraction is meant: {value} percent is `{value / 100:g}`"
    return None


def _length(details: list[ErrorDetails]) -> str | None:
    """Say how many entries a list or a mapping needs."""
    for detail in details:
        if detail["type"].endswith("too_short") and "min_length" in detail.get("ctx", {}):
            return f"give at least {detail['ctx']['min_length']}"
    return None


def _unnamed(name: str, annotation: Any, value: object) -> str | None:
    """Show the names that the values of a mapping with free keys lack."""
    if any(get_origin(arm) is dict for arm in arms(annotation)) and isinstance(value, tuple):
        return f"give it a name: `{name}: {{NAME: {flow(value)}}}`"
    if isinstance(value, int) and _takes_sizes(annotation):
        return f"write `{name}: [{value}]`"
    return None


def _takes_sizes(annotation: Any) -> bool:
    return any(
        isinstance(arm, type) and issubclass(arm, BaseModel) and "shape" in arm.model_fields
        for arm in arms(annotation)
    )
