"""Blocks, variables and calculations: from what is written to what it stands for.

A document is expanded before anything in it is validated: every calculation is replaced by its
value and every use of a block by the block's items. Each item keeps its place in the text, and the
places of the uses that led to it; :class:`Expansion` keeps which item came from where, so that
emitters can write the blocks as functions and the repetitions as loops.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from . import arithmetic
from .arithmetic import ArithmeticMistake, Formula, Literal
from .base import Path
from .diagnostics import Diagnostic, Span, SpecError
from .faults import faults_of
from .names import Names, stem
from .vocabulary import Vocabulary
from .wording import describe, did_you_mean, nearest
from .yaml import Document, Place

MAX_ITEMS = 20_000
"""Items that the blocks of one spec may become."""

MAX_NESTING = 20
INDEX = "index"
"""The name of the count of a repetition, from 1."""

USE = ("name", "inputs", "repeat")
"""What a use of a block takes besides the block's parameters."""

SLOT = re.compile(r"\{([^{}]*)\}")
REFERENCES = ("mask", "query_mask", "value_mask", "key_mask", "attention_mask", "initial_state")
CONFIG = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

SCALAR = {"type": ["boolean", "integer", "number", "string", "null"]}
Plain = Annotated[
    Any,
    WithJsonSchema({"anyOf": [SCALAR, {"type": "array"}]}),
    Field(description="A number, a word, or a list of them."),
]
LocalName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]


class BlockSpec(BaseModel):
    """A part of a model with parameters, to be used several times."""

    model_config = CONFIG

    parameters: Annotated[
        tuple[LocalName | dict[LocalName, Plain], ...],
        Field(description="Names of the parameters: `filters`, or `stride: 1` with a default."),
    ] = ()
    inputs: Annotated[
        LocalName | tuple[LocalName, ...],
        Field(description="Names of what the block takes. Default: one value, `input`."),
    ] = "input"
    layers: Annotated[
        tuple[Annotated[Any, WithJsonSchema({"$ref": "#/$defs/entry"})], ...],
        Field(min_length=1, description="The block's items; `$filters` reads a parameter."),
    ]
    outputs: Annotated[
        str | tuple[str, ...] | None,
        Field(description="Names of the items that the block returns. Default: the last item."),
    ] = None


VARIABLES = Annotated[
    dict[LocalName, Plain],
    Field(description="Values by name: `width: 64` is read as `$width`."),
]
BLOCKS = Annotated[
    dict[LocalName, BlockSpec],
    Field(description="Parts of the model that are used by name, with parameters."),
]


class Head(BaseModel):
    """The part of a document that says what its names stand for."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, defer_build=True)

    variables: VARIABLES = {}
    blocks: BLOCKS = {}


@dataclass(frozen=True, slots=True)
class Block:
    """A block as its users see it: parameters with their defaults (None: must be given), inputs."""

    name: str
    parameters: Mapping[str, Formula | None]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    size: int
    span: Span


@dataclass(slots=True)
class Use:
    """One instance of a block: one turn of one item that names the block.

    ``parent`` and ``item`` say where the item stands (the use that holds it, None for the model; its
    position there). ``formulas`` holds the arguments, and ``turns_formula`` the number of repetitions,
    in terms of the parent's parameters.
    """

    block: str
    name: str
    local: str | None
    parent: int | None
    item: int
    turn: int
    turns: int
    turns_formula: Formula
    formulas: Mapping[str, Formula]
    span: Span
    number: int
    operands: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a flat item came from: the use that holds it, its position there, its name there.

    ``local`` is None for an item that the spec does not name.
    """

    use: int | None
    item: int
    local: str | None


@dataclass(frozen=True)
class Expansion:
    """How the flat items of a document came of its blocks.

    ``formulas`` holds, by path in the flat document, the values that a block computes of its parameters.
    """

    blocks: Mapping[str, Block] = field(default_factory=dict)
    uses: tuple[Use, ...] = ()
    origins: tuple[Origin, ...] = ()
    formulas: Mapping[Path, Formula] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Ref:
    """A reference as a scope writes it, or one of the outputs of the scope."""

    scope: _Scope
    text: str | int


@dataclass(slots=True)
class _Scope:
    """The names that items of one block instance, or of the model, can refer to."""

    use: int | None
    parent: _Scope | None
    prefix: str
    operands: dict[str, _Ref | _Scope]
    table: dict[str, str | _Scope | _Ref] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    last: str | None = None


@dataclass(frozen=True, slots=True)
class _Env:
    """What the `$` names of one scope stand for.

    ``above`` are those of the model, by their ``names``; ``own`` are those of a block, of which ``local`` names all.
    """

    above: dict[str, Any]
    names: Vocabulary
    own: dict[str, Any] = field(default_factory=dict)
    local: frozenset[str] = frozenset()
    used: tuple[tuple[str, Span], ...] = ()

    @property
    def values(self) -> Mapping[str, Any]:
        return ChainMap(self.own, self.above)

    def known(self) -> Vocabulary:
        return Vocabulary((f"${name}" for name in self.own), self.names)

    def outer(self) -> _Env:
        """Return what stands above the blocks: one object for all that hide nothing of it."""
        if not any(name in self.above for name in self.local):
            return _Env(self.above, self.names, used=self.used)
        above = {name: value for name, value in self.above.items() if name not in self.local}
        return _Env(above, Vocabulary(f"${name}" for name in above), used=self.used)


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
    """
    return _Expander(document, values, unknown).run()


class _Expander:
    def __init__(
        self,
        document: Document,
        values: Mapping[str, Any],
        unknown: Mapping[str, tuple[str, str | None]],
    ) -> None:
        self.document = document
        self.given = values
        self.unknown = unknown
        self.problems: list[Diagnostic] = []
        self.blocks: dict[str, Block] = {}
        self.bodies: dict[str, tuple[Any, ...]] = {}
        self.items: list[Any] = []
        self.origins: list[Origin] = []
        self.uses: list[Use] = []
        self.formulas: dict[Path, Formula] = {}
        self.places: dict[Path, Place] = {}
        self.waiting: list[tuple[_Scope, int, str | None, Path, Path]] = []
        self.instances: list[_Scope] = []
        self.spans: list[Span] = []
        self.failed: set[Path] = set()
        self.fractions: set[Path] = set()
        self.below: dict[Path, list[tuple[Path, Place]]] = {}
        self.used_blocks: set[str] = set()
        self.vocabularies: dict[int, Vocabulary] = {}

    def run(self) -> Expanded:
        data = self.document.data
        if not isinstance(data, Mapping):
            return self.result(self.document, Expansion())
        if not self.head(data):
            return self.result(self.document, Expansion())
        env = self.variables(data)
        flat = {
            key: self.bound(part, (key,), (key,), env)
            for key, part in data.items()
            if key not in ("variables", "blocks", "layers")
        }
        self.places |= {
            path: place
            for path, place in self.document.places.items()
            if path[:1] not in (("variables",), ("blocks",), ("layers",))
        }
        layers = data.get("layers")
        if not isinstance(layers, tuple) or not self.blocks:
            if "layers" in data:
                flat["layers"] = self.bound(layers, ("layers",), ("layers",), env)
                self.keep(("layers",))
            expansion = Expansion(self.blocks)
        else:
            scope = _Scope(None, None, "", {})
            self.scope(layers, ("layers",), env, scope, ())
            self.top_outputs(flat, scope)
            self.resolve()
            self.ends()
            flat["layers"] = tuple(self.items)
            self.places[("layers",)] = self.document.places[("layers",)]
            expansion = Expansion(self.blocks, tuple(self.uses), tuple(self.origins), self.formulas)
        self.unused()
        ordered = {key: flat[key] for key in data if key in flat}
        found = replace(self.document, data=ordered, places=self.places)
        return self.result(found, expansion)

    def result(self, document: Document, expansion: Expansion) -> Expanded:
        failed = frozenset(self.failed)
        fractions = frozenset(self.fractions)
        return Expanded(
            document, expansion, tuple(self.spans), failed, fractions, tuple(self.problems)
        )

    def report(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.problems.append(Diagnostic(code, message, span, help=help))

    # What stands above the layers

    def head(self, data: Mapping[str, Any]) -> bool:
        """Read variables and blocks; tell whether they could be read."""
        given = {key: data[key] for key in ("variables", "blocks") if data.get(key) is not None}
        if not given:
            return True
        try:
            head = Head.model_validate(given)
        except ValidationError as error:
            for fault in faults_of(error, Head, "the spec", data):
                span = self.document.span(fault.path, fault.at)
                self.report(fault.code, fault.message, span, fault.help)
            return False
        for name, block in head.blocks.items():
            self.block(name, block)
        return not self.problems

    def block(self, name: str, spec: BlockSpec) -> None:
        from .registries import ENTRY

        span = self.document.span(("blocks", name), "key")
        if name in ENTRY or name in ENTRY.refused:
            self.report("HB211", f"`{name}` is the name of a layer", span, "choose another name")
        parameters: dict[str, Formula | None] = {}
        for position, one in enumerate(spec.parameters):
            path = ("blocks", name, "parameters", position)
            if isinstance(one, Mapping) and len(one) != 1:
                self.report(
                    "HB206",
                    "a parameter is written `name`, or `name: default`",
                    self.document.span(path),
                    "begin an item of its own for each",
                )
                continue
            ((key, default),) = one.items() if isinstance(one, Mapping) else ((one, None),)
            if key in (*USE, INDEX, "classes") or key in parameters:
                why = "is named twice" if key in parameters else "has a meaning of its own"
                self.report("HB211", f"the parameter `{key}` {why}", self.document.span(path))
            parameters[key] = self.default(default, path) if isinstance(one, Mapping) else None
        inputs = (spec.inputs,) if isinstance(spec.inputs, str) else spec.inputs
        outputs = (spec.outputs,) if isinstance(spec.outputs, str) else spec.outputs or ()
        self.blocks[name] = Block(name, parameters, inputs, outputs, len(spec.layers), span)
        self.bodies[name] = spec.layers

    def plain_value(self, value: Any, path: Path, what: str) -> bool:
        """Hold a variable or a default against what they can be."""
        if isinstance(value, tuple):
            return all(self.plain_value(one, (*path, k), what) for k, one in enumerate(value))
        if isinstance(value, Mapping):
            message = f"{what} is a number, a word, or a list of them, not {describe(value)}"
            self.report("HB204", message, self.document.span(path))
            return False
        return True

    def default(self, value: Any, path: Path) -> Formula:
        if not self.plain_value(value, path, "the default of a parameter"):
            return Literal(None)
        if isinstance(value, str) and arithmetic.is_formula(value):
            try:
                return arithmetic.parse(value)
            except ArithmeticMistake as fault:
                self.report("HB212", fault.message, self.document.span(path), fault.help)
        return Literal(value)

    def variables(self, data: Mapping[str, Any]) -> _Env:
        values = dict(self.given)
        env = _Env(values, Vocabulary(f"${name}" for name in (*values, *self.unknown)))
        for name, value in (data.get("variables") or {}).items():
            path = ("variables", name)
            if name in (INDEX, "classes"):
                span = self.document.span(path, "key")
                self.report("HB211", f"the variable `{name}` has a meaning of its own", span)
                continue
            if not self.plain_value(value, path, "a variable"):
                continue
            # A variable reads those above it.
            values[name] = self.bound(value, path, path, env)
            env.names.add(f"${name}")
        return env

    def unused(self) -> None:
        for name, block in self.blocks.items():
            if name not in self.used_blocks:
                self.problems.append(
                    Diagnostic(
                        "HB213",
                        f"the block `{name}` is never used, so what it holds is not checked",
                        block.span,
                        help=f"use it with an item `- {name}`, or remove it",
                        severity="warning",
                    )
                )

    # Values

    def bound(self, data: Any, path: Path, flat: Path, env: _Env) -> Any:
        """Replace each calculation by its value; ``path`` is where it stands, ``flat`` where it goes."""
        if isinstance(data, str):
            return self.text(data, path, flat, env)
        if isinstance(data, Mapping):
            return {
                key: self.bound(part, (*path, key), (*flat, key), env) for key, part in data.items()
            }
        if isinstance(data, tuple):
            return tuple(
                self.bound(part, (*path, index), (*flat, index), env)
                for index, part in enumerate(data)
            )
        return data

    def text(self, text: str, path: Path, flat: Path, env: _Env) -> Any:
        if path[-1] == "name" and "{" in text:
            return self.name(text, path, env)
        if not arithmetic.is_formula(text):
            return text
        before = len(self.problems)
        formula = self.formula(text, path, env)
        value = None if formula is None else self.value(formula, path, env)
        if formula is None or len(self.problems) > before:
            self.failed.add(flat)
            return None
        if isinstance(value, float) and value.is_integer() and "/" in text:
            self.fractions.add(flat)
        if arithmetic.names(formula) & env.local:
            self.formulas[flat] = arithmetic.bind(formula, env.outer().above)
        return value

    def formula(self, text: str, path: Path, env: _Env) -> Formula | None:
        try:
            return arithmetic.parse(text)
        except ArithmeticMistake as fault:
            self.report("HB212", fault.message, self.at(path, env), fault.help)
            return None

    def value(self, formula: Formula, path: Path, env: _Env) -> Any:
        for name in arithmetic.names(formula):
            if name in self.unknown and name not in env.values:
                message, help = self.unknown[name]
                self.report("HB506", message, self.at(path, env), help)
                return 1
        if "classes" in arithmetic.names(formula):
            self.spans.append(self.at(path, env))
        try:
            return arithmetic.evaluate(formula, env.values)
        except ArithmeticMistake as fault:
            if fault.name is None:
                self.report("HB212", fault.message, self.at(path, env), fault.help)
            else:
                known = env.known()
                help = did_you_mean(f"${fault.name}", known) or f"known: {known.listed()}"
                self.report("HB209", fault.message, self.at(path, env), help)
            return None

    def name(self, text: str, path: Path, env: _Env) -> str:
        """Fill the braces of a name: `block{$index}`."""

        def fill(found: re.Match[str]) -> str:
            formula = self.formula(found.group(1), path, env)
            value = None if formula is None else self.value(formula, path, env)
            return "" if value is None else str(value)

        return SLOT.sub(fill, text)

    def at(self, path: Path, env: _Env, at: str = "value") -> Span:
        return replace(self.document.span(path, at), used=env.used)

    # Items

    def block_of(self, item: Any) -> str | None:
        """Return the name of the block that an item uses."""
        name = _called(item)
        return name if name in self.blocks else None

    def scope(
        self, items: tuple[Any, ...], base: Path, env: _Env, scope: _Scope, way: tuple[str, ...]
    ) -> None:
        """Expand the items of one scope, each fed by the one above unless it says otherwise."""
        taken = {
            name
            for one in items
            if isinstance(name := _argument(one, "name"), str) and "{" not in name
        }
        names = Names()
        for position, item in enumerate(items):
            path = (*base, position)
            block = self.block_of(item)
            if len(self.items) > MAX_ITEMS:
                self.stop(path, env)
            if block is None:
                self.plain(item, position, path, env, scope, names, taken)
            else:
                self.use(block, item, position, path, env, scope, names, taken, way)

    def stop(self, path: Path, env: _Env) -> None:
        message = f"the blocks of the spec become more than {MAX_ITEMS:,} layers"
        raise SpecError([Diagnostic("HB104", message, self.at(path, env), help="repeat less")])

    def plain(
        self,
        item: Any,
        position: int,
        path: Path,
        env: _Env,
        scope: _Scope,
        names: Names,
        taken: set[str],
    ) -> None:
        """Add a layer, a function or a further call."""
        called = _called(item)
        flat: Path = ("layers", len(self.items))
        self.move(path, flat, env.used)
        self.origins.append(Origin(scope.use, position, None))
        if called is not None and self.misspelled(called, path, env):
            self.failed.add(flat)
            self.items.append(None)
            return
        if called is None or not isinstance(_arguments(item), Mapping):
            # What it is instead is said where items are validated.
            self.items.append(self.bound(item, path, flat, env))
            return
        if isinstance(item, str):
            self.places[(*flat, called)] = self.places[flat]
        inner, outer = (*path, called), (*flat, called)
        arguments = self.bound(dict(_arguments(item)), inner, outer, env)
        written = arguments.get("name")
        local = written if isinstance(written, str) else None
        self.origins[-1] = Origin(scope.use, position, local)
        bare = local == "" and scope.use is not None
        if local is None or bare:
            of_call = f"{arguments.get('layer')}_call"
            local = names.free(of_call if called == "call" else stem(_class(called)), taken)
            taken.add(local)
        index = len(self.items)
        self.items.append({called: arguments})
        arguments["name"] = scope.prefix[:-1] if bare else scope.prefix + local
        # Of two items of one name, which is reported where all names are known, the first is meant.
        scope.table.setdefault(local, arguments["name"])
        self.waiting.append((scope, index, scope.last, inner, outer))
        scope.last = local

    @cached_property
    def block_names(self) -> Vocabulary:
        return Vocabulary(self.blocks)

    def misspelled(self, called: str, path: Path, env: _Env) -> bool:
        """Report a name that is no layer's and resembles a block's."""
        from .registries import ENTRY

        if called in ENTRY or called in ENTRY.refused:
            return False
        help = did_you_mean(called, self.block_names)
        if help is None:
            return False
        spot = (*path, called) if (*path, called) in self.document.places else path
        message = f"`{called}` is neither a layer nor a block"
        self.report("HB205", message, self.at(spot, env, "key"), help)
        return True

    def use(
        self,
        block: str,
        item: Any,
        position: int,
        path: Path,
        env: _Env,
        scope: _Scope,
        names: Names,
        taken: set[str],
        way: tuple[str, ...],
    ) -> None:
        """Add the items of a block, once for each repetition."""
        self.used_blocks.add(block)
        spot = (*path, block) if isinstance(item, Mapping) else path
        span = self.at(spot, env, "key")
        if block in way or len(way) >= MAX_NESTING:
            chain = (
                " -> ".join(f"`{one}`" for one in (*way[way.index(block) :], block))
                if (block in way)
                else f"{MAX_NESTING} levels"
            )
            self.report("HB302", f"a block cannot be part of itself: {chain}", span)
            return
        arguments = _arguments(item)
        if not isinstance(arguments, Mapping):
            message = f"the arguments of `{block}` must be a mapping, not {describe(arguments)}"
            self.report("HB204", message, span)
            return
        shape = self.blocks[block]
        turns, turns_formula = self.turns(arguments, spot, env)
        operands = self.operands(shape, arguments, spot, env, scope)
        formulas, values = self.parameters(shape, arguments, spot, env)
        if turns is None or operands is None or values is None:
            return
        if turns != 1 and len(shape.inputs) != max(1, len(shape.outputs)):
            message = f"`{block}` cannot repeat: it does not return as many values as it takes"
            self.report("HB207", message, self.at((*spot, "repeat"), env, "key"))
            return
        written = arguments.get("name")
        auto: str | None = None
        bare = written == "" and scope.use is not None
        if written == "" and (scope.use is None or "repeat" in arguments):
            message = "only a block used once in a block can do without a name of its own"
            self.report("HB207", message, self.at((*spot, "name"), env))
            return
        base = written if isinstance(written, str) and not bare else names.free(block, taken)
        taken.add(base)
        feeds: list[_Ref | _Scope] = list(operands)
        last: _Scope | None = None
        local_names = frozenset({*shape.parameters, INDEX})
        outer = replace(
            env.outer(),
            local=local_names,
            used=((block, self.at(spot, env, "key")), *env.used),
        )
        for turn in range(turns):
            if len(self.items) > MAX_ITEMS:
                self.stop(path, env)
            name = self.instance(base, turn, "repeat" in arguments, spot, env)
            taken.add(name)
            local = written if bare else name if isinstance(written, str) else None
            inner = _Scope(
                len(self.uses),
                scope,
                scope.prefix if bare else f"{scope.prefix}{name}_",
                dict(zip(shape.inputs, feeds, strict=True)),
                outputs=shape.outputs,
            )
            self.uses.append(
                Use(
                    block, scope.prefix[:-1] if bare else scope.prefix + name, local, scope.use, position, turn, turns,
                    turns_formula, formulas, span, len(self.uses),
                )
            )  # fmt: skip
            body = replace(outer, own={**values, INDEX: turn + 1})
            self.instances.append(inner)
            self.scope(self.bodies[block], ("blocks", block, "layers"), body, inner, (*way, block))
            self.check_outputs(shape, inner, body)
            last = inner
            feeds = [_Ref(inner, k) for k in range(len(shape.inputs))]
            auto = name
            if "repeat" in arguments:
                scope.table.setdefault(name, inner)
        plain = isinstance(written, str) and "{" not in written and not bare
        key = str(written) if plain else auto or base
        if plain and key in scope.table:
            message = f"the name `{key}` is used twice"
            self.report("HB211", message, self.at((*spot, "name"), env), "choose another name")
            return
        scope.table[key] = feeds[0] if last is None else last
        scope.last = key

    def check_outputs(self, shape: Block, inner: _Scope, env: _Env) -> None:
        """Hold the names under `outputs:` of a block against its items."""
        given = self.document.data["blocks"][shape.name].get("outputs")
        known = Vocabulary(inner.table)
        for position, text in enumerate(shape.outputs):
            if text.partition(".")[0] in inner.table:
                continue
            path: Path = ("blocks", shape.name, "outputs")
            path = path if isinstance(given, str) else (*path, position)
            message = f"the output `{text}` of the block `{shape.name}` is none of its items"
            help = did_you_mean(text, known)
            self.report("HB307", message, self.at(path, env), help)

    def turns(
        self, arguments: Mapping[str, Any], spot: Path, env: _Env
    ) -> tuple[int | None, Formula]:
        """Return how often a use is repeated, as a number and as it is written."""
        given = arguments.get("repeat", 1)
        formula: Formula | None = Literal(given)
        value = given
        if isinstance(given, str) and arithmetic.is_formula(given):
            formula = self.formula(given, (*spot, "repeat"), env)
            if formula is None:
                return None, Literal(1)
            value = self.value(formula, (*spot, "repeat"), env)
            formula = arithmetic.bind(formula, env.outer().above) if value is not None else formula
        if value is None:
            return None, formula or Literal(1)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_ITEMS:
            message = (
                f"`repeat` must be a whole number from 0 to {MAX_ITEMS:,}, not {describe(value)}"
            )
            self.report("HB203", message, self.at((*spot, "repeat"), env))
            return None, Literal(1)
        return value, formula or Literal(1)

    def operands(
        self, shape: Block, arguments: Mapping[str, Any], spot: Path, env: _Env, scope: _Scope
    ) -> list[_Ref | _Scope] | None:
        """Return what a use feeds its block."""
        given = arguments.get("inputs")
        if given is None:
            if len(shape.inputs) == 1:
                return [_Ref(scope, self.above(scope))]
            wanted = ", ".join(f"`{name}`" for name in shape.inputs)
            message = f"`{shape.name}` takes {len(shape.inputs)} values: {wanted}"
            self.report("HB305", message, self.at(spot, env, "key"), "say which: `inputs: [...]`")
            return None
        texts = (given,) if isinstance(given, str) else given
        if not isinstance(texts, tuple) or not all(isinstance(one, str) for one in texts):
            message = "`inputs` must be a name or a list of names"
            self.report("HB204", message, self.at((*spot, "inputs"), env))
            return None
        if len(texts) != len(shape.inputs):
            message = f"`{shape.name}` takes {len(shape.inputs)} values, but receives {len(texts)}"
            self.report("HB306", message, self.at((*spot, "inputs"), env))
            return None
        return [_Ref(scope, text) for text in texts]

    def above(self, scope: _Scope) -> str:
        """Return what an item takes that does not say so: the item above, or the scope's input."""
        if scope.last is not None:
            return scope.last
        if scope.use is not None:
            return next(iter(scope.operands))
        inputs = self.document.data.get("inputs")
        return next(iter(inputs)) if isinstance(inputs, Mapping) and len(inputs) == 1 else ""

    def parameters(
        self, shape: Block, arguments: Mapping[str, Any], spot: Path, env: _Env
    ) -> tuple[dict[str, Formula], dict[str, Any] | None]:
        """Return a use's arguments as they are written and as values; None where they do not fit."""
        wrong = False
        meant: set[str] = set()
        known = Vocabulary((*shape.parameters, *USE))
        for key in arguments:
            if key not in shape.parameters and key not in USE:
                meant |= set(nearest(str(key), known))
                help = did_you_mean(str(key), known) or f"known here: {known.listed()}"
                message = f"the block `{shape.name}` has no parameter `{key}`"
                self.report("HB201", message, self.at((*spot, key), env, "key"), help)
                wrong = True
        formulas: dict[str, Formula] = {}
        values: dict[str, Any] = {}
        outer = env.outer()
        for name, default in shape.parameters.items():
            path = (*spot, name)
            if name in arguments:
                formula = self.argument(arguments[name], path, env)
                before = len(self.problems)
                value = None if formula is None else self.value(formula, path, env)
                if formula is not None and value is not None:
                    formulas[name] = arithmetic.bind(formula, outer.above)
                wrong = wrong or formula is None or len(self.problems) > before
            elif default is None and name in meant:
                continue
            elif default is None:
                message = f"the block `{shape.name}` needs `{name}`"
                self.report("HB202", message, self.at(spot, env, "key"), f"add `{name}: ...`")
                wrong = True
                continue
            elif wrong and not isinstance(default, Literal):
                # What it reads may be what is wrong.
                continue
            else:
                before = len(self.problems)
                value = self.value(default, spot, replace(outer, own=values))
                if len(self.problems) > before:
                    wrong = True
                elif not isinstance(default, Literal):
                    written = {**self.literals(shape), **formulas}
                    free = arithmetic.bind(
                        default,
                        {
                            name: outer.above[name]
                            for name in arithmetic.names(default)
                            if name in outer.above and name not in shape.parameters
                        },
                    )
                    try:
                        formulas[name] = arithmetic.bind(arithmetic.substitute(free, written), {})
                    except ArithmeticMistake as fault:
                        self.report("HB212", fault.message, self.at(spot, env, "key"), fault.help)
            values[name] = value
        return formulas, None if wrong else values

    def literals(self, shape: Block) -> dict[str, Formula]:
        """Return the parameters whose default is a plain value."""
        return {
            name: default
            for name, default in shape.parameters.items()
            if isinstance(default, Literal)
        }

    def argument(self, value: Any, path: Path, env: _Env) -> Formula | None:
        if isinstance(value, str) and arithmetic.is_formula(value):
            return self.formula(value, path, env)
        if isinstance(value, tuple):
            parts = [self.argument(one, (*path, index), env) for index, one in enumerate(value)]
            return None if None in parts else arithmetic.Items(tuple(p for p in parts if p))
        if isinstance(value, Mapping):
            message = "an argument of a block is a number, a word, or a list of them"
            self.report("HB204", message, self.at(path, env))
            return None
        return Literal(value)

    def instance(self, base: str, turn: int, repeats: bool, spot: Path, env: _Env) -> str:
        """Return the name of one turn: filled in where it has braces, numbered where it repeats."""
        if "{" not in base:
            return f"{base}_{turn + 1}" if repeats else base
        inner = replace(env, own={**env.own, INDEX: turn + 1})
        return self.name(base, (*spot, "name"), inner)

    # References

    def resolve(self) -> None:
        """Write the flat name of what each item takes, now that all names are known."""
        before: dict[int, str] = {}
        given = self.document.data.get("inputs")
        if isinstance(given, Mapping) and len(given) == 1:
            before[0] = next(iter(given))
        for index, item in enumerate(self.items[:-1]):
            arguments = _arguments(item)
            if isinstance(arguments, Mapping) and isinstance(arguments.get("name"), str):
                before[index + 1] = arguments["name"]
        for scope, index, above, path, flat in self.waiting:
            arguments = _arguments(self.items[index])
            if _called(self.items[index]) == "call":
                arguments["layer"] = self.references(
                    scope, arguments.get("layer"), (*path, "layer")
                )
            self.inputs(scope, index, above, path, flat, before)
            call = arguments.get("call")
            if isinstance(call, Mapping):
                arguments["call"] = {
                    key: self.references(scope, value, (*path, "call", key))
                    if key in REFERENCES
                    else value
                    for key, value in call.items()
                }

    def inputs(
        self,
        scope: _Scope,
        index: int,
        above: str | None,
        path: Path,
        flat: Path,
        before: Mapping[int, str],
    ) -> None:
        arguments = _arguments(self.items[index])
        given = arguments.get("inputs")
        if given is not None:
            arguments["inputs"] = self.references(scope, given, (*path, "inputs"))
            return
        if above is None:
            if scope.use is None:
                return
            if len(scope.operands) > 1:
                takes = ", ".join(f"`{name}`" for name in scope.operands)
                message = "the first item of a block that takes several values says which it takes"
                self.report("HB305", message, self.places[flat].key, f"add `inputs:` with {takes}")
                return
            above = next(iter(scope.operands))
        found = self.follow(scope, above)
        if found is not None and found != before.get(index):
            arguments["inputs"] = found

    def references(self, scope: _Scope, given: Any, path: Path) -> Any:
        """Replace names of a scope by flat names; what is no name is left to the validation."""
        if isinstance(given, tuple):
            return tuple(
                self.references(scope, one, (*path, index)) if isinstance(one, str) else one
                for index, one in enumerate(given)
            )
        if not isinstance(given, str):
            return given
        found = self.follow(scope, given)
        if found is None and scope.use is not None:
            use = self.uses[scope.use]
            known = self.vocabulary(scope)
            help = did_you_mean(given, known) or f"known: {known.listed()}"
            message = f"the block `{use.block}` has no item and no input `{given}`"
            used = self.way(scope)
            self.report("HB301", message, replace(self.document.span(path), used=used), help)
        return given if found is None else found

    def vocabulary(self, scope: _Scope) -> Vocabulary:
        """Return the names of a scope, when all are known."""
        if id(scope) not in self.vocabularies:
            self.vocabularies[id(scope)] = Vocabulary((*scope.operands, *scope.table))
        return self.vocabularies[id(scope)]

    def way(self, scope: _Scope) -> tuple[tuple[str, Span], ...]:
        found: list[tuple[str, Span]] = []
        one: _Scope | None = scope
        while one is not None and one.use is not None:
            use = self.uses[one.use]
            found.append((use.block, use.span))
            one = one.parent
        return tuple(found)

    def follow(self, scope: _Scope, text: str) -> str | None:
        """Return the flat name behind a reference, with the number of an output where it has one."""
        base, dot, index = text.partition(".")
        if dot and not index.isdecimal():
            return None
        if base in scope.operands:
            found = self.behind(scope.operands[base], None)
            return f"{found}.{index}" if found is not None and dot else found
        entry = scope.table.get(base)
        if entry is None:
            inputs = self.document.data.get("inputs")
            known = scope.use is None and isinstance(inputs, Mapping) and base in inputs
            return text if known else None
        if isinstance(entry, str):
            return f"{entry}.{index}" if dot else entry
        return self.behind(entry, int(index) if dot else None)

    def behind(self, entry: _Ref | _Scope | str, index: int | None) -> str | None:
        if isinstance(entry, str):
            return entry
        if isinstance(entry, _Ref):
            if isinstance(entry.text, int):
                return self.behind(entry.scope, entry.text)
            return self.follow(entry.scope, entry.text)
        outputs = entry.outputs or ((entry.last,) if entry.last else ())
        number = index or 0
        return self.follow(entry, outputs[number]) if number < len(outputs) else None

    def top_outputs(self, flat: dict[str, Any], scope: _Scope) -> None:
        """Replace the names of blocks under `outputs:` by flat names."""

        def named(text: Any) -> Any:
            found = self.follow(scope, text) if isinstance(text, str) else None
            return text if found is None else found

        given = flat.get("outputs")
        if isinstance(given, tuple):
            flat["outputs"] = tuple(named(one) for one in given)
        elif isinstance(given, str):
            flat["outputs"] = named(given)
        elif scope.last is not None:
            last = self.follow(scope, scope.last)
            arguments = _arguments(self.items[-1]) if self.items else None
            final = arguments.get("name") if isinstance(arguments, Mapping) else None
            if last is not None and last != final:
                flat["outputs"] = last

    def ends(self) -> None:
        """Note what each instance takes and returns, by flat names."""
        for inner in self.instances:
            use = self.uses[inner.use or 0]
            outputs = (self.behind(inner, k) for k in range(max(1, len(inner.outputs))))
            operands = (self.behind(one, None) for one in inner.operands.values())
            use.outputs = tuple(one for one in outputs if one is not None)
            use.operands = tuple(one for one in operands if one is not None)

    # Places

    def keep(self, path: Path) -> None:
        self.places |= {
            one: place for one, place in self.document.places.items() if one[:1] == path[:1]
        }

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


def _called(item: Any) -> str | None:
    """Return the name that an item begins with."""
    if isinstance(item, str):
        return item
    if isinstance(item, Mapping) and len(item) == 1:
        (name,) = item
        return str(name)
    return None


def _arguments(item: Any) -> Any:
    """Return the arguments of an item of the right form."""
    if isinstance(item, Mapping) and len(item) == 1:
        (arguments,) = item.values()
        return {} if arguments is None else arguments
    return {}


def _argument(item: Any, name: str) -> Any:
    arguments = _arguments(item)
    return arguments.get(name) if isinstance(arguments, Mapping) else None


def _class(called: str) -> str:
    """Return the name of the class behind another spelling of it."""
    from .registries import ENTRY

    return ENTRY.aliases.get(called, called)
