"""Two models compared as graphs: what was added, removed, changed, wired otherwise or renamed.

Names, order and blocks of a spec are how it is written; here counts what it means. From which call has
become which (:mod:`hornbook.compiler.matching`) follows all else, down to the weights that can be
carried from a model of the first graph to one of the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, final

from ..specs.base import Item, LayerSpec, parts
from ..specs.model import TrainSpec
from ..specs.registries import CELL
from .graph import Literal as Number
from .graph import TypedGraph, TypedNode, Weight
from .infer import count
from .matching import Match, arguments, kind, match, options, plain, same, values

Reason = Literal["new", "class", "shape"]
ABSENT = "absent"


@final
@dataclass(frozen=True, slots=True)
class Side:
    """One of the models that are compared; ``trained`` tells whether anything says how it is trained.

    A spec without ``train:`` says that it is not; the config of a Keras model says nothing.
    """

    typed: TypedGraph
    train: TrainSpec | None = None
    trained: bool = True


@final
@dataclass(frozen=True, slots=True)
class Change:
    """A value before and after; None where it is not given."""

    what: str
    before: Any
    after: Any


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A layer, a function or a further call that only one graph has."""

    name: str
    kind: str
    arguments: Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Changed:
    """A layer whose arguments differ; ``name`` is the one that it has now."""

    name: str
    kind: str
    changes: tuple[Change, ...]


@final
@dataclass(frozen=True, slots=True)
class Rewired:
    """A call that takes something else, in the names of each graph."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Renamed:
    """A layer, or a model input, with another name."""

    before: str
    after: str
    kind: str


@final
@dataclass(frozen=True, slots=True)
class Carried:
    """A layer whose weights fit the layer that it has become."""

    before: str
    after: str
    weights: tuple[Weight, ...]


@final
@dataclass(frozen=True, slots=True)
class Fresh:
    """A layer that begins with new weights: it is new, of another class, or of another shape.

    ``source`` is the layer that it was, with the weights ``before``.
    """

    name: str
    kind: str
    reason: Reason
    source: str | None
    before: tuple[Weight, ...]
    after: tuple[Weight, ...]


@final
@dataclass(frozen=True, slots=True)
class Parameters:
    """Numbers of scalars in weights."""

    trainable: int
    total: int


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """All in which two models differ, and which weights one can take from the other.

    ``dropped`` names the layers whose weights nothing takes.
    """

    name: Change | None
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    changed: tuple[Changed, ...]
    renamed: tuple[Renamed, ...]
    rewired: tuple[Rewired, ...]
    inputs: tuple[Change, ...]
    outputs: Change | None
    training: tuple[Change, ...]
    before: Parameters
    after: Parameters
    carried: tuple[Carried, ...]
    fresh: tuple[Fresh, ...]
    dropped: tuple[str, ...] = field(default=())

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not any(
            (
                self.name, self.added, self.removed, self.changed, self.renamed, self.rewired,
                self.inputs, self.outputs, self.training,
            )
        )  # fmt: skip

    def record(self) -> dict[str, Any]:
        """Return the difference as JSON data."""
        return {"equal": self.equal, **asdict(self)}


def diff(before: Side, after: Side) -> Difference:
    """Compare two models."""
    found = match(before.typed, after.typed)
    return _Comparison(before, after, found).difference()


@final
class _Comparison:
    """Two graphs and the pairs between them."""

    def __init__(self, before: Side, after: Side, found: Match) -> None:
        self.before, self.after = before, after
        self.old = {one.node.name: one for one in before.typed.nodes}
        self.new = {one.node.name: one for one in after.typed.nodes}
        self.names, self.back = found.names, found.back()
        self.pairs = [
            (one, self.new[self.names[name]])
            for name, one in self.old.items()
            if name in self.names
        ]

    def difference(self) -> Difference:
        old, new = self.before.typed, self.after.typed
        carried, fresh = self.weights()
        return Difference(
            name=_change("name", old.graph.name, new.graph.name),
            added=tuple(_item(one) for name, one in self.new.items() if name not in self.back),
            removed=tuple(_item(one) for name, one in self.old.items() if name not in self.names),
            changed=tuple(self.changed()),
            renamed=tuple(self.renamed()),
            rewired=tuple(self.rewired()),
            inputs=tuple(self.inputs()),
            outputs=self.outputs(),
            training=tuple(self.training()),
            before=Parameters(*count(old)),
            after=Parameters(*count(new)),
            carried=carried,
            fresh=fresh,
            dropped=self.dropped(carried),
        )

    def renamed(self) -> Iterator[Renamed]:
        for one in self.before.typed.graph.inputs:
            other = self.names.get(one.name, one.name)
            if other != one.name:
                yield Renamed(one.name, other, "input")
        for before, after in self.pairs:
            if before.node.name != after.node.name:
                yield Renamed(before.node.name, after.node.name, _called(after))

    def changed(self) -> Iterator[Changed]:
        for before, after in self.pairs:
            found = [*self.of_layer(before, after), *_of_call(before, after)]
            if found:
                yield Changed(after.node.name, _called(after), tuple(found))

    def of_layer(self, before: TypedNode, after: TypedNode) -> Iterator[Change]:
        """Compare two definitions, or which layer two further calls apply."""
        if _again(before):
            if self.names.get(before.layer.name) != after.layer.name:
                yield Change("layer", before.layer.name, after.layer.name)
            return
        old, new = arguments(before.layer.spec), arguments(after.layer.spec)
        if kind(before) != kind(after):
            yield Change("class", kind(before), kind(after))
        for name in dict.fromkeys((*old, *new)):
            one, other = (
                given.get(name, plain(getattr(node.layer.spec, name, None)))
                for given, node in ((old, before), (new, after))
            )
            if not same(after.layer.spec, name, one, other):
                yield Change(name, one, other)

    def rewired(self) -> Iterator[Rewired]:
        for before, after in self.pairs:
            known = tuple(_takes(before, self.names))
            if known != tuple(_takes(after, None)):
                yield Rewired(
                    after.node.name, _shown(_takes(before, None)), _shown(_takes(after, None))
                )

    def inputs(self) -> Iterator[Change]:
        old = {one.name: one.type for one in self.before.typed.graph.inputs}
        new = {one.name: one.type for one in self.after.typed.graph.inputs}
        for name, one in old.items():
            other = new.get(self.names.get(name, ""))
            if one != other:
                yield Change(name, _type(one), other and _type(other))
        for name, other in new.items():
            if name not in self.back:
                yield Change(name, None, _type(other))

    def outputs(self) -> Change | None:
        old, new = self.before.typed.graph.outputs, self.after.typed.graph.outputs
        known = [(self.names.get(value.name), value.index or 0) for value in old]
        if known == [(value.name, value.index or 0) for value in new]:
            return None
        return Change("outputs", [str(value) for value in old], [str(value) for value in new])

    def training(self) -> Iterator[Change]:
        if not (self.before.trained and self.after.trained):
            return
        old, new = _settings(self.before.train), _settings(self.after.train)
        for name in TrainSpec.model_fields:
            if old.get(name) != new.get(name):
                yield Change(name, old.get(name), new.get(name))

    # Weights

    def weights(self) -> tuple[tuple[Carried, ...], tuple[Fresh, ...]]:
        """Say of each layer of the second graph that has weights where they come from."""
        carried, fresh = [], []
        for name, after in self.new.items():
            if _again(after) or not after.weights:
                continue
            before = self.old.get(self.back.get(name, ""))
            reason = _reason(before, after)
            if before is not None and reason is None:
                carried.append(Carried(before.node.name, name, after.weights))
            else:
                source = before.node.name if before else None
                weights = before.weights if before else ()
                fresh.append(
                    Fresh(name, kind(after), reason or "new", source, weights, after.weights)
                )
        return tuple(carried), tuple(fresh)

    def dropped(self, carried: tuple[Carried, ...]) -> tuple[str, ...]:
        taken = {one.before for one in carried}
        return tuple(
            name
            for name, one in self.old.items()
            if one.weights and not _again(one) and name not in taken
        )


def _reason(before: TypedNode | None, after: TypedNode) -> Reason | None:
    """Return why weights do not carry over, or None where they do."""
    if before is None or _again(before):
        return "new"
    if _made_of(before.layer.spec) != _made_of(after.layer.spec):
        return "class"
    old, new = ([(w.name, w.shape) for w in one.weights] for one in (before, after))
    return None if old == new else "shape"


def _made_of(item: Item) -> tuple[Any, ...]:
    """Return the class of a layer, and those of the layers and cells inside it."""
    inner = (
        one for one in parts(item) if isinstance(one, LayerSpec) or CELL.items.holds(type(one))
    )
    return type(item).__name__, *(_made_of(one) for one in inner)


def _again(one: TypedNode) -> bool:
    """Tell whether a node is a further call of a layer."""
    return one.layer.name != one.node.name


def _called(one: TypedNode) -> str:
    return f"call of {one.layer.name}" if _again(one) else kind(one)


def _item(one: TypedNode) -> Entry:
    given = {} if _again(one) else arguments(one.layer.spec)
    return Entry(one.node.name, _called(one), {**given, **options(one)})


def _of_call(before: TypedNode, after: TypedNode) -> Iterator[Change]:
    old, new = options(before), options(after)
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield Change(f"call.{name}", old.get(name), new.get(name))


def _takes(one: TypedNode, names: Mapping[str, str] | None) -> Iterator[tuple[str, str, int]]:
    """Yield what a node takes: the argument, the value's name, its index.

    With ``names`` the names are those of the other graph; a value that is not there has none.
    """
    for operand in one.node.operands:
        if isinstance(operand, Number):
            yield "", plain_text(operand.value), -1
        else:
            name = operand.name if names is None else names.get(operand.name, ABSENT + " value")
            yield "", name, operand.index or 0
    for argument, given in one.node.arguments:
        for value in values(given):
            if value is None:
                yield argument, "null", -1
            else:
                name = value.name if names is None else names.get(value.name, ABSENT + " value")
                yield argument, name, value.index or 0


def plain_text(value: Any) -> str:
    """Write a number, or a nested list of numbers."""
    return str(plain(value))


def _shown(takes: Iterator[tuple[str, str, int]]) -> tuple[str, ...]:
    return tuple(
        (f"{argument}: " if argument else "") + (f"{name}.{index}" if index > 0 else name)
        for argument, name, index in takes
    )


def _type(one: Any) -> str:
    return f"{one} {one.dtype}"


def _settings(train: TrainSpec | None) -> dict[str, Any]:
    if train is None:
        return {}
    return {name: plain(getattr(train, name)) for name in TrainSpec.model_fields}


def _change(what: str, before: Any, after: Any) -> Change | None:
    return None if before == after else Change(what, before, after)
