"""The pages that explain the codes: each is true of what it shows."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from hornbook.compiler.driver import advise, analyse, compile_spec
from hornbook.compiler.emit.script import emit_script
from hornbook.specs.codes import CODES
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text

FOLDER = Path(__file__).parents[2] / "docs" / "errors"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNNING = {code for code in CODES if code >= "HB600"} | {"HB107"}
"""Codes that no text of a spec can give; their pages show a command and what it says."""


def blocks(code: str, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(PAGES[code]) if kind == language]


def codes_of(text: str, code: str) -> set[str]:
    """Take a spec as far as the code is concerned, and return the codes that it gives."""
    try:
        spec = load(read_text(text, "spec.yaml"))
        typed = analyse(spec)
        if code == "HB308":
            compile_spec(spec, "sequential")
        if code == "HB507":
            emit_script(spec, typed, "functional")
    except SpecError as error:
        return {one.code for one in error.diagnostics}
    return {one.code for one in advise(spec, typed)}


def test_every_code_has_its_page_and_every_page_its_code() -> None:
    assert sorted(PAGES) == sorted(CODES)


def test_the_installed_pages_are_these() -> None:
    packaged = resources.files("hornbook.errors")
    assert {file.name for file in packaged.iterdir() if file.name.endswith(".md")} == {
        f"{code}.md" for code in CODES
    }


@pytest.mark.parametrize("code", CODES)
def test_form(code: str) -> None:
    page = PAGES[code]
    headings = re.findall(r"^#+ .*$", BLOCK.sub("", page), re.MULTILINE)
    assert headings == [f"# {code}: {CODES[code]}", "## Example", "## What to do"]
    meaning, example, advice = re.split(r"^## .*\n", page, flags=re.MULTILINE)
    assert len(meaning.split("\n\n", 1)[1].split()) >= 15
    assert BLOCK.search(example)
    assert BLOCK.sub("", advice).strip()
    assert page.endswith("\n")
    assert not page.endswith("\n\n")
    assert all(len(line) <= 100 for line in BLOCK.sub("", page).splitlines())


@pytest.mark.parametrize("code", [code for code in CODES if code not in RUNNING])
def test_the_example_gives_its_code_and_the_correction_none(code: str) -> None:
    wrong, right = blocks(code, "yaml")
    assert codes_of(wrong, code) == {code}
    assert codes_of(right, code) == set()


@pytest.mark.parametrize("code", sorted(RUNNING))
def test_a_page_without_a_spec_shows_a_command_and_its_message(code: str) -> None:
    assert blocks(code, "yaml") == []
    (shown,) = blocks(code, "console")
    command, message, *_ = shown.splitlines()
    assert command.startswith("$ hornbook ")
    assert message.startswith((f"error[{code}]: ", f"warning[{code}]: "))


@pytest.mark.parametrize("code", CODES)
def test_codes_that_a_page_speaks_of_exist(code: str) -> None:
    assert set(re.findall(r"HB\d{3}", PAGES[code])) <= set(CODES)
