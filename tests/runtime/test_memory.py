"""Memory that is shared with the framework: where it starts, and how arrays get into it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from hornbook.runtime.data import memory
from hornbook.runtime.data.memory import ALIGNMENT, aligned, empty, narrowed, parted, read_array

kinds = st.one_of(
    arrays_of.boolean_dtypes(),
    arrays_of.integer_dtypes(endianness="="),
    arrays_of.unsigned_integer_dtypes(),
    arrays_of.floating_dtypes(),
    arrays_of.unicode_string_dtypes(min_len=1, max_len=5),
)
some = kinds.flatmap(
    lambda kind: arrays_of.arrays(kind, arrays_of.array_shapes(min_dims=0, min_side=0, max_dims=4))
)


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@given(some, st.booleans(), st.integers(1, 40))
def test_an_array_is_read_as_numpy_reads_it(array: np.ndarray, turned: bool, piece: int) -> None:
    data = saved(array.T if turned else array)
    before, memory.PIECE = memory.PIECE, piece  # type: ignore[misc]
    try:
        found = read_array(io.BytesIO(data), len(data))
    finally:
        memory.PIECE = before  # type: ignore[misc]
    wanted = np.load(io.BytesIO(data))
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert found.tobytes() == wanted.tobytes()
    assert found.size == 0 or found.ctypes.data % ALIGNMENT == 0


@given(some.filter(lambda array: array.nbytes > 0), st.data())
def test_a_file_of_another_length_is_refused(array: np.ndarray, data: Any) -> None:
    whole = saved(array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for size in (cut, len(whole)):
        with pytest.raises((ValueError, EOFError)):
            read_array(io.BytesIO(whole[:cut]), size)
    with pytest.raises(ValueError, match="expected"):
        read_array(io.BytesIO(whole + b"more"), len(whole) + 4)


@given(
    arrays_of.arrays(
        np.float64, arrays_of.array_shapes(max_side=9), elements=st.floats(-1e30, 1e30)
    ),
    st.booleans(),
    st.integers(1, 40),
)
def test_wide_numbers_are_narrowed_in_their_own_memory(
    array: np.ndarray, turned: bool, piece: int
) -> None:
    given_ = array.T if turned else array
    wanted = given_.astype(np.float32)
    own = given_.flags.c_contiguous
    before, memory.PIECE = memory.PIECE, piece  # type: ignore[misc]
    try:
        found = narrowed(given_)
    finally:
        memory.PIECE = before  # type: ignore[misc]
    assert found.dtype == np.float32
    assert (found.shape, found.tobytes()) == (wanted.shape, wanted.tobytes())
    assert np.shares_memory(found, array) == own


def test_objects_are_not_unpickled() -> None:
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        read_array(io.BytesIO(file.getvalue()), len(file.getvalue()))


@given(st.integers(2, 60), st.integers(1, 20), st.data())
def test_examples_are_parted_in_place(examples: int, rows: int, data: Any) -> None:
    held = np.array(
        sorted(data.draw(st.sets(st.integers(0, examples - 1), min_size=1, max_size=examples - 1)))
    )
    kept = np.setdiff1d(np.arange(examples), held)
    array = np.arange(examples * 2).reshape(examples, 2)
    wanted = array[kept].copy(), array[held].copy()
    before, memory.ROWS = memory.ROWS, rows  # type: ignore[misc]
    try:
        found = parted(array, kept, held)
    finally:
        memory.ROWS = before  # type: ignore[misc]
    assert all((one == other).all() for one, other in zip(found, wanted, strict=True))
    assert np.shares_memory(found[0], array)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(4, 6).T,
        np.arange(24)[::2],
        np.frombuffer(b"abcd" * 8, np.uint8),
        np.arange(9, dtype=">i4"),
        np.frombuffer(bytearray(70), np.uint8)[3:],
    ],
    ids=["transposed", "every second", "read only", "big endian", "elsewhere"],
)
def test_what_cannot_be_shared_is_copied(array: np.ndarray) -> None:
    copy = aligned(array)
    assert copy.ctypes.data % ALIGNMENT == 0
    assert (copy == array).all()
    assert copy.dtype.isnative
    assert not np.shares_memory(copy, array)
    assert aligned(copy) is copy


def test_empty_memory_starts_where_it_should() -> None:
    for size in range(1, 200, 7):
        assert empty([size, 3], np.float32).ctypes.data % ALIGNMENT == 0
