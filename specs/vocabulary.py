"""The names that a misspelt one may stand for, put in order once for all that ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, get_close_matches
from itertools import islice
from typing import Final, final

MANY: Final = 400
"""Above so many names, those a letter away are found by an index instead of by trying each."""
ALIKE: Final = 0.65
MOST_NEAR: Final = 3
LISTED: Final = 20


@final
class Vocabulary:
    """Names, and those of an outer scope; more may be added while it is asked."""

    def __init__(self, names: Iterable[str] = (), outer: Vocabulary | None = None) -> None:
        self.outer = outer
        self.names: dict[str, str] = {}
        self.index: dict[str, list[str]] = {}
        self.waiting: list[str] = []
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Add a name; of two that differ in case and `_` alone, the later one is meant."""
        key = plain(name)
        if key not in self.names:
            self.waiting.append(key)
        self.names[key] = name

    def __iter__(self) -> Iterator[str]:
        """Yield the names, those of the outer scope last."""
        yield from self.names.values()
        if self.outer is not None:
            yield from self.outer

    def listed(self) -> str:
        """List the first names for a sentence, each in backticks."""
        return ", ".join(f"`{name}`" for name in islice(self, LISTED))

    def get(self, key: str) -> str | None:
        """Return the name that is spelt so but for case and `_`."""
        found = self.names.get(key)
        return self.outer.get(key) if found is None and self.outer is not None else found

    def near(self, key: str) -> tuple[str, ...]:
        """Return the names that are most like a word, several where they are equally near."""
        near = {one: self.get(one) or "" for one in self.candidates(key)}
        close = get_close_matches(key, near, n=MOST_NEAR, cutoff=ALIKE)
        ratios = [SequenceMatcher(None, one, key).ratio() for one in close]
        best = zip(close, ratios, strict=True)
        return tuple(sorted(near[one] for one, ratio in best if ratio == ratios[0]))

    def candidates(self, key: str) -> Iterator[str]:
        """Yield what is worth comparing with a word: all names, or of many those a letter away."""
        if self.outer is not None:
            yield from self.outer.candidates(key)
        if len(self.names) <= MANY:
            yield from self.names
            return
        for one in self.waiting:
            for cut in shortened(one):
                self.index.setdefault(cut, []).append(one)
        self.waiting.clear()
        for cut in shortened(key):
            yield from self.index.get(cut, ())


def plain(name: str) -> str:
    """Return a name without case and `_`, in which names differ by mistake."""
    return name.replace("_", "").lower()


def shortened(word: str) -> Iterator[str]:
    """Yield a word, and the word without one of its letters.

    Two words have one of these in common where one letter is wrong, missing, too much or in its
    neighbour's place.
    """
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]
