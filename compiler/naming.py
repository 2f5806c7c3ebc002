"""Names that Keras gives to layers, and names that may stand in Python source."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

from ..specs.base import LayerSpec
from ..specs.layers.augmentation import RandAugment, RandomColorJitter

SPLITS = (re.compile(r"(.)([A-Z][a-z]+)"), re.compile(r"([a-z])([A-Z])"))
RESERVED = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "keras", "layers", "model", "self"}
)


def snake_case(class_name: str) -> str:
    """Return the stem of the name that Keras gives to a layer of a class: Conv2D is conv2d."""
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


def implied(layer: LayerSpec) -> Iterable[str]:
    """Yield the stems of the layers that are constructed inside the call of a layer's class.

    A wrapper's inner layer and a layer used as an activation take a name of their own
    where they have none.
    """
    for value in layer.__dict__.values():
        if isinstance(value, LayerSpec):
            yield from implied(value)
            yield from composed(value, value.name is not None)
            if value.name is None:
                yield snake_case(type(value).__name__)


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


def composed(layer: LayerSpec, named: bool) -> Iterable[str]:
    """Yield the stems of the layers that a layer constructs by itself, in its own constructor.

    ``named`` tells whether it is given a name. A RandAugment passes that on to its layers.
    """
    match layer:
        case RandAugment() if not named:
            yield from VARIATIONS
        case RandomColorJitter():
            yield from (
                stem for field, stem in JITTERS.items() if getattr(layer, field) is not None
            )


def attribute(name: str, taken: Iterable[str], suffix: str = "layer") -> str:
    """Return a name that can be a variable or an attribute in source, unlike any taken one."""
    taken = {*taken, *RESERVED}
    candidate = name.lower() if name.lower() not in taken else f"{name.lower()}_{suffix}"
    while candidate in taken:
        candidate += "_"
    return candidate
