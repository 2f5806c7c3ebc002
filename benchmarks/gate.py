"""Lets a contestant train for a round, then wait while others have their turn."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, final

from .works import Examples, Work

KIB = 1024


@final
@dataclass(frozen=True)
class Job:
    """What a contestant trains: ``rounds`` epochs of ``steps`` batches each, of which it takes ``share``-ths.

    Two epochs make a round that is timed.
    """

    work: Work
    examples: Examples
    steps: int
    rounds: int
    variant: tuple[str, ...]
    share: int

    @property
    def turn(self) -> int:
        """The steps of a round."""
        return max(1, self.steps // self.share)


@final
@dataclass(frozen=True)
class Round:
    """What a round was.

    ``used`` is the processor's time in its turn, ``waited`` how long the others had their turn before; ``peak`` is the
    most memory held so far, in bytes.
    """

    steps: int
    seconds: float
    loss: float
    used: float
    waited: float
    peak: int


@final
class Gate:
    """Opens once a round, when the driver says so, and takes the time until the round ends."""

    def __init__(self, job: Job, wait: Callable[[], object], tell: Callable[[Any], None]) -> None:
        self.job, self.wait, self.tell = job, wait, tell
        self.left, self.rehearsing = job.rounds, True
        self.waited = self.begun = self.used = 0.0

    def built(self, parameters: int) -> None:
        """Hold a net against what it should be, wait, and begin the first round."""
        expected = self.job.work.net.parameters
        assert parameters == expected, f"trains {parameters} numbers, should train {expected}"
        since = time.perf_counter()  # who has told may be stopped at once
        self.tell({"ready": True})
        self._open(since)

    def turn(self, loss: float) -> None:
        """End a round; begin the next, if there is one, when the driver says so.

        Each second epoch counts. The one before brings back the pages that a system takes from who is idle, and of
        which those lose most who hold most.
        """
        self.left -= 1
        if self.rehearsing:
            self.rehearsing = False
            self.begun = time.perf_counter()
            return
        self.rehearsing = True
        ended = time.perf_counter()
        seconds, used = ended - self.begun, time.process_time() - self.used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
        found = Round(self.job.turn, seconds, loss, used, self.waited, peak)
        self.tell(asdict(found))
        if self.left:
            self._open(ended)

    def _open(self, since: float) -> None:
        self.wait()
        self.used, self.begun = time.process_time(), time.perf_counter()
        self.waited = self.begun - since
