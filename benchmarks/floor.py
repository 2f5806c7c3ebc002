"""The least time of a training step that is made of TensorFlow's operations, however they were scheduled.

    python -m benchmarks.floor [--work cifar100-32] [--rounds 7] [--data cifar100.npz]

The profiler takes the time of each operation where nothing else runs: with one thread, and in another process with
all of them. No schedule is shorter than the longest chain of operations that wait for one another, nor than the
processors' time that all need together; and who gives an operation more threads to shorten the chain pays with
processors' time. The floor is the best of all such choices. What the profiler does not see, operations of a microsecond
and the scheduler itself, counts for nothing, so that the floor is rather too low.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Final, final

from .contestants import ALL, PLAIN
from .driver import calibrated, elsewhere, race
from .tables import Ratio, table
from .works import WORKS

CHUNKS: Final = 12
"""The chunks of steps whose operations are timed."""
CALL: Final = "StatefulPartitionedCall/"
OURS: Final = "hornbook-fit-functional"
GRID: Final = 100


@final
@dataclass(frozen=True)
class Step:
    """The operations of a step: the seconds of each by name, where anything was measured, and what each waits for."""

    seconds: Mapping[str, float]
    waits: Mapping[str, Sequence[str]]


def measured(work: str, threads: int) -> Step:
    """Measure the operations of a step, one after another; the process must not have imported TensorFlow before."""
    from .profile import events
    from .stepping import STEPS, prepared

    steps, batches = prepared(
        WORKS[work], [f"threads={{intra_op: {threads}, inter_op: 1}}", "jit_compile=false"]
    )
    import tensorflow as tf

    feed = batches.feed(0)
    for _ in range(3):
        steps.take(batches, feed, 0, STEPS)
    found = defaultdict(list)
    for _ in range(CHUNKS):
        for name, seconds in events(lambda: steps.take(batches, feed, 0, STEPS)):
            if CALL in name:
                found[name.split(CALL, 1)[1].rsplit(":", 1)[0]].append(seconds)
    graph = tf.function(
        lambda feed, step: steps.step(batches.batch(feed, step)),
        input_signature=(batches.signature, tf.TensorSpec([], tf.int32)),
        autograph=False,
    ).get_concrete_function()
    return Step(
        {name: statistics.median(seconds) for name, seconds in found.items()},
        {
            one.name: [
                *(value.op.name for value in one.inputs),
                *(o.name for o in one.control_inputs),
            ]
            for one in graph.graph.get_operations()
        },
    )


def longest(seconds: Mapping[str, float], waits: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the chain of operations that takes longest; ``waits`` names each after what it waits for."""
    ends: dict[str, tuple[float, str | None]] = {}
    for name in TopologicalSorter(waits).static_order():
        last = max(waits[name], key=lambda one: ends[one][0], default=None)
        ends[name] = (seconds.get(name, 0.0) + (ends[last][0] if last else 0.0), last)
    chain: list[str] = []
    one: str | None = max(ends, key=lambda name: ends[name][0])
    while one is not None:
        chain.append(one)
        one = ends[one][1]
    return chain[::-1]


@final
@dataclass(frozen=True)
class Floor:
    """The least seconds of a step: of its longest chain alone, of its work alone, and of both at once."""

    chain: float
    work: float
    both: float


def floor(alone: Mapping[str, float], shared: Mapping[str, float], step: Step, cores: int) -> Floor:
    """Return the least time of a step.

    A step lasts at least as long as its chain, and as its work over the processors, so at least as long as any mean of
    the two, weighted by ``a`` and ``1 - a``. There each operation may choose by itself between one thread and all.

    Args:
        alone: the seconds of operations with one thread.
        shared: the same with a thread for each processor.
        step: what waits for what.
        cores: how many processors there are.
    """
    names = alone.keys() & shared.keys()
    least = {name: min(alone[name], shared[name]) for name in names}
    chain = set(longest(least, step.waits))

    def mean(weight: float) -> float:
        return sum(
            min(
                (weight * (name in chain) + (1 - weight) / cores) * alone[name],
                (weight * (name in chain) + (1 - weight)) * shared[name],
            )
            for name in names
        )

    return Floor(mean(1.0), mean(0.0), max(mean(number / GRID) for number in range(GRID + 1)))


def apart(work: str, threads: int) -> Step:
    """Measure in a process of its own."""
    return Step(**elsewhere(__spec__.name, "--work", work, "--threads", str(threads)))


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--work", default="cifar100-32", choices=WORKS)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--data", action="append", default=[])
    options.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.threads:
        step = measured(asked.work, asked.threads)
        print(json.dumps({"seconds": dict(step.seconds), "waits": dict(step.waits)}))
        return
    cores = len(os.sched_getaffinity(0))
    alone, shared = apart(asked.work, 1), apart(asked.work, cores)
    least = floor(alone.seconds, shared.seconds, alone, cores)
    work = WORKS[asked.work]
    found = race(
        work,
        [ALL[PLAIN], ALL[OURS]],
        rounds=asked.rounds,
        steps=calibrated(work, 1.0),
        files=asked.data,
    )
    rates = {name: found.rates(name) for name in (PLAIN, OURS)}
    rows = [
        [
            title,
            *(
                cell
                for name in rates
                for cell in Ratio.of([1 / one] * asked.rounds, rates[name]).cells
            ),
        ]
        for title, one in (
            ("the longest chain, alone", least.chain),
            ("all operations, on all processors without a pause", least.work),
            ("both: the floor", least.both),
        )
    ]
    rows.append([ALL[OURS].title, *Ratio.of(rates[OURS], rates[PLAIN]).cells, "1.00", ""])
    heads = [f"{work.net.name} net, batch {work.batch}, steps/s"]
    for name in rates:
        heads += [f"against {ALL[name].title}", "range"]
    print(table(heads, rows))


if __name__ == "__main__":
    main()
