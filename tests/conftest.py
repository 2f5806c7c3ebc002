"""Switches and fixtures that all tests share."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Some convolutions have no kernels on a CPU but oneDNN's, which TensorFlow leaves off on some processors.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# JAX, where it is installed, lets TensorFlow be louder than hornbook's command line has it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# The same cases in every run, so that a change is what makes a test fail; with
# `--hypothesis-profile=fresh` they are drawn anew.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("fresh", deadline=None)
settings.load_profile("steady")

Golden = Callable[[Path, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        action="store_true",
        help="write the golden files anew; read what changed with git diff",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Hold a text against a file, byte for byte; with --golden write the file instead."""
    rewrite = request.config.getoption("--golden")

    def hold(path: Path, text: str) -> None:
        if rewrite:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        if not path.is_file():
            pytest.fail(f"{path} does not exist: write it with `pytest --golden`, and read it")
        expected = path.read_bytes().decode()
        if text != expected:
            pytest.fail(difference(path, expected, text), pytrace=False)

    return hold


def difference(path: Path, expected: str, found: str) -> str:
    """Show two texts line by line, the golden file's first."""
    lines = difflib.unified_diff(
        expected.splitlines(),
        found.splitlines(),
        str(path),
        "what the code prints now",
        lineterm="",
    )
    shown = "\n".join(lines) or "(they differ in line ends alone)"
    return f"{path.name} differs; if it should, run `pytest --golden` and read the diff\n{shown}"
