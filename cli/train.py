"""The verb that trains."""

from __future__ import annotations


def train() -> None:
    """Train."""
