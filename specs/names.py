"""The names that Keras gives to what has none."""

from __future__ import annotations

import re

SPLITS = (re.compile(r"(.)([A-Z][a-z]+)"), re.compile(r"([a-z])([A-Z])"))
PREFIX = "ops."
STEMS = {"ops.getitem": "get_item", "ops.abs": "absolute"}
"""What Keras calls an operation, where that is not its own name."""


OWN_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}
"""Classes that Keras publishes by another name than their own, which it names layers after."""


def keras_name(class_name: str) -> str:
    """Return the name that a class of Keras bears itself, for the one that it is published by."""
    return OWN_NAMES.get(class_name, class_name)


def snake_case(class_name: str) -> str:
    """Return the stem of the name that Keras gives to a layer of a class: Conv2D is conv2d."""
    class_name = keras_name(class_name)
    for split in SPLITS:
        class_name = split.sub(r"\1_\2", class_name)
    return class_name.lower()


def stem(name: str) -> str:
    """Return the stem of the name of what a spec calls ``Conv2D`` or ``ops.add``."""
    return STEMS.get(name, snake_case(name.removeprefix(PREFIX)))


REFERENCE = re.compile(r"([^.]*)(?:\.(0|[1-9][0-9]{0,5}))?")


def referred(text: str) -> tuple[str, int | None] | None:
    """Return the name in a reference, and the number of an output where it has one: `lstm.1`.

    None for what cannot be a reference.
    """
    found = REFERENCE.fullmatch(text)
    if found is None:
        return None
    name, number = found.groups()
    return name, None if number is None else int(number)


class Names:
    """Gives out names the way Keras does: the stem first, then the stem with 1, 2, ..."""

    def __init__(self) -> None:
        self.given: dict[str, int] = {}

    def next(self, stem: str) -> str:
        """Return the next name of a stem, and count it."""
        name = self.peek(stem)
        self.given[stem] = self.given.get(stem, 0) + 1
        return name

    def peek(self, stem: str) -> str:
        """Return the next name of a stem without taking it."""
        count = self.given.get(stem, 0)
        return f"{stem}_{count}" if count else stem

    def free(self, stem: str, taken: set[str]) -> str:
        """Return the next name of a stem that is not taken."""
        name = self.next(stem)
        while name in taken:
            name = self.next(stem)
        return name
