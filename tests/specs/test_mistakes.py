"""Typical mistakes and what is said of them: golden files, see ``tests/golden/README.md``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hornbook.compiler.driver import advise, analyse, compile_spec
from hornbook.compiler.emit.script import emit_script
from hornbook.compiler.infer import MAX_PARAMS
from hornbook.specs.codes import CODES
from hornbook.specs.diagnostics import Diagnostic, SpecError
from hornbook.specs.load import load
from hornbook.specs.render import render_text

FOLDER = Path(__file__).parents[1] / "golden" / "mistakes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
COMMAND = re.compile(
    r"^# \$ hornbook (?:check|emit)(?: --style (\w+))?( --script)?(?: --max-params (\d+))?$",
    re.MULTILINE,
)
HEAD = re.compile(r"^(?:error|warning)\[(HB\d+)\]: ", re.MULTILINE)
FEWEST = 70


def findings(name: str) -> list[Diagnostic]:
    """Do what the command in a spec's comment does; by default `hornbook check`."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8", errors="replace")
    asked = COMMAND.search(text)
    style, script, budget = asked.groups() if asked else (None, None, None)
    try:
        spec = load(f"{name}.yaml")
        typed = analyse(spec, max_params=int(budget or MAX_PARAMS))
        if script:
            emit_script(spec, typed, style or "functional")
        elif style:
            compile_spec(spec, style)
    except SpecError as error:
        return list(error.diagnostics)
    return advise(spec, typed)


@pytest.mark.parametrize("name", NAMES)
def test_mistake(
    name: str, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(
        FOLDER
    )  # so that the path in a diagnostic is the file's name on every machine
    found = findings(name)
    assert found, "this spec has no mistake"
    golden(FOLDER / f"{name}.txt", render_text(found) + "\n")


def told() -> dict[str, set[str]]:
    """Return the codes of each golden file."""
    return {
        path.stem: set(HEAD.findall(path.read_text(encoding="utf-8")))
        for path in FOLDER.glob("*.txt")
    }


def test_every_file_has_its_pair() -> None:
    assert sorted(told()) == NAMES
    assert len(NAMES) >= FEWEST


@pytest.mark.parametrize("code", [code for code in CODES if code < "HB600"])
def test_every_code_that_a_spec_can_give_occurs(code: str) -> None:
    assert any(code in codes for codes in told().values())


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_tells_the_story(name: str) -> None:
    content = (FOLDER / f"{name}.yaml").read_bytes()
    first = content.decode("utf-8-sig", errors="replace").splitlines()[0]
    assert re.fullmatch(r"# .{10,90}[.?]", first)
