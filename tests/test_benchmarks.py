"""The command that measures: what it prints, never how fast anything is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.keras

ROOT = Path(__file__).resolve().parent.parent
PLAIN, OURS = "`model.fit` on `x / 255.0`", "hornbook fit, functional"
STEPS, ROUNDS = 40, 2


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_a_race_gives_a_table_of_ratios_within_its_rounds(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    sizes = ("--steps", str(STEPS), "--rounds", str(ROUNDS))
    done = run("--work", "mlp", "--only", "hornbook-fit-f*", *sizes, "--json", str(kept))
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line[:1] == "|"]
    assert rows[0] == ["mlp net, batch 32, steps/s", f"against {PLAIN}", "range"]
    assert [row[0] for row in rows[2:]] == [PLAIN, OURS]
    assert rows[2][1:] == ["1.00", "1.00 to 1.00"]

    (work,) = json.loads(kept.read_text())["speed"]
    assert (work["work"], work["steps"]) == ("mlp-32", STEPS)
    plain, ours = work["rounds"]["keras-fit"], work["rounds"]["hornbook-fit-functional"]
    assert [one["steps"] for one in (*plain, *ours)] == [STEPS] * 2 * ROUNDS
    ratios = sorted(a["seconds"] / b["seconds"] for a, b in zip(plain, ours, strict=True))
    ends = " to ".join(f"{end:.1f}" if end >= 10 else f"{end:.2f}" for end in ratios)
    assert rows[3][2] == ends
    # While one trains the others wait, so no round of one lies within a round of the other.
    for some, others in ((plain, ours), (ours, plain)):
        assert some[1]["waited"] >= others[0]["seconds"]


@pytest.mark.parametrize("wrong", [("--work", "mnst"), ("--only", "pytorch"), ("--against", "tf")])
def test_a_name_that_nobody_has_is_refused(wrong: tuple[str, str]) -> None:
    done = run(*wrong)
    assert done.returncode == 2
    assert f"received {wrong[1]}" in done.stderr
