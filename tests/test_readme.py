"""What the README shows is what hornbook prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_readme_shows_what_is_printed() -> None:
    command = [sys.executable, str(ROOT / "docs" / "readme.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        "run `python docs/readme.py`, and read what changed\n" + done.stderr
    )


def test_the_readme_holds_the_two_commands_alone_on_a_line() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert "pip install . && hornbook train digits" in lines
    assert "pip install '.[dev]' && pytest" in lines
