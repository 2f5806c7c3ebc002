"""Memory that a framework can take as its own, without a copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

ALIGNMENT: Final = 64
"""TensorFlow computes on memory that starts at a multiple of this many bytes; NumPy's own starts anywhere."""


def empty(shape: Sequence[int], dtype: Any) -> np.ndarray:
    """Return an array of undefined values that starts at a multiple of 64 bytes."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    first = -raw.ctypes.data % ALIGNMENT
    found: np.ndarray = raw[first : first + size].view(dtype).reshape(shape)
    return found


def aligned(array: np.ndarray) -> np.ndarray:
    """Return an array in one piece that starts at a multiple of 64 bytes: the same where it is so, else a copy."""
    ready = array.flags.c_contiguous and array.flags.writeable and array.dtype.isnative
    if ready and array.ctypes.data % ALIGNMENT == 0:
        return array
    copy = empty(array.shape, array.dtype.newbyteorder("="))
    copy[...] = array
    return copy
