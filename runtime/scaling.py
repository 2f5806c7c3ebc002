"""How raw values become what a model takes, input by input: read, applied, undone and told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import keras
import numpy as np

from ..compiler.graph import TypedGraph
from .data import Scaling

Scales: TypeAlias = Mapping[str, Scaling | None]
"""The scaling of each input of a model; None leaves its values as they are."""


def scales(typed: TypedGraph, recorded: Any) -> dict[str, Scaling | None]:
    """Return the scaling of each input of a model, as a run recorded that of its data."""
    names = [one.name for one in typed.graph.inputs]
    by_input = isinstance(recorded, Mapping) and not _is_one(recorded)
    found = {name: recorded.get(name) if by_input else recorded for name in names}
    if by_input and len(names) == 1 and len(recorded) == 1:  # one array feeds one input
        found = dict.fromkeys(names, next(iter(recorded.values())))
    floats = {one.name for one in typed.graph.inputs if one.type.dtype.startswith("float")}
    return {name: _read(one) if name in floats else None for name, one in found.items()}


def _is_one(recorded: Mapping[str, Any]) -> bool:
    """Tell a scaling from a mapping of such: an input may be called `scale`."""
    return set(recorded) == {"offset", "scale"} and isinstance(
        recorded["scale"], int | float | list
    )


def _read(recorded: Mapping[str, Any] | None) -> Scaling | None:
    if recorded is None:
        return None
    return Scaling(_numbers(recorded["offset"]), _numbers(recorded["scale"]))


def _numbers(value: Any) -> Any:
    return np.asarray(value, np.float32) if isinstance(value, list) else float(value)


def apply(array: np.ndarray, scaling: Scaling | None) -> np.ndarray:
    """Scale raw values as training does."""
    if scaling is None:
        return array
    number = array.astype(np.float32)
    if scaling.identity:
        return number
    return (number - np.float32(scaling.offset)) / np.float32(scaling.scale)


def raw(array: np.ndarray, scaling: Scaling | None) -> np.ndarray:
    """Return values that scaling makes about these of."""
    if scaling is None:
        return array
    return (array * np.float32(scaling.scale) + np.float32(scaling.offset)).astype(np.float32)


def scaled_input(value: Any, scaling: Scaling | None) -> Any:
    """Scale a symbolic input of a model, number by number as training does."""
    if scaling is None or scaling.identity:
        return value
    moved = keras.ops.subtract(value, np.asarray(scaling.offset, np.float32))
    return keras.ops.divide(moved, np.asarray(scaling.scale, np.float32))


BYTES_TOLD: Final = "divided by 255"
"""What :func:`told` says of the scaling that bytes have."""


def told(scaling: Scaling | None) -> str:
    """Say in a few words what scaling does to raw values."""
    if scaling is None or scaling.identity:
        return "as they are"
    offset, scale = np.asarray(scaling.offset), np.asarray(scaling.scale)
    if offset.ndim or scale.ndim:
        return "each less its mean, divided by its deviation"
    by = f"divided by {scale.item():g}"
    return by if offset.item() == 0 else f"less {offset.item():g}, {by}"
