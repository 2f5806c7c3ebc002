"""Loops that are written by hand for TensorFlow: the tutorial's, and one made fast."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from ..gate import Gate, Job
from ..works import BYTES
from .keras_nets import model
from .turns import trained

BUFFER: Final = 1024


def eager(job: Job) -> tf.data.Dataset:
    """Shuffle in a buffer, as tutorials do."""
    return sliced(job).shuffle(BUFFER).batch(job.work.batch)


def graph(job: Job) -> tf.data.Dataset:
    """Shuffle all examples, and have batches ready before they are asked for."""
    held = sliced(job).cache().shuffle(len(job.examples.y)).batch(job.work.batch)
    return held.prefetch(tf.data.AUTOTUNE)


def sliced(job: Job) -> tf.data.Dataset:
    x, y = job.examples.x, job.examples.y
    return tf.data.Dataset.from_tensor_slices(
        (x if job.work.net.words else x.astype(np.float32) / BYTES, y)
    )


def turns(job: Job, data: tf.data.Dataset) -> Iterator[Iterable[Any]]:
    """Yield the batches of each round: those of an epoch, or for a slow loop a piece of one."""
    if job.share == 1:
        yield from itertools.repeat(data, job.rounds)
        return
    endless = itertools.chain.from_iterable(itertools.repeat(data))
    for _ in range(job.rounds):
        yield itertools.islice(endless, job.turn)


DATA: Final[Mapping[str, Callable[[Job], tf.data.Dataset]]] = {"eager": eager, "graph": graph}


def train(job: Job, gate: Gate) -> None:
    (variant,) = job.variant
    net, data = model(job.work.net), DATA[variant](job)
    optimizer = keras.optimizers.Adam()
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    mean, accuracy = keras.metrics.Mean(), keras.metrics.SparseCategoricalAccuracy()

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as recorder:
            predicted = net(x, training=True)
            loss = loss_of(y, predicted)
        gradients = recorder.gradient(loss, net.trainable_weights)
        optimizer.apply_gradients(zip(gradients, net.trainable_weights, strict=True))
        mean.update_state(loss)
        accuracy.update_state(y, predicted)

    taken = tf.function(step) if variant == "graph" else step
    gate.built(trained(net))
    for batches in turns(job, data):
        for x, y in batches:
            taken(x, y)
        found = float(mean.result())
        float(accuracy.result())
        mean.reset_state()
        accuracy.reset_state()
        gate.turn(found)
