"""Two graphs side by side: which call in one is which in the other.

What a spec names is found by its name. What it leaves to Keras to name cannot be, because one more
`Dense` at the front renames all that follow: such calls are told apart by what they are and by
where they stand, from the inputs on, then back from the outputs, then in order. Where two calls
could be meant with equal right, neither is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ..specs.base import Choice, Item, NodeSpec, registry
from .graph import Argument, Literal, TypedGraph, TypedNode, Value

NOT_ITS_OWN: Final = frozenset({"name", "inputs", "call"})
"""Fields of a layer that say where it stands, not what it is."""

SIZES: Final = frozenset({"dilation_rate", "kernel_size", "pool_size", "size", "strides"})
"""Arguments for which one number stands for as many as there are axes."""

WORDS: Final = frozenset({"initializer", "regularizer", "constraint"})
"""Kinds of which a word means the class of that name without arguments."""

MOST_COMPARED: Final = 4_000_000
"""Pairs beyond which calls are no longer compared each with each."""

Key = tuple[Hashable, ...]


@final
@dataclass(frozen=True, slots=True)
class Match:
    """Names of one graph to names of the other: model inputs and calls, and layers among these."""

    names: Mapping[str, str]

    def back(self) -> dict[str, str]:
        """Return the way from the second graph to the first."""
        return {after: before for before, after in self.names.items()}


def match(before: TypedGraph, after: TypedGraph) -> Match:
    """Find for each input and call of one graph the one in another that it has become."""
    return Match(_Matching(_Side(before), _Side(after)).run())


# What a layer is


def kind(one: TypedNode) -> str:
    """Return the class of a layer, or the name of a function."""
    return type(one.layer.spec).__name__


def arguments(spec: NodeSpec) -> dict[str, Any]:
    """Return the arguments of a layer that are not Keras's defaults, as a spec would write them."""
    return _arguments(spec, NOT_ITS_OWN)


def same(spec: NodeSpec, field: str, one: Any, other: Any) -> bool:
    """Tell whether two values of an argument mean the same to Keras."""
    return _meaning(type(spec), field, one) == _meaning(type(spec), field, other)


def plain(value: Any) -> Any:
    """Return a value of a spec as data: `Name` or `{Name: {arguments}}` for what has arguments."""
    if isinstance(value, Item):
        given = _arguments(value, frozenset())
        return {type(value).__name__: given} if given else type(value).__name__
    if isinstance(value, BaseModel):
        return plain(value.model_dump(exclude_defaults=True))
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return value


def _arguments(item: Item, without: frozenset[str]) -> dict[str, Any]:
    found = {}
    for name, field in type(item).model_fields.items():
        if name in without:
            continue
        value = plain(getattr(item, name))
        default = field.get_default(call_default_factory=True)
        unsaid = default is not PydanticUndefined and _meaning(
            type(item), name, plain(default)
        ) == _meaning(type(item), name, value)
        if not unsaid:
            found[name] = value
    return found


def _meaning(cls: type[Item], field: str, value: Any) -> str:
    """Return what tells values apart: two spellings of one thing give the same."""
    if field in SIZES and isinstance(value, list) and value and value.count(value[0]) == len(value):
        value = value[0]
    if isinstance(value, str) and field in cls.model_fields:
        value = _class_of(cls.model_fields[field], value)
    return json.dumps(value, sort_keys=True)


def _class_of(field: FieldInfo, word: str) -> str:
    """Return the name of the class that a word of Keras's stands for, or the word."""
    for choice in _choices(field):
        if choice.kind in WORDS:
            wanted = word.replace("_", "").lower()
            return next((c for c in registry(choice.kind).items if c.lower() == wanted), word)
    return word


def _choices(field: FieldInfo) -> Iterator[Choice]:
    """Yield what a field chooses from, in the arms of a union too."""
    arms = (part for arm in get_args(field.annotation) for part in get_args(arm))
    yield from (one for one in (*field.metadata, *arms) if isinstance(one, Choice))


# Where it stands


@final
class _Side:
    """One graph, with what a comparison asks of its calls."""

    def __init__(self, typed: TypedGraph) -> None:
        self.expansion = typed.graph.expansion
        self.inputs = {one.name: one.type for one in typed.graph.inputs}
        self.nodes = {one.node.name: one for one in typed.nodes}
        self.kinds = {name: kind(one) for name, one in self.nodes.items()}
        self.marks = {name: _mark(one) for name, one in self.nodes.items()}
        self.sources = {name: tuple(_sources(one)) for name, one in self.nodes.items()}
        self.readers: dict[str, list[Key]] = {name: [] for name in self.nodes}
        for name, sources in self.sources.items():
            for label, source, index in sources:
                if source in self.readers:
                    self.readers[source].append((name, label, index))
        for position, value in enumerate(typed.graph.outputs):
            self.readers[value.name].append((None, position, value.index or 0))

    def again(self, name: str) -> str | None:
        """Return the layer that a further call applies; None for what makes a layer."""
        one = self.nodes[name]
        return one.layer.name if one.layer.name != name else None

    def said(self, name: str) -> bool:
        """Tell whether the spec chose a name, with those of the blocks around it."""
        one = self.nodes[name]
        layer = self.again(name)
        if self.expansion.origins:
            origin = self.expansion.origins[int(one.node.path[1])]
            return origin.local is not None and self.said_of_use(origin.use)
        if layer is None:
            return one.layer.spec.name is not None
        return re.fullmatch(rf"{re.escape(layer)}_call(_\d+)?", name) is None

    def said_of_use(self, number: int | None) -> bool:
        """Tell whether the spec chose the names of a use of a block and of those around it."""
        while number is not None:
            use = self.expansion.uses[number]
            if use.local is None:
                return False
            number = use.parent
        return True


def _mark(one: TypedNode) -> str:
    """Return what two layers, or two calls, that are the same but for name and place share."""
    if one.layer.name != one.node.name:
        return json.dumps(options(one))
    given = {
        field: _meaning(type(one.layer.spec), field, value)
        for field, value in arguments(one.layer.spec).items()
    }
    return json.dumps([kind(one), given, options(one)], sort_keys=True)


def options(one: TypedNode) -> dict[str, Any]:
    """Return the arguments of a call that are no values of the graph, such as `training`."""
    call = one.node.call
    wired = {field for field, _ in one.node.arguments}
    if call is None:
        return {}
    return {
        field: plain(getattr(call, field))
        for field in sorted(call.model_fields_set - wired)
        if getattr(call, field) != type(call).model_fields[field].default
    }


def _sources(one: TypedNode) -> Iterator[tuple[Hashable, str | None, Hashable]]:
    """Yield what a call takes: where, from which call, and which of its outputs; or a number."""
    for position, operand in enumerate(one.node.operands):
        if isinstance(operand, Literal):
            yield position, None, repr(operand.value)
        else:
            yield position, operand.name, operand.index or 0
    for field, given in one.node.arguments:
        for position, value in enumerate(values(given)):
            if value is not None:
                yield (field, position), value.name, value.index or 0


def values(given: Argument) -> tuple[Value | None, ...]:
    """Return the values that a call argument names."""
    return given if isinstance(given, tuple) else (given,)


# The search


@final
class _Matching:
    """The search for pairs; what is found first helps to find the rest."""

    def __init__(self, before: _Side, after: _Side) -> None:
        self.before, self.after = before, after
        self.names: dict[str, str] = {}
        self.taken: set[str] = set()

    def run(self) -> dict[str, str]:
        self.by_input()
        self.by_name()
        self.by_place(lambda side, name: side.marks[name])
        self.by_order()
        self.by_place(lambda side, name: side.marks[name])
        self.by_place(lambda side, name: None if side.said(name) else side.kinds[name])
        self.left_over()
        return self.names

    def pair(self, before: str, after: str) -> None:
        self.names[before] = after
        self.taken.add(after)

    def free(self, before: str, after: str) -> bool:
        return before not in self.names and after not in self.taken

    def by_input(self) -> None:
        """Pair inputs of one name; then those that are the only ones of their type."""
        old, new = self.before.inputs, self.after.inputs
        for name in old:
            if name in new:
                self.pair(name, name)
        for name, type_ in old.items():
            others = [one for one in new if one not in self.taken and new[one] == type_]
            alike = [one for one in old if one not in self.names and old[one] == type_]
            if alike == [name] and len(others) == 1:
                self.pair(name, others[0])

    def by_name(self) -> None:
        """Pair what both specs call by one name, or one of them as Keras names it in the other."""
        for name in self.before.nodes:
            if name not in self.after.nodes:
                continue
            said = (self.before.said(name), self.after.said(name))
            first = self.before.again(name), self.after.again(name)
            if (first[0] is None) == (first[1] is None) and (
                all(said) or (any(said) and self.before.kinds[name] == self.after.kinds[name])
            ):
                self.pair(name, name)

    def by_place(self, what: Callable[[_Side, str], str | None]) -> None:
        """Pair what is the same and takes, or gives, the same; each pair may settle others."""
        found = -1
        while found < len(self.names):
            found = len(self.names)
            for order, place in ((list, _takes), (_reversed, _gives)):
                old, new = _groups(self.before, what, place), _groups(self.after, what, place)
                for name in order(self.before.nodes):
                    key = None if name in self.names else _key(self.before, name, what, place)
                    there = None if key is None else self.translated(key)
                    if key is not None and there is not None:
                        self.settle(name, old[key], new.get(there, []))

    def settle(self, name: str, alike: list[str], others: list[str]) -> None:
        """Pair a call with one of those that fit: the one of its name, or the only one."""
        alike = [one for one in alike if one not in self.names]
        others = [one for one in others if one not in self.taken]
        if name in others:
            self.pair(name, name)
        elif len(alike) == len(others) == 1:
            self.pair(name, others[0])

    def translated(self, key: Key) -> Key | None:
        """Return a key of the first graph in names of the second, where all of them are known."""
        what, layer, places = key
        if layer is not None:
            layer = self.names.get(str(layer))
            if layer is None:
                return None
        found: list[Key] = []
        assert isinstance(places, tuple)
        for one in places:
            name, *rest = one
            other = None if name is None else self.names.get(name)
            if name is not None and other is None:
                return None
            found.append((other, *rest))
        return what, layer, tuple(sorted(found, key=repr))

    def by_order(self) -> None:
        """Pair equal layers without names of their own that follow each other in both graphs."""
        old, new = list(self.before.nodes), list(self.after.nodes)
        left = sum(name not in self.names for name in old)
        if not left or left * sum(name not in self.taken for name in new) > MOST_COMPARED:
            return
        ours = [self.token(self.before, name, self.names.get(name), "before") for name in old]
        theirs = [
            self.token(self.after, name, name if name in self.taken else None, "after")
            for name in new
        ]
        for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
            for one, other in zip(
                old[block.a : block.a + block.size],
                new[block.b : block.b + block.size],
                strict=True,
            ):
                if self.free(one, other):
                    self.pair(one, other)

    def token(self, side: _Side, name: str, pair: str | None, which: str) -> Hashable:
        """Return what calls are compared by: a pair by itself, what has a name by nothing else."""
        if pair is not None:
            return "pair", pair
        if side.said(name) or side.again(name) is not None:
            return which, name
        return "mark", side.marks[name]

    def left_over(self) -> None:
        """Pair layers of one class to which Keras gives one name, wherever they stand."""
        for name, one in self.before.kinds.items():
            if (
                self.after.kinds.get(name) == one
                and self.free(name, name)
                and not self.before.said(name)
                and self.before.again(name) is None
                and self.after.again(name) is None
            ):
                self.pair(name, name)


def _reversed(nodes: Mapping[str, TypedNode]) -> list[str]:
    return list(nodes)[::-1]


def _takes(side: _Side, name: str) -> tuple[Key, ...]:
    return tuple((source, label, index) for label, source, index in side.sources[name])


def _gives(side: _Side, name: str) -> tuple[Key, ...]:
    return tuple(side.readers[name])


def _key(
    side: _Side,
    name: str,
    what: Callable[[_Side, str], str | None],
    place: Callable[[_Side, str], tuple[Key, ...]],
) -> Key | None:
    found = what(side, name)
    if found is None:
        return None
    return found, side.again(name), tuple(sorted(place(side, name), key=repr))


def _groups(
    side: _Side,
    what: Callable[[_Side, str], str | None],
    place: Callable[[_Side, str], tuple[Key, ...]],
) -> dict[Key, list[str]]:
    """Return the calls that are the same and stand in the same place."""
    groups: dict[Key, list[str]] = {}
    for name in side.nodes:
        key = _key(side, name, what, place)
        if key is not None:
            groups.setdefault(key, []).append(name)
    return groups
