"""The small sets that scikit-learn brings along.

Their files are read without scikit-learn where they lie as they have for years: to import it takes longer
than to train on most of them.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

FILES: Final[Mapping[str, str]] = {
    "digits": "digits.csv.gz",
    "iris": "iris.csv",
    "wine": "wine_data.csv",
    "breast_cancer": "breast_cancer.csv",
}
"""Tables whose last column counts the classes. That of diabetes is not here: scikit-learn scales it."""
DIGITS: Final = "1797,64,0,1,2,3,4,5,6,7,8,9"
"""What the first line of the digits would be; those of the others hold the sizes and the classes."""


class Table(NamedTuple):
    """The rows of a set, their targets, and the names of its classes."""

    x: np.ndarray
    y: np.ndarray
    names: tuple[str, ...]


def bundled(name: str) -> Table:
    """Return a set by its name."""
    path = file_of(name)
    found = None if path is None else from_file(path)
    return loaded(name) if found is None else found


def file_of(name: str) -> Path | None:
    """Return the file that scikit-learn reads a set from, where it can be found."""
    package = find_spec("sklearn") if name in FILES else None
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "datasets" / "data" / FILES[name]
    return path if path.is_file() else None


def from_file(path: Path) -> Table | None:
    """Return what a file holds; None where it is not what it says, or cannot be read."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        head, body = (DIGITS, text) if path.suffix == ".gz" else text.split("\n", 1)
        examples, columns, *names = head.strip().split(",")
        lines = body.splitlines()
        if len(lines) != int(examples):
            return None
        rows = np.loadtxt(lines, delimiter=",", ndmin=2)
        whole = rows.shape[1] == int(columns) + 1
    except (OSError, EOFError, ValueError, zlib.error):
        return None
    return Table(rows[:, :-1], rows[:, -1], tuple(names)) if whole else None


def loaded(name: str) -> Table:
    """Return a set as scikit-learn loads it."""
    from sklearn import datasets

    bunch: Any = getattr(datasets, f"load_{name}")()
    return Table(bunch.data, bunch.target, tuple(map(str, bunch.get("target_names", ()))))
