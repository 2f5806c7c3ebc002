"""A data set in memory, as it was found: bytes stay bytes, and scaling is left to the graph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from .pictures import Pictures

Arrays: TypeAlias = Any
"""An array whose first axis counts the examples, or a dict of such by input or output name."""

LabelForm: TypeAlias = Literal["integer", "one_hot", "values"]

HELD_OUT = 0.2
SPLIT_SEED = 20_261_123
"""Decides which examples of a set without a test part are held out; it never changes."""


@dataclass(frozen=True)
class Scaling:
    """What the graph does to an input first: ``(float32(x) - offset) / scale``.

    ``offset`` and ``scale`` are numbers, or float32 arrays of the shape of one example.
    """

    offset: Any = 0.0
    scale: Any = 1.0

    @property
    def identity(self) -> bool:
        """Whether only the cast is left to do."""
        return bool(np.all(np.asarray(self.offset) == 0) and np.all(np.asarray(self.scale) == 1))


BYTES = Scaling(0.0, 255.0)


def scaling_of(scale: float | str | None, dtype: np.dtype[Any]) -> Scaling | None:
    """Return what a spec's ``scale:`` means for inputs of a dtype: bytes are scaled unless told otherwise."""
    if scale is None:
        return BYTES if dtype == np.uint8 else None
    return None if scale == "none" else Scaling(0.0, float(scale))


@dataclass(frozen=True)
class DataSet:
    """Training and test examples with their targets.

    ``x_*`` keep the dtype in which they were found. Class labels are int64 of shape (N,), numbers float32; one-hot
    labels keep their shape (N, classes). With several inputs or outputs, ``x_*`` and ``y_*`` are dicts.
    ``classes`` is None where the targets are numbers. ``columns`` are the names of what a row of a table holds.
    """

    name: str
    x_train: Arrays
    y_train: Arrays
    x_test: Arrays
    y_test: Arrays
    classes: int | None
    class_names: tuple[str, ...] = ()
    scaling: Scaling | Mapping[str, Scaling | None] | None = None
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def examples(self) -> tuple[int, int]:
        """How many training and test examples there are."""
        return len(next(arrays(self.x_train))), len(next(arrays(self.x_test)))

    @property
    def label_form(self) -> LabelForm | dict[str, LabelForm]:
        """How the targets name their classes, by output where there are several."""
        if isinstance(self.y_train, Mapping):
            return {name: form_of(array) for name, array in self.y_train.items()}
        return form_of(self.y_train)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the names, dtypes, shapes and bytes of all arrays."""
        digest = hashlib.sha256()
        for part in ("x_train", "y_train", "x_test", "y_test"):
            value = getattr(self, part)
            named = value.items() if isinstance(value, Mapping) else [("", value)]
            for name, array in sorted(named):
                digest.update(f"{part} {name} {array.dtype.str} {array.shape}\n".encode())
                for block in array.blocks() if isinstance(array, Pictures) else (array,):
                    digest.update(np.ascontiguousarray(block).data)
        return digest.hexdigest()


def arrays(part: Arrays) -> Iterator[np.ndarray]:
    """Yield the array, or the arrays of a dict."""
    if isinstance(part, Mapping):
        yield from part.values()
    else:
        yield part


def form_of(y: np.ndarray) -> LabelForm:
    """Tell class numbers from rows with a one in the place of the class, and both from mere numbers."""
    if y.ndim == 2 and y.shape[1] > 1 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        return "one_hot"
    return "integer" if y.dtype.kind in "bui" else "values"


def split(
    examples: int, fraction: float, seed: int, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the larger and of the held-out part, each in its original order.

    With ``labels`` every class gives its share, and keeps an example in the larger part unless all classes have
    but one. A pure function of its arguments.
    """
    rng = np.random.default_rng(seed)
    groups = [np.arange(examples)]
    if labels is not None:
        groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    held: list[np.ndarray] = []
    owed = 0.0
    for group in groups:
        owed += len(group) * fraction
        count = min(round(owed), len(group) if labels is None else len(group) - 1)
        owed = min(owed - count, 0.5)  # what a tiny class could not give is no debt of the next
        held.append(rng.permutation(group)[:count])
    test = np.sort(np.concatenate(held)).astype(np.int64)
    if len(test) == 0:
        spare = [group[-1] for group in groups if len(group) > 1]
        test = np.array([max(spare, default=examples - 1)])
    return np.setdiff1d(np.arange(examples), test), test


def standardised(x: np.ndarray) -> Scaling:
    """Return the scaling that brings every column of the training rows to mean 0 and deviation 1.

    A column of one value is only moved: its deviation may be rounding, and test rows would explode.
    """
    offset, scale = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    varies = (x.max(axis=0) > x.min(axis=0)) & (scale >= np.finfo(np.float32).tiny)
    return Scaling(offset.astype(np.float32), np.where(varies, scale, 1.0).astype(np.float32))
