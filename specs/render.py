"""Diagnostics as text for people, and as records for programs.

The text has the form that compilers share: ``error[CODE]: message``, an arrow with the place, the
line in a gutter with carets under the very value, then notes and help.
"""

from __future__ import annotations

import json
import linecache
import unicodedata
from collections.abc import Callable, Iterable

from .diagnostics import Diagnostic, Note, Span

RED, YELLOW, BLUE, CYAN, BOLD, RESET = (
    "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1;36m", "\x1b[1m", "\x1b[0m",
)  # fmt: skip
MAX_LINE = 160
MAX_SENTENCE = 800


def render_text(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Return the diagnostics as a terminal shows them, a blank line between two."""
    return "\n\n".join(_Painter(color).diagnostic(one) for one in diagnostics)


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return a JSON array with one object a diagnostic; positions count from 1, ends are exclusive."""
    return json.dumps([_record(one) for one in diagnostics], indent=2, ensure_ascii=False)


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Return workflow commands of GitHub Actions, one line a diagnostic."""
    return "\n".join(_command(one) for one in diagnostics)


RENDERERS: dict[str, Callable[[Iterable[Diagnostic]], str]] = {
    "text": render_text,
    "json": render_json,
    "github": render_github,
}


def _record(one: Diagnostic) -> dict[str, object]:
    return {
        "code": one.code,
        "severity": one.severity,
        "message": one.message,
        "span": _place(one.span),
        "notes": [{"message": note.message, "span": _place(note.span)} for note in one.all_notes()],
        "help": one.help,
    }


def _place(span: Span | None) -> dict[str, object] | None:
    if span is None:
        return None
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _command(one: Diagnostic) -> str:
    text = one.message + "".join(f"\n{note.message}" for note in one.all_notes())
    if one.help:
        text += f"\nhelp: {one.help}"
    body = _escape(text)
    if one.span is None:
        return f"::{one.severity} title={one.code}::{body}"
    path = _escape(one.span.path).replace(":", "%3A").replace(",", "%2C")
    place = f"file={path},line={one.span.line},col={one.span.column}"
    if one.span.end_line == one.span.line:
        place += f",endColumn={one.span.end_column}"
    return f"::{one.severity} {place},title={one.code}::{body}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


class _Painter:
    def __init__(self, color: bool) -> None:
        self.color = color

    def paint(self, text: str, style: str) -> str:
        return f"{style}{text}{RESET}" if self.color else text

    def diagnostic(self, one: Diagnostic) -> str:
        hue = RED if one.severity == "error" else YELLOW
        head = self.paint(f"{one.severity}[{one.code}]", hue)
        lines = [f"{head}: {self.paint(sentence(one.message), BOLD)}"]
        spans = [span for span in (one.span, *(note.span for note in one.all_notes())) if span]
        width = max((len(str(span.line)) for span in spans), default=1)
        gutter = " " * width
        if one.span:
            lines += self.snippet(one.span, gutter, hue)
        for note in one.all_notes():
            lines += self.note(note, gutter)
        if one.help:
            mark = self.paint("=", BLUE)
            lines.append(f"{gutter} {mark} {self.paint('help', CYAN)}: {sentence(one.help)}")
        return "\n".join(lines)

    def note(self, note: Note, gutter: str) -> list[str]:
        mark = self.paint("=", BLUE)
        first, *rest = (sentence(line) for line in note.message.split("\n"))
        lines = [f"{gutter} {mark} {self.paint('note', BOLD)}: {first}"]
        lines += [f"{gutter}         {line}" for line in rest]
        return lines + (self.snippet(note.span, gutter, BLUE) if note.span else [])

    def snippet(self, span: Span, gutter: str, hue: str) -> list[str]:
        bar = self.paint("|", BLUE)
        arrow = self.paint("-->", BLUE)
        lines = [f"{gutter}{arrow} {printable(span.path)}:{span.line}:{span.column}"]
        text = linecache.getline(span.path, span.line).rstrip("\r\n")
        if not text.strip():
            return lines
        number = self.paint(str(span.line).rjust(len(gutter)), BLUE)
        column, end = span.column, span.end_column if span.end_line == span.line else len(text) + 1
        text, column, end = _window(text, column, end)
        before, under = text[: column - 1], text[column - 1 : end - 1]
        caret = " " * _width(before) + self.paint("^" * max(1, _width(under.rstrip())), hue)
        return [
            *lines,
            f"{gutter} {bar}",
            f"{number} {bar} {printable(text)}",
            f"{gutter} {bar} {caret}",
        ]


def _window(text: str, column: int, end: int) -> tuple[str, int, int]:
    """Cut a very long line around the place that is meant."""
    text = text.replace("\t", " ")
    if len(text) <= MAX_LINE:
        return text, column, end
    start = max(0, column - MAX_LINE // 2)
    piece = text[start : start + MAX_LINE]
    return piece, column - start, min(end - start, len(piece) + 1)


def sentence(text: str) -> str:
    """Make a sentence printable, and leave out the middle of one that a very long name swells."""
    if len(text) > MAX_SENTENCE:
        half = MAX_SENTENCE // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return printable(text)


def printable(text: str) -> str:
    """Show control characters, and others that would disturb a terminal, as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _width(text: str) -> int:
    """Count the columns that a terminal gives to a text."""
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in printable(text)
    )
