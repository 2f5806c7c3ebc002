"""How many examples the tests of the shape rules draw, and how."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings

SCALE = int(os.environ.get("HORNBOOK_EXAMPLES", "1"))
"""Multiplies the number of examples, for a longer run by hand."""


def examples(count: int, **more: Any) -> Callable[[Any], Any]:
    """Draw so many; nothing is kept, and what fails is not made smaller."""
    return settings(
        max_examples=count * SCALE,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        **more,
    )


def same_examples(count: int) -> Callable[[Any], Any]:
    """Draw the same each time, unless they are more than by default: the tests count what was taken."""
    return examples(count, derandomize=SCALE == 1)
