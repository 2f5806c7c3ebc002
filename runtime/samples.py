"""Random examples that fit a model, for comparing its styles without data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..compiler.graph import TypedGraph
from ..compiler.losses import label_form
from ..specs.base import NodeSpec
from ..specs.layers.core import Embedding, ReversibleEmbedding
from ..specs.layers.features import (
    CategoryEncoding,
    IntegerLookup,
    StringLookup,
    TextVectorization,
)
from ..specs.model import TrainSpec

UNKNOWN_SIZE = 16
"""What stands for a size that the spec leaves open."""

SMALL_INTEGERS = 10

WORDS = ("a", "b", "c")


def sample_inputs(
    typed: TypedGraph, examples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return an array for each input: numbers in [0, 1), or what those who take it know."""
    found = {}
    for one in typed.graph.inputs:
        shape = (examples, *(size or UNKNOWN_SIZE for size in one.type.shape[1:]))
        known = _known(typed, one.name)
        if one.type.dtype == "float32":
            found[one.name] = rng.random(shape, dtype=np.float32)
        elif one.type.dtype == "string":
            found[one.name] = rng.choice(np.array(known or WORDS), shape)
        elif known:
            found[one.name] = rng.choice(np.array(known), shape).astype(one.type.dtype)
        else:
            top = 2 if one.type.dtype == "bool" else _vocabulary(typed, one.name)
            found[one.name] = rng.integers(0, top, shape).astype(one.type.dtype)
    return found


def _takers(typed: TypedGraph, name: str) -> Iterator[NodeSpec]:
    """Yield the layers that take an input themselves."""
    for node in typed.nodes:
        if name in {value.name for value in node.node.inputs}:
            yield node.layer.spec


def _known(typed: TypedGraph, name: str) -> tuple[str | int, ...]:
    """Return what every vocabulary that an input is looked up in knows; nothing without one."""
    found: tuple[str | int, ...] | None = None
    for spec in _takers(typed, name):
        if isinstance(spec, IntegerLookup | StringLookup | TextVectorization):
            listed: tuple[str | int, ...] = spec.vocabulary or ()
            found = listed if found is None else tuple(one for one in found if one in listed)
    return found or ()


def _vocabulary(typed: TypedGraph, name: str) -> int:
    """Return how many integers every embedding and encoding that takes an input knows."""
    sizes = []
    for spec in _takers(typed, name):
        if isinstance(spec, Embedding | ReversibleEmbedding):
            sizes.append(spec.input_dim)
        elif isinstance(spec, CategoryEncoding) and spec.num_tokens is not None:
            sizes.append(spec.num_tokens)
    return min(sizes, default=SMALL_INTEGERS)


def sample_targets(
    typed: TypedGraph, train: TrainSpec, examples: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return an array for each output, in the form that its loss takes."""
    found: dict[str, np.ndarray] = {}
    for name, one in typed.outputs().items():
        shape = (examples, *(size or UNKNOWN_SIZE for size in one.shape[1:]))
        loss = train.loss[name] if isinstance(train.loss, dict) else train.loss
        match label_form(loss):
            case "integer":
                found[name] = rng.integers(0, shape[-1], shape[:-1]).astype(np.int64)
            case "one_hot":
                picked = rng.integers(0, shape[-1], shape[:-1])
                found[name] = np.eye(shape[-1], dtype=np.float32)[picked]
            case "binary":
                found[name] = rng.integers(0, 2, shape).astype(np.float32)
            case "values":
                found[name] = rng.random(shape, dtype=np.float32)
    return found
