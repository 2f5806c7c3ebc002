"""How near a training step comes to what the machine can do.

    python -m benchmarks.roofline [--work cifar100-32 --work mnist-32] [--rounds 7]

The roof is operations over the rate of a large matrix product, plus the bytes of Adam over the rate of adding
two arrays that fit no cache, both measured in the same process and in turn with the steps. A step multiplies
forward once, and backward twice but for the inputs of the first layer; operations are those that `hornbook show`
counts. Adam reads the weight, both means and the gradient, and writes all but the gradient. Figures are medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf

from hornbook.compiler.driver import analyse
from hornbook.compiler.infer import count

from .stepping import STEPS, stepper
from .works import WORKS, Work

SIDE: Final = 2048
LONG: Final = 2**26
ADAM: Final = 7 * 4
"""Bytes that Adam moves for each number that it trains."""


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def operations(work: Work) -> tuple[float, float]:
    """Return the operations of a step, and the bytes that Adam moves in it."""
    typed = analyse(work.net.spec())
    flops = [(one.flops or 0) for one in typed.nodes]
    first = next(number for number in flops if number)
    return (3.0 * sum(flops) - first) * work.batch, float(ADAM * count(typed)[1])


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--work", action="append", default=[])
    options.add_argument("--rounds", type=int, default=7)
    asked = options.parse_args()
    random = np.random.default_rng(0)
    square = tf.constant(random.normal(size=(SIDE, SIDE)).astype(np.float32))
    left, right = (tf.zeros([LONG]) for _ in range(2))
    print(
        "| work | GFLOP a step | GB of Adam | roof: product, Adam | the step takes | of the roof |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for name in asked.work or ["cifar100-32", "mnist-32"]:
        work = WORKS[name]
        step = stepper(work)
        timed: list[tuple[float, float, float]] = []
        for _ in range(asked.rounds + 2):
            product = seconds(lambda: tf.matmul(square, square).numpy())
            moved = seconds(lambda: (left + right)[0].numpy())
            timed.append((product, moved, seconds(step) / STEPS))
        product, moved, took = (
            statistics.median(column) for column in zip(*timed[2:], strict=True)
        )
        flop, byte = operations(work)
        rate, width = 2 * SIDE**3 / product, 3 * 4 * LONG / moved
        roofs = flop / rate, byte / width
        products, adam = (f"{roof / took:.2f}" for roof in roofs)
        both = f"{sum(roofs) / took:.2f}"
        print(
            f"| {name} | {flop / 1e9:.2f} | {byte / 1e9:.3f} | {products} | {adam} | {both} |"
            f" {rate / 1e9:.0f} GFLOP/s, {width / 1e9:.0f} GB/s |"
        )


if __name__ == "__main__":
    main()
