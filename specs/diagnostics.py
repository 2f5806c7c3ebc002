"""Where something stands in a text, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text file.

    Lines and columns count characters from 1; the end is exclusive, so an empty
    span has equal start and end. ``path`` is what the user typed, or a name in angle
    brackets for text that came from no file. ``used`` holds, for a place in a block, the
    blocks on the way to it and where each is used, the innermost first.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    used: tuple[tuple[str, Span], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """A further fact under a diagnostic, with the second guilty place where there is one."""

    message: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One located sentence about one mistake.

    ``code`` is one of :data:`hornbook.specs.codes.CODES`; ``help`` says what to do. ``each_use``
    marks one that stands in a block, but comes of what a use of the block has given.
    """

    code: str
    message: str
    span: Span | None = None
    notes: tuple[Note, ...] = ()
    help: str | None = None
    severity: Severity = "error"
    each_use: bool = False

    def all_notes(self) -> tuple[Note, ...]:
        """Return the notes, and where the block is used that the mistake stands in."""
        used = self.span.used if self.span else ()
        return (*self.notes, *(Note(f"in `{block}`, which is used here", s) for block, s in used))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort diagnostics by their place; those without one go first.

    A mistake in a block stands once, however often the block is used; one that comes of what a use
    gives stands once for each use.
    """

    def position(one: Diagnostic) -> tuple[int, int]:
        return (one.span.line, one.span.column) if one.span else (0, 0)

    found: dict[object, Diagnostic] = {}
    for one in diagnostics:
        used = one.span.used if one.span is not None else ()
        uses = used if one.each_use else ()
        found.setdefault((one.code, one.span, uses) if used else id(one), one)
    return sorted(found.values(), key=position)


class SpecError(Exception):
    """All mistakes that one stage found. ``str()`` of it is the text that a terminal shows."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from .render import render_text

        return render_text(self.diagnostics)
