"""What Keras makes of a layer: built symbolically, then run, in use and in training.

:func:`agree` holds one layer with one input and one output; :func:`agree_all` takes several of both,
and what a call takes besides its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from hornbook.compiler.graph import TensorType
from hornbook.compiler.shapes import infer
from hornbook.compiler.shapes.calls import check_call
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
    if isinstance(value, tuple):
        return [build(part) for part in value] if value and isinstance(value[0], Item) else value
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


Given = Mapping[str, tuple[TensorType | None, ...]]


@dataclass(frozen=True)
class SeenAll:
    """What Keras makes: the shape and the dtype of each output, and the weights."""

    outputs: tuple[tuple[tuple[int | None, ...], str], ...]
    weights: tuple[tuple[str, tuple[int, ...], bool], ...]


def observe_all(
    layer: LayerSpec, types: tuple[TensorType, ...], given: Given | None = None
) -> SeenAll | Exception:
    """Build a model of one call, and run it in use and in training; return the first exception."""
    try:
        return _observe_all(layer, types, given or {})
    except Exception as error:
        return error


def _observe_all(layer: LayerSpec, types: tuple[TensorType, ...], given: Given) -> SeenAll:
    made = build(layer)
    inputs = [keras.Input(one.shape[1:], dtype=one.dtype) for one in types]
    further = {
        name: [one and keras.Input(one.shape[1:], dtype=one.dtype) for one in found]
        for name, found in given.items()
    }
    flags = layer.call.model_dump(exclude_unset=True) if layer.call else {}

    def listed(name: str) -> bool:
        return layer.takes_list or name == "initial_state"

    keywords = {name: value for name, value in flags.items() if name not in given} | {
        name: found[0] if len(found) == 1 and not listed(name) else found
        for name, found in further.items()
    }
    if layer.takes_list:
        result = made(inputs, **keywords)
    elif layer.arity == (1, 3):
        result = made(*(inputs if len(inputs) > 1 else inputs * 2), **keywords)
    else:
        result = made(inputs[0], **keywords)
    announced = result if isinstance(result, (list, tuple)) else [result]
    taken = [*inputs, *(one for found in further.values() for one in found if one is not None)]
    asked = [*types, *(one for found in given.values() for one in found if one is not None)]
    model = keras.Model(taken, list(announced))
    real = _run_all(model, asked, made)
    for one, tensor in zip(announced, real, strict=True):
        _hold(tuple(one.shape), tuple(tensor.shape))
    movable = {id(weight) for weight in model.trainable_weights}
    return SeenAll(
        tuple((tuple(a.shape), r.dtype.name) for a, r in zip(announced, real, strict=True)),
        tuple((w.name, tuple(w.shape), id(w) in movable) for w in made.weights),
    )


def _hold(announced: tuple[int | None, ...], real: tuple[int, ...]) -> None:
    """Refuse an output that has another shape than Keras says, or no entries."""
    alike = len(announced) == len(real) and all(
        size in (None, found) for size, found in zip(announced[1:], real[1:], strict=True)
    )
    if not alike or 0 in real or real[0] != BATCH:
        raise ValueError(f"Keras announces {announced} and makes {real}")


def _run_all(model: Any, asked: list[TensorType], layer: Any) -> list[Any]:
    """Run a model in use and in training, with gradients and constraints; return what it makes."""
    data = [
        _numbers((BATCH, *(LENGTH if size is None else size for size in one.shape[1:])), one.dtype)
        for one in asked
    ]

    def step(*data: Any) -> Any:
        with tf.GradientTape() as tape:
            trained = keras.tree.flatten(model(list(data), training=True))
            sums = [tf.reduce_sum(tf.cast(one, "float32")) for one in trained]
            loss = tf.add_n([*sums, *model.losses])
        tape.gradient(loss, model.trainable_variables)
        return keras.tree.flatten(model(list(data), training=False)), trained

    if any(None in one.shape[1:] for one in asked):
        # Sizes that are not known reach the layer only in a graph; eager tensors have them all.
        signature = [tf.TensorSpec(one.shape, one.dtype) for one in asked]
        step = tf.function(step, input_signature=signature, autograph=False)
    result, trained = step(*data)
    assert [one.shape for one in result] == [one.shape for one in trained]
    for weight in layer.trainable_weights:
        if weight.constraint is not None:
            weight.assign(weight.constraint(weight))
    return list(result)


def _numbers(shape: tuple[int, ...], dtype: str) -> Any:
    return tf.cast(tf.random.stateless_uniform(shape, (1, 2)) * LARGEST, dtype)


def agree_all(
    layer: LayerSpec,
    types: tuple[TensorType, ...],
    given: Given | None = None,
    own: tuple[str, ...] = (),
) -> bool:
    """Hold a rule, and the check of a call, against Keras; return whether they take the layer.

    ``own`` holds fragments of what we refuse though Keras lets it pass.
    """
    seen = observe_all(layer, types, given)
    try:
        found = infer(layer, types)
        check_call(layer, types, given or {})
    except RuleError as error:
        assert error.field is None or error.field in type(layer).model_fields
        assert error.input is None or 0 <= error.input < len(types)
        excused = any(part in error.message for part in own)
        assert isinstance(seen, Exception) or excused, f"only we refuse {types}: {error.message}"
        return False
    assert isinstance(seen, SeenAll), f"only Keras refuses {types}: {seen!r}"
    assert tuple((one.shape, one.dtype) for one in (found.output, *found.states)) == seen.outputs
    assert tuple((w.name, w.shape, w.trainable) for w in found.weights) == seen.weights
    assert found.flops is not None or any(None in one.shape[1:] for one in types)
    return True
