"""What Keras makes of a function of ``keras.ops``: in a functional model, then run in a graph.

:func:`agree_op` holds one function against its rule, with operands that are values or literals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from hornbook.compiler.graph import Literal, TensorType
from hornbook.compiler.shapes import infer
from hornbook.compiler.shapes.literals import check_literals
from hornbook.compiler.shapes.rule import RuleError
from hornbook.specs.base import WIRING, OpSpec, registry
from hornbook.specs.choices import read_choice
from hornbook.specs.layers.ops import GetItem
from keras_layers import BATCH, LARGEST, LENGTH

Operand = TensorType | Literal
Outputs = tuple[tuple[tuple[int | None, ...], str], ...]


@dataclass(frozen=True)
class Function:
    """A function by name with plain arguments; ``listed`` tells that it takes one list of values."""

    name: str
    arguments: dict[str, Any]
    listed: bool = False

    @classmethod
    def of(cls, op: OpSpec) -> Function:
        """Return the function that an item stands for, every argument given."""
        name = type(op).__name__
        if isinstance(op, GetItem):
            key = op.entries()
            return cls(name, {"key": key if len(key) > 1 else key[0]})
        fields = [field for field in type(op).model_fields if field not in WIRING]
        return cls(name, {field: getattr(op, field) for field in fields}, op.takes_list)

    def __call__(self, operands: list[Any]) -> list[Any]:
        """Call the function as source does; return what it makes, one or several."""
        if self.name == "ops.getitem":
            return [operands[0][self.arguments["key"]]]
        function = getattr(keras.ops, self.name.removeprefix("ops."))
        result = function(*([operands] if self.listed else operands), **self.arguments)
        return list(result) if isinstance(result, (list, tuple)) else [result]


def constant(one: Literal) -> Any:
    """Return a literal as source has it: a number as it is, a list as a tensor."""
    if not isinstance(one.value, tuple):
        return one.value
    return keras.ops.convert_to_tensor(one.value, dtype=one.type.dtype)


def observe_op(op: Function, operands: tuple[Operand, ...]) -> Outputs | Exception:
    """Apply a function symbolically, and run it with gradients; return the first exception.

    A size that is not known may be any: it is enough that it runs with one.
    """
    asked = [one for one in operands if isinstance(one, TensorType)]
    types = [one.type if isinstance(one, Literal) else one for one in operands]
    trials = [Lengths({})]
    if any(None in one.shape[1:] for one in asked):
        known = [(axis - one.rank, n) for one in types for axis, n in enumerate(one.shape) if n]
        trials += [Lengths({}, size) for size in sorted({size for _, size in known})]
        trials.append(Lengths(dict(sorted(known))))
    seen = [_attempt(op, operands, lengths) for lengths in trials]
    return next((one for one in seen if not isinstance(one, Exception)), seen[0])


@dataclass(frozen=True)
class Lengths:
    """What stands in a run for sizes that are not known: by axis, counted from the back."""

    by_axis: dict[int, int]
    other: int = LENGTH

    def of(self, one: TensorType) -> tuple[int, ...]:
        """Return the sizes of a value that is run."""
        sizes = enumerate(one.shape[1:], 1 - one.rank)
        return (BATCH, *(n or self.by_axis.get(axis, self.other) for axis, n in sizes))


def _attempt(op: Function, operands: tuple[Operand, ...], lengths: Lengths) -> Outputs | Exception:
    try:
        return _observe(op, operands, lengths)
    except Exception as error:
        return error


def _observe(op: Function, operands: tuple[Operand, ...], lengths: Lengths) -> Outputs:
    asked = [one for one in operands if isinstance(one, TensorType)]
    inputs = [keras.Input(one.shape[1:], dtype=one.dtype) for one in asked]
    announced = op(_filled(operands, inputs))
    model = keras.Model(inputs, announced)
    data = [_numbers(one, lengths) for one in asked]

    def step(*data: Any) -> Any:
        watched = [one for one in data if one.dtype == tf.float32]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            result = keras.tree.flatten(model(list(data)))
            loss = tf.add_n([tf.reduce_sum(tf.cast(one, "float32")) for one in result])
        tape.gradient(loss, watched)
        return result, op(_filled(operands, list(data)))

    signature = [tf.TensorSpec(one.shape, one.dtype) for one in asked]
    graph = tf.function(step, input_signature=signature, autograph=False)
    runs = [*graph(*data), *step(*data)]
    for run in runs:
        assert len(run) == len(announced)
        for symbol, tensor in zip(announced, run, strict=True):
            hold(tuple(symbol.shape), tuple(tensor.shape))
    dtypes = {tuple(one.dtype.name for one in run) for run in runs}
    if len(dtypes) > 1:
        raise TypeError(f"Keras makes {dtypes}")
    return tuple(
        (tuple(symbol.shape), dtype) for symbol, dtype in zip(announced, dtypes.pop(), strict=True)
    )


def _filled(operands: tuple[Operand, ...], values: list[Any]) -> list[Any]:
    """Put values in the places of types, in their order."""
    rest = iter(values)
    return [constant(one) if isinstance(one, Literal) else next(rest) for one in operands]


def _numbers(one: TensorType, lengths: Lengths) -> Any:
    return tf.cast(tf.random.stateless_uniform(lengths.of(one), (1, 2)) * LARGEST, one.dtype)


def hold(announced: tuple[int | None, ...], real: tuple[int, ...]) -> None:
    """Refuse an output that has another shape than Keras says, no entries, or another batch."""
    alike = len(announced) == len(real) and all(
        size in (None, found) for size, found in zip(announced[1:], real[1:], strict=True)
    )
    if not alike or 0 in real or announced[0] is not None or real[0] != BATCH:
        raise ValueError(f"Keras announces {announced} and makes {real}")


def read_op(name: str, arguments: dict[str, Any]) -> OpSpec | list[str]:
    """Return the validated class, or what it says against the arguments."""
    found = read_choice(registry("entry"), {name: arguments})
    if isinstance(found, tuple):
        return [fault.message for fault in found]
    assert isinstance(found, OpSpec)
    return found


UNSAFE = "spreads one matrix over many"
"""What we refuse because TensorFlow may break down over it, which no test should try."""


def agree_op(op: OpSpec, operands: tuple[Operand, ...], own: tuple[str, ...] = ()) -> bool:
    """Hold a rule against Keras; return whether they take the operands.

    ``own`` holds fragments of what we refuse though Keras lets it pass.
    """
    types = tuple(one.type if isinstance(one, Literal) else one for one in operands)
    try:
        found = infer(op, types)
        check_literals(op, operands)
    except RuleError as error:
        assert error.field in (None, "inputs", *type(op).model_fields)
        assert error.input is None or 0 <= error.input < len(operands)
        excused = UNSAFE in error.message or (
            any(part in error.message for part in own)
            or isinstance(observe_op(Function.of(op), operands), Exception)
        )
        assert excused, f"only we refuse {types}: {error.message}"
        return False
    seen = observe_op(Function.of(op), operands)
    assert not isinstance(seen, Exception), f"only Keras refuses {operands}: {seen!r}"
    assert tuple((one.shape, one.dtype) for one in (found.output, *found.states)) == seen
    assert not found.weights
    assert found.flops is not None or any(None in one.shape[1:] for one in types)
    return True


def refused(
    function: Function, operands: tuple[Operand, ...], messages: list[str], own: tuple[str, ...]
) -> None:
    """Hold the refusal of a class against Keras."""
    seen = observe_op(function, operands)
    excused = any(part in message for part in own for message in messages)
    assert isinstance(seen, Exception) or excused, f"only we refuse {function}: {messages}"
