"""The command line: thin verbs over the compiler and the runtime."""

from __future__ import annotations

from .app import main

__all__ = ["main"]
