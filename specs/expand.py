"""From what is written to what it stands for: blocks, variables and calculations.

A document is expanded before anything in it is validated: every calculation is replaced by its
value and every use of a block by the block's items. Each item keeps its place in the text, and the
places of the uses that led to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, final

from pydantic import ValidationError

from . import arithmetic
from .arithmetic import ArithmeticMistake, Formula, Literal
from .base import NAME, Path
from .blocks import INDEX, USE, Block, BlockSpec, Expansion, Head, Origin, Use
from .diagnostics import Diagnostic, Span, SpecError
from .faults import faults_of
from .items import argument_of, arguments_of, called
from .names import stem
from .scopes import Fed, Pending, Ref, Resolver, Scope
from .values import Env, Values
from .vocabulary import Vocabulary
from .wording import describe, did_you_mean, nearest, no_name
from .yaml import Document, Place

MAX_ITEMS: Final = 20_000
"""Items that the blocks of one spec may become."""
MAX_NESTING: Final = 20
REFUSED: Final = object()
"""Stands for a word that was reported to be wrong, since nothing is one too."""


@final
@dataclass(frozen=True)
class Expanded:
    """A flat document, and how it came about.

    ``places`` are those that read ``$classes``, ``failed`` the paths of values that could not be
    computed, ``fractions`` those of whole numbers that a division made fractions. Where variables
    or blocks could not be read, ``document`` is the one given.
    """

    document: Document
    expansion: Expansion
    places: tuple[Span, ...]
    failed: frozenset[Path]
    fractions: frozenset[Path]
    problems: tuple[Diagnostic, ...]


def expand(
    document: Document, values: Mapping[str, Any], unknown: Mapping[str, tuple[str, str | None]]
) -> Expanded:
    """Compute what is computed and put the items of blocks in place of their uses.

    Args:
        document: the document as it was read.
        values: what `$` names stand for besides the variables of the document.
        unknown: names that exist but have no value, each with the sentence and the help that say why.

    Raises:
        SpecError: HB104 where the blocks become too many items.
    """
    problems: list[Diagnostic] = []
    calculated = Values(document, unknown, problems)
    flat, expansion = document, Expansion()
    if isinstance(document.data, Mapping):
        head = _Head(document, problems)
        if head.read():
            env = head.variables(values, calculated)
            flat, expansion = _Expander(document, head, calculated, problems).run(env)
    return Expanded(
        flat,
        expansion,
        tuple(calculated.classes),
        frozenset(calculated.failed),
        frozenset(calculated.fractions),
        tuple(problems),
    )


@final
class _Head:
    """What stands above the layers: variables, and blocks with their ``bodies``."""

    def __init__(self, document: Document, problems: list[Diagnostic]) -> None:
        self.document, self.problems = document, problems
        self.blocks: dict[str, Block] = {}
        self.bodies: dict[str, tuple[Any, ...]] = {}

    def read(self) -> bool:
        """Read the blocks; tell whether they and the variables could be read."""
        data = self.document.data
        given = {key: data[key] for key in ("variables", "blocks") if data.get(key) is not None}
        if not given:
            return True
        try:
            head = Head.model_validate(given)
        except ValidationError as error:
            for fault in faults_of(error, Head, "the spec", data):
                span = self.document.span(fault.path, fault.at)
                self._report(fault.code, fault.message, span, fault.help)
            return False
        for name, block in head.blocks.items():
            self._block(name, block)
        return not self.problems

    def variables(self, given: Mapping[str, Any], calculated: Values) -> Env:
        """Return what `$` names stand for at the top: what is given, and the variables."""
        values = dict(given)
        names = Vocabulary(f"${name}" for name in (*values, *calculated.unknown))
        env = Env(values, names)
        for name, value in (self.document.data.get("variables") or {}).items():
            path = ("variables", name)
            if name in (INDEX, "classes"):
                span = self.document.span(path, "key")
                self._report("HB211", f"the variable `{name}` has a meaning of its own", span)
                continue
            if not self._plain(value, path, "a variable"):
                continue
            # A variable reads those above it.
            values[name] = calculated.bound(value, path, path, env)
            names.add(f"${name}")
        return env

    def _block(self, name: str, spec: BlockSpec) -> None:
        from .registries import ENTRY

        span = self.document.span(("blocks", name), "key")
        if name in ENTRY or name in ENTRY.refused:
            self._report("HB211", f"`{name}` is the name of a layer", span, "choose another name")
        parameters: dict[str, Formula | None] = {}
        for position, one in enumerate(spec.parameters):
            path = ("blocks", name, "parameters", position)
            if isinstance(one, Mapping) and len(one) != 1:
                self._report(
                    "HB206",
                    "a parameter is written `name`, or `name: default`",
                    self.document.span(path),
                    "begin an item of its own for each",
                )
                continue
            ((key, default),) = one.items() if isinstance(one, Mapping) else ((one, None),)
            if key in (*USE, INDEX, "classes") or key in parameters:
                why = "is named twice" if key in parameters else "has a meaning of its own"
                self._report("HB211", f"the parameter `{key}` {why}", self.document.span(path))
            parameters[key] = self._default(default, path) if isinstance(one, Mapping) else None
        inputs = (spec.inputs,) if isinstance(spec.inputs, str) else spec.inputs
        for position, one in enumerate(inputs):
            if one in inputs[:position]:
                at = self.document.span(("blocks", name, "inputs", position))
                self._report("HB211", f"the input `{one}` is named twice", at)
        outputs = (spec.outputs,) if isinstance(spec.outputs, str) else spec.outputs or ()
        self.blocks[name] = Block(name, parameters, inputs, outputs, len(spec.layers), span)
        self.bodies[name] = spec.layers

    def _plain(self, value: Any, path: Path, what: str) -> bool:
        """Hold a variable or a default against what they can be."""
        if isinstance(value, tuple):
            return all(self._plain(one, (*path, k), what) for k, one in enumerate(value))
        if isinstance(value, Mapping):
            message = f"{what} is a number, a word, or a list of them, not {describe(value)}"
            self._report("HB204", message, self.document.span(path))
            return False
        return True

    def _default(self, value: Any, path: Path) -> Formula:
        if not self._plain(value, path, "the default of a parameter"):
            return Literal(None)
        if isinstance(value, str) and arithmetic.is_formula(value):
            try:
                return arithmetic.parse(value)
            except ArithmeticMistake as fault:
                self._report("HB212", fault.message, self.document.span(path), fault.help)
        return Literal(value)

    def _report(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.problems.append(Diagnostic(code, message, span, help=help))


@final
@dataclass(frozen=True, slots=True)
class _Meant:
    """What a use of a block says: as it is written, and as values. It stands at ``path``, its arguments at ``spot``."""

    block: Block
    path: Path
    spot: Path
    span: Span
    position: int
    name: str | None
    turns: int
    turns_formula: Formula
    repeats: bool
    operands: list[Ref]
    formulas: Mapping[str, Formula]
    values: Mapping[str, Any]


@final
class _Expander:
    """Makes the flat document, item by item."""

    def __init__(
        self, document: Document, head: _Head, values: Values, problems: list[Diagnostic]
    ) -> None:
        self.document, self.values, self.problems = document, values, problems
        self.blocks, self.bodies = head.blocks, head.bodies
        inputs = document.data.get("inputs")
        self.inputs: Mapping[str, Any] = inputs if isinstance(inputs, Mapping) else {}
        self.items: list[Any] = []
        self.origins: list[Origin] = []
        self.uses: list[Use] = []
        self.instances: list[Scope] = []
        self.pending: list[Pending] = []
        self.fed: list[Fed] = []
        self.places: dict[Path, Place] = {}
        self.below: dict[Path, list[tuple[Path, Place]]] = {}
        self.used_blocks: set[str] = set()

    def run(self, env: Env) -> tuple[Document, Expansion]:
        """Return the flat document, and how it came of the blocks."""
        data = self.document.data
        flat = {
            key: self.values.bound(part, (key,), (key,), env)
            for key, part in data.items()
            if key not in ("variables", "blocks", "layers")
        }
        self.places |= {
            path: place
            for path, place in self.document.places.items()
            if path[:1] not in (("variables",), ("blocks",), ("layers",))
        }
        layers = data.get("layers")
        expansion = Expansion(self.blocks)
        if isinstance(layers, tuple) and self.blocks:
            model = Scope(None, "", {}, env)
            self.scope(layers, ("layers",), model)
            resolver = Resolver(self.document, self.inputs, self.items, self.uses, self.problems)
            outputs = resolver.outputs(flat.get("outputs"), model)
            if outputs is not None:
                flat["outputs"] = outputs
            resolver.feeds(self.fed)
            resolver.resolve(self.pending, self.places)
            resolver.ends(self.instances)
            flat["layers"] = tuple(self.items)
            self.places[("layers",)] = self.document.places[("layers",)]
            origins = tuple(self.origins)
            expansion = Expansion(self.blocks, tuple(self.uses), origins, self.values.formulas)
        elif "layers" in data:
            flat["layers"] = self.values.bound(layers, ("layers",), ("layers",), env)
            self.places |= {
                path: place
                for path, place in self.document.places.items()
                if path[:1] == ("layers",)
            }
        self.unused()
        # As they stand in the text; after them the outputs, where it does not say which they are.
        ordered = {key: flat[key] for key in (*data, "outputs") if key in flat}
        return replace(self.document, data=ordered, places=self.places), expansion

    def report(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.problems.append(Diagnostic(code, message, span, help=help))

    def unused(self) -> None:
        for name, block in self.blocks.items():
            if name not in self.used_blocks:
                message = f"the block `{name}` is never used, so what it holds is not checked"
                help = f"use it with an item `- {name}`, or remove it"
                self.problems.append(
                    Diagnostic("HB213", message, block.span, help=help, severity="warning")
                )

    # Items

    def scope(self, items: Sequence[Any], base: Path, scope: Scope) -> None:
        """Expand the items of one scope, each fed by the one above unless it says otherwise."""
        scope.taken |= {str(one).lower() for one in self.around(scope)}
        for item in items:
            written = argument_of(item, "name")
            if isinstance(written, str) and "{" not in written:
                scope.taken.add(written.lower())
                turns = self.foreseen(argument_of(item, "repeat"), scope.env)
                scope.taken |= {f"{written}_{turn + 1}".lower() for turn in range(turns)}
        for position, item in enumerate(items):
            path = (*base, position)
            self.see_there_is_room(self.items, path, scope.env)
            name = called(item)
            if name in self.blocks:
                self.use(self.blocks[name], item, position, path, scope)
            else:
                self.plain(item, position, path, scope)

    def around(self, scope: Scope) -> Mapping[str, Any]:
        """Return what is fed into a scope, by name."""
        return self.inputs if scope.use is None else scope.operands

    def see_there_is_room(self, among: Sequence[Any], path: Path, env: Env) -> None:
        if len(among) > MAX_ITEMS:
            message = f"the blocks of the spec become more than {MAX_ITEMS:,} layers"
            span = self.values.at(path, env)
            raise SpecError([Diagnostic("HB104", message, span, help="repeat less")])

    def plain(self, item: Any, position: int, path: Path, scope: Scope) -> None:
        """Add a layer, a function or a further call."""
        name, env = called(item), scope.env
        flat: Path = ("layers", len(self.items))
        self.move(path, flat, env.used)
        self.origins.append(Origin(scope.use, position, None))
        if name is not None and self.misspelled(name, path, env):
            scope.incomplete = True
            self.values.failed.add(flat)
            self.items.append(None)
            return
        if name is None or not isinstance(arguments_of(item), Mapping):
            # What it is instead is said where items are validated.
            self.items.append(self.values.bound(item, path, flat, env))
            return
        if isinstance(item, str):
            self.places[(*flat, name)] = self.places[flat]
        inner, outer = (*path, name), (*flat, name)
        arguments = self.values.bound(dict(arguments_of(item)), inner, outer, env)
        written = arguments.get("name")
        local = written if isinstance(written, str) else None
        self.origins[-1] = Origin(scope.use, position, local)
        bare = local == "" and scope.use is not None
        if local is None or bare:
            layer = arguments.get("layer")
            called_one = isinstance(layer, str) and re.fullmatch(NAME, layer)
            of_call = f"{layer}_call" if called_one else "call"
            local = scope.free(of_call if name == "call" else stem(_class(name)))
        elif not isinstance(scope.table.get(local, local), str) or local in scope.operands:
            self.twice(local, (*inner, "name"), env)
        self.pending.append(Pending(scope, len(self.items), scope.last, inner, outer))
        self.items.append({name: arguments})
        if written is None or isinstance(written, str):  # what else it is, is said elsewhere
            arguments["name"] = scope.prefix[:-1] if bare else scope.prefix + local
        # Of two items of one name, which is reported where all names are known, the first is meant.
        scope.table.setdefault(local, str(arguments["name"]))
        scope.last = local

    def twice(self, name: str, path: Path, env: Env) -> None:
        """Report a name that something else in the same scope has."""
        message = f"the name `{name}` is used twice"
        self.report("HB211", message, self.values.at(path, env), "choose another name")

    @cached_property
    def block_names(self) -> Vocabulary:
        return Vocabulary(self.blocks)

    def misspelled(self, name: str, path: Path, env: Env) -> bool:
        """Report a name that is no layer's and resembles a block's."""
        from .registries import ENTRY

        if name in ENTRY or name in ENTRY.refused:
            return False
        help = did_you_mean(name, self.block_names)
        if help is None:
            return False
        spot = (*path, name) if (*path, name) in self.document.places else path
        message = f"`{name}` is neither a layer nor a block"
        self.report("HB205", message, self.values.at(spot, env, "key"), help)
        return True

    def foreseen(self, repeat: Any, env: Env) -> int:
        """Return how often a use will be repeated, as far as that can be told without a word about it."""
        try:
            if isinstance(repeat, str) and arithmetic.is_formula(repeat):
                repeat = arithmetic.evaluate(arithmetic.parse(repeat), env.values)
        except ArithmeticMistake:
            return 0
        whole = isinstance(repeat, int) and not isinstance(repeat, bool)
        return repeat if whole and 0 <= repeat <= MAX_ITEMS else 0

    # Uses of blocks

    def use(self, block: Block, item: Any, position: int, path: Path, scope: Scope) -> None:
        """Add the items of a block, once for each repetition."""
        self.used_blocks.add(block.name)
        meant = self.meant(block, item, position, path, scope)
        if meant is None or not self.repeated(meant, scope):
            scope.incomplete = True

    def meant(
        self, block: Block, item: Any, position: int, path: Path, scope: Scope
    ) -> _Meant | None:
        """Return what a use says; None where it was refused."""
        env = scope.env
        spot = (*path, block.name) if isinstance(item, Mapping) else path
        span = self.values.at(spot, env, "key")
        way = [name for name, _ in reversed(env.used)]
        if block.name in way or len(way) >= MAX_NESTING:
            chain = f"{MAX_NESTING} levels"
            if block.name in way:
                circle = (*way[way.index(block.name) :], block.name)
                chain = " -> ".join(f"`{one}`" for one in circle)
            self.report("HB302", f"a block cannot be part of itself: {chain}", span)
            return None
        arguments = arguments_of(item)
        if not isinstance(arguments, Mapping):
            message = (
                f"the arguments of `{block.name}` must be a mapping, not {describe(arguments)}"
            )
            self.report("HB204", message, span)
            return None
        turns, turns_formula = self.turns(arguments, spot, env)
        operands = self.operands(block, arguments, spot, scope)
        formulas, values = self.parameters(block, arguments, spot, env)
        if turns is None or operands is None or values is None:
            return None
        if turns != 1 and len(block.inputs) != max(1, len(block.outputs)):
            message = f"`{block.name}` cannot repeat: it does not return as many values as it takes"
            self.report("HB207", message, self.values.at((*spot, "repeat"), env, "key"))
            return None
        repeats = "repeat" in arguments
        name = self.word(arguments.get("name"), (*spot, "name"), env)
        if name is REFUSED:
            return None
        if name == "" and (scope.use is None or repeats):
            message = "only a block used once in a block can do without a name of its own"
            self.report("HB207", message, self.values.at((*spot, "name"), env))
            return None
        if not isinstance(name, str | None):
            message = f"the name of a use must be a word, not {describe(name)}"
            self.report("HB204", message, self.values.at((*spot, "name"), env))
            return None
        return _Meant(
            block, path, spot, span, position, name, turns, turns_formula, repeats, operands, formulas, values
        )  # fmt: skip

    def repeated(self, meant: _Meant, scope: Scope) -> bool:
        """Add the items of each turn; tell whether all could have names."""
        name, feeds = meant.name, meant.operands
        base = name or scope.free(meant.block.name)
        whole = base if name and "{" not in base else None
        if whole is not None and not self.can_be_named(whole, scope, meant.spot):
            return False
        made: Scope | None = None
        for turn in range(meant.turns):
            self.see_there_is_room(self.uses, meant.path, scope.env)
            before = len(self.problems)
            key = self.instance(base, turn, meant, scope.env)
            if len(self.problems) > before:
                return False
            if name and key != whole and not self.can_be_named(key, scope, meant.spot):
                return False
            made = self.turn(meant, key, turn, feeds, scope)
            feeds = [Ref(made, k) for k in range(len(meant.block.inputs))]
        if whole is not None or made is None:
            scope.last = base if "{" not in base else scope.free(meant.block.name)
            scope.table[scope.last] = meant.operands if made is None else made
        return True

    def turn(self, meant: _Meant, key: str, turn: int, feeds: Sequence[Ref], scope: Scope) -> Scope:
        """Add the items of one turn, by the name ``key``."""
        block, bare = meant.block, meant.name == ""
        scope.taken.add(key.lower())
        self.uses.append(
            Use(
                block.name,
                scope.prefix[:-1] if bare else scope.prefix + key,
                meant.name and key,
                scope.use,
                meant.position,
                turn,
                meant.turns,
                meant.turns_formula,
                meant.formulas,
                meant.span,
                len(self.uses),
            )
        )
        env = replace(
            scope.env.outer(),
            own={**meant.values, INDEX: turn + 1},
            local=frozenset({*block.parameters, INDEX}),
            used=((block.name, meant.span), *scope.env.used),
        )
        made = Scope(
            len(self.uses) - 1,
            scope.prefix if bare else f"{scope.prefix}{key}_",
            dict(zip(block.inputs, feeds, strict=True)),
            env,
            block.outputs,
        )
        self.instances.append(made)
        scope.table[key] = made
        scope.last = key
        self.scope(self.bodies[block.name], ("blocks", block.name, "layers"), made)
        self.check_outputs(block, made)
        return made

    def can_be_named(self, name: str, scope: Scope, spot: Path) -> bool:
        """Hold the name of a use against the rules of names, and against those of its scope."""
        path = (*spot, "name")
        if not name or not re.fullmatch(NAME, scope.prefix + name):
            message, help = no_name(scope.prefix + name if name else name)
            self.report("HB210", message, self.values.at(path, scope.env), help)
        elif name in scope.table or name in self.around(scope):
            self.twice(name, path, scope.env)
        else:
            return True
        return False

    def check_outputs(self, block: Block, inner: Scope) -> None:
        """Hold the names under `outputs:` of a block against its items."""
        given = self.document.data["blocks"][block.name].get("outputs")
        if inner.incomplete:
            return
        for position, text in enumerate(block.outputs):
            if text.partition(".")[0] in inner.table:
                continue
            path: Path = ("blocks", block.name, "outputs")
            path = path if isinstance(given, str) else (*path, position)
            message = f"the output `{text}` of the block `{block.name}` is none of its items"
            help = did_you_mean(text, Vocabulary(inner.table))
            self.report("HB307", message, self.values.at(path, inner.env), help)

    def turns(
        self, arguments: Mapping[str, Any], spot: Path, env: Env
    ) -> tuple[int | None, Formula]:
        """Return how often a use is repeated, as a number and as it is written."""
        value = arguments.get("repeat", 1)
        path = (*spot, "repeat")
        written: Formula = Literal(value)
        if isinstance(value, str) and arithmetic.is_formula(value):
            computed = self.values.computed(value, path, env)
            if computed is None:
                return None, Literal(1)
            formula, value = computed
            written = arithmetic.bind(formula, env.outer().above)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_ITEMS:
            message = (
                f"`repeat` must be a whole number from 0 to {MAX_ITEMS:,}, not {describe(value)}"
            )
            self.report("HB203", message, self.values.at(path, env))
            return None, written
        return value, written

    def operands(
        self, block: Block, arguments: Mapping[str, Any], spot: Path, scope: Scope
    ) -> list[Ref] | None:
        """Return what a use feeds its block."""
        env = scope.env
        given = self.word(arguments.get("inputs"), (*spot, "inputs"), env)
        if given is REFUSED:
            return None
        if given is None:
            if len(block.inputs) == 1:
                return [Ref(scope, self.above(scope))]
            wanted = ", ".join(f"`{name}`" for name in block.inputs)
            message = f"`{block.name}` takes {len(block.inputs)} values: {wanted}"
            span = self.values.at(spot, env, "key")
            self.report("HB305", message, span, "say which: `inputs: [...]`")
            return None
        texts = (given,) if isinstance(given, str) else given
        span = self.values.at((*spot, "inputs"), env)
        if not isinstance(texts, tuple) or not all(isinstance(one, str) for one in texts):
            self.report("HB204", "`inputs` must be a name or a list of names", span)
            return None
        if len(texts) != len(block.inputs):
            message = f"`{block.name}` takes {len(block.inputs)} values, but receives {len(texts)}"
            self.report("HB306", message, span)
            return None
        found = [Ref(scope, text) for text in texts]
        for position, ref in enumerate(found):
            where: Path = (
                (*spot, "inputs") if isinstance(given, str) else (*spot, "inputs", position)
            )
            self.fed.append(Fed(block.name, ref, where))
        return found

    def word(self, given: Any, path: Path, env: Env) -> Any:
        """Return a word of a use's own, or a list of such, with what stands for variables of the model."""
        if isinstance(given, tuple):
            found = tuple(self.word(one, (*path, k), env) for k, one in enumerate(given))
            return REFUSED if REFUSED in found else found
        if not (isinstance(given, str) and arithmetic.is_formula(given)) or "{" in given:
            return given
        computed = self.values.computed(given, path, env)
        if computed is None:
            return REFUSED
        formula, value = computed
        if arithmetic.names(formula) & env.local:
            # Source has one function for all instances, whose items are wired alike.
            message = "the name and the inputs of a use cannot depend on parameters"
            self.report("HB212", message, self.values.at(path, env))
            return REFUSED
        return value

    def above(self, scope: Scope) -> str:
        """Return what an item takes that does not say so: the item above, or the scope's input."""
        if scope.last is not None:
            return scope.last
        if scope.use is not None:
            return next(iter(scope.operands))
        return next(iter(self.inputs)) if len(self.inputs) == 1 else ""

    def parameters(
        self, block: Block, arguments: Mapping[str, Any], spot: Path, env: Env
    ) -> tuple[dict[str, Formula], dict[str, Any] | None]:
        """Return a use's arguments as they are written and as values; None where they do not fit."""
        wrong = False
        meant: set[str] = set()
        known = Vocabulary((*block.parameters, *USE))
        for key in arguments:
            if key not in block.parameters and key not in USE:
                meant |= set(nearest(str(key), known))
                help = did_you_mean(str(key), known) or f"known here: {known.listed()}"
                message = f"the block `{block.name}` has no parameter `{key}`"
                self.report("HB201", message, self.values.at((*spot, key), env, "key"), help)
                wrong = True
        formulas: dict[str, Formula] = {}
        values: dict[str, Any] = {}
        outer = env.outer()
        for name, default in block.parameters.items():
            path = (*spot, name)
            if name in arguments:
                formula = self.argument(arguments[name], path, env)
                before = len(self.problems)
                value = None if formula is None else self.values.value(formula, path, env)
                if formula is None or len(self.problems) > before:
                    wrong = True
                else:
                    formulas[name] = arithmetic.bind(formula, outer.above)
            elif default is None and name in meant:
                continue
            elif default is None:
                message = f"the block `{block.name}` needs `{name}`"
                span = self.values.at(spot, env, "key")
                self.report("HB202", message, span, f"add `{name}: ...`")
                wrong = True
                continue
            elif wrong and not isinstance(default, Literal):
                # What it reads may be what is wrong.
                continue
            else:
                before = len(self.problems)
                value = self.values.value(default, spot, replace(outer, own=values))
                if len(self.problems) > before:
                    wrong = True
                elif not isinstance(default, Literal):
                    try:
                        formulas[name] = written_default(block, default, formulas, outer)
                    except ArithmeticMistake as fault:
                        span = self.values.at(spot, env, "key")
                        self.report("HB212", fault.message, span, fault.help)
            values[name] = value
        return formulas, None if wrong else values

    def argument(self, value: Any, path: Path, env: Env) -> Formula | None:
        if isinstance(value, str) and arithmetic.is_formula(value):
            return self.values.formula(value, path, env)
        if isinstance(value, tuple):
            parts = [self.argument(one, (*path, index), env) for index, one in enumerate(value)]
            return None if None in parts else arithmetic.Items(tuple(p for p in parts if p))
        if isinstance(value, Mapping):
            message = "an argument of a block is a number, a word, or a list of them"
            self.report("HB204", message, self.values.at(path, env))
            return None
        return Literal(value)

    def instance(self, base: str, turn: int, meant: _Meant, env: Env) -> str:
        """Return the name of one turn: filled in where it has braces, numbered where it repeats."""
        if "{" not in base:
            return f"{base}_{turn + 1}" if meant.repeats else base
        inner = replace(env, own={**env.own, INDEX: turn + 1})
        return self.values.name(base, (*meant.spot, "name"), inner)

    def move(self, path: Path, flat: Path, used: tuple[tuple[str, Span], ...]) -> None:
        """Give a flat item the places of the item that it came from."""
        if not self.below:
            for one, place in self.document.places.items():
                depth = 2 if one[:1] == ("layers",) else 4 if one[:1] == ("blocks",) else 0
                if depth and len(one) >= depth:
                    self.below.setdefault(one[:depth], []).append((one[depth:], place))
        for rest, place in self.below.get(path, ()):
            key, value = place.key, place.value
            if used:
                key, value = replace(key, used=used), replace(value, used=used)
            self.places[(*flat, *rest)] = Place(key, value)


def written_default(
    block: Block, default: Formula, formulas: Mapping[str, Formula], outer: Env
) -> Formula:
    """Return a default that reads other parameters, in terms of what those are given.

    Raises:
        ArithmeticMistake: where it cannot be computed so.
    """
    plain = {name: one for name, one in block.parameters.items() if isinstance(one, Literal)}
    free = arithmetic.bind(
        default,
        {
            name: outer.above[name]
            for name in arithmetic.names(default)
            if name in outer.above and name not in block.parameters
        },
    )
    return arithmetic.bind(arithmetic.substitute(free, {**plain, **formulas}), {})


def _class(name: str) -> str:
    """Return the name of the class behind another spelling of it."""
    from .registries import ENTRY

    return ENTRY.aliases.get(name, name)
