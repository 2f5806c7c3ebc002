"""The time from the command to its end: ``hornbook train digits``, against the same by hand."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from .driver import environment
from .tables import Ratio, table

BY_HAND: Final = "by hand, in Keras"
TRAIN: Final = (sys.executable, "-m", "hornbook.cli", "train", "digits")
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    BY_HAND: (sys.executable, str(Path(__file__).parent / "peers" / "digits.py")),
    "`hornbook train digits`": TRAIN,
    "`hornbook train digits --no-report`": (*TRAIN, "--no-report"),
    "`hornbook train digits --no-run`": (*TRAIN, "--no-run"),
}


def times(rounds: int, warm: int = 1) -> dict[str, list[float]]:
    """Return the seconds of each command by round; those to warm the disk's cache count for nothing."""
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(-warm, rounds):
        for name, command in COMMANDS.items():
            spent = seconds(command)
            if number >= 0:
                found[name].append(spent)
    return found


def seconds(command: Sequence[str]) -> float:
    """Return how long a process takes, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
        return time.perf_counter() - begun


def whole(found: Mapping[str, Sequence[float]]) -> str:
    """Return the times as ratios."""
    heads = ["all in, fresh processes", f"time against {BY_HAND}", "range"]
    rows = [[name, *Ratio.of(spent, found[BY_HAND]).cells] for name, spent in found.items()]
    return table(heads, rows) + "\n"
