"""Plants the faults of ``table.py`` one by one and runs the tests that are to catch them.

    python tests/faults/plant.py                    every fault
    python tests/faults/plant.py 'strides ignored'  those of these names
    python tests/faults/plant.py --all 'strides'    names by a part, all fast tests for each
    python tests/faults/plant.py --write            every fault, and the result to docs/faults.md

Each process works on a copy of the tree in a temporary folder, so that the tree itself is never
touched. A fault is caught where a test fails; tests that cannot be collected, or do not end, catch nothing.
The exit code is 1 where a fault survives, 2 where the tests fail without one or a fault cannot be planted.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import final

from table import FAULTS, Fault, FaultError, planted

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "faults.md"
PROCESSES = 2
LIMIT = 600
"""Seconds for the tests of one fault."""

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "build", "dist"
)
PYTEST = ("-m", "pytest", "-n", "0", "-q", "-m", "not keras", "-p", "no:cacheprovider", "--tb=no")
FAILED = re.compile(r"^FAILED (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)


@final
@dataclass(frozen=True)
class Outcome:
    """What became of a fault: the test that failed, or, where none did, what happened."""

    fault: Fault
    caught: str | None
    instead: str = ""


def pytest(tree: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run pytest in a tree, which is what `hornbook` is imported from."""
    # Compiled files are told apart by second and size, which two faults may share.
    settings = {"PYTHONPATH": "typings", "PYTHONDONTWRITEBYTECODE": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [sys.executable, *PYTEST, *arguments],
        cwd=tree,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )


def targets(fault: Fault, everything: bool) -> tuple[str, ...]:
    """Return the arguments that select the tests for a fault."""
    # The table's own test fails wherever a fault is planted.
    return ("--ignore=tests/faults",) if everything or not fault.tests else fault.tests


def run(tree: Path, fault: Fault, everything: bool) -> Outcome:
    """Plant a fault in a tree, run its tests, and take it out again."""
    file = tree / fault.file
    text = file.read_text(encoding="utf-8")
    file.write_text(planted(fault, text), encoding="utf-8")
    try:
        done = pytest(tree, ["-x", "-rf", *targets(fault, everything)])
    except subprocess.TimeoutExpired:
        return Outcome(fault, None, f"the tests did not end within {LIMIT} s")
    finally:
        file.write_text(text, encoding="utf-8")
    failed = FAILED.search(done.stdout)
    if done.returncode == 1 and failed is not None:
        return Outcome(fault, failed[1])
    if done.returncode == 0:
        return Outcome(fault, None, "all tests passed")
    tail = " ".join(done.stdout.split()[-12:])
    return Outcome(fault, None, f"pytest ended with {done.returncode}: {tail}")


@contextmanager
def copies(number: int) -> Iterator[list[Path]]:
    """Make copies of the tree that are removed at the end."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        trees = [Path(folder) / f"tree{place}" for place in range(number)]
        for tree in trees:
            shutil.copytree(ROOT, tree, symlinks=True, ignore=LEFT_OUT)
        yield trees


def plant(faults: Sequence[Fault], everything: bool) -> list[Outcome]:
    """Run all faults, a few at a time; raise FaultError where that would show nothing."""
    for fault in faults:
        planted(fault, (ROOT / fault.file).read_text(encoding="utf-8"))
    with copies(PROCESSES) as trees:
        whole = everything or not all(fault.tests for fault in faults)
        named = dict.fromkeys(test for fault in faults for test in fault.tests)
        clean = pytest(trees[0], ["--ignore=tests/faults"] if whole else [*named])
        if clean.returncode != 0:
            raise FaultError(f"the tests fail without a fault:\n{clean.stdout[-2000:]}")
        free: Queue[Path] = Queue()
        for tree in trees:
            free.put(tree)

        def one(fault: Fault) -> Outcome:
            tree = free.get()
            try:
                outcome = run(tree, fault, everything)
            finally:
                free.put(tree)
            print(line(outcome), flush=True)
            return outcome

        with ThreadPoolExecutor(PROCESSES) as pool:
            return list(pool.map(one, faults))


def line(outcome: Outcome) -> str:
    """Return one line of the table in a terminal."""
    what = f"caught    {outcome.caught}" if outcome.caught else f"SURVIVED  {outcome.instead}"
    return f"{outcome.fault.name:<66} {what}"


def document(outcomes: Sequence[Outcome]) -> str:
    """Return the page about the faults."""
    survived = sum(outcome.caught is None for outcome in outcomes)
    rows = [
        f"| {outcome.fault.name} | `{outcome.fault.file}` | "
        + (f"`{outcome.caught}` |" if outcome.caught else f"**survived**: {outcome.instead} |")
        for outcome in outcomes
    ]
    return "\n".join(
        [
            "# Deliberate faults",
            "",
            "A suite of tests is worth the mistakes that it catches. `tests/faults/plant.py` makes "
            f"{len(outcomes)} mistakes in the",
            "compiler, one at a time, and runs the tests; this page is what it found "
            "(`python tests/faults/plant.py --write`).",
            "No test here needs TensorFlow. "
            + (f"**{survived} survived.**" if survived else "Every fault was caught."),
            "",
            "| fault | planted in | first test that fails |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def chosen(names: Sequence[str], parts: bool) -> list[Fault]:
    """Return the faults of these names; all where none is given."""
    known = {fault.name: fault for fault in FAULTS}
    if not names:
        return list(FAULTS)
    if parts:
        return [one for name, one in known.items() if any(part in name for part in names)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise FaultError("no such fault: " + ", ".join(unknown))
    return [known[name] for name in names]


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description="Plant faults and see whether tests catch them.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a fault; by default all of them")
    parser.add_argument("--all", action="store_true", help="parts of names; run all fast tests")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.relative_to(ROOT)}")
    given = parser.parse_args()
    if given.write and given.names:
        parser.error("--write takes no names: the page lists every fault")
    try:
        outcomes = plant(chosen(given.names, given.all), given.all)
    except FaultError as problem:
        print(problem, file=sys.stderr)
        return 2
    if given.write:
        DOCUMENT.write_text(document(outcomes), encoding="utf-8")
    survived = sum(outcome.caught is None for outcome in outcomes)
    print(f"{len(outcomes)} faults, {survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
