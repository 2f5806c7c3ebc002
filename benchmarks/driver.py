"""Starts contestants as processes of their own, and lets them train in turn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, final

from .contestants import ALL, PLAIN, Contestant
from .gate import Round
from .worker import Request
from .works import Work

ROOT: Final = Path(__file__).resolve().parent.parent
TRIAL: Final = 24
"""The steps of a round while it is not yet known how long one takes."""
FEWEST: Final = 4
MOST: Final = 4096
TELLING: Final = 32
"""Steps after which a loss that has not fallen tells something."""
LAST_WORDS: Final = 4000


@final
@dataclass(frozen=True)
class Race:
    """The rounds of each contestant in one work, in the order in which they ran."""

    work: Work
    steps: int
    rounds: Mapping[str, Sequence[Round]]
    others: float
    """The cores that other processes, or the host of this machine, took meanwhile."""

    def rates(self, name: str) -> list[float]:
        """Return the steps in a second, by round."""
        return [one.steps / one.seconds for one in self.rounds[name]]


@final
class Worker:
    """A contestant's process, from this side."""

    def __init__(self, process: subprocess.Popen[str], said: IO[str], name: str) -> None:
        self.process, self.said, self.name = process, said, name

    def read(self) -> dict[str, Any]:
        """Return what it says next.

        Raises:
            RuntimeError: where it has ended instead, with its last words.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.said.seek(0)
            words = self.said.read()[-LAST_WORDS:]
            raise RuntimeError(f"{self.name} ended with {self.process.wait()}:\n{words}")
        found: dict[str, Any] = json.loads(line)
        return found

    def go(self) -> Round:
        """Let it train for a round, once it has stopped itself after the one before."""
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            self.process.send_signal(signal.SIGCONT)
        else:  # it has ended, and what it said tells why
            self.process.returncode = os.waitstatus_to_exitcode(status)
        return Round(**self.read())


def environment(one: Contestant | None = None) -> dict[str, str]:
    """Return the environment of a process that trains: on the CPU, with this tree's hornbook."""
    path = os.pathsep.join(filter(None, (str(ROOT / "typings"), os.environ.get("PYTHONPATH"))))
    return {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": one.backend if one else "tensorflow",
        "PYTHONPATH": path,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **(one.environment if one else {}),
    }


def elsewhere(module: str, *arguments: str, **variables: str) -> Any:
    """Run a module in a process of its own, since TensorFlow is told once how to compute.

    Returns what its last line says, as JSON.
    """
    said = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment() | variables,
    )
    return json.loads(said.stdout.splitlines()[-1])


@contextmanager
def started(request: Request) -> Iterator[Worker]:
    """Start a worker that has built its net, and end it in any case."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker", request.line()],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            cwd=ROOT,
            env=environment(ALL[request.contestant]),
        )
        with process:
            try:
                worker = Worker(process, said, f"{request.contestant} on {request.work}")
                worker.read()
                yield worker
            finally:
                process.kill()


def calibrated(work: Work, seconds: float, threads: int | None = None) -> int:
    """Return how many steps the plain contestant takes in so many seconds."""
    with started(Request(work.name, PLAIN, TRIAL, 3, threads=threads)) as worker:
        rates = [one.steps / one.seconds for one in (worker.go() for _ in range(3))]
    return min(MOST, max(FEWEST, round(max(rates) * seconds)))


def race(
    work: Work,
    contestants: Sequence[Contestant],
    *,
    rounds: int,
    steps: int,
    files: Sequence[str] = (),
    threads: int | None = None,
) -> Race:
    """Let all contestants train in turn, round after round; two to warm up count for nothing.

    Raises:
        RuntimeError: for one that fails, or that does not learn.
    """
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        losses: dict[str, list[float]] = {}
        for one in contestants:
            request = Request(work.name, one.name, steps, 2 + rounds, tuple(files), threads)
            workers[one.name] = stack.enter_context(started(request))
            losses[one.name] = [workers[one.name].go().loss]
        # Who has waited for the others to start may have lost its pages; one more turn brings them back.
        for name, worker in workers.items():
            losses[name].append(worker.go().loss)
        found: dict[str, list[Round]] = {name: [] for name in workers}
        begun, already = time.perf_counter(), busy()
        for _ in range(rounds):
            for name, worker in workers.items():
                found[name].append(worker.go())
        spent, used = time.perf_counter() - begun, busy() - already
    for name, before in losses.items():
        see_it_learns(f"{name} on {work.name}", before, found[name])
    ours = sum(one.used for rounds in found.values() for one in rounds)
    return Race(work, steps, found, max(0.0, used - ours) / spent)


def busy() -> float:
    """Return the seconds that all cores have worked, or were taken by the host, since the machine started."""
    user, nice, system, _, _, irq, soft, steal = map(
        int, Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
    )
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def see_it_learns(who: str, before: Sequence[float], rounds: Sequence[Round]) -> None:
    """Hold the losses of some rounds against those before.

    Raises:
        RuntimeError: where none is lower, after steps enough to tell.
    """
    after = [one.loss for one in rounds]
    enough = sum(one.steps for one in rounds) >= TELLING
    if enough and min(after) >= before[0]:
        raise RuntimeError(f"{who} does not learn: its losses are {[*before, *after]}")
