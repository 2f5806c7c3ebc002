"""How near a training step comes to what the machine can do.

    python -m benchmarks.roofline [--work cifar100-32 --work mnist-32] [--rounds 7]

The roof is operations over the rate of a large matrix product, plus the bytes of Adam over the rate of adding
two arrays that fit no cache, both measured with all processors in a process of its own just before the steps. A step
multiplies forward once, and backward twice but for the inputs of the first layer; operations are those that
`hornbook show` counts. Adam reads the weight, both means and the gradient, and writes all but the gradient. Figures
are medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Final

from hornbook.compiler.driver import analyse
from hornbook.compiler.infer import count
from hornbook.compiler.tuning import ONEDNN

from .driver import elsewhere
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
    typed = analyse(work.spec())
    flops = [(one.flops or 0) for one in typed.nodes]
    first = next(number for number in flops if number)
    return (3.0 * sum(flops) - first) * work.batch, float(ADAM * count(typed)[1])


def rates(rounds: int) -> tuple[float, float]:
    """Return the operations of a product in a second, and the bytes of a sum."""
    import numpy as np
    import tensorflow as tf

    random = np.random.default_rng(0)
    square = tf.constant(random.normal(size=(SIDE, SIDE)).astype(np.float32))
    left, right = (tf.zeros([LONG]) for _ in range(2))
    product = median(lambda: tf.matmul(square, square).numpy(), rounds)
    moved = median(lambda: (left + right)[0].numpy(), rounds)
    return 2 * SIDE**3 / product, 3 * 4 * LONG / moved


def median(run: Callable[[], object], rounds: int) -> float:
    """Return the seconds that something takes once it has run twice."""
    return statistics.median([seconds(run) for _ in range(rounds + 2)][2:])


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--work", action="append", default=[])
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--measure", choices=["rates", "step"], help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.measure == "rates":
        print(json.dumps(rates(asked.rounds)))
        return
    if asked.measure == "step":
        step = stepper(WORKS[asked.work[0]])
        print(json.dumps([median(step, asked.rounds) / STEPS]))
        return
    print(
        "| work | GFLOP | GB of Adam | products, of a step's time | Adam | both | the machine's rates |"
    )
    print("|---|---:|---:|---:|---:|---:|---|")
    for name in asked.work or ["cifar100-32", "mnist-32"]:
        rounds = ("--rounds", str(asked.rounds))
        rate, width = elsewhere(__spec__.name, "--measure", "rates", *rounds, **{ONEDNN: "1"})
        (took,) = elsewhere(__spec__.name, "--measure", "step", "--work", name, *rounds)
        flop, byte = operations(WORKS[name])
        roofs = flop / rate, byte / width
        products, adam = (f"{roof / took:.2f}" for roof in roofs)
        both = f"{sum(roofs) / took:.2f}"
        print(
            f"| {name} | {flop / 1e9:.2f} | {byte / 1e9:.3f} | {products} | {adam} | {both} |"
            f" {rate / 1e9:.0f} GFLOP/s, {width / 1e9:.0f} GB/s |"
        )


if __name__ == "__main__":
    main()
