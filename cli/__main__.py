"""Lets ``python -m hornbook.cli`` stand for the command ``hornbook``."""

from __future__ import annotations

from . import main

main()
