"""The catalogue adds up: every name of keras.layers is supported, another spelling, or refused with a reason."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from families import OPS
from hornbook.compiler.shapes import rule_of
from hornbook.specs.choices import read_choice
from hornbook.specs.registries import ENTRY, REGISTRIES
from strategies import cells, convolution, features, images, normalization

LAYERS, CELLS = REGISTRIES["layer"], REGISTRIES["cell"]
STRATEGIES = (convolution, normalization, images, features, cells)
SHAPES: tuple[tuple[int | None, ...], ...] = (
    (None, 8), (None, 6, 4), (None, 7, 6, 3), (None, 4, 5, 4, 3), (None, 3, 5, 5, 2), (None, 2, 4, 4, 4, 2),
    (None, 1), (None, None), (None, 64), (None, 64, 2), (None, 2),
)  # fmt: skip
DTYPES = ("float32", "int32", "int64", "uint8", "bool", "string")
MERGED = {
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract",
    "Attention", "AdditiveAttention", "HashedCrossing",
}  # fmt: skip
"""Layers of several inputs, which have strategies of their own beside ``valid_items``."""


def drawn() -> set[str]:
    """Return the layers that some strategy draws for some input."""
    return {
        name
        for module in STRATEGIES
        for shape in SHAPES
        for dtype in DTYPES
        for name, _ in module.valid_items(shape, dtype)
    }


def test_every_layer_has_a_rule_and_a_strategy() -> None:
    assert all(callable(rule_of(cls)) for cls in (*LAYERS.items.values(), *OPS))
    assert set(LAYERS.items) - MERGED - drawn() == set()


@pytest.mark.parametrize("name", sorted(LAYERS.refused))
def test_a_refused_name_says_why(name: str) -> None:
    (fault,) = read_choice(ENTRY, name)  # type: ignore[misc]
    assert fault.code == "HB208"
    assert fault.help == LAYERS.refused[name]


def test_the_page_is_what_would_be_written() -> None:
    docs = Path(__file__).parents[1] / "docs"
    spec = importlib.util.spec_from_file_location("generate", docs / "generate.py")
    assert spec
    assert spec.loader
    generate: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    page = (docs / "coverage.md").read_text(encoding="utf-8")
    assert page == generate.coverage(), "run `python docs/generate.py`"


@pytest.mark.keras
def test_the_sum_is_all_of_keras_layers() -> None:
    keras = pytest.importorskip("keras")
    public = {name for name in dir(keras.layers) if isinstance(getattr(keras.layers, name), type)}
    parts = (set(LAYERS.items), set(CELLS.items), set(LAYERS.aliases), set(LAYERS.refused))
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert set().union(*parts) == public
    for alias, name in LAYERS.aliases.items():
        assert getattr(keras.layers, alias) is getattr(keras.layers, name)
