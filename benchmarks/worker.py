"""The process of one contestant: it is asked by a line of JSON, and then speaks and listens in such lines."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Final, final

from .contestants import ALL
from .gate import Gate, Job
from .works import WORKS, examples

STDOUT: Final = 1
STDERR: Final = 2


@final
@dataclass(frozen=True)
class Request:
    """What a worker is asked for."""

    work: str
    contestant: str
    steps: int
    rounds: int
    files: tuple[str, ...] = ()
    threads: int | None = None

    def line(self) -> str:
        return json.dumps(asdict(self))


def main() -> None:
    # What a framework prints must not come between the lines that the driver reads.
    out = os.fdopen(os.dup(STDOUT), "w", buffering=1)
    os.dup2(STDERR, STDOUT)
    request = Request(**json.loads(sys.argv[1]))
    if request.threads:
        # Every framework starts as many threads as it has cores.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: request.threads])
    who, work = ALL[request.contestant], WORKS[request.work]

    def pause() -> None:
        # Stopped whole, with all its threads: those of tf.data would lengthen an epoch by the time they slept.
        os.kill(os.getpid(), signal.SIGSTOP)

    def tell(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")

    number = request.steps * work.batch
    found = examples(work.net, number, request.files)
    job = Job(work, found, request.steps, 2 * request.rounds, who.variant, who.share)
    import_module(f"{__package__}.peers.{who.module}").train(job, Gate(job, pause, tell))
    out.flush()
    os._exit(0)  # tidying up is nobody's turn


if __name__ == "__main__":
    main()
