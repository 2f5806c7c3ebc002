"""The command line: thin verbs over the compiler and the runtime."""

from __future__ import annotations


def main() -> None:
    """Run the command ``hornbook``."""
    from .app import run

    run()
