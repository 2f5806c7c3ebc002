"""A small tree of Python nodes, and the printer that turns it into source.

The tree holds only what generated modules are made of. The printer fits lines into
88 columns; what does not fit is opened one element a line with a trailing comma, a layout
that ``ruff format`` leaves as it is. Nodes carry the span of the YAML that asked for
them, and the printer notes it for every line it writes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..specs.diagnostics import Span

WIDTH = 88
INDENT = "    "

Literal = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or a dotted name."""

    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal of a validated type."""

    value: Literal


@dataclass(frozen=True, slots=True)
class Call:
    """A call; ``keywords`` keep their order."""

    function: Expression
    arguments: tuple[Expression, ...] = ()
    keywords: tuple[tuple[str, Expression], ...] = ()
    span: Span | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list, or a tuple."""

    items: tuple[Expression, ...]
    brackets: str = "[]"


@dataclass(frozen=True, slots=True)
class Dict:
    """A dict with text keys."""

    items: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Subscript:
    """An element of a dict, by a text key, or of a list, by its number."""

    value: Expression
    key: str | int


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of a tensor; ``key`` is what stands in brackets."""

    value: Expression
    key: str
    span: Span | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Comprehension:
    """A list of one expression for each target of an iterable."""

    element: Expression
    target: str
    iterable: Expression


Expression = Name | Constant | Call | Items | Dict | Subscript | Slice | Comprehension


@dataclass(frozen=True, slots=True)
class Assign:
    """``target = value``, with an optional comment behind it."""

    target: str
    value: Expression
    span: Span | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """``return value``."""

    value: Expression
    span: Span | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluate:
    """An expression for its effect."""

    value: Expression
    span: Span | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class For:
    """A loop."""

    target: str
    iterable: Expression
    body: tuple[Statement, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function definition."""

    name: str
    parameters: tuple[str, ...]
    body: tuple[Statement, ...]
    docstring: str | None = None


@dataclass(frozen=True, slots=True)
class Class:
    """A class definition with its methods."""

    name: str
    base: str
    body: tuple[Function, ...]
    decorator: Expression | None = None
    docstring: str | None = None


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Fixed lines of hornbook's own, formatted already; nothing of a spec stands in them."""

    text: str


Statement = Assign | Return | Evaluate | For | Function | Class | Verbatim


@dataclass(frozen=True, slots=True)
class Module:
    """A module: its docstring, its imports, its definitions."""

    docstring: str
    imports: tuple[str, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Generated source.

    ``line_map`` holds for each line of ``text``, from the first, the span of the YAML that asked
    for it, or None for a line that every module has.
    """

    text: str
    style: str
    line_map: tuple[Span | None, ...]

    def span_of(self, line: int) -> Span | None:
        """Return the YAML behind a line, which is counted from 1."""
        return self.line_map[line - 1] if 0 < line <= len(self.line_map) else None


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    span: Span | None = None


def print_module(module: Module, style: str) -> Source:
    """Print a module."""
    lines = [_Line(f'"""{module.docstring}"""'), _Line("")]
    lines += [_Line(text) for text in module.imports]
    before: Statement | None = None
    for statement in module.body:
        lines += [_Line("")] * _gap(before, statement) + _statement(statement, 0)
        before = statement
    return Source(
        "".join(f"{line.text}\n" for line in lines), style, tuple(line.span for line in lines)
    )


def _gap(before: Statement | None, statement: Statement) -> int:
    """Return the blank lines between two statements of a module."""
    if _defines(before) or _defines(statement):
        return 2
    return 0 if type(before) is type(statement) else 1


def _defines(statement: Statement | None) -> bool:
    return isinstance(statement, (Function, Class)) or (
        isinstance(statement, Verbatim) and statement.text.lstrip().startswith("def ")
    )


def _statement(statement: Statement, depth: int) -> list[_Line]:
    pad = INDENT * depth
    match statement:
        case Assign(target, value, span, comment):
            return _laid_out(value, pad, f"{target} = ", comment, span)
        case Return(value, span, comment):
            return _laid_out(value, pad, "return ", comment, span)
        case Evaluate(value, span, comment):
            return _laid_out(value, pad, "", comment, span)
        case For(target, iterable, body, span):
            head = _Line(f"{pad}for {target} in {_flat(iterable)}:", span)
            return [head, *_block(body, depth + 1)]
        case Function():
            return _function(statement, depth)
        case Class():
            return _class(statement)
        case Verbatim(text):
            return [_Line(pad + line if line else "") for line in text.strip("\n").split("\n")]


def _block(body: Iterable[Statement], depth: int) -> list[_Line]:
    return [line for statement in body for line in _statement(statement, depth)]


def _function(function: Function, depth: int) -> list[_Line]:
    pad = INDENT * depth
    head = f"{pad}def {function.name}({', '.join(function.parameters)}):"
    lines = [_Line(head)]
    if _width(head) > WIDTH:
        inner = [_Line(f"{pad}{INDENT}{one},") for one in function.parameters]
        lines = [_Line(f"{pad}def {function.name}("), *inner, _Line(f"{pad}):")]
    if function.docstring:
        lines.append(_Line(f'{pad}{INDENT}"""{function.docstring}"""'))
    return lines + _block(function.body, depth + 1)


def _class(definition: Class) -> list[_Line]:
    lines = []
    if definition.decorator is not None:
        lines += _laid_out(definition.decorator, "", "@", None, None)
    lines.append(_Line(f"class {definition.name}({definition.base}):"))
    if definition.docstring:
        lines += [_Line(f'{INDENT}"""{definition.docstring}"""'), _Line("")]
    for position, method in enumerate(definition.body):
        lines += [_Line("")] * bool(position) + _function(method, 1)
    return lines


def _laid_out(
    value: Expression, pad: str, before: str, comment: str | None, span: Span | None
) -> list[_Line]:
    """Print ``before value``: on one line, opened, or, where nothing can be opened, in parentheses."""
    behind = f"  # {comment}" if comment else ""
    flat = f"{pad}{before}{_flat(value)}"
    if _width(flat + behind) <= WIDTH and not _commented(value):
        return [_Line(flat + behind, span)]
    opened = _open(value, pad, before, "", span)
    if opened is None:
        if _width(flat) <= WIDTH or not before:
            return [_Line(flat + behind, span)]
        if _width(f"{pad}{INDENT}{_flat(value)}") > WIDTH:
            return [_Line(flat + behind, span)]
        opened = [
            _Line(f"{pad}{before}(", span),
            _Line(f"{pad}{INDENT}{_flat(value)}", span),
            _Line(f"{pad})", span),
        ]
    opened[-1] = replace(opened[-1], text=opened[-1].text + behind)
    return opened


def _element(value: Expression, pad: str, before: str, span: Span | None) -> list[_Line]:
    """Print an element of an opened bracket, with its comma."""
    span = getattr(value, "span", None) or span
    comment = getattr(value, "comment", None)
    behind = f"  # {comment}" if comment else ""
    flat = f"{pad}{before}{_flat(value)},"
    if _width(flat + behind) <= WIDTH and not _commented(value, inside=True):
        return [_Line(flat + behind, span)]
    opened = _open(value, pad, before, ",", span) or [_Line(flat, span)]
    opened[-1] = replace(opened[-1], text=opened[-1].text + behind)
    return opened


def _commented(value: Expression, *, inside: bool = False) -> bool:
    """Tell whether an element inside carries a comment, so that it needs a line of its own."""
    if not inside and getattr(value, "comment", None):
        return True
    return any(_commented(part) for part in _parts(value))


def _parts(value: Expression) -> tuple[Expression, ...]:
    match value:
        case Call():
            return (value.function, *value.arguments, *(part for _, part in value.keywords))
        case Items():
            return value.items
        case Dict():
            return tuple(part for _, part in value.items)
        case Comprehension(element):
            return (element,)
        case _:
            return ()


def _open(
    value: Expression, pad: str, before: str, after: str, span: Span | None
) -> list[_Line] | None:
    """Print a bracket one element a line; None where there is no bracket to open."""
    match value:
        case Call(function=Call() as inner) if inner.arguments or inner.keywords:
            tail = f"({_arguments(value)}){after}"
            return _open(inner, pad, before, tail, span)
        case Call() if value.arguments or value.keywords:
            elements = [("", part) for part in value.arguments]
            elements += [(f"{name}=", part) for name, part in value.keywords]
            return _opened(
                f"{before}{_flat(value.function)}(", elements, f"){after}", pad, value.span or span
            )
        case Items() if value.items:
            left, right = value.brackets[0], value.brackets[1]
            return _opened(
                f"{before}{left}",
                [("", part) for part in value.items],
                f"{right}{after}",
                pad,
                span,
            )
        case Dict() if value.items:
            elements = [(f"{_text(key)}: ", part) for key, part in value.items]
            return _opened(f"{before}{{", elements, f"}}{after}", pad, span)
        case Comprehension(element, target, iterable):
            whole = f"{pad}{INDENT}{_flat(value)[1:-1]}"
            if _width(whole) <= WIDTH:
                texts = (f"{pad}{before}[", whole, f"{pad}]{after}")
                return [_Line(text, span) for text in texts]
            inside = _laid_out(element, pad + INDENT, "", None, span)
            loop = _Line(f"{pad}{INDENT}for {target} in {_flat(iterable)}", span)
            return [_Line(f"{pad}{before}[", span), *inside, loop, _Line(f"{pad}]{after}", span)]
        case Subscript(inner_value, key):
            written = _text(key) if isinstance(key, str) else str(key)
            texts = (f"{before}{_flat(inner_value)}[", f"{INDENT}{written}", f"]{after}")
            return [_Line(pad + text, span) for text in texts]
        case _:
            return None


def _opened(
    head: str, elements: Sequence[tuple[str, Expression]], tail: str, pad: str, span: Span | None
) -> list[_Line]:
    lines = [_Line(pad + head, span)]
    for before, part in elements:
        lines += _element(part, pad + INDENT, before, span)
    return [*lines, _Line(pad + tail, span)]


def flat(value: Expression) -> str:
    """Print an expression on one line."""
    return _flat(value)


def _flat(value: Expression) -> str:
    match value:
        case Name(text):
            return text
        case Constant(literal):
            return _text(literal) if isinstance(literal, str) else repr(literal)
        case Call():
            return f"{_flat(value.function)}({_arguments(value)})"
        case Items(items, brackets):
            inner = ", ".join(_flat(part) for part in items)
            comma = "," if brackets == "()" and len(items) == 1 else ""
            return f"{brackets[0]}{inner}{comma}{brackets[1]}"
        case Dict(items):
            return "{" + ", ".join(f"{_text(key)}: {_flat(part)}" for key, part in items) + "}"
        case Subscript(inner_value, key):
            return f"{_flat(inner_value)}[{_text(key) if isinstance(key, str) else key}]"
        case Slice(inner_value, key):
            return f"{_flat(inner_value)}[{key}]"
        case Comprehension(element, target, iterable):
            return f"[{_flat(element)} for {target} in {_flat(iterable)}]"


def _arguments(call: Call) -> str:
    words = [_flat(part) for part in call.arguments]
    words += [f"{name}={_flat(part)}" for name, part in call.keywords]
    return ", ".join(words)


def _text(value: str) -> str:
    """Write a string literal with the quotes that need fewer escapes, double where equal."""
    body = repr('"' + value)[2:-1]  # a double quote inside makes repr use single quotes
    body = body.replace("\\'", "'")
    if value.count('"') > value.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def _width(text: str) -> int:
    return (
        sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
        if not text.isascii()
        else len(text)
    )
