"""Runs the command line in this process, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hornbook import cli

SMALL = """\
# A row in, a class out.
name: small
inputs: {row: [13]}
layers:
  - Dense: {units: 8, activation: relu}
  - Dense: {units: $classes, activation: softmax}
train: {data: wine, loss: sparse_categorical_crossentropy, metrics: [accuracy], epochs: 2}
"""


HOME = str(Path(cli.__file__).parents[2])
"""What a process must have on its path to find hornbook from any directory."""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(folder: Path) -> str:
    (folder / "small.yaml").write_text(SMALL)
    return "small.yaml"


@pytest.fixture
def hornbook(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["hornbook", *arguments])
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return run


MAIN = "from hornbook.cli import main; main()"


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command, or a script that does, in a process of its own with its output in pipes.

    ``stdout`` takes the place of a pipe; other keywords are environment variables.
    """
    monkeypatch.setenv("PYTHONPATH", HOME)

    def run(
        *arguments: str, script: str = MAIN, stdout: int = subprocess.PIPE, **settings: str
    ) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **settings},
            check=False,
        )
        return Outcome(done.returncode, done.stdout or "", done.stderr)

    return run
