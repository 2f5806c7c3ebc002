"""The examples, and the order in which training sees them.

Keras would shuffle by a generator of its own, so the order would depend on what ran before. Here
it is a pure function of the seed and the epoch: both loops see the same batches, and a run that
stopped can go on with the batches that it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias, final

import numpy as np
import tensorflow as tf

Arrays: TypeAlias = Any
"""An array, or a dict of arrays by the name of a model's input or output."""

BATCHES_AHEAD = 2


class Scaling(Protocol):
    """How raw values become what the model sees: ``(float32(x) - offset) / scale``.

    ``offset`` and ``scale`` are numbers or arrays that broadcast against one example;
    ``identity`` says that only the cast is left to do.
    """

    @property
    def offset(self) -> Any:
        """What is subtracted."""
        ...

    @property
    def scale(self) -> Any:
        """What the difference is divided by."""
        ...

    @property
    def identity(self) -> bool:
        """Whether ``offset`` is 0 and ``scale`` is 1."""
        ...


def permutation(seed: int, epoch: int, examples: int) -> np.ndarray:
    """Return the order of the examples in one epoch, int64: a pure function of its arguments.

    It is ``numpy.random.default_rng((seed, epoch)).permutation(examples)``; no global generator
    is read or moved. ``seed`` and ``epoch`` are not negative.
    """
    return np.random.default_rng((seed, epoch)).permutation(examples).astype(np.int64, copy=False)


@final
@dataclass(frozen=True, eq=False)
class Batches:
    """Examples and targets, cut into batches anew for each epoch.

    Args:
        x: an array whose first axis counts the examples, or a dict of such by input name.
        y: the targets, likewise, by output name; None where the model brings its own loss.
        batch_size: examples of a batch. The last batch of an epoch holds what is left.
        seed: decides the order together with the epoch.
        scaling: applied to ``x`` in the graph; for a dict a dict, in which a missing name or None
            leaves an input as it is.
        shuffle: False keeps the order of the arrays, as for validation.

    Raises:
        ValueError: for arrays of unequal length, no example or a batch size below 1.
    """

    x: Arrays
    y: Arrays | None = None
    batch_size: int = 32
    seed: int = 0
    scaling: Scaling | Mapping[str, Scaling | None] | None = None
    shuffle: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be cut into batches."""
        lengths = sorted({len(array) for part in (self.x, self.y) for array in _arrays(part)})
        if len(lengths) != 1:
            raise ValueError(f"expected arrays of one length, received lengths {lengths}")
        if lengths[0] < 1 or self.batch_size < 1:
            raise ValueError(
                f"expected at least one example and a batch size of at least 1, "
                f"received {lengths[0]} examples and a batch size of {self.batch_size}"
            )

    @property
    def examples(self) -> int:
        """How many examples there are."""
        return len(next(_arrays(self.x)))

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has, a partial last one included."""
        return -(-self.examples // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """Return the indices of the examples in the order of one epoch, int64."""
        if self.shuffle:
            return permutation(self.seed, int(epoch), self.examples)
        return np.arange(self.examples, dtype=np.int64)

    def dataset(self, first: int, last: int, step: int = 0) -> tf.data.Dataset:
        """Return the batches of the epochs from ``first`` up to, not including, ``last``.

        Each element is ``(x, y)``, or ``(x,)`` without targets, with an open batch size. ``x`` has
        been scaled, and float64 is float32. Its length is ``steps_per_epoch`` for every epoch, less the ``step``
        batches of the first one that are left out.
        """
        held, size, scaling = self._held, self.batch_size, self.scaling

        def batches_of(epoch: tf.Tensor) -> tf.data.Dataset:
            order = tf.numpy_function(self.order, [epoch], tf.int64, stateful=False)
            order.set_shape([self.examples])
            begin = tf.where(epoch == first, tf.constant(step, tf.int64), tf.constant(0, tf.int64))
            steps = tf.data.Dataset.range(begin, self.steps_per_epoch)
            return steps.map(lambda step: batch_at(order[step * size : (step + 1) * size]))

        def batch_at(indices: tf.Tensor) -> Any:
            x, *y = tf.nest.map_structure(lambda values: tf.gather(values, indices), held)
            return (_scaled(x, scaling), *y)

        epochs = tf.data.Dataset.range(first, last).flat_map(batches_of)
        length = max((last - first) * self.steps_per_epoch - step, 0)
        return epochs.apply(tf.data.experimental.assert_cardinality(length)).prefetch(BATCHES_AHEAD)

    @cached_property
    def _held(self) -> tuple[Any, ...]:
        parts = (self.x,) if self.y is None else (self.x, self.y)
        with tf.device("CPU:0"):
            return tuple(
                {name: _variable(array) for name, array in part.items()}
                if isinstance(part, Mapping)
                else _variable(part)
                for part in parts
            )


def _arrays(part: Arrays | None) -> Iterator[Any]:
    if isinstance(part, Mapping):
        yield from part.values()
    elif part is not None:
        yield part


def _variable(array: Any) -> tf.Variable:
    """Hold an array once; NumPy's float64 becomes Keras's float32, every other dtype stays.

    Graphs refer to a variable. A tensor would be copied into each pipeline that starts, and a
    constant cannot have more than 2 GB.
    """
    values = np.asarray(array)
    dtype = np.dtype(np.float32) if values.dtype == np.float64 else values.dtype
    return tf.Variable(values.astype(dtype, copy=False), trainable=False)


def _scaled(x: Any, scaling: Any) -> Any:
    if scaling is None:
        return x
    if isinstance(scaling, Mapping):
        return {name: _scaled(array, scaling.get(name)) for name, array in x.items()}
    number = tf.cast(x, tf.float32)
    if scaling.identity:
        return number
    return (number - tf.cast(scaling.offset, tf.float32)) / tf.cast(scaling.scale, tf.float32)
