"""Numbers that a spec computes: `$filters * 4`, `max($width // 8, 1)`.

The grammar is a small part of Python's: numbers, `$` names, `+ - * / // %`, parentheses and
`min`, `max`, `round`, with Python's meanings. It is read by a parser of its own; nothing is executed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

MAX_LENGTH: Final = 500
MAX_DEPTH: Final = 50
MAX_SIZE: Final = 1_000
MAX_LEVELS: Final = 250
"""How large and how deep a formula may become by putting others into it."""
MAX_PLACES: Final = 20
MAX_SHOWN: Final = 60
LARGEST: Final = 2**53
"""Results lie between this and its negative: whole numbers that a float holds exactly."""

Number = int | float

FORMULA = re.compile(r"\s*(?:[-+($0-9.]|(?:min|max|round)\s*\()")
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)"
    r"|(?P<name>\$[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>//|[-+*/%(),]))",
    re.ASCII,
)
SPACES: Final = " \t\n\r\f\v"
OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
FUNCTIONS: Final[Mapping[str, tuple[Callable[..., Any], int, int]]] = {
    "min": (lambda *numbers: min(numbers), 1, 20),
    "max": (lambda *numbers: max(numbers), 1, 20),
    "round": (round, 1, 2),
}
PRECEDENCE: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2}


class ArithmeticMistake(Exception):  # noqa: N818, it is the user's
    """A text that is no formula, or one that has no value."""

    def __init__(self, message: str, help: str | None = None, name: str | None = None) -> None:
        self.message = message
        self.help = help
        self.name = name
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: a number, or what a name stands for."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A `$` name, without the `$`."""

    text: str


@dataclass(frozen=True, slots=True)
class Negative:
    """The negative of a formula."""

    inner: Formula


@dataclass(frozen=True, slots=True)
class Binary:
    """Two formulas and the operator between them."""

    sign: str
    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Function:
    """`min`, `max` or `round` of formulas."""

    name: str
    arguments: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of formulas."""

    parts: tuple[Formula, ...]


Formula = Literal | Name | Negative | Binary | Function | Items


def is_formula(text: str) -> bool:
    """Tell whether a text of a spec is to be computed: it holds a `$` name and begins like a formula."""
    return "$" in text and FORMULA.match(text) is not None


def parse(text: str) -> Formula:
    """Read a formula.

    Raises:
        ArithmeticMistake: where the text is none.
    """
    if len(text) > MAX_LENGTH:
        raise ArithmeticMistake(f"a calculation has at most {MAX_LENGTH} characters")
    return _Parser(text).whole()


class _Parser:
    """Recursive descent with precedence climbing."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self.split())
        self.depth = 0

    def split(self) -> Iterator[tuple[str, str]]:
        position = 0
        while rest := self.text[position:].strip(SPACES):
            found = TOKEN.match(self.text, position)
            if found is None:
                sign = rest[0]
                raise ArithmeticMistake(f"`{sign}` has no meaning in `{self.text}`", MEANINGS)
            yield str(found.lastgroup), found.group(str(found.lastgroup))
            position = found.end()

    def peek(self) -> str:
        return self.tokens[0][1] if self.tokens else ""

    def take(self, wanted: str) -> None:
        if self.peek() != wanted:
            found = f"`{self.peek()}`" if self.tokens else "the end"
            help = "inside braces a comma ends the value: put it in quotes"
            raise ArithmeticMistake(
                f"`{self.text}` needs a `{wanted}` before {found}", None if self.tokens else help
            )
        self.tokens.pop(0)

    def whole(self) -> Formula:
        found = self.sum(1)
        if self.tokens:
            raise ArithmeticMistake(
                f"`{self.peek()}` stands where `{self.text}` should end", MEANINGS
            )
        return found

    def sum(self, least: int) -> Formula:
        left = self.factor()
        while PRECEDENCE.get(self.peek(), 0) >= least:
            sign = self.tokens.pop(0)[1]
            left = Binary(sign, left, self.sum(PRECEDENCE[sign] + 1))
        return left

    def factor(self) -> Formula:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ArithmeticMistake(f"a calculation is at most {MAX_DEPTH} levels deep")
        try:
            return self.part()
        finally:
            self.depth -= 1

    def part(self) -> Formula:
        if not self.tokens:
            raise ArithmeticMistake(f"`{self.text}` ends where a number should stand")
        kind, text = self.tokens.pop(0)
        if kind == "number":
            return Literal(_bounded(_number(text), text))
        if kind == "name":
            return Name(text[1:])
        if kind == "word":
            return self.function(text)
        if text == "(":
            found = self.sum(1)
            self.take(")")
            return found
        if text == "-":
            return Negative(self.factor())
        if text == "+":
            return self.factor()
        raise ArithmeticMistake(
            f"`{text}` stands where a number should, in `{self.text}`", MEANINGS
        )

    def function(self, name: str) -> Formula:
        if name not in FUNCTIONS:
            help = f"a value by its name is written `${name}`"
            raise ArithmeticMistake(f"`{name}` is no function", help)
        self.take("(")
        arguments = [self.sum(1)]
        while self.peek() == ",":
            self.tokens.pop(0)
            arguments.append(self.sum(1))
        self.take(")")
        _, least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise ArithmeticMistake(
                f"`{name}` takes {least} to {most} numbers, not {len(arguments)}"
            )
        return Function(name, tuple(arguments))


MEANINGS = "numbers, `$` names, + - * / // %, parentheses, min, max and round have one"


def _number(text: str) -> Number:
    return int(text) if text.isdigit() else float(text)


def names(formula: Formula) -> set[str]:
    """Return the `$` names in a formula."""
    match formula:
        case Name(text):
            return {text}
        case Negative(inner):
            return names(inner)
        case Binary(_, left, right):
            return names(left) | names(right)
        case Function(_, parts) | Items(parts):
            return {name for one in parts for name in names(one)}
        case _:
            return set()


def evaluate(formula: Formula, values: Mapping[str, Any]) -> Any:
    """Return the value of a formula; a lone name can stand for any value, all else is a number.

    Raises:
        ArithmeticMistake: for an unknown name, a value that is no number, a division by zero, a
            number that is too large.
    """
    match formula:
        case Literal(value):
            return value
        case Name(text):
            if text not in values:
                raise ArithmeticMistake(f"unknown name `${text}`", name=text)
            return values[text]
        case Items(parts):
            return tuple(evaluate(one, values) for one in parts)
        case Negative(inner):
            return -_numeric(inner, values)
        case Binary(sign, left, right):
            one, other = _numeric(left, values), _numeric(right, values)
            if sign in ("/", "//", "%") and not other:
                raise ArithmeticMistake(f"`{show(formula)}` divides by zero")
            return _bounded(OPERATORS[sign](one, other), formula)
        case Function("round", (inner, digits)):
            places = _numeric(digits, values)
            if not isinstance(places, int) or abs(places) > MAX_PLACES:
                raise ArithmeticMistake(
                    f"`{show(formula)}` rounds to a whole number of places, {MAX_PLACES} at most"
                )
            return _bounded(round(_numeric(inner, values), places), formula)
        case Function(name, arguments):
            return FUNCTIONS[name][0](*(_numeric(one, values) for one in arguments))


def _numeric(formula: Formula, values: Mapping[str, Any]) -> Number:
    value = evaluate(formula, values)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArithmeticMistake(
            f"`{show(formula)}` is {value!r}, which is no number to calculate with"
        )
    return _bounded(value, formula)


def _bounded(value: Number, formula: Formula | str) -> Number:
    if not -LARGEST <= value <= LARGEST:
        text = formula if isinstance(formula, str) else show(formula)
        text = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
        raise ArithmeticMistake(f"`{text}` is larger than any size can be")
    return value


def bind(formula: Formula, values: Mapping[str, Any]) -> Formula:
    """Put values in place of the names that have one, and compute what then can be computed."""
    if all(name in values for name in names(formula)):
        return Literal(evaluate(formula, values))
    match formula:
        case Negative(inner):
            return Negative(bind(inner, values))
        case Binary(sign, left, right):
            return Binary(sign, bind(left, values), bind(right, values))
        case Function(name, arguments):
            return Function(name, tuple(bind(one, values) for one in arguments))
        case Items(parts):
            return Items(tuple(bind(one, values) for one in parts))
        case _:
            return formula


def substitute(formula: Formula, formulas: Mapping[str, Formula]) -> Formula:
    """Put formulas in place of names.

    Raises:
        ArithmeticMistake: for what becomes too large, as by names that stand for doubled names.
    """
    extents = {name: _extent(one, {}) for name, one in formulas.items()}
    size, levels = _extent(formula, extents)
    if size > MAX_SIZE or levels > MAX_LEVELS:
        raise ArithmeticMistake(
            "a calculation with what its names stand for put in becomes too large",
            f"it may hold {MAX_SIZE:,} numbers, names and signs, {MAX_LEVELS} in each other",
        )
    return _substitute(formula, formulas)


def _extent(formula: Formula, extents: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Return how many parts a formula has and how deep they stand, with others in place of names."""
    match formula:
        case Name(text):
            return extents.get(text, (1, 1))
        case Negative(inner):
            parts: tuple[Formula, ...] = (inner,)
        case Binary(_, left, right):
            parts = (left, right)
        case Function(_, parts) | Items(parts):
            pass
        case _:
            return 1, 1
    found = [_extent(one, extents) for one in parts]
    return 1 + sum(size for size, _ in found), 1 + max((deep for _, deep in found), default=0)


def _substitute(formula: Formula, formulas: Mapping[str, Formula]) -> Formula:
    match formula:
        case Name(text):
            return formulas.get(text, formula)
        case Negative(inner):
            return Negative(_substitute(inner, formulas))
        case Binary(sign, left, right):
            return Binary(sign, _substitute(left, formulas), _substitute(right, formulas))
        case Function(name, arguments):
            return Function(name, tuple(_substitute(one, formulas) for one in arguments))
        case Items(parts):
            return Items(tuple(_substitute(one, formulas) for one in parts))
        case _:
            return formula


def show(formula: Formula, named: Mapping[str, str] | None = None) -> str:
    """Write a formula as text, with no more parentheses than it needs.

    ``named`` gives what stands for each name; by default that is the name behind a `$`.
    """
    return _show(formula, named, 0)


def _show(formula: Formula, mark: Mapping[str, str] | None, outer: int) -> str:
    match formula:
        case Literal(value):
            text = repr(value)
            return f"({text})" if outer and text.startswith("-") else text
        case Name(text):
            return f"${text}" if mark is None else mark[text]
        case Negative(inner):
            text = f"-{_show(inner, mark, 3)}"
            return f"({text})" if outer else text
        case Binary(sign, left, right):
            own = PRECEDENCE[sign]
            text = f"{_show(left, mark, own)} {sign} {_show(right, mark, own + 1)}"
            return f"({text})" if own < outer else text
        case Function(name, arguments):
            return f"{name}({', '.join(_show(one, mark, 0) for one in arguments)})"
        case Items(parts):
            comma = "," if len(parts) == 1 else ""
            return f"({', '.join(_show(one, mark, 0) for one in parts)}{comma})"
