"""What it costs to keep a run: the time of an epoch as a ratio against the same training without a folder.

    python benchmarks/checkpoints.py [--rounds 5] [--epochs 4]

The first epoch of each training is left out: it traces and warms up. All ways train in one process, in turn,
several rounds; a ratio is taken within a round, and the table gives its median and its range.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from hornbook.runtime.data import load_data
from hornbook.runtime.data.dataset import DataSet
from hornbook.runtime.saver import Every
from hornbook.runtime.session import Manner, start
from hornbook.runtime.train import train
from hornbook.specs.load import Spec, load
from hornbook.specs.overrides import Override

EVERY = {
    "every 30 s, the default": Every(),
    "every second": Every(1.0),
    "every 100 steps": Every(None, 100),
    "every 10 steps": Every(None, 10),
    "every step": Every(None, 1),
}
Way = Callable[[], float]


def photographs(examples: int) -> DataSet:
    """Return random bytes of the sizes of CIFAR-100, which cost the same work."""
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (examples, 32, 32, 3), dtype=np.uint8)
    y = np.arange(examples, dtype=np.int64) % 100
    return DataSet("random bytes", x, y, x[:100], y[:100], 100)


def ways(spec: Spec, data: DataSet) -> dict[str, Way]:
    """Return the ways to train, each of which gives the median time of its later epochs."""

    def alone() -> float:
        return statistics.median(train(spec, data).seconds[1:])

    def kept(every: Every) -> float:
        with tempfile.TemporaryDirectory() as folder:
            trained = start(Path(folder), spec, data, manner=Manner(every))[1]
        return statistics.median(trained.seconds[1:])

    return {"without a folder": alone} | {
        name: lambda every=every: kept(every) for name, every in EVERY.items()
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--epochs", type=int, default=4)
    chosen = options.parse_args()
    more = [Override(f"train.epochs={chosen.epochs}")]
    nets = {
        "cifar100": (load("cifar100", classes=100, overrides=more), photographs(6400)),
        "digits": (load("digits", classes=10, overrides=more), load_data("digits")),
    }
    print("| states | " + " | ".join(f"`{name}` | range" for name in nets) + " |")
    print("|---|" + "---:|---|" * len(nets))
    found = {name: measured(ways(*net), chosen.rounds) for name, net in nets.items()}
    for way in EVERY:
        cells = (
            f"{statistics.median(one[way]):.2f} | {min(one[way]):.2f} to {max(one[way]):.2f}"
            for one in found.values()
        )
        print(f"| {way} | {' | '.join(cells)} |", flush=True)


def measured(run: dict[str, Way], rounds: int) -> dict[str, list[float]]:
    """Return the ratios against the first way, by way."""
    ratios: dict[str, list[float]] = {name: [] for name in run}
    for _ in range(rounds):
        times = {name: way() for name, way in run.items()}
        against = next(iter(times.values()))
        for name, seconds in times.items():
            ratios[name].append(seconds / against)
    return ratios


if __name__ == "__main__":
    main()
