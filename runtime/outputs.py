"""What goes into a model and comes out of it, by name, whether it takes one array or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..compiler.graph import TypedGraph


def fed(values: Mapping[str, Any]) -> Any:
    """Return named inputs as a model takes them: the only one, or a dict of them."""
    return dict(values) if len(values) > 1 else next(iter(values.values()))


def by_name(result: Any, typed: TypedGraph) -> dict[str, Any]:
    """Return what a model returned by the names of its outputs."""
    if isinstance(result, Mapping):
        return dict(result)
    return {str(typed.graph.outputs[0]): result}


def forward(
    model: keras.Model, typed: TypedGraph, inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Run a model on some examples, as outside of training."""
    given = {name: tf.constant(array) for name, array in inputs.items()}
    found = by_name(model(fed(given), training=False), typed)
    return {name: np.asarray(value) for name, value in found.items()}
