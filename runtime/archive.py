"""Weights by name: one file that fits a model in every style.

A key is the name of a layer in the spec and the name of the weight in it, ``conv2d/kernel``. The
format is that of safetensors: a header of JSON and plain bytes, in which nothing can be run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import keras
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ..specs.diagnostics import Diagnostic, SpecError
from .build import Built
from .durable import replace_file


@final
@dataclass(frozen=True)
class Match:
    """What became of the weights of an archive: the keys that were loaded, and those that were not.

    ``missing`` are weights of the model that the archive lacks, ``unexpected`` weights of the archive that the model
    lacks, and ``misfit`` those whose shapes differ.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misfit: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every weight found its place."""
        return not (self.missing or self.unexpected or self.misfit)


def weights_by_key(built: Built) -> dict[str, Any]:
    """Return the Keras variables that hold the weights of a model, by key."""
    found: dict[str, Any] = {}
    for name, layer in built.layers.items():
        for part, variable in zip(_parts(layer), layer.weights, strict=True):
            found[f"{name}/{part}"] = variable
    return found


def _parts(layer: keras.layers.Layer) -> list[str]:
    """Name the weights of a layer, each unlike the others, by what stands behind the layer in its path."""
    paths = [variable.path.split("/") for variable in layer.weights]
    names = [
        "/".join(path[path.index(layer.name) + 1 :] if layer.name in path[:-1] else path[-1:])
        for path in paths
    ]
    alike = Counter(names)
    seen: Counter[str] = Counter()
    parts = []
    for name in names:
        seen[name] += 1
        parts.append(name if alike[name] == 1 else f"{name}.{seen[name]}")
    return parts


def weights_of(built: Built) -> dict[str, np.ndarray]:
    """Return copies of the weights of a model, by key."""
    return {key: copied(variable) for key, variable in weights_by_key(built).items()}


def copied(variable: Any) -> np.ndarray:
    """Return a copy of what a variable holds now."""
    return np.array(keras.ops.convert_to_numpy(variable.value))


def write_weights(path: Path, built: Built) -> None:
    """Write the weights of a model to an archive."""
    replace_file(path, packed(weights_of(built)))


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """Read an archive.

    Raises:
        SpecError: HB901 where it cannot be read.
    """
    try:
        return unpacked(path.read_bytes())
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        message = f"`{path}` cannot be read: {reason}"
    except ValueError:
        message = f"`{path}` holds no weights: it is no safetensors file, or not a whole one"
    raise SpecError([Diagnostic("HB901", message)])


def restore(built: Built, arrays: Mapping[str, np.ndarray]) -> Match:
    """Give a model the weights of an archive that have a place in it."""
    variables = weights_by_key(built)
    fits = {
        key: key in arrays and tuple(arrays[key].shape) == tuple(variable.shape)
        for key, variable in variables.items()
    }
    for key, variable in variables.items():
        if fits[key]:
            variable.assign(arrays[key])
    for layer in built.layers.values():
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    return Match(
        tuple(key for key in variables if fits[key]),
        tuple(key for key in variables if key not in arrays),
        tuple(key for key in arrays if key not in variables),
        tuple(key for key in variables if key in arrays and not fits[key]),
    )


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as the bytes of an archive."""
    return save({key: np.asarray(array, order="C") for key, array in arrays.items()})


def unpacked(data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of an archive.

    Raises:
        ValueError: for anything but a whole archive.
    """
    try:
        return load(data)
    except (SafetensorError, KeyError) as error:  # a dtype that NumPy lacks is a KeyError
        raise ValueError(str(error)) from None
