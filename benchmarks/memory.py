"""How much memory a training holds at its peak, beyond what it holds with a handful of examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from .contestants import ALL, PLAIN, Contestant
from .driver import started
from .tables import Ratio, table
from .worker import Request
from .works import WORKS, examples

WORK: Final = WORKS["cifar100-32"]
STEPS: Final = 50_000 // WORK.batch
HANDFUL: Final = 4
DEFAULT: Final = ("hornbook-fit-functional", "hornbook-tape-functional")


def peaks(
    contestants: Sequence[Contestant], rounds: int, files: Sequence[str], steps: int = STEPS
) -> dict[str, list[tuple[int, int]]]:
    """Return the bytes at the peak of one epoch over a handful of examples, and over all, by round."""
    found: dict[str, list[tuple[int, int]]] = {one.name: [] for one in contestants}
    for _ in range(rounds):
        for one in contestants:
            few = peak(Request(WORK.name, one.name, HANDFUL * one.share, 1))
            # One round of a slow contestant is a part of an epoch, over all the examples.
            found[one.name].append(
                (few, peak(Request(WORK.name, one.name, steps, 1, tuple(files))))
            )
    return found


def peak(request: Request) -> int:
    """Return the most memory that a fresh process holds until its epoch ends, in bytes."""
    with started(request) as worker:
        return worker.go().peak


def memory(
    found: Mapping[str, Sequence[tuple[int, int]]], against: str = PLAIN, steps: int = STEPS
) -> str:
    """Return the peaks as ratios, of an epoch of so many steps."""
    data = steps * WORK.batch * examples(WORK.net, 1).x.nbytes
    beyond = {name: [full - few for few, full in rounds] for name, rounds in found.items()}
    whole = {name: [full for _, full in rounds] for name, rounds in found.items()}
    other = ALL[against].title
    heads = [
        f"peak memory, cifar100, {steps * WORK.batch} examples",
        f"beyond a handful, against {other}",
        "range",
        "in sizes of the data",
        f"whole process, against {other}",
        "range",
    ]
    rows = [
        [
            ALL[name].title,
            *Ratio.of(beyond[name], beyond[against]).cells,
            Ratio.of(beyond[name], [data] * len(beyond[name])).cells[0],
            *Ratio.of(whole[name], whole[against]).cells,
        ]
        for name in found
    ]
    return table(heads, rows) + "\n"
