"""Spec to graph: every name resolved, every reference followed, dead parts and cycles reported."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ..specs.base import Call, CallArguments, LayerSpec, NodeSpec, OpSpec, Path
from ..specs.diagnostics import Diagnostic, Note, Span, SpecError, in_order
from ..specs.load import Spec
from ..specs.names import Names, referred
from ..specs.vocabulary import Vocabulary
from ..specs.wording import any_of, did_you_mean, flow
from .graph import Argument, Graph, Input, Layer, Literal, Node, TensorType, Value
from .naming import composed, implied, stem_of
from .schedule import Step, schedule

MOST_CYCLES = 100
"""Cycles that are reported: in a tangle there may be one for every two layers."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item under ``layers:`` with its name and where it stands."""

    name: str
    item: NodeSpec | Call
    path: Path
    span: Span
    layer: str

    @property
    def call(self) -> CallArguments | None:
        return self.item.call if isinstance(self.item, LayerSpec | Call) else None


@dataclass(frozen=True, slots=True)
class _Wiring:
    """What an item takes: operands by position, and values by the name of a call argument."""

    operands: tuple[Value | Literal, ...]
    arguments: tuple[tuple[str, Argument], ...]

    @property
    def parents(self) -> tuple[str, ...]:
        node = Node("", "", self.operands, Span("", 1, 1, 1, 1), (), None, self.arguments)
        return tuple(value.name for value in node.parents)


def lower(spec: Spec) -> Graph:
    """Resolve a validated spec.

    Raises:
        SpecError: HB210, HB211, HB301 to HB307, all that are found.
    """
    return _Lowering(spec).graph()


class _Lowering:
    """One pass over one spec; collects what is wrong and raises once."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.model = spec.model
        self.document = spec.document
        self.problems: list[Diagnostic] = []
        self.found: Mapping[str, _Entry] = {}

    # What a wrong name may stand for

    @cached_property
    def items(self) -> Vocabulary:
        return Vocabulary(sorted(self.found))

    @cached_property
    def values(self) -> Vocabulary:
        return Vocabulary(sorted({*self.found, *self.model.inputs}))

    @cached_property
    def layers(self) -> Vocabulary:
        return Vocabulary(
            sorted(name for name, one in self.found.items() if isinstance(one.item, LayerSpec))
        )

    def report(
        self, code: str, message: str, span: Span, help: str | None = None, *notes: Note
    ) -> None:
        self.problems.append(Diagnostic(code, message, span, notes, help))

    def graph(self) -> Graph:
        entries = self.entries()
        by_name = {entry.name: entry for entry in entries}
        self.found = by_name
        wires = self.wires(entries, by_name)
        outputs = self.outputs(by_name, entries[-1].name)
        self.stop()
        parents = {name: wiring.parents for name, wiring in wires.items()}
        self.cycles(parents, by_name)
        self.stop()
        self.dead(parents, outputs, by_name)
        self.stop()
        return self.ordered(entries, wires, outputs)

    def stop(self) -> None:
        if self.problems:
            raise SpecError(in_order(self.problems))

    # Names

    def entries(self) -> list[_Entry]:
        """Name every item: as the spec says, or as Keras would, in the order of the spec."""
        chosen = {item.name for item in self.model.layers if item.name is not None}
        taken = {name.lower() for name in (*chosen, *self.model.inputs)}
        names, calls = Names(), Names()
        entries = []
        for index, item in enumerate(self.model.layers):
            path = self.item_path(index)
            span = self.document.span(path, "key")
            if isinstance(item, Call):
                name = item.name or calls.free(f"{item.layer}_call", taken)
                entries.append(_Entry(name, item, path, span, item.layer))
            else:
                name = item.name or names.free(stem_of(item), taken)
                entries.append(_Entry(name, item, path, span, name))
        self.unique(entries)
        return entries

    def item_path(self, index: int) -> Path:
        item = self.document.data["layers"][index]
        return ("layers", index, *item) if isinstance(item, Mapping) else ("layers", index)

    def unique(self, entries: Iterable[_Entry]) -> None:
        """Hold the rules of names: no keyword, no two that differ in case alone."""
        first: dict[str, tuple[str, Span]] = {}
        places = [(name, self.document.span(("inputs", name), "key")) for name in self.model.inputs]
        places += [(entry.name, self.name_span(entry)) for entry in entries]
        for name, span in places:
            if keyword.iskeyword(name):
                self.report(
                    "HB210",
                    f"`{name}` is a keyword of Python and cannot be a name",
                    span,
                    f"`{name}_layer` would do",
                )
            before, place = first.setdefault(name.lower(), (name, span))
            if place is not span:
                differ = "" if before == name else f", which differs from `{before}` in case alone"
                self.report(
                    "HB211",
                    f"the name `{name}` is used twice{differ}",
                    span,
                    "choose another name",
                    Note("first used here", place),
                )
        if keyword.iskeyword(self.model.name):
            self.report(
                "HB210",
                f"`{self.model.name}` is a keyword of Python and cannot be a name",
                self.document.span(("name",)),
            )

    def name_span(self, entry: _Entry) -> Span:
        path = (*entry.path, "name")
        return self.document.span(path) if entry.item.name is not None else entry.span

    # Wiring

    def wires(self, entries: list[_Entry], by_name: Mapping[str, _Entry]) -> dict[str, _Wiring]:
        """Say for each item what it takes, and check that it can take so many."""
        wires: dict[str, _Wiring] = {}
        for index, entry in enumerate(entries):
            before = len(self.problems)
            operands = self.operands(entry, entries[index - 1] if index else None, by_name)
            resolved = len(self.problems) == before
            wires[entry.name] = _Wiring(operands, self.arguments(entry, by_name))
            target = self.target(entry, by_name)
            if target is not None and resolved:
                self.arity(entry, target, operands)
            if target is not None and isinstance(entry.item, Call):
                self.taken(entry, target)
        return wires

    def operands(
        self, entry: _Entry, above: _Entry | None, by_name: Mapping[str, _Entry]
    ) -> tuple[Value | Literal, ...]:
        given = entry.item.inputs
        if given is None:
            if above is not None:
                return (Value(above.name),)
            if len(self.model.inputs) == 1:
                return tuple(Value(name) for name in self.model.inputs)
            names = any_of(f"`{name}`" for name in self.model.inputs)
            self.report(
                "HB305",
                f"`{entry.name}` stands first and does not say which input it takes",
                entry.span,
                f"add `inputs:` with {names}",
            )
            return ()
        path = (*entry.path, "inputs")
        if isinstance(given, str):
            found: list[Value | Literal | None] = [self.value(entry, given, path, by_name)]
        else:
            found = [
                self.value(entry, one, (*path, position), by_name)
                if isinstance(one, str)
                else Literal(one)
                for position, one in enumerate(given)
            ]
        if not any(isinstance(one, Value) for one in found) and None not in found:
            self.report(
                "HB305",
                f"`{entry.name}` takes no input at all",
                self.document.span(path),
                "name at least one layer or input",
            )
        return tuple(one for one in found if one is not None)

    def value(
        self, entry: _Entry, text: str, path: Path, by_name: Mapping[str, _Entry]
    ) -> Value | None:
        """Follow a reference: a name, or a name with the number of one of its outputs."""
        found = referred(text)
        if found is not None and (found[0] in by_name or found[0] in self.model.inputs):
            return Value(*found)
        self.report(
            "HB301",
            f"`{entry.name}` takes `{text}`, which is no layer and no input",
            self.document.span(path),
            self.near(text, self.values),
        )
        return None

    def arguments(
        self, entry: _Entry, by_name: Mapping[str, _Entry]
    ) -> tuple[tuple[str, Argument], ...]:
        """Follow the references among the arguments of a call, in the order in which Keras has them."""
        found: list[tuple[str, Argument]] = []
        for field in sorted(entry.call.model_fields_set if entry.call else ()):
            given = getattr(entry.call, field)
            path = (*entry.path, "call", field)
            if isinstance(given, str):
                found.append((field, self.value(entry, given, path, by_name)))
            elif isinstance(given, tuple):
                several = tuple(
                    None if one is None else self.value(entry, one, (*path, position), by_name)
                    for position, one in enumerate(given)
                )
                found.append((field, several))
        return tuple(found)

    def taken(self, entry: _Entry, target: NodeSpec) -> None:
        """Refuse arguments of a further call that the layer's call does not take."""
        calls = target.calls if isinstance(target, LayerSpec) else ()
        for field in sorted(entry.call.model_fields_set if entry.call else ()):
            if field not in calls:
                known = ", ".join(f"`{one}`" for one in calls)
                self.report(
                    "HB207",
                    f"the call of `{type(target).__name__}` takes no `{field}`",
                    self.document.span((*entry.path, "call", field), "key"),
                    f"it takes {known}" if known else "remove `call`",
                )

    def near(self, name: str, known: Vocabulary) -> str:
        return did_you_mean(name, known) or f"known: {known.listed()}"

    def target(self, entry: _Entry, by_name: Mapping[str, _Entry]) -> NodeSpec | None:
        """Return the layer that an item applies."""
        if isinstance(entry.item, NodeSpec):
            return entry.item
        found = by_name.get(entry.layer)
        if found is None or not isinstance(found.item, LayerSpec):
            span = self.document.span((*entry.path, "layer"))
            self.report(
                "HB301",
                f"`call` applies `{entry.layer}`, which is no layer",
                span,
                self.near(entry.layer, self.layers),
            )
            return None
        return found.item

    def arity(self, entry: _Entry, layer: NodeSpec, sources: tuple[Value | Literal, ...]) -> None:
        least, most = layer.arity
        if least <= len(sources) and (most is None or len(sources) <= most):
            return
        span = (
            self.document.span((*entry.path, "inputs"))
            if entry.item.inputs is not None
            else entry.span
        )
        count = (
            str(least)
            if least == most
            else f"{least} or more"
            if most is None
            else f"{least} to {most}"
        )
        noun = "input" if count == "1" else "inputs"
        kind = type(layer).__name__
        received = ", ".join(
            f"`{one}`" if isinstance(one, Value) else flow(one.value) for one in sources
        )
        help = (
            "name them: `inputs: [left, right]`"
            if len(sources) < least
            else "merge them first, with `Add` or `Concatenate`"
            if most == 1
            else f"leave out {len(sources) - (most or 0)} of them"
        )
        self.report(
            "HB306",
            f"`{kind}` takes {count} {noun}, but receives {len(sources)}: {received}",
            span,
            help,
        )

    def outputs(self, by_name: Mapping[str, _Entry], last: str) -> tuple[Value, ...]:
        given = self.model.outputs
        if given is None:
            return (Value(last),)
        names = (given,) if isinstance(given, str) else given
        if not names:
            self.report(
                "HB307",
                "a model has at least one output",
                self.document.span(("outputs",)),
                "leave `outputs` out: the last item is the output",
            )
        found = []
        seen: set[str] = set()
        for position, text in enumerate(names):
            span = self.document.span(
                ("outputs",) if isinstance(given, str) else ("outputs", position)
            )
            meant = referred(text)
            if meant is None or meant[0] not in {**by_name, **self.model.inputs}:
                self.report(
                    "HB307", f"the output `{text}` is no layer", span, self.near(text, self.items)
                )
            elif meant[0] in self.model.inputs:
                message = f"the output `{meant[0]}` is a model input"
                self.report("HB307", message, span, "an output is a layer")
            elif text in seen:
                self.report("HB307", f"the output `{text}` is named twice", span, "name it once")
            else:
                found.append(Value(*meant))
            seen.add(text)
        return tuple(found)

    def cycles(self, wires: Mapping[str, tuple[str, ...]], by_name: Mapping[str, _Entry]) -> None:
        """Report each cycle once, with its path."""
        state: dict[str, int] = {}
        for root in wires:
            if root in state:
                continue
            state[root] = 1
            stack = [(root, iter(wires[root]))]
            while stack:
                name, sources = stack[-1]
                source = next(sources, None)
                if source is None:
                    state[name] = 2
                    stack.pop()
                elif source in wires and state.get(source) == 1:
                    if len(self.problems) < MOST_CYCLES:
                        path = [one for one, _ in stack]
                        self.cycle(path[path.index(source) :], by_name)
                elif source in wires and source not in state:
                    state[source] = 1
                    stack.append((source, iter(wires[source])))

    def cycle(self, backwards: list[str], by_name: Mapping[str, _Entry]) -> None:
        # The walk follows inputs, so the data flows the other way.
        names = backwards[::-1]
        start = min(range(len(names)), key=lambda i: by_name[names[i]].span.line)
        names = names[start:] + names[:start]
        way = " -> ".join(f"`{name}`" for name in (*names, names[0]))
        closing = by_name[names[0]]
        given = closing.item.inputs
        texts = [str(one).partition(".")[0] for one in given] if isinstance(given, tuple) else []
        place = (texts.index(names[-1]),) if names[-1] in texts else ()
        span = self.document.span((*closing.path, "inputs", *place))
        notes = [Note(f"`{name}` is on the way", by_name[name].span) for name in names[1:4]]
        self.report(
            "HB302",
            f"a cycle: {way}",
            span,
            "a layer cannot take what is made from its own output",
            *notes,
        )

    def dead(
        self,
        wires: Mapping[str, tuple[str, ...]],
        outputs: tuple[Value, ...],
        by_name: Mapping[str, _Entry],
    ) -> None:
        """Report what leads to no output. Each style would treat it differently, so it may not stand."""
        live: set[str] = set()
        todo = [value.name for value in outputs]
        while todo:
            name = todo.pop()
            if name not in live:
                live.add(name)
                todo += wires.get(name, ())
        for name, entry in by_name.items():
            if name not in live:
                self.report(
                    "HB303", f"`{name}` leads to no output", entry.span,
                    "feed it into another layer, name it under `outputs:`, or remove it",
                )  # fmt: skip
        for name in self.model.inputs:
            if name not in live:
                span = self.document.span(("inputs", name), "key")
                self.report(
                    "HB304",
                    f"no layer that leads to an output takes the input `{name}`",
                    span,
                    "wire it with `inputs:`, or remove it",
                )

    # The graph

    def ordered(
        self, entries: list[_Entry], wires: Mapping[str, _Wiring], outputs: tuple[Value, ...]
    ) -> Graph:
        by_name = {entry.name: entry for entry in entries}
        steps = {name: Step(f"input {name}", ()) for name in self.model.inputs}
        steps |= {entry.name: Step(entry.layer, wires[entry.name].parents) for entry in entries}
        plan = schedule(steps, flattened(outputs))
        keras = Names()
        # A function takes a name of Keras's in one style and not in another.
        counted = {stem_of(one.item) for one in entries if isinstance(one.item, OpSpec)}
        layers = tuple(self.layer(by_name[name], keras, counted) for name in plan.layers)
        nodes = tuple(
            Node(
                name,
                by_name[name].layer,
                wires[name].operands,
                by_name[name].span,
                by_name[name].path,
                by_name[name].call,
                wires[name].arguments,
            )
            for name in plan.nodes
        )
        inputs = tuple(
            Input(
                name,
                TensorType((None, *one.shape), one.dtype),
                self.document.span(("inputs", name)),
            )
            for name, one in self.model.inputs.items()
        )
        precision = self.model.train.precision if self.model.train else "float32"
        if precision != "float32":
            heads = {by_name[value.name].layer for value in outputs if value.name in by_name}
            layers = tuple(
                replace(one, dtype="float32") if one.name in heads and not one.is_op else one
                for one in layers
            )
        return Graph(
            self.model.name, inputs, layers, nodes, outputs, self.spec.expansion, precision
        )

    def said(self, entry: _Entry) -> bool:
        """Tell whether the spec itself names an item; the items of blocks are given names."""
        origins = self.spec.expansion.origins
        index = int(entry.path[1])
        return origins[index].local is not None if origins else entry.item.name is not None

    def layer(self, entry: _Entry, keras: Names, counted: set[str]) -> Layer:
        assert isinstance(entry.item, NodeSpec)
        for stem in implied(entry.item):
            keras.next(stem)
        stem = stem_of(entry.item)
        named = (
            self.said(entry) or stem in counted or keras.peek(stem) != entry.name
        ) and not isinstance(entry.item, OpSpec)
        if not named:
            keras.next(stem)
        for stem in composed(entry.item, named):
            keras.next(stem)
        return Layer(entry.name, entry.item, entry.span, named)


def flattened(outputs: tuple[Value, ...]) -> tuple[str, ...]:
    """Order outputs as Keras flattens a dict of them: by key."""
    return tuple(value.name for value in sorted(outputs, key=str))
