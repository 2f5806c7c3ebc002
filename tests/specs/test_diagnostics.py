"""Diagnostics as people and programs see them."""

from __future__ import annotations

import itertools
import json
import linecache
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.specs.codes import CODES
from hornbook.specs.diagnostics import Diagnostic, Note, Span, SpecError, in_order
from hornbook.specs.render import (
    MAX_LINE,
    RENDERERS,
    printable,
    render_github,
    render_json,
    render_text,
)

fresh = itertools.count()


def quote(
    text: str, line: int, column: int, end: int, end_line: int | None = None, message: str = "m"
) -> str:
    """Render one diagnostic about a stretch of a text that no file holds."""
    path = f"<{next(fresh)}>"
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    found = render_text(
        [Diagnostic("HB101", message, Span(path, line, column, end_line or line, end))]
    )
    return found.replace(path, "spec.yaml")


def drawn(text: str) -> tuple[str, str]:
    """Return the quoted line and the line of carets, without the gutter."""
    *_, source, carets = text.splitlines()
    width = source.index("|")
    return source[width + 2 :], carets[width + 2 :]


def test_the_whole_form() -> None:
    text = "name: net\nlayers:\n  - Dense: {units: 0}\n"
    path = "<form>"
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    one = Diagnostic(
        "HB203",
        "`units` is 0",
        Span(path, 3, 20, 3, 21),
        (Note("a fact"), Note("another place", Span(path, 1, 7, 1, 10))),
        "write 1",
    )
    assert render_text([one]) == (
        "error[HB203]: `units` is 0\n"
        " --> <form>:3:20\n"
        "  |\n"
        "3 |   - Dense: {units: 0}\n"
        "  |                    ^\n"
        "  = note: a fact\n"
        "  = note: another place\n"
        " --> <form>:1:7\n"
        "  |\n"
        "1 | name: net\n"
        "  |       ^^^\n"
        "  = help: write 1"
    )


def test_a_blank_line_between_two_and_none_at_the_end() -> None:
    one, two = Diagnostic("HB107", "one"), Diagnostic("HB508", "two", severity="warning")
    assert render_text([one, two]) == "error[HB107]: one\n\nwarning[HB508]: two"
    assert str(SpecError([one, two])) == render_text([one, two])
    assert render_text([]) == ""


def test_the_gutter_is_as_wide_as_the_largest_line_number() -> None:
    text = "\n" * 99 + "units: 0\n"
    path = "<wide>"
    linecache.cache[path] = (
        len(text),
        None,
        ["\n"] * 8 + ["name: a\n"] + ["\n"] * 90 + ["units: 0\n"],
        path,
    )
    one = Diagnostic("HB203", "m", Span(path, 9, 7, 9, 8), (Note("n", Span(path, 100, 8, 100, 9)),))
    lines = render_text([one]).splitlines()
    assert lines[3] == "  9 | name: a"
    assert lines[4] == "    |       ^"
    assert "100 | units: 0" in lines
    assert {line.index("|") for line in lines if "|" in line} == {4}


@pytest.mark.parametrize(
    ("source", "column", "end", "shown", "carets"),
    [
        ("units: abc", 8, 11, "units: abc", "       ^^^"),
        (
            "units: ",
            8,
            8,
            "units: ",
            "       ^",
        ),  # nothing to point at: one caret where it would stand
        ("名前: 値", 5, 6, "名前: 値", "      ^^"),  # a wide character takes two columns
        ("ｎ: x", 4, 5, "ｎ: x", "    ^"),
        ("e\u0301: xy", 5, 7, "e\u0301: xy", "   ^^"),  # a combining accent takes none
        ("กี: xy", 5, 7, "กี: xy", "   ^^"),  # nor does a vowel sign, whose combining class is 0
        ("a: '🐍' # x", 4, 7, "a: '🐍' # x", "   ^^^^"),
        ("a:\tbc", 4, 6, "a: bc", "   ^^"),  # a tab is shown as one space
        (
            "a: \x1b[31mred",
            4,
            12,
            "a: \\x1b[31mred",
            "   ^^^^^^^^^^^",
        ),  # an escape is as long as it looks
        ("a: \u202egnp", 5, 8, "a: \\u202egnp", "         ^^^"),
        ("a: b   ", 4, 8, "a: b   ", "   ^"),  # no carets under blanks at the end
    ],
)
def test_the_caret_stands_under_the_value(
    source: str, column: int, end: int, shown: str, carets: str
) -> None:
    assert drawn(quote(source + "\n", 1, column, end)) == (shown, carets)


def test_a_span_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    text = "layers:\n  - Dense:\n      units: 3\n"
    assert drawn(quote(text, 2, 5, 4, end_line=3)) == ("  - Dense:", "    ^^^^^^")


@pytest.mark.parametrize("text", ["", "\n", "   \n"])
def test_a_line_without_text_is_not_quoted(text: str) -> None:
    assert quote(text, 1, 1, 1) == "error[HB101]: m\n --> spec.yaml:1:1"


def test_a_line_past_the_end_is_not_quoted() -> None:
    assert quote("a: 1\n", 7, 1, 2) == "error[HB101]: m\n --> spec.yaml:7:1"


@pytest.mark.parametrize("before", [0, 10, 79, 80, 81, 500, 5_000])
@pytest.mark.parametrize("after", [0, 10, 500])
def test_a_very_long_line_is_cut_around_the_place(before: int, after: int) -> None:
    text = "x" * before + "HERE" + "y" * after
    shown, carets = drawn(quote(text, 1, before + 1, before + 5))
    assert len(shown) <= MAX_LINE
    start = carets.index("^")
    assert shown[start : start + 4] == "HERE"
    assert carets.strip() == "^^^^"


def test_a_very_long_value_is_cut_too() -> None:
    shown, carets = drawn(quote("a: " + "v" * 9_000, 1, 4, 9_004))
    assert len(shown) <= MAX_LINE
    assert len(carets) == len(shown)


def test_an_empty_place_at_the_end_of_a_very_long_line() -> None:
    shown, carets = drawn(quote("a" * 1_000, 1, 1_001, 1_001))
    assert len(carets) <= len(shown) + 1
    assert carets.strip() == "^"


def test_text_of_the_spec_cannot_forge_lines_or_colours() -> None:
    hostile = "x`\n\nerror[HB999]: \x1b[31mforged\r\u2028\x9b31m\u202e"
    where = Span("a\nb.yaml", 1, 1, 1, 2)
    one = Diagnostic("HB201", f"no `{hostile}`", where, help=f"not `{hostile}`")
    text = render_text([one])
    assert len(text.splitlines()) == 3
    assert all(c == "\n" or c.isprintable() for c in text)
    assert "\\n\\nerror[HB999]" in text


def test_a_note_may_have_several_lines() -> None:
    one = Diagnostic("HB702", "m", notes=(Note("first\nsecond"),))
    assert render_text([one]).splitlines()[1:] == ["  = note: first", "          second"]


def test_printable_keeps_what_can_be_read() -> None:
    assert printable("Grüße, 世界 🐍") == "Grüße, 世界 🐍"
    assert printable("\x00\x7f\ud800\ufeff") == "\\x00\\x7f\\ud800\\ufeff"


def test_colour_changes_nothing_but_colour() -> None:
    path = "<colour>"
    linecache.cache[path] = (5, None, ["a: 1\n"], path)
    span = Span(path, 1, 4, 1, 5)
    many = [
        Diagnostic("HB203", "m", span, (Note("n", span), Note("o")), "h"),
        Diagnostic("HB508", "w", span, severity="warning"),
    ]
    coloured = render_text(many, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_text(many)
    error, warning = coloured.split("\n\n")
    assert error.startswith("\x1b[1;31merror")
    assert warning.startswith("\x1b[1;33mwarning")


def test_json() -> None:
    span = Span("a.yaml", 1, 2, 3, 4)
    many = [
        Diagnostic("HB403", "ü", span, (Note("n", span), Note("o")), "h"),
        Diagnostic("HB107", "m"),
    ]
    place = {"path": "a.yaml", "line": 1, "column": 2, "end_line": 3, "end_column": 4}
    assert json.loads(render_json(many)) == [
        {
            "code": "HB403",
            "severity": "error",
            "message": "ü",
            "span": place,
            "notes": [{"message": "n", "span": place}, {"message": "o", "span": None}],
            "help": "h",
        },
        {
            "code": "HB107",
            "severity": "error",
            "message": "m",
            "span": None,
            "notes": [],
            "help": None,
        },
    ]
    assert json.loads(render_json([])) == []


def test_github() -> None:
    many = [
        Diagnostic(
            "HB203", "100% wrong\r\nreally", Span("a,b:c.yaml", 2, 3, 2, 5), (Note("n"),), "h"
        ),
        Diagnostic("HB508", "w", Span("a.yaml", 2, 3, 4, 1), severity="warning"),
        Diagnostic("HB107", "m: a, b"),
    ]
    assert render_github(many).splitlines() == [
        "::error file=a%2Cb%3Ac.yaml,line=2,col=3,endColumn=5,title=HB203::"
        "100%25 wrong%0D%0Areally%0An%0Ahelp: h",
        "::warning file=a.yaml,line=2,col=3,title=HB508::w",
        "::error title=HB107::m: a, b",
    ]


def test_in_order_sorts_by_place_and_keeps_ties() -> None:
    spans = [None, Span("a", 1, 2, 1, 3), Span("a", 1, 10, 1, 11), Span("a", 2, 1, 2, 2)]
    ordered = [Diagnostic("HB203", f"{n}{x}", span) for n, span in enumerate(spans) for x in "ab"]
    mixed = [*ordered[::2][::-1], *ordered[1::2][::-1]]
    assert in_order(mixed) == ordered


anything = st.text(max_size=40)
spans = st.builds(
    lambda path, line, column, more, width: Span(path, line, column, line + more, column + width),
    st.sampled_from(["<drawn>", "no/such/file.yaml"]),
    st.integers(1, 5),
    st.integers(1, 300),
    st.integers(0, 2),
    st.integers(0, 300),
)
diagnostics = st.builds(
    Diagnostic,
    st.sampled_from(sorted(CODES)),
    anything,
    st.none() | spans,
    st.lists(st.builds(Note, anything, st.none() | spans), max_size=2).map(tuple),
    st.none() | anything,
    st.sampled_from(["error", "warning"]),
)


@given(st.lists(diagnostics, max_size=3), st.text(max_size=400))
def test_rendering_never_fails_and_shows_no_control_character(
    many: list[Diagnostic], text: str
) -> None:
    linecache.cache["<drawn>"] = (len(text), None, text.splitlines(keepends=True), "<drawn>")
    for name, render in RENDERERS.items():
        found = render(many)
        assert isinstance(found, str)
        if name == "github":
            assert len(found.splitlines() if many else []) <= len(many) * 99
    assert all(c == "\n" or c.isprintable() for c in render_text(many))
    assert len(json.loads(render_json(many))) == len(many)
    commands = [line for line in render_github(many).split("\n") if line]
    assert len(commands) == len(many)
