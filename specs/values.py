"""What `$` names stand for, and the values of what is calculated of them."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

from . import arithmetic
from .arithmetic import ArithmeticMistake, Formula
from .base import Path
from .diagnostics import Diagnostic, Span
from .vocabulary import Vocabulary
from .wording import did_you_mean
from .yaml import Document

SLOT = re.compile(r"\{([^{}]*)\}")


@final
@dataclass(frozen=True, slots=True)
class Env:
    """What the `$` names of one scope stand for.

    ``above`` are those of the model, by their ``names``; ``own`` are those of a block, of which ``local`` names all.
    ``used`` are the uses of blocks that led here, the innermost first. ``hiding`` keeps what :meth:`outer` made.
    """

    above: dict[str, Any]
    names: Vocabulary
    own: dict[str, Any] = field(default_factory=dict)
    local: frozenset[str] = frozenset()
    used: tuple[tuple[str, Span], ...] = ()
    hiding: dict[frozenset[str], Env] = field(default_factory=dict)

    @property
    def values(self) -> Mapping[str, Any]:
        """The value of each name."""
        return ChainMap(self.own, self.above)

    def known(self) -> Vocabulary:
        """Return the names, those of the block first."""
        return Vocabulary((f"${name}" for name in self.own), self.names)

    def outer(self) -> Env:
        """Return what stands above the blocks, without what the names of this one hide of it."""
        if not any(name in self.above for name in self.local):
            return Env(self.above, self.names, used=self.used, hiding=self.hiding)
        if self.local not in self.hiding:  # once for all uses of a block: it holds all variables
            above = {name: value for name, value in self.above.items() if name not in self.local}
            self.hiding[self.local] = Env(above, Vocabulary(f"${name}" for name in above))
        return replace(self.hiding[self.local], used=self.used)


@final
class Values:
    """Puts the values of calculations in their place, and keeps what there is to say of them.

    ``unknown`` are names that exist but have no value, each with the sentence and the help that say why.
    By paths of the flat document: ``failed`` are the values that could not be computed, ``fractions`` those of whole
    numbers that a division made fractions, ``formulas`` what a block computes of its parameters. ``classes`` are the
    places that read `$classes`.
    """

    def __init__(
        self,
        document: Document,
        unknown: Mapping[str, tuple[str, str | None]],
        problems: list[Diagnostic],
    ) -> None:
        self.document, self.unknown, self.problems = document, unknown, problems
        self.failed: set[Path] = set()
        self.fractions: set[Path] = set()
        self.formulas: dict[Path, Formula] = {}
        self.classes: list[Span] = []

    def bound(self, data: Any, path: Path, flat: Path, env: Env) -> Any:
        """Replace each calculation by its value; ``path`` is where it stands, ``flat`` where it goes."""
        if isinstance(data, str):
            return self._text(data, path, flat, env)
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

    def _text(self, text: str, path: Path, flat: Path, env: Env) -> Any:
        if path[-1] == "name" and "{" in text:
            return self.name(text, path, env)
        if not arithmetic.is_formula(text):
            return text
        computed = self.computed(text, path, env)
        if computed is None:
            self.failed.add(flat)
            return None
        formula, value = computed
        if isinstance(value, float) and value.is_integer() and "/" in text:
            self.fractions.add(flat)
        if arithmetic.names(formula) & env.local:
            self.formulas[flat] = arithmetic.bind(formula, env.outer().above)
        return value

    def computed(self, text: str, path: Path, env: Env) -> tuple[Formula, Any] | None:
        """Return a calculation and its value; None where that was reported to be wrong."""
        before = len(self.problems)
        formula = self.formula(text, path, env)
        value = None if formula is None else self.value(formula, path, env)
        return None if formula is None or len(self.problems) > before else (formula, value)

    def formula(self, text: str, path: Path, env: Env) -> Formula | None:
        """Read a calculation; report HB212 where it is none."""
        try:
            return arithmetic.parse(text)
        except ArithmeticMistake as fault:
            self._report("HB212", fault.message, self.at(path, env), fault.help)
            return None

    def value(self, formula: Formula, path: Path, env: Env) -> Any:
        """Compute a calculation; report HB209, HB212 or HB506 where it has no value."""
        for name in arithmetic.names(formula):
            if name in self.unknown and name not in env.values:
                message, help = self.unknown[name]
                self._report("HB506", message, self.at(path, env), help)
                return 1
        if "classes" in arithmetic.names(formula):
            self.classes.append(self.at(path, env))
        try:
            return arithmetic.evaluate(formula, env.values)
        except ArithmeticMistake as fault:
            if fault.name is None:
                self._report("HB212", fault.message, self.at(path, env), fault.help)
            else:
                known = env.known()
                help = did_you_mean(f"${fault.name}", known) or f"known: {known.listed()}"
                self._report("HB209", fault.message, self.at(path, env), help)
            return None

    def name(self, text: str, path: Path, env: Env) -> str:
        """Fill the braces of a name: `block{$index}`."""

        def fill(found: re.Match[str]) -> str:
            formula = self.formula(found.group(1), path, env)
            value = None if formula is None else self.value(formula, path, env)
            return "" if value is None else str(value)

        return SLOT.sub(fill, text)

    def at(self, path: Path, env: Env, at: str = "value") -> Span:
        """Return where something stands, and the uses of blocks that led there."""
        return replace(self.document.span(path, at), used=env.used)

    def _report(self, code: str, message: str, span: Span, help: str | None) -> None:
        self.problems.append(Diagnostic(code, message, span, help=help))
