"""Validated values as expressions: an item becomes the call that constructs it in Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ...specs import arithmetic
from ...specs.arithmetic import Formula, Literal
from ...specs.base import WIRING, CallArguments, Item, LayerSpec, NodeSpec, OpSpec, parts
from ...specs.names import PREFIX
from ...specs.registries import REGISTRIES
from ..graph import Input, Layer
from ..python import Call, Constant, Expression, Items, Name

GETITEM: Final = f"{PREFIX}getitem"
"""What is written in brackets, and is no call of anything in Keras."""


@cache
def keras_module(cls: type[Item]) -> str:
    """Return the attribute of ``keras`` that holds Keras's own of a class of the language.

    Raises:
        KeyError: for a class that no registry lists.
    """
    if issubclass(cls, OpSpec):
        return "ops"
    found = (one.module for one in REGISTRIES.values() if one.items.holds(cls))
    module = next(found, None)
    if module is None:
        raise KeyError(cls)
    return module


class InexpressibleError(Exception):
    """A parameter of a block stands for something that source cannot hand over as an argument."""


@dataclass(frozen=True, slots=True)
class Formulas:
    """What a block computes of its parameters in one item, by key: formulas, and more keys below.

    ``named`` gives what stands in source for each parameter.
    """

    tree: Mapping[str | int, Any]
    named: Mapping[str, str]

    def at(self, key: str | int) -> Formulas:
        """Return what is computed below a key."""
        found = self.tree.get(key)
        return Formulas(found if isinstance(found, Mapping) else {}, self.named)

    def of_choice(self) -> Formulas:
        """Return what is computed below the name of an item, which is the only key here."""
        return self.at(next(iter(self.tree))) if len(self.tree) == 1 else Formulas({}, self.named)


NO_FORMULAS = Formulas({}, {})


def formula(one: Formula, named: Mapping[str, str]) -> Expression:
    """Return the expression of a calculation."""
    if isinstance(one, Literal):
        return expression(one.value)
    if isinstance(one, arithmetic.Items):
        return Items(tuple(formula(part, named) for part in one.parts), "()")
    return Name(arithmetic.show(one, named))


def computed(value: object, at: Formulas, key: str | int) -> Expression:
    """Return the expression of a value that a block may compute.

    Raises:
        InexpressibleError: where a calculation gives an item, such as an activation with arguments.
    """
    found = at.tree.get(key)
    if found is None or isinstance(found, Mapping):
        return expression(value, at.at(key))
    if isinstance(value, Item):
        raise InexpressibleError(key)
    return formula(found, at.named)


def expression(value: object, at: Formulas = NO_FORMULAS) -> Expression:
    """Return the expression of a validated value.

    Raises:
        TypeError: for a value that no field of the language can hold.
    """
    match value:
        case None | bool() | int() | float() | str():
            return Constant(value)
        case tuple():
            marks = "[]" if any(isinstance(part, Item) for part in value) else "()"
            found = (computed(part, at, index) for index, part in enumerate(value))
            return Items(tuple(found), marks)
        case LayerSpec():
            return construct(value, value.name, at=at.of_choice())
        case Item():
            return construct(value, None, at=at.of_choice())
        case _:
            raise TypeError(f"no literal for {type(value).__name__}")


def construct(
    item: Item, name: str | Expression | None, prefix: str = "", at: Formulas = NO_FORMULAS
) -> Call:
    """Return the call that makes an item: its arguments in Keras's order, defaults left out."""
    cls = type(item)
    arguments: list[Expression] = []
    keywords: list[tuple[str, Expression]] = []
    for place, (field, lead, required, default) in enumerate(_fields(cls)):
        value = getattr(item, field)
        if (
            field not in at.tree
            and not required
            and value == default
            and type(value) is type(default)
        ):
            continue
        if lead and len(arguments) == place:
            arguments.append(computed(value, at, field))
        else:
            keywords.append((field, computed(value, at, field)))
    if isinstance(item, LayerSpec) and not item.trainable:
        keywords.append(("trainable", Constant(False)))
    if name is not None:
        keywords.append(("name", Constant(name) if isinstance(name, str) else name))
    called = cls.__name__.removeprefix(PREFIX)
    return Call(Name(f"{prefix}{keras_module(cls)}.{called}"), tuple(arguments), tuple(keywords))


@cache
def _fields(cls: type[Item]) -> tuple[tuple[str, bool, bool, Any], ...]:
    """Say of each of Keras's arguments whether it leads without its name, whether it is required, its default."""
    skip = WIRING if issubclass(cls, NodeSpec) else frozenset()
    fields = {name: info for name, info in cls.model_fields.items() if name not in skip}
    found = []
    leads = True
    for index, (name, info) in enumerate(fields.items()):
        leads = leads and info.is_required() if cls.positional is None else index < cls.positional
        found.append((name, leads, info.is_required(), info.get_default()))
    return tuple(found)


def layer_call(
    layer: Layer, name: str | Expression | None = None, at: Formulas = NO_FORMULAS
) -> Call:
    """Return the call that constructs a layer, tied to its place in the spec."""
    call = construct(layer.spec, name, at=at)
    keywords = call.keywords
    if layer.dtype is not None:
        keywords = (*keywords, ("dtype", Constant(layer.dtype)))
    return Call(call.function, call.arguments, keywords, layer.span)


def input_call(one: Input) -> Call:
    """Return ``keras.Input(shape, name=..., dtype=...)``."""
    shape = Items(tuple(Constant(size) for size in one.type.shape[1:]), "()")
    keywords: list[tuple[str, Expression]] = [("name", Constant(one.name))]
    if one.type.dtype != "float32":
        keywords.append(("dtype", Constant(one.type.dtype)))
    return Call(Name("keras.Input"), (shape,), tuple(keywords), one.span)


def modules_used(items: Iterator[Item]) -> tuple[str, ...]:
    """Return the attributes of ``keras`` that constructing the items names, sorted."""
    used: set[str] = set()
    todo = list(items)
    while todo:
        item = todo.pop()
        if isinstance(item, CallArguments) or type(item).__name__ == GETITEM:
            continue
        used.add(keras_module(type(item)))
        todo += parts(item)
    return tuple(sorted(used))
