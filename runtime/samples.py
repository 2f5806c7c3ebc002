"""Random examples that fit a model, for comparing its styles without data."""

from __future__ import annotations

import numpy as np

from ..compiler.graph import TypedGraph
from ..compiler.losses import label_form
from ..specs.layers.core import Embedding, ReversibleEmbedding
from ..specs.model import TrainSpec

UNKNOWN_SIZE = 16
"""What stands for a size that the spec leaves open."""

SMALL_INTEGERS = 10


def sample_inputs(
    typed: TypedGraph, examples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return an array for each input: uniform in [0, 1), or integers that its embeddings know."""
    found = {}
    for one in typed.graph.inputs:
        shape = (examples, *(size or UNKNOWN_SIZE for size in one.type.shape[1:]))
        if one.type.dtype == "float32":
            found[one.name] = rng.random(shape, dtype=np.float32)
        else:
            top = 2 if one.type.dtype == "bool" else _vocabulary(typed, one.name)
            found[one.name] = rng.integers(0, top, shape).astype(one.type.dtype)
    return found


def _vocabulary(typed: TypedGraph, name: str) -> int:
    """Return how many integers every embedding that takes an input knows."""
    sizes = [
        node.layer.spec.input_dim
        for node in typed.nodes
        if isinstance(node.layer.spec, Embedding | ReversibleEmbedding)
        and name in {value.name for value in node.node.inputs}
    ]
    return min(sizes, default=SMALL_INTEGERS)


def sample_targets(
    typed: TypedGraph, train: TrainSpec, examples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return an array for each output, in the form that its loss takes."""
    types = {one.node.name: one.type for one in typed.nodes}
    found: dict[str, np.ndarray] = {}
    for one in typed.graph.outputs:
        shape = (examples, *(size or UNKNOWN_SIZE for size in types[one.name].shape[1:]))
        loss = train.loss[one.name] if isinstance(train.loss, dict) else train.loss
        match label_form(loss):
            case "integer":
                found[one.name] = rng.integers(0, shape[-1], shape[:-1]).astype(np.int64)
            case "one_hot":
                picked = rng.integers(0, shape[-1], shape[:-1])
                found[one.name] = np.eye(shape[-1], dtype=np.float32)[picked]
            case "binary":
                found[one.name] = rng.integers(0, 2, shape).astype(np.float32)
            case "values":
                found[one.name] = rng.random(shape, dtype=np.float32)
    return found
