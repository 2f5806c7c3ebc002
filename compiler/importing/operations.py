"""Operations of ``keras.ops`` as Keras has written them, to items of a spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...specs.base import Item
from .arguments import arguments
from .flat import FlatCall, Tensor
from .values import Data, Obstacle, inner, sequence, shown, tagged

MODULES: Final = ("keras.src.ops.", "keras.ops", "keras.src.activations.")

NAMES: Final[Mapping[str, str]] = {
    "Abs": "abs",
    "Absolute": "abs",
    "Add": "add",
    "Cast": "cast",
    "Concatenate": "concatenate",
    "Cumsum": "cumsum",
    "Divide": "divide",
    "Exp": "exp",
    "ExpandDims": "expand_dims",
    "Gelu": "gelu",
    "GetItem": "getitem",
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
    "Log": "log",
    "Matmul": "matmul",
    "Max": "max",
    "Maximum": "maximum",
    "Mean": "mean",
    "Min": "min",
    "Minimum": "minimum",
    "Multiply": "multiply",
    "Negative": "negative",
    "OnesLike": "ones_like",
    "Power": "power",
    "ReLU": "relu",
    "Relu": "relu",
    "Relu6": "relu6",
    "Reshape": "reshape",
    "Sigmoid": "sigmoid",
    "Silu": "silu",
    "Softmax": "softmax",
    "Softplus": "softplus",
    "Split": "split",
    "Sqrt": "sqrt",
    "Square": "square",
    "Squeeze": "squeeze",
    "Stack": "stack",
    "Subtract": "subtract",
    "Sum": "sum",
    "Tanh": "tanh",
    "Transpose": "transpose",
    "TrueDivide": "divide",
    "ZerosLike": "zeros_like",
}
"""What a class of ``keras.src.ops`` is called as a function."""

WORDS: Final[Mapping[tuple[str, str, object], str]] = {
    ("Gelu", "approximate", False): "gelu",
    ("LogSoftmax", "axis", -1): "log_softmax",
    ("Elu", "alpha", 1.0): "elu",
    ("Selu", "", None): "selu",
    ("Softsign", "", None): "softsign",
    ("LogSigmoid", "", None): "log_sigmoid",
}
"""Operations, with the argument that they must have, that are activations of the language."""

OPERANDS: Final = ("x1", "x2", "x", "xs")
LISTED: Final = ("Concatenate", "Stack")
WIDTHS: Final = ("float32", "int32", "int64", "bool")


def is_operation(module: str) -> bool:
    """Tell whether a module is one of Keras's with operations."""
    return module.startswith(MODULES)


def operation(
    call: FlatCall, items: Mapping[str, type[Item]]
) -> tuple[str, dict[str, Data], tuple[Any, ...]]:
    """Return the item that an operation is: its word, its arguments and what it takes.

    Raises:
        Obstacle: where the language has no such operation.
    """
    kind, config = call.layer.kind, dict(call.layer.config)
    operands = tuple(constant(one) for one in _operands(call))
    word = _activation(kind, config)
    if word is not None:
        return "Activation", {"activation": word}, operands
    given = {key: value for key, value in config.items() if key != "name"}
    if kind == "ReLU" and any(given.values()):
        return "ReLU", arguments(items["ReLU"], config), operands
    cls = items.get(f"ops.{NAMES.get(kind)}")
    if cls is None:
        raise Obstacle(f"the language has no operation `{shown(kind)}`")
    if kind == "ReLU":
        config = {}
    if kind == "GetItem":
        config = {"key": _key(call)}
        operands = operands[:1]
    if kind in ("Squeeze", "ExpandDims"):
        config["axis"] = _one_axis(kind, config.get("axis"), operands)
    return cls.__name__, arguments(cls, config), operands


def constant(data: Any) -> Any:
    """Return what a function takes: a value of the graph, a number, or numbers in lists.

    Raises:
        Obstacle: for anything else.
    """
    if isinstance(data, Tensor | bool | int | float):
        return data
    if tagged(data) not in ("__numpy__", "__tensor__"):
        raise Obstacle(f"it takes `{shown(data)}`, which is no value and no number")
    config = inner(data, "a constant")
    if config.get("dtype") not in WIDTHS:
        raise Obstacle(f"it takes a constant of dtype `{shown(config.get('dtype'))}`")
    return _numbers(config.get("value"))


def _numbers(data: Any) -> Any:
    if isinstance(data, list | tuple):
        return tuple(_numbers(one) for one in data)
    if isinstance(data, bool | int | float):
        return data
    raise Obstacle(f"a constant holds `{shown(data)}`")


def _operands(call: FlatCall) -> tuple[Any, ...]:
    extra = {key for key, value in call.kwargs.items() if value is not None} - {*OPERANDS}
    if extra:
        raise Obstacle(f"its call has an argument `{shown(sorted(extra)[0])}`")
    found = (*call.args, *(call.kwargs[key] for key in OPERANDS if key in call.kwargs))
    if call.layer.kind in LISTED and len(found) == 1:
        found = sequence(found[0], "what it takes")
    if call.layer.kind == "GetItem":
        found = found[:1]
    if not any(isinstance(one, Tensor) for one in found):
        raise Obstacle("it takes no value of the model")
    return found


def _activation(kind: str, config: Mapping[str, Any]) -> str | None:
    for (name, argument, value), word in WORDS.items():
        if kind == name and (not argument or config.get(argument) == value):
            return word
    return None


def _one_axis(kind: str, axis: Any, operands: tuple[Any, ...]) -> Any:
    """Return the axis, which Keras may have written as a list, or not at all where it is plain."""
    shape = operands[0].shape if isinstance(operands[0], Tensor) else None
    if axis is None and kind == "Squeeze" and shape is not None:
        ones = [position for position, size in enumerate(shape) if size == 1]
        return ones[0] if len(ones) == 1 else None
    return axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis


def _key(call: FlatCall) -> str:
    """Return what stood in brackets."""
    found = call.args[1] if len(call.args) == 2 else call.kwargs.get("key")
    entries = found if isinstance(found, tuple) else (found,)
    return ", ".join(_entry(one) for one in entries)


def _entry(data: Any) -> str:
    if data is None:
        return "None"
    if isinstance(data, int) and not isinstance(data, bool):
        return str(data)
    if tagged(data) == "__ellipsis__":
        return "..."
    if tagged(data) == "__slice__":
        config = inner(data, "a slice")
        start, stop, step = (config.get(name) for name in ("start", "stop", "step"))
        parts = ["" if one is None else _entry(one) for one in (start, stop)]
        return ":".join(parts if step is None else [*parts, _entry(step)])
    raise Obstacle(f"it takes the part `{shown(data)}`, which is no index and no slice")
