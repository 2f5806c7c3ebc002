"""The names that items of a block can refer to, and what they stand for once all names are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, final

from .base import Path
from .blocks import Use
from .diagnostics import Diagnostic
from .items import arguments_of, called
from .names import Names, referred
from .values import Env
from .vocabulary import Vocabulary
from .wording import did_you_mean
from .yaml import Document, Place

REFERENCES = ("mask", "query_mask", "value_mask", "key_mask", "attention_mask", "initial_state")
"""The arguments of a call that name values."""


@final
@dataclass(frozen=True, slots=True)
class Ref:
    """A reference as a scope writes it, or one of the outputs of the scope."""

    scope: Scope
    text: str | int


@final
@dataclass(slots=True)
class Scope:
    """One block instance, or the model: the names that its items can refer to, and those that are taken.

    ``use`` is the number of the use, None for the model; ``operands`` are what a block is fed. ``table`` has what each
    name stands for: the flat name of an item, an instance, or what a use that repeats not even once hands on.
    ``last`` is the name of the newest item, ``taken`` has names in lower case. ``incomplete`` is a scope in which
    something was refused, whose names are not known.
    """

    use: int | None
    prefix: str
    operands: dict[str, Ref]
    env: Env
    outputs: tuple[str, ...] = ()
    table: dict[str, str | Scope | Sequence[Ref]] = field(default_factory=dict)
    last: str | None = None
    names: Names = field(default_factory=Names)
    taken: set[str] = field(default_factory=set)
    incomplete: bool = False

    def free(self, stem: str) -> str:
        """Return the next name of a stem that is not taken, and take it."""
        name = self.names.next(stem)
        while name.lower() in self.taken:
            name = self.names.next(stem)
        self.taken.add(name.lower())
        return name


@final
@dataclass(frozen=True, slots=True)
class Pending:
    """An item whose references are still names of its scope; ``above`` is the item that would feed it."""

    scope: Scope
    index: int
    above: str | None
    path: Path
    flat: Path


@final
@dataclass(frozen=True, slots=True)
class Fed:
    """What a use of ``block`` says that it takes."""

    block: str
    ref: Ref
    path: Path


_Way: TypeAlias = tuple[int, str | int]


@final
class Resolver:
    """Writes flat names in place of the names of scopes, into the items themselves."""

    def __init__(
        self,
        document: Document,
        inputs: Mapping[str, Any],
        items: Sequence[Any],
        uses: Sequence[Use],
        problems: list[Diagnostic],
    ) -> None:
        self.document, self.inputs, self.problems = document, inputs, problems
        self.items, self.uses = items, uses
        self.vocabularies: dict[int, Vocabulary] = {}
        self.known: dict[_Way, str | None] = {}

    def resolve(self, pending: Sequence[Pending], places: Mapping[Path, Place]) -> None:
        """Write the flat name of what each item takes."""
        before: dict[int, str] = {}
        if len(self.inputs) == 1:
            before[0] = next(iter(self.inputs))
        for index, item in enumerate(self.items[:-1]):
            arguments = arguments_of(item)
            if isinstance(arguments, Mapping) and isinstance(arguments.get("name"), str):
                before[index + 1] = arguments["name"]
        for one in pending:
            item, scope = self.items[one.index], one.scope
            arguments = arguments_of(item)
            if called(item) == "call":
                arguments["layer"] = self._layer(scope, arguments.get("layer"), one.path)
            self._feed(one, arguments, before, places)
            call = arguments.get("call")
            if isinstance(call, Mapping):
                arguments["call"] = {
                    key: self._named(scope, value, (*one.path, "call", key))
                    if key in REFERENCES
                    else value
                    for key, value in call.items()
                }

    def _feed(
        self,
        one: Pending,
        arguments: dict[str, Any],
        before: Mapping[int, str],
        places: Mapping[Path, Place],
    ) -> None:
        """Write what an item takes, but for what it would take anyway."""
        given, scope, above = arguments.get("inputs"), one.scope, one.above
        if given is not None:
            arguments["inputs"] = self._named(scope, given, (*one.path, "inputs"))
            return
        if above is None:
            if scope.use is None:
                return
            if len(scope.operands) > 1:
                takes = ", ".join(f"`{name}`" for name in scope.operands)
                message = "the first item of a block that takes several values says which it takes"
                help = f"add `inputs:` with {takes}"
                self.problems.append(Diagnostic("HB305", message, places[one.flat].key, help=help))
                return
            above = next(iter(scope.operands))
        found = self.follow(Ref(scope, above))
        if found is not None and found != before.get(one.index):
            arguments["inputs"] = found

    def _named(self, scope: Scope, given: Any, path: Path) -> Any:
        """Replace names of a scope by flat names; what is no name is left to the validation."""
        if isinstance(given, tuple):
            return tuple(
                self._named(scope, one, (*path, index)) if isinstance(one, str) else one
                for index, one in enumerate(given)
            )
        if not isinstance(given, str):
            return given
        found = self.follow(Ref(scope, given))
        if found is None and scope.use is not None:
            self._unknown(given, scope, path)
        return given if found is None else found

    def _layer(self, scope: Scope, given: Any, path: Path) -> Any:
        """Return the flat name of what a call applies: one layer, and not a value or all that a block holds."""
        entry = scope.table.get(given) if isinstance(given, str) else None
        what = None
        if isinstance(given, str) and given in scope.operands:
            what = "what the block takes"
        elif isinstance(entry, Scope) and len(entry.table) > 1:
            what = (
                f"a use of the block `{self.uses[entry.use or 0].block}`, which has several items"
            )
        elif entry is not None and not isinstance(entry, str | Scope):
            what = "a use that repeats not even once"
        if what is None:
            return self._named(scope, given, (*path, "layer"))
        span = replace(self.document.span((*path, "layer")), used=scope.env.used)
        message = f"`call` applies `{given}`, which is {what}"
        self.problems.append(Diagnostic("HB301", message, span, help="a call names one layer"))
        return given

    def feeds(self, fed: Sequence[Fed]) -> None:
        """Hold what uses take against the names of their scopes."""
        for one in fed:
            if self.follow(one.ref) is None:
                self._unknown(str(one.ref.text), one.ref.scope, one.path, one.block)

    def _unknown(self, text: str, scope: Scope, path: Path, taker: str = "") -> None:
        """Report a name that a scope does not know, unless it may be that of something that was refused.

        Of the model, ``taker`` is who takes it; a block sees nothing but what is in it.
        """
        if scope.incomplete:
            return
        message = f"`{taker}` takes `{text}`, which is no layer and no input"
        if scope.use is not None:
            message = f"the block `{self.uses[scope.use].block}` has no item and no input `{text}`"
        meant = referred(text)
        around = self.inputs if scope.use is None else scope.operands
        if id(scope) not in self.vocabularies:
            self.vocabularies[id(scope)] = Vocabulary((*around, *scope.table))
        known = self.vocabularies[id(scope)]
        if meant is not None and (meant[0] in around or meant[0] in scope.table):
            name, number = meant
            circle = f"what `{name}` stands for leads back to it"
            help = circle if number is None else f"`{name}` has no output {number}"
        else:
            help = did_you_mean(text, known) or f"known: {known.listed()}"
        span = replace(self.document.span(path), used=scope.env.used)
        self.problems.append(Diagnostic("HB301", message, span, help=help))

    def follow(self, ref: Ref) -> str | None:
        """Return the flat name behind a reference, with the number of an output where it has one.

        None where it leads nowhere, or round in a circle.
        """
        passed: dict[_Way, str] = {}
        found, rest = self._step(ref, passed)
        while isinstance(found, Ref):
            found, rest = self._step(found, passed, rest)
        # Who asks for a part of this way need not go it again.
        for way, behind in passed.items():
            self.known[way] = None if found is None else f"{found}{rest}".removesuffix(behind)
        return None if found is None else f"{found}{rest}"

    def _step(
        self, ref: Ref, passed: dict[_Way, str], rest: str = ""
    ) -> tuple[Ref | str | None, str]:
        """Return what a reference stands for, and what comes behind its name."""
        scope, text, way = ref.scope, ref.text, (id(ref.scope), ref.text)
        if way in self.known or way in passed:
            return self.known.get(way), rest
        passed[way] = rest
        if isinstance(text, int):
            outputs = scope.outputs or ((scope.last,) if scope.last else ())
            return (Ref(scope, outputs[text]) if text < len(outputs) else None), rest
        meant = referred(text)
        if meant is None:
            return None, rest
        name, number = meant
        of_it = "" if number is None else f".{number}"
        entry = scope.table.get(name)
        if name in scope.operands:
            return scope.operands[name], f"{of_it}{rest}"
        if isinstance(entry, str):
            return entry, f"{of_it}{rest}"
        if isinstance(entry, Scope):
            return Ref(entry, number or 0), rest
        if entry is not None:
            return (entry[number or 0] if (number or 0) < len(entry) else None), rest
        return (text if scope.use is None and name in self.inputs else None), rest

    def outputs(self, given: Any, model: Scope) -> Any:
        """Return ``outputs:`` of the model in flat names; None where they are the last item."""

        def named(text: Any) -> Any:
            found = self.follow(Ref(model, text)) if isinstance(text, str) else None
            return text if found is None else found

        if isinstance(given, tuple):
            return tuple(named(one) for one in given)
        if isinstance(given, str):
            return named(given)
        if given is not None or model.last is None:
            return given
        last = self.follow(Ref(model, model.last))
        arguments = arguments_of(self.items[-1]) if self.items else None
        final = arguments.get("name") if isinstance(arguments, Mapping) else None
        return None if last == final else last

    def ends(self, instances: Sequence[Scope]) -> None:
        """Note what each instance takes and returns; refuse what no item returns, where nothing else is wrong."""
        for inner in instances:
            use = self.uses[inner.use or 0]
            outputs = [self.follow(Ref(inner, k)) for k in range(max(1, len(inner.outputs)))]
            operands = map(self.follow, inner.operands.values())
            use.outputs = tuple(one for one in outputs if one is not None)
            use.operands = tuple(one for one in operands if one is not None)
            if None in outputs and not self.problems:
                text = inner.outputs[outputs.index(None)] if inner.outputs else inner.last
                message = f"the output `{text}` of the block `{use.block}` is none of its items"
                span = self.document.span(("blocks", use.block, "outputs"))
                span = replace(span, used=((use.block, use.span), *use.span.used))
                self.problems.append(Diagnostic("HB307", message, span))
