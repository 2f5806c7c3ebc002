"""Names that Keras gives to layers, and names that may stand in Python source."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Container, Iterable

from ..specs.base import Item, LayerSpec, NodeSpec, parts
from ..specs.names import snake_case, stem
from ..specs.registries import ACTIVATION, CELL

MODULES = frozenset({"constraints", "initializers", "keras", "layers", "ops", "regularizers"})
"""What the source of a model imports."""
RESERVED = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *MODULES, "model", "self"}
)
TAKEN_BY_SCRIPTS = frozenset(
    {
        "BATCH_SIZE", "COLOR", "DATA", "EPOCHS", "FEATURES", "INPUTS", "OUTPUTS", "SCALE", "SEED", "SIZE",
        "StandardScaler", "TARGET",
    }
)  # fmt: skip
"""Constants of scripts, and what they import that looks like a class."""


def stem_of(item: NodeSpec) -> str:
    """Return the stem of the name that Keras gives to what an item makes."""
    return stem(type(item).__name__)


def class_name(name: str) -> str:
    """Return the name of a model as a class name: mnist is Mnist, two_towers is TwoTowers.

    A name that would be a word of Python's own, or means something in scripts, gets a suffix: none is NoneModel.
    """
    parts = [part for part in name.split("_") if part]
    found = "".join(part[0].upper() + part[1:] for part in parts)
    taken = not found or keyword.iskeyword(found) or found in TAKEN_BY_SCRIPTS
    return f"{found}Model" if taken else found


def is_layer(item: Item) -> bool:
    """Tell whether an item is a layer in Keras, so that constructing it takes a name."""
    return isinstance(item, LayerSpec) or any(
        one.items.holds(type(item)) for one in (CELL, ACTIVATION)
    )


def implied(layer: Item) -> Iterable[str]:
    """Yield the stems of the layers that are constructed inside the call of a layer's class.

    A wrapper's inner layer, a cell and a layer used as an activation take a name of their own
    where they have none.
    """
    for part in parts(layer):
        if is_layer(part):
            yield from implied(part)
            if isinstance(part, LayerSpec):
                yield from composed(part, part.name is not None)
            if not isinstance(part, LayerSpec) or part.name is None:
                yield snake_case(type(part).__name__)
    if isinstance(getattr(layer, "cell", None), tuple):
        # Keras puts a list of cells into a stack.
        yield snake_case("StackedRNNCells")


VARIATIONS = (
    "random_shear",
    "random_translation",
    "random_rotation",
    "random_brightness",
    "random_color_degeneration",
    "random_contrast",
    "random_sharpness",
    "solarization",
    "random_posterization",
    "auto_contrast",
    "equalization",
)
"""Stems of the layers that a RandAugment is composed of."""

JITTERS = {
    "brightness_factor": "random_brightness",
    "contrast_factor": "random_contrast",
    "saturation_factor": "random_saturation",
    "hue_factor": "random_hue",
}
"""Stems of the layers that a RandomColorJitter is composed of, where their factor is given."""


def composed(layer: NodeSpec, named: bool) -> Iterable[str]:
    """Yield the stems of the layers that a layer constructs by itself, in its own constructor.

    ``named`` tells whether it is given a name. A RandAugment passes that on to its layers.
    """
    match type(layer).__name__:
        case "RandAugment" if not named:
            yield from VARIATIONS
        case "RandomColorJitter":
            yield from (
                stem for field, stem in JITTERS.items() if getattr(layer, field) is not None
            )


def attribute(name: str, taken: Container[str], suffix: str = "layer") -> str:
    """Return a name that can be a variable or an attribute in source, unlike any taken one."""
    candidate = name.lower() if not name[0].isdigit() else f"{suffix}_{name.lower()}"
    if candidate in taken or candidate in RESERVED:
        candidate = f"{candidate}_{suffix}"
    while candidate in taken or candidate in RESERVED:
        candidate += "_"
    return candidate
