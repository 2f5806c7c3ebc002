"""`hornbook zoo`, `explain` and `schema`."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from hornbook.cli.reference import first_comment
from hornbook.specs.codes import CODES
from hornbook.specs.load import zoo, zoo_text
from hornbook.specs.schema import schema

PAGES = sorted(
    page.name[:-3]
    for page in resources.files("hornbook.errors").iterdir()
    if page.name.endswith(".md")
)


def test_zoo_lists_every_spec_with_what_it_is(hornbook) -> None:
    done = hornbook("zoo")
    assert done.code == 0
    for name in zoo():
        (line,) = (line for line in done.out.splitlines() if line.strip().startswith(f"{name} "))
        assert any(character.isdigit() for character in line)
    assert "Handwritten digits, 28 x 28" in done.out


def test_zoo_tells_whole_sentences() -> None:
    for name in zoo():
        assert first_comment(zoo_text(name)).endswith((".", "?")), name
    assert first_comment("# One of\n# two lines. More.\nname: x\n# No") == "One of two lines."
    assert first_comment("# No full stop\nname: x\n") == "No full stop"
    assert first_comment("name: x\n# Later.\n") == ""


def test_zoo_prints_one_as_it_is(hornbook) -> None:
    assert hornbook("zoo", "mnist").out == zoo_text("mnist")
    done = hornbook("zoo", "mnits")
    assert done.code == 2
    assert "did you mean `mnist`?" in done.err


@pytest.mark.parametrize("code", PAGES)
def test_every_page_is_printed(hornbook, code: str) -> None:
    done = hornbook("explain", code.lower())
    assert done.code == 0
    assert (
        done.out.strip()
        == (resources.files("hornbook.errors") / f"{code}.md").read_text(encoding="utf-8").strip()
    )


def test_explain_lists_all_codes(hornbook) -> None:
    lines = hornbook("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == list(CODES)


def test_explain_knows_its_codes(hornbook) -> None:
    done = hornbook("explain", "HB4O2")
    assert done.code == 2
    assert "did you mean `HB402`?" in done.err


def test_schema_is_printed_and_written(hornbook, folder: Path) -> None:
    assert json.loads(hornbook("schema").out) == schema()
    assert hornbook("schema", "-o", "s.json").code == 0
    assert json.loads((folder / "s.json").read_text()) == schema()
    assert "HB703" in hornbook("schema", "-o", "s.json").err
