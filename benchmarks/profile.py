"""Where the time of a training step goes, by kind of operation, as TensorFlow's profiler sees it.

    python -m benchmarks.profile [--work cifar100-32]

Shares of the time that operations take together; those that run beside each other both count. The least operations,
which the profiler leaves out, are missing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

from .stepping import STEPS, stepper
from .works import WORKS

KINDS: Final = (
    ("Conv2DBackprop", "convolutions, backward"),
    ("/conv", "convolutions, forward"),
    ("adam/", "Adam"),
    ("MatMul", "products of Dense layers, backward"),
    ("/dense", "Dense layers, forward"),
    ("max_pooling", "pooling, both ways"),
    ("ReluGrad", "ReLU, backward"),
)
PICOSECONDS: Final = 1e12


def kind(name: str) -> str:
    return next((title for part, title in KINDS if part in name), "the rest")


def events(step: Callable[[], object]) -> Iterator[tuple[str, float]]:
    """Yield the name and the seconds of each operation that TensorFlow's profiler sees within a loop of steps."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        step()
        tf.profiler.experimental.stop()
        (path,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
    for plane in space.planes:
        for event in (event for line in plane.lines for event in line.events):
            name = plane.event_metadata[event.metadata_id].name
            if "while/body" in name:
                yield name, event.duration_ps / PICOSECONDS


def profiled(work: str) -> tuple[dict[str, float], Counter[str]]:
    """Return the seconds and the number of operations, by kind, of one chunk."""
    step = stepper(WORKS[work])
    step()
    step()
    seconds: dict[str, float] = defaultdict(float)
    number: Counter[str] = Counter()
    for name, taken in events(step):
        seconds[kind(name)] += taken
        number[kind(name)] += 1
    return seconds, number


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--work", default="cifar100-32")
    work = options.parse_args().work
    seconds, number = profiled(work)
    print(f"| {work} | share of the time | operations a step |")
    print("|---|---:|---:|")
    for title, spent in sorted(seconds.items(), key=lambda one: -one[1]):
        print(f"| {title} | {spent / sum(seconds.values()):.2f} | {number[title] / STEPS:.0f} |")


if __name__ == "__main__":
    main()
