"""The classes of the language, all loaded, for tests that go through them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from hornbook.specs.layers import FAMILIES
from hornbook.specs.registries import ENTRY, LAYER, REGISTRIES

LAYERS: tuple[Any, ...] = tuple(LAYER.items.values())
CELLS: tuple[Any, ...] = tuple(REGISTRIES["cell"].items.values())
OPS: tuple[Any, ...] = tuple(cls for name, cls in ENTRY.items.items() if name.startswith("ops."))


def layers_of(module: ModuleType) -> tuple[Any, ...]:
    """Return the layers of a family by the module that they stand in."""
    return tuple(LAYER.items[name] for name in FAMILIES[module.__name__.rpartition(".")[2]])
