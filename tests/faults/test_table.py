"""The table of deliberate faults fits the tree, so that the script can plant each of them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from faults.table import FAULTS, FEWEST, Fault, FaultError, planted

ROOT = Path(__file__).resolve().parents[2]
NAMES = [fault.name for fault in FAULTS]


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(FAULTS) >= FEWEST
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_each_can_be_planted_and_leaves_python(fault: Fault) -> None:
    before = (ROOT / fault.file).read_text(encoding="utf-8")
    after = planted(fault, before)
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_the_tests_of_each_are_there(fault: Fault) -> None:
    for target in fault.tests:
        file, _, name = target.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [("a", "b", "c"), ("a", "b", "a a"), ("a", "a", "a")],
)
def test_a_fault_that_would_change_nothing_or_too_much_is_refused(
    old: str, new: str, text: str
) -> None:
    with pytest.raises(FaultError):
        planted(Fault("none", "a.py", old, new), text)


def test_the_page_lists_every_fault_as_caught() -> None:
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    rows = [row.split(" | ") for row in page if row.startswith("| ")][1:]
    listed = {row[0].removeprefix("| "): row[1].strip("`") for row in rows}
    assert listed == {fault.name: fault.file for fault in FAULTS}
    assert all(row[2].startswith("`tests/") for row in rows)
