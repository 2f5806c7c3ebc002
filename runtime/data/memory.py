"""Memory that a framework can take as its own, without a copy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy

ALIGNMENT: Final = 64
"""TensorFlow computes on memory that starts at a multiple of this many bytes; NumPy's own starts anywhere."""
PIECE: Final = 2**20
"""Bytes that are read at a time."""
ROWS: Final = 1024
"""Examples that are moved at a time."""


def empty(shape: Sequence[int], dtype: Any) -> np.ndarray:
    """Return an array of undefined values that starts at a multiple of 64 bytes."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
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


def read_array(file: IO[bytes], size: int) -> np.ndarray:
    """Read an array of the ``.npy`` format straight into memory that can be shared.

    ``size`` is the length of the file in bytes. Python objects are never unpickled.

    Raises:
        ValueError: where it is no such array, or not ``size`` bytes long.
    """
    version = npy.read_magic(file)
    headers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in headers:
        raise ValueError(f"version {version[0]}.{version[1]} of the format is not read")
    shape, fortran, dtype = headers[version](file)
    if dtype.hasobject:
        raise ValueError("an array of objects needs allow_pickle=True")
    length = math.prod(shape) * dtype.itemsize
    if length != size - file.tell():
        raise ValueError(f"expected {length:,} bytes of numbers, received {size - file.tell():,}")
    array = empty(shape[::-1] if fortran else shape, dtype)
    target = array.reshape(-1).view(np.uint8)
    for first in range(0, length, PIECE):
        piece = file.read(min(PIECE, length - first))
        target[first : first + len(piece)] = np.frombuffer(piece, np.uint8)
        if len(piece) < min(PIECE, length - first):
            raise ValueError("it ends too early")
    return array.T if fortran else array


def narrowed(array: np.ndarray) -> np.ndarray:
    """Return float64 as float32 in the memory that it has: the array that was given is no longer what it was."""
    if not (array.flags.c_contiguous and array.flags.writeable):
        return array.astype(np.float32)
    numbers = array.reshape(-1)
    found = numbers.view(np.float32)[: numbers.size]
    for first in range(0, numbers.size, PIECE):
        found[first : first + PIECE] = numbers[first : first + PIECE]
    return found.reshape(array.shape)


def parted(array: np.ndarray, kept: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Part examples by their indices, ``kept`` in ascending order, in the memory that they have.

    The held ones are copied out, and the others move up: the array that was given is no longer what it was.
    """
    out = empty((len(held), *array.shape[1:]), array.dtype)
    out[...] = array[held]
    for first in range(0, len(kept), ROWS):
        rows = kept[first : first + ROWS]
        array[first : first + len(rows)] = array[rows]
    return array[: len(kept)], out
