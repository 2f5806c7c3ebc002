"""Text to data and spans: YAML 1.2 core, read from PyYAML's events under fixed limits.

The parser's events are folded into dicts, tuples and scalars in one loop without recursion,
so neither depth nor aliases can exhaust anything: every limit is checked before the
next event is asked for. No tag is honoured and nothing is constructed but plain data.
"""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, NoReturn

import yaml
from yaml import events

from .base import Path
from .diagnostics import Diagnostic, Note, Span, SpecError

MAX_BYTES = 4_000_000
MAX_DEPTH = 50
MAX_NODES = 200_000
MAX_ALIASES = 200
MAX_DIGITS = 300

NULL = re.compile(r"(?:null|Null|NULL|~|)")
BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)")
INT = re.compile(r"[-+]?[0-9]+")
OCTAL = re.compile(r"0o[0-7]+")
HEX = re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
INFINITE = {
    f"{sign}.{word}": f"{sign}inf" for sign in ("", "-", "+") for word in ("inf", "Inf", "INF")
}
NO_CHARACTER = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOT_A_NUMBER = (".nan", ".NaN", ".NAN")

ONE_COLUMN = "check the indentation: the keys of a mapping, or the `- ` of a list, share one column"
SENTENCES: dict[str, tuple[str, str | None, bool]] = {
    "could not find expected ':'": (
        "no `:` follows this key",
        "write `key: value`, or `key:` above indented lines",
        True,
    ),
    "did not find expected ',' or '}'": (
        "a `,` or a `}` is missing before this",
        "arguments in braces are separated by commas, and the brace is closed",
        False,
    ),
    "did not find expected ',' or ']'": (
        "a `,` or a `]` is missing before this",
        "entries in brackets are separated by commas, and the bracket is closed",
        False,
    ),
    "did not find expected key": ("no key can begin here", ONE_COLUMN, False),
    "did not find expected '-' indicator": (
        "an entry of the list must begin here",
        ONE_COLUMN,
        False,
    ),
    "did not find expected node content": ("no value can begin here", None, False),
    "found unexpected end of stream": ("this quote is never closed", None, True),
    "mapping values are not allowed in this context": (
        "this `:` stands where a value cannot have one",
        "check the indentation; on one line, arguments stand in braces: `Dense: {units: 10}`",
        False,
    ),
    "found character that cannot start any token": (
        "this character cannot begin a value",
        "put the text in quotes",
        False,
    ),
}
"""What the parser says: as a sentence, with help, and whether to point at where the trouble began."""

CONTEXTS = {
    "while parsing a block mapping": "the mapping begins here",
    "while parsing a block collection": "the list begins here",
    "while parsing a flow mapping": "the brace is opened here",
    "while parsing a flow sequence": "the bracket is opened here",
}

Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and the key (or the item's position) that leads to it."""

    key: Span
    value: Span


@dataclass(frozen=True)
class Document:
    """A spec as plain data: dicts, tuples, strings, numbers, truth values, None.

    ``places`` holds, by path from the root, where each value stands in the text.
    """

    path: str
    data: Any
    places: dict[Path, Place]

    def span(self, path: Path, at: str = "value") -> Span:
        """Return the place of the nearest value on the way to ``path`` that stands in the text."""
        whole = path
        while path not in self.places:
            path = path[:-1]
        place = self.places[path]
        return place.key if at == "key" or path != whole else place.value


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    kind: str
    start: events.Event
    path: Path
    anchor: str | None
    data: Any
    size: int = 1
    key: str | None = None
    keys: dict[str, Span] = field(default_factory=dict)

    @property
    def first(self) -> Span | None:
        """The place of the first key, which stands for a block mapping."""
        return next(iter(self.keys.values()), None)


def read_file(path: str | FilePath) -> Document:
    """Read a file as one YAML document.

    Raises:
        SpecError: HB107 where the file cannot be read, HB101 to HB106 for what is in it.
    """
    name = str(path)
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise SpecError([Diagnostic("HB107", f"cannot read `{name}`: {reason}")]) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(content) > MAX_BYTES:
            text = content.decode("utf-8-sig", errors="replace")
        else:
            message = f"`{name}` is not UTF-8 text: byte {error.start + 1} is 0x{content[error.start]:02x}"
            help = "`hornbook import` turns a Keras model into a spec"
            help = help if name.endswith(".keras") else "save the file as UTF-8"
            raise SpecError([Diagnostic("HB107", message, help=help)]) from None
    return read_text(text, name)


def read_text(text: str, path: str = "<spec>") -> Document:
    """Read one YAML document from a string. ``path`` is the name that diagnostics show.

    Raises:
        SpecError: HB101 to HB106.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        message = f"`{path}` is larger than the {MAX_BYTES:,} bytes that a spec may have"
        raise SpecError([Diagnostic("HB104", message)])
    # Diagnostics quote lines through linecache, so it must hold the very text that was read.
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    found = NO_CHARACTER.search(text)
    if found is not None:
        lines = (text[: found.start()] + "x").splitlines()
        line, column = len(lines), len(lines[-1])
        message = f"not YAML: the character U+{ord(found[0]):04X} may not stand in a text"
        raise SpecError([Diagnostic("HB101", message, Span(path, line, column, line, column + 1))])
    return _Reader(path).read(text)


class _Reader:
    """Folds the events of one document. A reader reads once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.places: dict[Path, Place] = {}
        self.problems: list[Diagnostic] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0
        self.aliases = 0
        self.documents = 0
        self.root: Any = None

    def read(self, text: str) -> Document:
        try:
            for event in yaml.parse(text, Loader=Parser):
                self.event(event)
        except yaml.YAMLError as error:
            self.problems.append(self.syntax_error(error))
        if not self.problems and self.root is None:
            message = (
                f"`{self.path}` holds no spec" if not self.documents else "the document is empty"
            )
            help = "start from a template: `hornbook init`"
            self.problems.append(
                Diagnostic("HB106", message, Span(self.path, 1, 1, 1, 1), help=help)
            )
        if self.problems:
            raise SpecError(self.problems)
        return Document(self.path, self.root, self.places)

    def event(self, event: Any) -> None:
        match event:
            case events.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self.stop(
                        "HB106", "a second document begins here; a file holds one spec", event
                    )
            case events.AliasEvent():
                self.alias(event)
            case events.ScalarEvent():
                self.node(event)
                self.close(self.scalar(event), event, event.anchor, 1)
            case events.MappingStartEvent():
                self.open("mapping", event, {})
            case events.SequenceStartEvent():
                self.open("sequence", event, [])
            case events.MappingEndEvent() | events.SequenceEndEvent():
                top = self.stack.pop()
                data = tuple(top.data) if top.kind == "sequence" else top.data
                self.close(data, top.start, top.anchor, top.size, event, top.first)
            case _:
                return  # stream start, stream end, document end carry nothing

    def open(self, kind: str, event: Any, data: Any) -> None:
        self.node(event)
        if len(self.stack) >= MAX_DEPTH:
            self.stop("HB104", f"nested deeper than {MAX_DEPTH} levels", event)
        if self.stack and self.stack[-1].kind == "mapping" and self.stack[-1].key is None:
            self.stop("HB101", f"a {kind} cannot be a key", event, "keys are words")
        path = self.child_path() if self.stack else ()
        self.stack.append(_Open(kind, event, path, event.anchor, data))

    def node(self, event: Any) -> None:
        """Count a node and refuse its tag."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.stop("HB104", f"more than {MAX_NODES:,} values", event)
        if event.tag is not None:
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.report(
                "HB103",
                f"the tag `{shown}` is refused: a spec is plain data",
                event,
                "remove the tag",
            )

    def alias(self, event: Any) -> None:
        self.aliases += 1
        known = self.anchors.get(event.anchor)
        if known is None:
            self.stop(
                "HB105",
                f"the alias `*{event.anchor}` has no anchor `&{event.anchor}` before it",
                event,
            )
        if self.aliases > MAX_ALIASES:
            self.stop("HB105", f"more than {MAX_ALIASES} aliases", event)
        value, size = known
        self.nodes += size
        if self.nodes > MAX_NODES:
            self.stop("HB105", f"aliases expand the document beyond {MAX_NODES:,} values", event)
        self.close(value, event, None, size)

    def child_path(self) -> Path:
        top = self.stack[-1]
        return (*top.path, top.key if top.kind == "mapping" else len(top.data))  # type: ignore[arg-type]

    def close(
        self,
        value: Any,
        start: Any,
        anchor: str | None,
        size: int,
        end: Any = None,
        first: Span | None = None,
    ) -> None:
        """Put a finished value where it belongs: the root, a key, a mapping's value or a list."""
        span = self.span(start, end, first)
        if anchor is not None:
            self.anchors[anchor] = (value, size)
        if not self.stack:
            self.places[()] = Place(span, span)
            self.root = value
            return
        top = self.stack[-1]
        top.size += size
        if top.kind == "sequence":
            self.places[self.child_path()] = Place(span, span)
            top.data.append(value)
        elif top.key is None:
            self.key(top, value, start, span)
        else:
            self.places[(*top.path, top.key)] = Place(top.keys[top.key], span)
            top.data[top.key] = value
            top.key = None

    def key(self, top: _Open, value: Any, event: Any, span: Span) -> None:
        if isinstance(event, events.ScalarEvent) and not isinstance(value, str):
            value = event.value
        if not isinstance(value, str):
            self.stop("HB101", "a key must be a word", event)
        if value == "<<":
            self.report(
                "HB101",
                "`<<` does not merge: it is not part of YAML 1.2",
                event,
                "write the keys out",
            )
        elif value in top.keys:
            note = Note("it first stands here", top.keys[value])
            self.problems.append(
                Diagnostic(
                    "HB102",
                    f"the key `{value}` stands twice in this mapping",
                    span,
                    (note,),
                    "remove one of them",
                )
            )
        else:
            top.keys[value] = span
        top.key = value
        top.keys.setdefault(value, span)

    def scalar(self, event: Any) -> Any:
        """Resolve a plain scalar by the core schema of YAML 1.2.2, section 10.3."""
        text: str = event.value
        if not event.implicit[0] or event.style not in (None, ""):
            return text
        if NULL.fullmatch(text):
            return None
        if BOOL.fullmatch(text):
            return text[0] in "tT"
        if len(text) > MAX_DIGITS and (
            FLOAT.fullmatch(text) or HEX.fullmatch(text) or OCTAL.fullmatch(text)
        ):
            self.stop("HB104", f"a number of more than {MAX_DIGITS} characters", event)
        if INT.fullmatch(text):
            return int(text)
        if OCTAL.fullmatch(text):
            return int(text[2:], 8)
        if HEX.fullmatch(text):
            return int(text[2:], 16)
        if FLOAT.fullmatch(text):
            return float(text)
        if text in INFINITE:
            return float(INFINITE[text])
        return float("nan") if text in NOT_A_NUMBER else text

    def span(self, start: Any, end: Any = None, key: Span | None = None) -> Span:
        """Return the place of a value; of a block collection that of its first key or dash."""
        first = start.start_mark
        last = (end or start).end_mark
        if end is not None and end.start_mark.index == end.end_mark.index:
            line, column = first.line + 1, first.column + 1  # the end event is at the next token
            return key or Span(self.path, line, column, line, column + 1)
        return Span(self.path, first.line + 1, first.column + 1, last.line + 1, last.column + 1)

    def report(self, code: str, message: str, event: Any, help: str | None = None) -> None:
        self.problems.append(Diagnostic(code, message, self.span(event), help=help))

    def stop(self, code: str, message: str, event: Any, help: str | None = None) -> NoReturn:
        self.report(code, message, event, help)
        raise SpecError(self.problems)

    def syntax_error(self, error: yaml.YAMLError) -> Diagnostic:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = (
            getattr(error, "problem", None)
            or getattr(error, "reason", None)
            or "it cannot be parsed"
        )
        if mark is None:
            return Diagnostic("HB101", f"not YAML: {problem}", Span(self.path, 1, 1, 1, 1))
        line, column = mark.line + 1, mark.column + 1
        span = Span(self.path, line, column, line, column + 1)
        context = getattr(error, "context_mark", None)
        notes: tuple[Note, ...] = ()
        sentence, help, at_context = SENTENCES.get(problem, (problem, None, False))
        if context is not None and (context.line, context.column) != (mark.line, mark.column):
            line_, column_ = context.line + 1, context.column + 1
            place = Span(self.path, line_, column_, line_, column_ + 1)
            said = str(getattr(error, "context", ""))
            if at_context:
                span = place
            else:
                notes = (Note(CONTEXTS.get(said, said), place),)
        text = linecache.getline(self.path, line)
        if "\t" in text[: len(text) - len(text.lstrip())]:
            help = "indent with spaces: YAML allows no tab here"
        return Diagnostic("HB101", f"not YAML: {sentence}", span, notes, help)
