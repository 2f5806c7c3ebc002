"""The command that measures: what it prints, never how fast anything is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import redirect_stderr
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import memory, whole
from benchmarks.__main__ import main, options
from benchmarks.gate import Gate, Job
from benchmarks.worker import Request
from benchmarks.works import WORKS, Examples

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
    # While one trains the other waits, so each has waited for the round that was just before its own.
    turns = [one for both in zip(plain, ours, strict=True) for one in both]
    for before, after in pairwise(turns):
        assert after["waited"] >= before["seconds"]


def test_the_time_of_others_counts_from_the_end_of_a_round() -> None:
    """Who tells that its round has ended may be stopped before it does anything else."""
    told: list[dict[str, Any]] = []

    def tell(message: dict[str, Any]) -> None:
        told.append(message)
        time.sleep(0.02)

    work = WORKS["mlp-32"]
    gate = Gate(Job(work, Examples(*[np.zeros(1)] * 2), 1, 4, (), 1), lambda: None, tell)
    gate.built(work.net.parameters)
    for _ in range(4):
        gate.turn(0.0)
    assert [one["waited"] >= 0.02 for one in told if "waited" in one] == [True, True]


def test_hornbook_is_told_how_many_examples_a_batch_has() -> None:
    """What is chosen for a net depends on it."""
    for work in WORKS.values():
        train = work.spec(["jit_compile=true"]).model.train
        assert train is not None
        assert (train.batch_size, train.jit_compile) == (work.batch, True)


@pytest.mark.parametrize(
    "wrong",
    [("--work", "mnst"), ("--only", "pytorch"), ("--against", "tf"), ("--against", "torch*")],
)
def test_a_name_that_nobody_has_is_refused(wrong: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as ended, redirect_stderr(StringIO()) as said:
        options(wrong)
    assert ended.value.code == 2
    assert f"received {wrong[1]}" in said.getvalue()


@pytest.mark.parametrize(
    ("table", "option"), [("memory", "work"), ("memory", "threads"), ("whole", "steps")]
)
def test_what_a_table_has_no_use_for_is_refused(table: str, option: str) -> None:
    value = "mnist" if option == "work" else "2"
    with pytest.raises(SystemExit) as ended, redirect_stderr(StringIO()) as said:
        options(["--table", table, f"--{option}", value])
    assert ended.value.code == 2
    assert f"--table {table} has no use for --{option}" in said.getvalue()


def test_without_whom_it_was_to_be_compared_with_a_race_has_the_plain_one(tmp_path: Path) -> None:
    """PyTorch has no `wide` net, and who is not installed takes no part."""
    kept = tmp_path / "kept.json"
    sizes = ("--steps", "8", "--rounds", "1", "--json", str(kept))
    done = run("--work", "wide", "--only", "option-onednn", "--against", "torch", *sizes)
    assert done.returncode == 0, done.stderr
    assert f"against {PLAIN}" in done.stdout
    assert list(json.loads(kept.read_text())["speed"][0]["rounds"]) == [
        "keras-fit",
        "option-onednn",
    ]


def test_memory_is_measured_over_as_many_steps_as_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Request] = []

    def peak(request: Request) -> int:
        asked.append(request)
        return 1000 + request.steps * 32 * 3072 * (10 if request.contestant == "keras-fit" else 1)

    monkeypatch.setattr(memory, "peak", peak)
    main(["--table", "memory", "--steps", "20", "--only", "hornbook-fit-functional"])
    assert {one.steps for one in asked} == {memory.HANDFUL, 20}
    heads, _, plain, ours = (
        line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[:4]
    )
    assert heads[0] == "peak memory, cifar100, 640 examples"
    assert (plain[0], plain[3]) == (PLAIN, "8.00")  # 16 of the 20 steps are beyond a handful
    assert ours[:4] == [OURS, "0.10", "0.10 to 0.10", "0.80"]


def test_whole_runs_are_timed_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = dict.fromkeys((whole.BY_HAND, "ours"), (sys.executable, "-c", "pass"))
    monkeypatch.setattr(whole, "COMMANDS", commands)
    found = whole.times(2)
    assert {name: len(spent) for name, spent in found.items()} == dict.fromkeys(commands, 2)
    assert f"| {whole.BY_HAND} | 1.00 | 1.00 to 1.00 |" in whole.whole(found)


def test_pictures_are_trained_on_in_every_way() -> None:
    sizes = ("--rounds", "1", "--pictures", "120", "--side", "16", "--epochs", "2")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pictures", *sizes],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()]
    assert rows[0][0] == "pictures/s"
    plain, *others = rows[2:]
    assert plain == ["by hand, in Keras", *("1.00", "1.00 to 1.00") * 3]
    assert [row[0] for row in others] == [
        "by hand, with `cache()`",
        "hornbook, pictures held",
        "hornbook, pictures on the disk",
    ]
    for row in others:  # of one round the median is both ends of the range
        assert all(float(row[at]) > 0 for at in (1, 3, 5))
        assert [f"{row[at]} to {row[at]}" for at in (1, 3, 5)] == row[2::2]
