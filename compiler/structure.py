"""The blocks of a graph as source can keep them: a function or a class for each, a loop for repeats.

Every style constructs and calls its layers in one order (:mod:`hornbook.compiler.schedule`). Source with
blocks runs through one block after the other, so a block is kept where that is the same order. Where
blocks run side by side, as the two ways through a residual block may, their items are written out in the
scope that uses them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ..specs import arithmetic
from ..specs.arithmetic import Formula
from ..specs.blocks import INDEX, Block, Expansion, Use
from .graph import Graph, Node, Value
from .naming import stem_of


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a scope: a call of a layer, or the turns of one use of a block.

    ``item`` is the position of the item in the scope; of an item written out here, the positions
    that lead to it.
    """

    item: tuple[int, ...]
    node: Node | None = None
    turns: tuple[Use, ...] = ()

    @property
    def parents(self) -> tuple[Value, ...]:
        """The values that it takes."""
        if self.node is not None:
            return self.node.parents
        return tuple(value_of(text) for text in self.turns[0].operands)

    @property
    def results(self) -> tuple[str, ...]:
        """What it makes: the name of the node, or the values that the last turn returns."""
        return (self.node.name,) if self.node is not None else self.turns[-1].outputs

    @property
    def looped(self) -> bool:
        """Whether it is written as a loop."""
        return self.node is None and self.turns[0].turns_formula != arithmetic.Literal(1)


@dataclass(frozen=True, slots=True)
class Scope:
    """The steps of the model, or of a block as one of its uses shows them.

    ``layers`` is the order of construction, ``calls`` the order of calls. ``named`` tells whether a
    block takes a name, ``indexed`` whether it takes the number of its turn.
    """

    use: Use | None
    block: Block | None
    layers: tuple[Step, ...]
    calls: tuple[Step, ...]
    named: bool = False
    indexed: bool = False


@dataclass(frozen=True)
class Structure:
    """The model's scope and those of its blocks, each block after those that it uses."""

    model: Scope
    blocks: tuple[Scope, ...] = ()

    inlined: frozenset[int] = frozenset()

    @cached_property
    def _by_block(self) -> dict[str, Scope]:
        return {one.block.name: one for one in self.blocks if one.block is not None}

    def scope_of(self, use: Use) -> Scope:
        """Return the scope of the block that a use names."""
        return self._by_block[use.block]


def value_of(text: str) -> Value:
    """Read a flat reference: `name`, or `name.1`."""
    name, dot, index = text.partition(".")
    return Value(name, int(index) if dot else None)


def flat(graph: Graph) -> Structure:
    """Return a graph as one scope of nodes."""
    first: dict[str, Step] = {}
    calls = tuple(Step((position,), node) for position, node in enumerate(graph.nodes))
    for step in calls:
        if step.node is not None:
            first.setdefault(step.node.layer, step)
    return Structure(Scope(None, None, tuple(first[one.name] for one in graph.layers), calls))


def structure(graph: Graph) -> Structure:
    """Return the blocks of a graph where source can keep them, else the graph as one scope."""
    uses = graph.expansion.uses
    if not uses:
        return flat(graph)
    found = None if _clashes(graph) else _Finder(graph).find()
    return flat(graph) if found is None else found


class _Finder:
    """Sorts the nodes of a graph into scopes, and holds the order of each against the graph's."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.expansion = graph.expansion
        self.made = {layer.name: place for place, layer in enumerate(graph.layers)}
        self.called = {node.name: place for place, node in enumerate(graph.nodes)}
        self.marked: set[tuple[str | None, tuple[int, ...]]] = set()
        self.inlined: set[int] = set()
        self.inside: dict[int | None, list[Step]] = {}

    def find(self) -> Structure | None:
        while True:
            self.sort()
            apart = self.apart()
            if apart is None:
                return None
            if not apart:
                break
            self.marked |= apart
        shown = self.representatives()
        if shown is None:
            return None
        blocks: dict[str, Scope] = {}
        for name in self.ordered(shown):
            scope = self.scope(shown[name], self.expansion.blocks[name])
            blocks[name] = self.with_parameters(scope, blocks)
        scopes = tuple(blocks.values())
        found = Structure(self.scope(None, None), scopes, frozenset(self.inlined))
        return found if self.keeps(found) else None

    def sort(self) -> None:
        """Give every node and every use its place in the scope that holds it."""
        origins, uses = self.expansion.origins, self.expansion.uses
        self.inside = {}
        for use in uses:  # each after the one that holds it
            owner, item = self.home(use.parent, (use.item,))
            if (self.block_of(owner), item) in self.marked:
                self.inlined.add(use.number)
        for node in self.graph.nodes:
            origin = origins[int(node.path[1])]
            owner, item = self.home(origin.use, (origin.item,))
            self.inside.setdefault(owner, []).append(Step(item, node))
        groups: dict[tuple[int | None, tuple[int, ...]], list[Use]] = {}
        for use in uses:
            if use.number not in self.inlined:
                owner, item = self.home(use.parent, (use.item,))
                groups.setdefault((owner, item), []).append(self.lifted(use))
        for (owner, item), turns in groups.items():
            self.inside.setdefault(owner, []).append(Step(item, None, tuple(turns)))

    def block_of(self, number: int | None) -> str | None:
        return None if number is None else self.expansion.uses[number].block

    def home(self, number: int | None, item: tuple[int, ...]) -> tuple[int | None, tuple[int, ...]]:
        """Return the scope that an item is written out in, and its place there."""
        while number is not None and number in self.inlined:
            use = self.expansion.uses[number]
            number, item = use.parent, (use.item, *item)
        return number, item

    def lifted(self, use: Use) -> Use:
        """Return a use with its arguments in terms of the scope that it is written out in."""
        formulas = {
            name: lifted(one, use.parent, self.expansion, self.inlined)
            for name, one in use.formulas.items()
        }
        turns = lifted(use.turns_formula, use.parent, self.expansion, self.inlined)
        return replace(use, formulas=formulas, turns_formula=turns)

    def apart(self) -> set[tuple[str | None, tuple[int, ...]]] | None:
        """Return the uses whose items do not follow each other; None where one of them repeats."""
        found: set[tuple[str | None, tuple[int, ...]]] = set()
        for owner, steps in self.inside.items():
            whole = [node for step in steps for node in self.nodes(step)]
            orders = (
                sorted({self.made[node.layer] for node in whole}),
                sorted({self.called[node.name] for node in whole}),
            )
            ranks = [{place: rank for rank, place in enumerate(order)} for order in orders]
            for step in steps:
                for use in step.turns:
                    nodes = [n for one in self.steps(use) for n in self.nodes(one)]
                    made = {ranks[0][self.made[node.layer]] for node in nodes}
                    called = {ranks[1][self.called[node.name]] for node in nodes}
                    if all(max(one) - min(one) + 1 == len(one) for one in (made, called) if one):
                        continue
                    if step.looped:
                        return None
                    found.add((self.block_of(owner), step.item))
        return found

    def representatives(self) -> dict[str, Use] | None:
        """Choose for each block the use that shows all its items and tells its inputs apart."""
        found: dict[str, Use] = {}
        kept: dict[str, list[Use]] = {}
        for use in self.expansion.uses:
            if use.number not in self.inlined:
                kept.setdefault(use.block, []).append(use)
        for name, block in self.expansion.blocks.items():
            uses = kept.get(name, [])
            if not uses:
                continue
            whole = [use for use in uses if self.shows(use, block)]
            apart = [use for use in whole if len(set(use.operands)) == len(use.operands)]
            several = any(len(set(use.operands)) == len(use.operands) for use in uses)
            if not whole or (several and not apart) or not self.alike(uses):
                return None
            found[name] = (apart or whole)[0]
        return found

    def steps(self, use: Use) -> list[Step]:
        return self.inside.get(use.number, [])

    def shows(self, use: Use, block: Block) -> bool:
        return {step.item[0] for step in self.steps(use)} == set(range(block.size))

    def alike(self, uses: Iterable[Use]) -> bool:
        """Tell whether the items have the same names of their own in all uses."""
        seen: dict[tuple[int, ...], set[object]] = {}
        for use in uses:
            cut = len(use.name) + 1
            for step in self.steps(use):
                name: object = None
                if step.node is None and step.turns[0].local is not None:
                    name = _pattern([turn.name[cut:] for turn in step.turns])
                elif step.node is not None:
                    told = self.expansion.origins[int(step.node.path[1])].local is not None
                    name = step.node.name[cut:] if told else None
                seen.setdefault(step.item, set()).add(name)
        return all(len(names) == 1 for names in seen.values())

    def ordered(self, shown: Mapping[str, Use]) -> Iterator[str]:
        """Yield the blocks, each after those that it uses."""
        done: set[str] = set()

        def visit(name: str) -> Iterator[str]:
            if name in done:
                return
            done.add(name)
            for step in self.steps(shown[name]):
                if step.turns:
                    yield from visit(step.turns[0].block)
            yield name

        for name in shown:
            yield from visit(name)

    def scope(self, use: Use | None, block: Block | None) -> Scope:
        steps = self.inside.get(None, []) if use is None else self.steps(use)
        first: dict[str, Step] = {}
        for step in sorted(steps, key=self.when_called):
            key = step.node.layer if step.node is not None else f"use {step.item}"
            first.setdefault(key, step)
        layers = sorted(first.values(), key=self.when_made)
        return Scope(use, block, tuple(layers), tuple(sorted(steps, key=self.when_called)))

    @cached_property
    def formulas(self) -> dict[int, list[Formula]]:
        """What blocks compute of their parameters, by the flat item."""
        found: dict[int, list[Formula]] = {}
        for path, formula in self.expansion.formulas.items():
            if path[0] == "layers":
                found.setdefault(int(path[1]), []).append(formula)
        return found

    def with_parameters(self, scope: Scope, inner: Mapping[str, Scope]) -> Scope:
        """Say whether a block takes a name and an index."""
        origins = self.expansion.origins
        named = indexed = False
        for step in scope.calls:
            if step.node is not None:
                flat_index = int(step.node.path[1])
                named |= origins[flat_index].local is not None
                indexed |= any(
                    INDEX in arithmetic.names(self.own(formula, origins[flat_index].use))
                    for formula in self.formulas.get(flat_index, ())
                )
            else:
                use = step.turns[0]
                named |= use.local is not None or inner[use.block].named
                taken = (*use.formulas.values(), use.turns_formula)
                indexed |= any(INDEX in arithmetic.names(formula) for formula in taken)
        return Scope(scope.use, scope.block, scope.layers, scope.calls, named, indexed)

    def own(self, formula: Formula, number: int | None) -> Formula:
        return lifted(formula, number, self.expansion, self.inlined)

    def when_made(self, step: Step) -> int:
        return min((self.made[node.layer] for node in self.nodes(step)), default=0)

    def when_called(self, step: Step) -> int:
        return min((self.called[node.name] for node in self.nodes(step)), default=0)

    def nodes(self, step: Step) -> Iterator[Node]:
        """Yield the nodes of a step, those of blocks in blocks included."""
        if step.node is not None:
            yield step.node
        for use in step.turns:
            for one in self.steps(use):
                yield from self.nodes(one)

    # The order of the whole

    def keeps(self, found: Structure) -> bool:
        """Tell whether source with blocks constructs and calls in the order of the graph."""
        if any(
            step.looped and len(step.turns[0].operands) != 1
            for scope in (found.model, *found.blocks)
            for step in scope.calls
        ):
            return False
        layers = [node.layer for node in self.run(found.model.layers, None, found, True)]
        calls = [node.name for node in self.run(found.model.calls, None, found, False)]
        return layers == [layer.name for layer in self.graph.layers] and calls == [
            node.name for node in self.graph.nodes
        ]

    def run(
        self, steps: Iterable[Step], use: Use | None, found: Structure, making: bool
    ) -> Iterator[Node]:
        """Yield the nodes in the order in which source with blocks goes through them."""
        own = self.inside.get(None, []) if use is None else self.steps(use)
        here: dict[tuple[int, ...], Step] = {}
        for step in own:
            here.setdefault(step.item, step)
        for shown in steps:
            if shown.item not in here:
                continue
            step = here[shown.item]
            if step.node is not None:
                yield step.node
            for turn in step.turns:
                scope = found.scope_of(turn)
                inner = scope.layers if making else scope.calls
                yield from self.run(inner, turn, found, making)


def lifted(
    formula: Formula,
    number: int | None,
    expansion: Expansion,
    inlined: Collection[int],
) -> Formula:
    """Return a formula of a use's parameters in terms of the scope that the use is written out in."""
    while number is not None and number in inlined:
        use = expansion.uses[number]
        declared = expansion.blocks[use.block].parameters
        given: dict[str, Formula] = {
            name: one for name, one in declared.items() if isinstance(one, arithmetic.Literal)
        }
        given |= {**use.formulas, INDEX: arithmetic.Literal(use.turn + 1)}
        formula = arithmetic.bind(arithmetic.substitute(formula, given), {})
        number = use.parent
    return formula


def numbered(names: Iterable[str]) -> tuple[str, int, str] | None:
    """Read names that count up by one: return what stands before the number, the first, what stands behind."""
    found = list(names)
    first = found[0]
    for start in range(len(first)):
        if not first[start].isdecimal() or (start and first[start - 1].isdecimal()):
            continue
        end = start
        while end < len(first) and first[end].isdecimal():
            end += 1
        head, number, tail = first[:start], int(first[start:end]), first[end:]
        if all(name == f"{head}{number + turn}{tail}" for turn, name in enumerate(found)):
            return head, number, tail
    return None


def _pattern(names: list[str]) -> object:
    """Return what names that count up have in common, whatever their number."""
    return numbered(names) or tuple(names)


def left_to_keras(graph: Graph) -> dict[str, str]:
    """Return the unnamed layers of blocks, each with the stem of the name that Keras gives it."""
    origins = graph.expansion.origins
    layers = {layer.name: layer for layer in graph.layers if not layer.is_op}
    found: dict[str, str] = {}
    for node in graph.nodes:
        if not origins or node.name not in layers:
            continue
        origin = origins[int(node.path[1])]
        if origin.use is not None and origin.local is None:
            found[node.name] = stem_of(layers[node.name].spec)
    return found


def named_in_source(graph: Graph) -> frozenset[str]:
    """Return the layers that bear their name in every style.

    They are all but the unnamed ones of blocks, and unnamed ones that Keras counts together with those.
    """
    unnamed = left_to_keras(graph)
    stems = set(unnamed.values())
    return frozenset(
        layer.name
        for layer in graph.layers
        if not layer.is_op
        and layer.name not in unnamed
        and (layer.named or stem_of(layer.spec) not in stems)
    )


def _clashes(graph: Graph) -> bool:
    """Tell whether a name that is said is one that Keras may give to an unnamed layer of a block."""
    unnamed = left_to_keras(graph)
    stems = set(unnamed.values())
    said = (layer.name for layer in graph.layers if layer.named and layer.name not in unnamed)
    return any(re.sub(r"_\d+$", "", name) in stems or name in stems for name in said)
