"""Names: those of Keras where they can stand in a spec, others made from them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Final

from ...specs.names import stem

MAX_NAME: Final = 128
NOT_ALLOWED: Final = re.compile(r"[^A-Za-z0-9_]")
NUMBERED: Final = re.compile(r"(.*?)(?:_([1-9][0-9]{0,8}))?")


def allowed(name: str, prefix: str = "layer") -> str:
    """Return a name as it can stand in a spec."""
    clean = NOT_ALLOWED.sub("_", name)[:MAX_NAME]
    if not clean[:1].isalpha():
        clean = f"{prefix}_{clean.lstrip('_')}"[:MAX_NAME]
    return f"{clean[: MAX_NAME - 6]}_layer" if keyword.iskeyword(clean) else clean


class Taken:
    """The names that are in use, ignoring case."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def take(self, *wanted: str) -> str:
        """Take the first name that is free, or the last with a number behind it."""
        for name in wanted:
            if name.lower() not in self.names:
                self.names.add(name.lower())
                return name
        number = 1
        while True:
            name = f"{wanted[-1][: MAX_NAME - 8]}_{number}"
            if name.lower() not in self.names:
                self.names.add(name.lower())
                return name
            number += 1


def automatic(items: Iterable[tuple[str, str]], inputs: Iterable[str]) -> list[bool]:
    """Tell of each item, a word and a name, whether it would get that name by itself.

    An item without a name gets the next number of its stem that no other name is. Where one
    number of a stem is out of line, all of that stem are: half of the names would only confuse.
    """
    pairs = [(stem(word), name) for word, name in items]
    names = {name.lower() for _, name in pairs} | {name.lower() for name in inputs}
    counts: dict[str, int] = {}
    broken: set[str] = set()
    numbers = [_number(root, name) for root, name in pairs]
    for (root, _), number in zip(pairs, numbers, strict=True):
        first = counts.get(root, 0)
        if number is None:
            continue
        if number < first or any(_numbered(root, one) not in names for one in range(first, number)):
            broken.add(root)
        counts[root] = max(first, number + 1)
    return [
        number is not None and root not in broken
        for (root, _), number in zip(pairs, numbers, strict=True)
    ]


def _number(root: str, name: str) -> int | None:
    """Return the number of a name that begins with the stem: 0 for the stem alone."""
    match = NUMBERED.fullmatch(name)
    return int(match[2] or 0) if match and match[1] == root else None


def _numbered(root: str, number: int) -> str:
    return f"{root}_{number}" if number else root
