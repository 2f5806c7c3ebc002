"""The training loops by the names that a spec and a command give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from .fit import fit
from .history import History
from .tape import tape

LOOPS: Final[Mapping[str, Callable[..., History]]] = {"fit": fit, "tape": tape}
