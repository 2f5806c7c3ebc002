"""What Keras makes of a layer: built symbolically, then run, in use and in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from hornbook.compiler.graph import TensorType
from hornbook.compiler.shapes import infer
from hornbook.compiler.shapes.rule import RuleError
from hornbook.specs.base import Item, LayerSpec, registry
from hornbook.specs.choices import read_choice
from hornbook.specs.registries import REGISTRIES

WIRING = {"name", "inputs", "call"}
DTYPES = ("float32", "int32", "int64", "uint8", "bool")
WORDS = ("a", "b", "b a")
"""Texts that are run."""
UNSWITCHED = (keras.layers.Discretization,)
"""Classes that take no `trainable`."""
BATCH = 3
"""Size of the batches that are run; a size that is not known becomes ``LENGTH``."""
LENGTH = 10
LARGEST = 3
"""Numbers that are run are below this, so that every embedding knows them."""

MODULES = {cls: one.module for one in REGISTRIES.values() for cls in one.items.values()}


def build(value: Any) -> Any:
    """Construct the Keras object that an item stands for, every argument given."""
    if not isinstance(value, Item):
        return value
    made = getattr(getattr(keras, MODULES[type(value)]), type(value).__name__)
    skip = WIRING if isinstance(value, LayerSpec) else set()
    fields = [name for name in type(value).model_fields if name not in skip]
    if "trainable" in fields and made in UNSWITCHED:
        fields.remove("trainable")
    return made(**{name: build(getattr(value, name)) for name in fields})


@dataclass(frozen=True)
class Seen:
    """What Keras says of a layer (its output's shape, its weights), and the dtype that comes out."""

    shape: tuple[int | None, ...]
    dtype: str
    weights: tuple[tuple[str, tuple[int, ...], bool], ...]


def observe(make: Callable[[], Any], given: TensorType, run: bool = True) -> Seen | Exception:
    """Build a layer, and run it forwards and backwards; return the first exception instead."""
    try:
        return _observe(make(), given, run)
    except Exception as error:
        return error


def _observe(layer: Any, given: TensorType, run: bool) -> Seen:
    output = layer(keras.Input(given.shape[1:], dtype=given.dtype))
    dtype = _run(layer, given, tuple(output.shape)) if run else output.dtype
    movable = {id(weight) for weight in layer.trainable_weights}
    weights = tuple((w.name, tuple(w.shape), id(w) in movable) for w in layer.weights)
    return Seen(tuple(output.shape), dtype, weights)


def _run(layer: Any, given: TensorType, announced: tuple[int | None, ...]) -> str:
    """Run a layer on numbers; return the dtype that it makes."""
    sizes = (BATCH, *(LENGTH if size is None else size for size in given.shape[1:]))
    data = tf.random.stateless_uniform(sizes, (1, 2)) * LARGEST
    if given.dtype == "string":
        data = tf.gather(tf.constant(WORDS), tf.cast(data, "int32"))
    else:
        data = tf.cast(data, given.dtype)

    def step(data: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            if given.dtype == "float32":
                tape.watch(data)
            trained = layer(data, training=True)
            number = tf.size(trained) if trained.dtype == tf.string else trained
            loss = tf.add_n([tf.reduce_sum(tf.cast(number, "float32")), *layer.losses])
        wanted = [data] if given.dtype == "float32" else []
        tape.gradient(loss, [*wanted, *layer.trainable_variables])
        return layer(data, training=False), trained

    if None in given.shape[1:]:
        # Sizes that are not known reach the layer only in a graph; eager tensors have them all.
        step = tf.function(step, input_signature=[tf.TensorSpec(given.shape, given.dtype)])
    result, trained = step(data)
    for weight in layer.trainable_weights:
        if weight.constraint is not None:
            weight.assign(weight.constraint(weight))
    for real in (tuple(result.shape), tuple(trained.shape)):
        if 0 in real:
            raise ValueError(f"nothing is left: {real}")
        expected = (BATCH, *announced[1:])
        if len(real) != len(expected) or any(
            size not in (None, found) for size, found in zip(expected, real, strict=True)
        ):
            raise ValueError(f"Keras announces {announced} and makes {real}")
    if result.dtype != trained.dtype:
        raise TypeError(f"Keras makes {result.dtype} in use, and {trained.dtype} in training")
    return str(result.dtype.name)


def read(name: str, arguments: dict[str, Any]) -> LayerSpec | None:
    """Return the validated class, or None where it refuses."""
    found = read_choice(registry("layer"), {name: arguments})
    return found if isinstance(found, LayerSpec) else None


def reasons(name: str, arguments: dict[str, Any]) -> list[str]:
    """Return what the class says against arguments."""
    found = read_choice(registry("layer"), {name: arguments})
    return [fault.message for fault in found] if isinstance(found, tuple) else []


def agree(
    name: str,
    arguments: dict[str, Any],
    given: TensorType,
    own: tuple[str, ...] = (),
    run: bool = True,
) -> bool:
    """Hold a class and its rule against Keras; return whether they take the layer.

    ``own`` holds fragments of what we refuse though Keras lets it pass.
    """
    layer = read(name, arguments)
    if layer is None:
        # Arguments that the class refuses are plain data, which Keras can be given as they are.
        seen = observe(lambda: getattr(keras.layers, name)(**arguments), given, run)
        messages = reasons(name, arguments)
        excused = any(part in message for part in own for message in messages)
        assert isinstance(seen, Exception) or excused, f"only we refuse {arguments}: {messages}"
        return False
    seen = observe(lambda: build(layer), given, run)
    try:
        found = infer(layer, (given,))
    except RuleError as error:
        assert error.field is None or error.field in type(layer).model_fields
        excused = any(part in error.message for part in own)
        assert isinstance(seen, Exception) or excused, f"only we refuse {given}: {error.message}"
        return False
    assert isinstance(seen, Seen), f"only Keras refuses {given}: {seen!r}"
    assert found.output.shape == seen.shape
    assert not run or found.output.dtype == seen.dtype
    assert tuple((w.name, w.shape, w.trainable) for w in found.weights) == seen.weights
    assert found.flops is not None or None in given.shape[1:]
    return True
