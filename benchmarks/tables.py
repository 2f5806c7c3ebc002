"""Ratios, and the tables that show them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Ratio:
    """How much one measured of what another did, round by round."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, these: Iterable[float], those: Iterable[float]) -> Ratio:
        return cls(tuple(a / b for a, b in zip(these, those, strict=True)))

    @property
    def cells(self) -> tuple[str, str]:
        """Return the median, and the range."""
        low, high = map(shown, (min(self.values), max(self.values)))
        return shown(statistics.median(self.values)), f"{low} to {high}"


def shown(number: float) -> str:
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, whose first column alone is text."""
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
