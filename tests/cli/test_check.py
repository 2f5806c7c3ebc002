"""`hornbook check`: what it prints, in which form, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hornbook.cli.check import closing
from hornbook.specs.diagnostics import Diagnostic

BROKEN = """\
name: broken
inputs: {row: [13]}
layers:
  - Dense: {unit: 8}
  - Dropuot: {rate: 0.2}
"""


@pytest.fixture
def broken(folder: Path) -> str:
    (folder / "broken.yaml").write_text(BROKEN)
    return "broken.yaml"


def test_a_sound_spec(hornbook, small) -> None:
    done = hornbook("check", small)
    assert (done.code, done.out, done.err) == (0, "1 spec is fine\n", "")


def test_findings_go_to_stdout_with_their_place(hornbook, small, broken) -> None:
    done = hornbook("check", small, broken)
    assert done.code == 1
    assert done.err == ""
    assert "--> broken.yaml:4:13\n" in done.out
    assert "error[HB205]: unknown layer `Dropuot`" in done.out
    assert done.out.endswith("\n\n2 errors in 1 of 2 specs\n")
    assert "\x1b" not in done.out


def test_json_is_one_array_of_all_files(hornbook, small, broken) -> None:
    done = hornbook("check", small, broken, broken, "--format", "json")
    found = json.loads(done.out)
    assert done.code == 1
    assert [one["code"] for one in found] == ["HB201", "HB205"] * 2
    assert json.loads(hornbook("check", small, "--format", "json").out) == []


def test_github_prints_commands_and_nothing_else(hornbook, small, broken) -> None:
    done = hornbook("check", small, broken, "--format", "github")
    assert [line[:24] for line in done.out.splitlines()] == ["::error file=broken.yaml"] * 2
    assert hornbook("check", small, "--format", "github").out == ""


def test_warnings_alone_are_fine(hornbook, folder, small) -> None:
    (folder / "own.yaml").write_text(
        Path(small).read_text().replace("data: wine", "data: {npz: own.npz}")
    )
    done = hornbook("check", "own.yaml")
    assert done.code == 0
    assert done.out.startswith("warning[HB508]")
    assert done.out.endswith("1 spec is fine, with 1 warning\n")


def test_a_missing_file_is_a_finding(hornbook) -> None:
    done = hornbook("check", "nowhere.yaml")
    assert done.code == 1
    assert "error[HB107]" in done.out


def test_values_and_data_from_the_command_line(hornbook, small) -> None:
    done = hornbook("check", small, "--set", "layers.0.Dense.units=0")
    assert done.code == 1
    assert "--> --set layers.0.Dense.units=0:1:" in done.out
    assert "error[HB504]" in hornbook("check", small, "--data", "iris").out
    assert "error[HB407]" in hornbook("check", small, "--max-params", "10").out


def test_target_without_data_is_wrong_usage(hornbook, small) -> None:
    done = hornbook("check", small, "--target", "price")
    assert done.code == 2
    assert "--target" in done.err


def one(severity: str) -> Diagnostic:
    return Diagnostic("HB101", "", severity=severity)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ([()], "1 spec is fine"),
        ([(), (), ()], "3 specs are fine"),
        ([("warning", "warning"), ()], "2 specs are fine, with 2 warnings"),
        ([("error",)], "1 error in 1 spec"),
        ([("error", "error"), (), ()], "2 errors in 1 of 3 specs"),
        ([("error", "warning"), ("error",)], "2 errors and 1 warning in 2 of 2 specs"),
    ],
)
def test_closing(found: list[tuple[str, ...]], text: str) -> None:
    assert closing([[one(severity) for severity in each] for each in found]) == text
