"""Names that Keras gives to layers, and names that may stand in Python source."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

from ..specs.activations import ACTIVATIONS
from ..specs.base import Item, LayerSpec, parts
from ..specs.layers.cells import CELLS, StackedRNNCells

OWN_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}
"""Classes that Keras publishes by another name than their own, which it names layers after."""

SPLITS = (re.compile(r"(.)([A-Z][a-z]+)"), re.compile(r"([a-z])([A-Z])"))
NAMED: tuple[type[Item], ...] = (LayerSpec, *CELLS, *ACTIVATIONS)
"""What is a layer in Keras, so that constructing it takes a name."""
RESERVED = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "keras", "layers", "model", "self"}
)


def keras_name(class_name: str) -> str:
    """Return the name that a class of Keras bears itself, for the one that it is published by."""
    return OWN_NAMES.get(class_name, class_name)


def snake_case(class_name: str) -> str:
    """Return the stem of the name that Keras gives to a layer of a class: Conv2D is conv2d."""
    class_name = keras_name(class_name)
    for split in SPLITS:
        class_name = split.sub(r"\1_\2", class_name)
    return class_name.lower()


def class_name(name: str) -> str:
    """Return the name of a model as a class name: mnist is Mnist, two_towers is TwoTowers."""
    parts = [part for part in name.split("_") if part]
    return "".join(part[0].upper() + part[1:] for part in parts)


class Names:
    """Gives out names the way Keras does: the stem first, then the stem with 1, 2, ..."""

    def __init__(self) -> None:
        self.given: dict[str, int] = {}

    def next(self, stem: str) -> str:
        """Return the next name of a stem, and count it."""
        count = self.given.get(stem, 0)
        self.given[stem] = count + 1
        return f"{stem}_{count}" if count else stem

    def peek(self, stem: str) -> str:
        """Return the next name of a stem without taking it."""
        count = self.given.get(stem, 0)
        return f"{stem}_{count}" if count else stem


def implied(layer: Item) -> Iterable[str]:
    """Yield the stems of the layers that are constructed inside the call of a layer's class.

    A wrapper's inner layer, a cell and a layer used as an activation take a name of their own
    where they have none.
    """
    for part in parts(layer):
        if isinstance(part, NAMED):
            yield from implied(part)
            if not isinstance(part, LayerSpec) or part.name is None:
                yield snake_case(type(part).__name__)
    if isinstance(getattr(layer, "cell", None), tuple):
        # Keras puts a list of cells into a stack.
        yield snake_case(StackedRNNCells.__name__)


def attribute(name: str, taken: Iterable[str], suffix: str = "layer") -> str:
    """Return a name that can be a variable or an attribute in source, unlike any taken one."""
    taken = {*taken, *RESERVED}
    candidate = name.lower() if name.lower() not in taken else f"{name.lower()}_{suffix}"
    while candidate in taken:
        candidate += "_"
    return candidate
