"""How raw values become what a model takes, input by input: applied, undone, told and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import keras
import numpy as np

from ..compiler.graph import TypedGraph
from .data import DataSet, Scaling
from .train import scaling_of

Scales: TypeAlias = Mapping[str, Scaling | None]
"""The scaling of each input of a model; None leaves its values as they are."""


def scales(typed: TypedGraph, data: DataSet) -> dict[str, Scaling | None]:
    """Return the scaling of each input of a model that is trained on some data."""
    found = scaling_of(typed, data.scaling)
    names = [one.name for one in typed.graph.inputs]
    if isinstance(found, Mapping):
        values = list(found.values())
        return {name: found.get(name, values[0] if len(names) == 1 else None) for name in names}
    return dict.fromkeys(names, found)


def record(scaling: Scales) -> dict[str, Any]:
    """Return scalings as JSON data, from which :func:`read` makes the very same numbers."""
    return {
        name: None
        if one is None
        else {"offset": np.asarray(one.offset).tolist(), "scale": np.asarray(one.scale).tolist()}
        for name, one in scaling.items()
    }


def read(recorded: Mapping[str, Any]) -> dict[str, Scaling | None]:
    """Return the scalings of a record."""
    return {
        name: None if one is None else Scaling(_numbers(one["offset"]), _numbers(one["scale"]))
        for name, one in recorded.items()
    }


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


def told(scaling: Scaling | None) -> str:
    """Say in a few words what scaling does to raw values."""
    if scaling is None or scaling.identity:
        return "as they are"
    offset, scale = np.asarray(scaling.offset), np.asarray(scaling.scale)
    if offset.ndim or scale.ndim:
        return "each less its mean, divided by its deviation"
    by = f"divided by {scale.item():g}"
    return by if offset.item() == 0 else f"less {offset.item():g}, {by}"
