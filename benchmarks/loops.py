"""Steps per second of hornbook's loops, as ratios against Keras as a tutorial writes it.

    python benchmarks/loops.py [--examples 6400] [--rounds 5] [--data FILE.npz]

The net is the shipped `cifar100` at batch 32. All ways train in one process, in turn, several rounds; a ratio
is taken within a round, and the table gives its median and its range. Without `--data` the examples are
random bytes, which cost the same work.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from hornbook.compiler.driver import analyse
from hornbook.runtime.batches import Batches
from hornbook.runtime.build import build_typed
from hornbook.runtime.fit import fit
from hornbook.runtime.objects import compile_model
from hornbook.runtime.tape import tape
from hornbook.specs.load import load

BATCH = 32
REFERENCE = "plain model.fit on x / 255"
SPEC = load("cifar100")
TYPED = analyse(SPEC)


class Bytes:
    """Bytes to [0, 1], in the graph."""

    offset, scale, identity = 0.0, 255.0, False


def model(style: str = "functional") -> keras.Model:
    built = build_typed(TYPED, style, seed=0).model
    assert SPEC.model.train is not None
    compile_model(built, SPEC.model.train)
    return built


def plain_fit(x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    net, floats = model(), (x / 255.0)
    return lambda: net.fit(floats, y, batch_size=BATCH, epochs=1, verbose=0)


def ours(
    loop: Callable[..., object], style: str, x: np.ndarray, y: np.ndarray
) -> Callable[[], object]:
    net, batches = model(style), Batches(x=x, y=y, batch_size=BATCH, seed=0, scaling=Bytes())
    return lambda: loop(net, batches, 1)


def eager_tape(x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """Write the loop as the tutorial does: a GradientTape and no tf.function."""
    net, loss_of = model(), keras.losses.SparseCategoricalCrossentropy()
    optimizer, few = keras.optimizers.Adam(), (x[: len(x) // 8] / 255.0).astype("float32")
    labels = y[: len(few)]

    def run() -> None:
        for start in range(0, len(few), BATCH):
            with tf.GradientTape() as recorder:
                loss = loss_of(
                    labels[start : start + BATCH], net(few[start : start + BATCH], training=True)
                )
            gradients = recorder.gradient(loss, net.trainable_variables)
            optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))

    return run


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--examples", type=int, default=6400)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--data", help="an .npz file with x_train and y_train, of CIFAR-100")
    chosen = options.parse_args()
    if chosen.data:
        with np.load(chosen.data) as arrays:
            x, y = arrays["x_train"][: chosen.examples], arrays["y_train"][: chosen.examples]
    else:
        random = np.random.default_rng(0)
        x = random.integers(0, 256, (chosen.examples, 32, 32, 3), dtype=np.uint8)
        y = random.integers(0, 100, chosen.examples)
    y = y.astype("int64")
    ways = {REFERENCE: (plain_fit(x, y), 1.0), "eager GradientTape loop": (eager_tape(x, y), 1 / 8)}
    for style in ("functional", "sequential", "subclassed"):
        ways[f"hornbook fit, {style}"] = (ours(fit, style, x, y), 1.0)
        ways[f"hornbook tape, {style}"] = (ours(tape, style, x, y), 1.0)
    for run, _ in ways.values():
        run()  # traces and warms up
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(chosen.rounds):
        for name, (run, share) in ways.items():
            start = time.perf_counter()
            run()
            rates[name].append(share / (time.perf_counter() - start))
    print(
        f"| cifar100 net, batch {BATCH}, {chosen.examples} examples | steps/s against {REFERENCE} | range |"
    )
    print("|---|---|---|")
    for name, values in rates.items():
        ratios = [a / b for a, b in zip(values, rates[REFERENCE], strict=True)]
        print(
            f"| {name} | {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |"
        )


if __name__ == "__main__":
    main()
