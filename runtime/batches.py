"""The examples, and the order in which training sees them.

Keras would shuffle by a generator of its own, so the order would depend on what ran before. Here
it is a pure function of the seed and the epoch: both loops see the same batches, and a run that
stopped can go on with the batches that it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias, final

import numpy as np
import tensorflow as tf

from ..specs.diagnostics import SpecError
from .data.memory import aligned, empty
from .data.pictures import Pictures

Arrays: TypeAlias = Any
"""An array, or a dict of arrays by the name of a model's input or output; or pictures on the disk."""


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

    The arrays are held once, as they are: a graph gathers each batch and scales it. Arrays that start at a
    multiple of 64 bytes (see :func:`hornbook.runtime.data.memory.aligned`) are not even copied.

    Args:
        x: an array whose first axis counts the examples, or a dict of such by input name.
        y: the targets, likewise, by output name; None where the model brings its own loss.
        batch_size: examples of a batch. The last batch of an epoch holds what is left.
        seed: decides the order together with the epoch.
        scaling: applied to ``x`` in the graph; for a dict a dict, in which a missing name or None
            leaves an input as it is.
        shuffle: False keeps the order of the arrays, as for validation.
        rows: int64, the examples that are meant; None for all.
        dtype: what the model takes, for a dict a dict; unscaled numbers of another dtype are cast in the graph. None
            leaves them as they are.

    Raises:
        ValueError: for arrays of unequal length, no example or a batch size below 1.
    """

    x: Arrays
    y: Arrays | None = None
    batch_size: int = 32
    seed: int = 0
    scaling: Scaling | Mapping[str, Scaling | None] | None = None
    shuffle: bool = True
    rows: np.ndarray | None = None
    dtype: str | Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be cut into batches."""
        lengths = sorted({len(array) for part in (self.x, self.y) for array in _arrays(part)})
        if len(lengths) != 1:
            raise ValueError(f"expected arrays of one length, received lengths {lengths}")
        if self.examples < 1 or self.batch_size < 1:
            raise ValueError(
                f"expected at least one example and a batch size of at least 1, "
                f"received {self.examples} examples and a batch size of {self.batch_size}"
            )

    @property
    def examples(self) -> int:
        """How many examples there are."""
        return len(next(_arrays(self.x))) if self.rows is None else len(self.rows)

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has, a partial last one included."""
        return -(-self.examples // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """Return the indices of the examples in the order of one epoch, int64."""
        if not self.shuffle:
            return np.arange(self.examples, dtype=np.int64) if self.rows is None else self.rows
        found = permutation(self.seed, epoch, self.examples)
        return found if self.rows is None else self.rows[found]

    def feed(self, epoch: int, first: int = 0) -> Any:
        """Return what :meth:`batch` reads the steps of an epoch from, beginning with the step ``first``.

        These are the examples, what scales them, and their order; in place of pictures that are on the disk, an
        iterator over their batches.
        """
        order = self.order(epoch)
        examples, scales = self._held
        with tf.device("CPU:0"):
            if self.streamed:
                rest = order[first * self.batch_size :]
                examples = (iter(self._read(rest)), *examples[1:])
            return examples, scales, tf.constant(order)

    @property
    def streamed(self) -> bool:
        """Whether the inputs are read from the disk anew in each epoch."""
        return isinstance(self.x, Pictures)

    @cached_property
    def signature(self) -> Any:
        """The type of a feed, alike for all arrays that differ in nothing but their length."""
        examples, scales = self._held
        opened = tuple(
            tf.nest.map_structure(
                lambda tensor: tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype), part
            )
            for part in examples
        )
        if self.streamed:
            opened = (
                tf.data.IteratorSpec(self._read(np.zeros(0, np.int64)).element_spec),
                *opened[1:],
            )
        fixed = tf.nest.map_structure(tf.TensorSpec.from_tensor, scales)
        return opened, fixed, tf.TensorSpec([None], tf.int64)

    def example(self) -> Any:
        """Return the first batch of all."""
        with self.explained():
            return self.batch(self.feed(0), 0)

    def batch(self, feed: Any, step: Any, size: int | None = None) -> Any:
        """Return the batch of a step, ``(x, y)``, or ``(x,)`` without targets; in a graph, too.

        ``x`` has been scaled, and float64 is float32. ``size`` is the number of its examples, where a graph has to
        know it.
        """
        held, scales, order = feed
        first = tf.cast(step, tf.int64) * self.batch_size
        with tf.device("CPU:0"):
            last = first + self.batch_size
            indices = order[first:last] if size is None else tf.slice(order, [first], [size])
            x, *y = (
                next(part)
                if isinstance(part, tf.data.Iterator)
                else tf.nest.map_structure(lambda values: tf.gather(values, indices), part)
                for part in held
            )
        return (_scaled(x, self.scaling, scales, self.dtype), *y)

    def _read(self, order: np.ndarray) -> tf.data.Dataset:
        """Return batches of pictures, decoded by several threads while others are trained on."""

        # Python's lock has one owner: a call for each picture would hand it to and fro all the time.
        def decoded(indices: np.ndarray) -> np.ndarray:
            try:
                return np.stack([self.x[int(index)] for index in indices])
            except SpecError as error:
                self.refused.append(error)
                raise

        def batch(indices: tf.Tensor) -> tf.Tensor:
            found = tf.numpy_function(decoded, [indices], tf.uint8, stateful=False)
            return tf.ensure_shape(found, (None, *self.x.shape[1:]))

        indices = tf.data.Dataset.from_tensor_slices(order).batch(self.batch_size)
        return indices.map(batch, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Tell of a picture that cannot be read as of what it is, and not as of a failure of TensorFlow's.

        Raises:
            SpecError: HB601, HB602.
        """
        try:
            yield
        except tf.errors.OpError:
            if self.refused:
                raise self.refused[0] from None
            raise

    @cached_property
    def refused(self) -> list[SpecError]:
        """The pictures that could not be read."""
        return []

    @cached_property
    def _held(self) -> tuple[Any, Any]:
        parts = (self.x,) if self.y is None else (self.x, self.y)
        examples = tuple(
            {name: _tensor(array) for name, array in part.items()}
            if isinstance(part, Mapping)
            else ()
            if isinstance(part, Pictures)
            else _tensor(part)
            for part in parts
        )
        # As constants of a graph they would turn a division into a product, which has other bits.
        return examples, _numbers(self.scaling)


def _arrays(part: Arrays | None) -> Iterator[Any]:
    if isinstance(part, Mapping):
        yield from part.values()
    elif part is not None:
        yield part


def held(part: Arrays) -> Arrays:
    """Return examples in the memory that batches are gathered from: arrays that need no copy any more."""
    if isinstance(part, Mapping):
        return {name: held(array) for name, array in part.items()}
    return part if isinstance(part, Pictures) else _array(part)


def _array(array: Any) -> np.ndarray:
    """Return numbers aligned; NumPy's float64 becomes Keras's float32, every other dtype stays."""
    values = np.asarray(array)
    if values.dtype == np.float64:
        narrow = empty(values.shape, np.float32)
        narrow[...] = values
        return narrow
    # Texts have no memory of one shape.
    return aligned(values) if values.dtype.kind in "buif" else values


def _tensor(array: Any) -> tf.Tensor:
    values = _array(array)
    if values.dtype.kind not in "buif":
        return tf.constant(values)
    # TensorFlow copies what it is given, twice for a moment; through DLPack it takes the memory itself.
    return tf.experimental.dlpack.from_dlpack(values.__dlpack__())


def _numbers(scaling: Any) -> Any:
    """Return the offset and the scale as tensors; of a dict by name."""
    if isinstance(scaling, Mapping):
        return {name: _numbers(one) for name, one in scaling.items()}
    if scaling is None or scaling.identity:
        return ()
    return tuple(tf.constant(one, tf.float32) for one in (scaling.offset, scaling.scale))


def _scaled(x: Any, scaling: Any, numbers: Any, dtype: Any) -> Any:
    if isinstance(x, Mapping):
        scalings, dtypes = scaling or {}, dtype or {}
        return {
            name: _scaled(array, scalings.get(name), (numbers or {}).get(name), dtypes.get(name))
            for name, array in x.items()
        }
    if scaling is None:
        # Keras casts for a Functional model alone, and a layer computes in the dtype that it is given.
        return x if dtype in (None, x.dtype.name) or x.dtype == tf.string else tf.cast(x, dtype)
    values = tf.cast(x, tf.float32)
    if scaling.identity:
        return values
    offset, scale = numbers
    return (values - offset) / scale
