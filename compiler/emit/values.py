"""Validated values as expressions: an item becomes the call that constructs it in Keras."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from ...specs.base import WIRING, Item, LayerSpec, parts
from ...specs.registries import REGISTRIES
from ..graph import Input, Layer
from ..python import Call, Constant, Expression, Items, Name


@cache
def modules() -> dict[type[Item], str]:
    """Map each class of the language to the attribute of ``keras`` that holds Keras's own."""
    found = {cls: one.module for one in REGISTRIES.values() for cls in one.items.values()}
    return found | dict.fromkeys(REGISTRIES["layer"].items.values(), "layers")


def expression(value: object) -> Expression:
    """Return the expression of a validated value.

    Raises:
        TypeError: for a value that no field of the language can hold.
    """
    match value:
        case None | bool() | int() | float() | str():
            return Constant(value)
        case tuple():
            marks = "[]" if any(isinstance(part, Item) for part in value) else "()"
            return Items(tuple(expression(part) for part in value), marks)
        case LayerSpec():
            return construct(value, value.name)
        case Item():
            return construct(value, None)
        case _:
            raise TypeError(f"no literal for {type(value).__name__}")


def construct(item: Item, name: str | None, prefix: str = "") -> Call:
    """Return the call that makes an item: its arguments in Keras's order, defaults left out."""
    cls = type(item)
    skip = WIRING if isinstance(item, LayerSpec) else frozenset()
    fields = [field for field in cls.model_fields if field not in skip]
    arguments: list[Expression] = []
    keywords: list[tuple[str, Expression]] = []
    for field, lead in zip(fields, _leads(item, fields), strict=True):
        value = getattr(item, field)
        info = cls.model_fields[field]
        if (
            not info.is_required()
            and value == info.get_default()
            and type(value) is type(info.get_default())
        ):
            continue
        if lead and len(arguments) == fields.index(field):
            arguments.append(expression(value))
        else:
            keywords.append((field, expression(value)))
    if isinstance(item, LayerSpec) and not item.trainable:
        keywords.append(("trainable", Constant(False)))
    if name is not None:
        keywords.append(("name", Constant(name)))
    return Call(Name(f"{prefix}{modules()[cls]}.{cls.__name__}"), tuple(arguments), tuple(keywords))


def _leads(item: Item, fields: list[str]) -> Iterator[bool]:
    """Say of each field whether it reads best without its name."""
    count = item.positional
    required = True
    for index, field in enumerate(fields):
        required = required and type(item).model_fields[field].is_required()
        yield required if count is None else index < count


def layer_call(layer: Layer) -> Call:
    """Return the call that constructs a layer, tied to its place in the spec."""
    call = construct(layer.spec, layer.name if layer.named else None)
    return Call(call.function, call.arguments, call.keywords, layer.span)


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
        used.add(modules()[type(item)])
        todo += parts(item)
    return tuple(sorted(used))
