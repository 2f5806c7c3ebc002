"""Files of examples that nobody vouches for: each gives what the model takes, or a diagnostic."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hornbook.runtime.inputs import READERS, STDIN, Example, Field, Fields, examples, matches
from hornbook.specs.diagnostics import SpecError

ROW = Fields((Field("row", (3,), "float32"),), ("a", "b", "c"))
PICTURE = Fields((Field("image", (4, 4, 1), "float32"),))
WORDS = Fields((Field("words", (None,), "int32"),))
BOTH = Fields((Field("row", (3,), "float32"), Field("image", (None, None, 3), "float32")))
ALL = (ROW, PICTURE, WORDS, BOTH)


def taken(fields: Fields, source: str, text: str = "") -> list[Example]:
    return list(examples(source, fields, io.StringIO(text)))


def sound(fields: Fields, found: list[Example]) -> None:
    """Hold what was read against what the model takes."""
    for index, one in enumerate(found):
        assert one.index == index
        assert set(one.arrays) == {field.name for field in fields.all}
        for field in fields.all:
            array = one.arrays[field.name]
            assert matches(array.shape, field.shape)
            assert array.dtype in (np.dtype(field.dtype), np.uint8)
            assert np.isfinite(array).all()


def survives(fields: Fields, source: str, text: str = "") -> None:
    try:
        found = taken(fields, source, text)
    except SpecError as error:
        (one,) = error.diagnostics
        assert one.code in ("HB601", "HB602", "HB924")
        assert "\n" not in one.message
        return
    assert found
    sound(fields, found)


NUMBERS = st.one_of(st.integers(), st.floats(), st.none(), st.booleans(), st.text(max_size=3))
VALUES = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["row", "image", "words", "a", "b", "c", "d"]), inner, max_size=4),
    ),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.parametrize("fields", ALL, ids=str)
@given(value=VALUES)
def test_any_line_of_json(fields: Fields, value: object) -> None:
    survives(fields, STDIN, json.dumps(value))


@pytest.mark.parametrize("fields", ALL, ids=str)
@given(text=st.one_of(st.text(), st.text(alphabet='0123456789.,e+-"\n[]{}:abc \x00')))
def test_any_text(fields: Fields, text: str) -> None:
    survives(fields, STDIN, text)


SHAPES = st.lists(st.integers(0, 5), max_size=5).map(tuple)
DTYPES = st.sampled_from(["u1", "<i8", ">f4", "f2", "f8", "?", "U2", "c8", "S1", "M8[s]"])


@pytest.mark.parametrize("fields", ALL, ids=str)
@given(shape=SHAPES, dtype=DTYPES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_array(tmp_path: Path, fields: Fields, shape: tuple[int, ...], dtype: str) -> None:
    array = np.zeros(shape, dtype)
    np.save(tmp_path / "x.npy", array)
    survives(fields, str(tmp_path / "x.npy"))
    np.savez(tmp_path / "x.npz", row=array, image=array)
    survives(fields, str(tmp_path / "x.npz"))


@pytest.mark.parametrize("suffix", sorted(READERS))
@given(data=st.binary(max_size=200), position=st.integers(0, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_damage(tmp_path: Path, suffix: str, data: bytes, position: int) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    survives(PICTURE, str(path))
    whole = io.BytesIO()
    (np.savez if suffix == ".npz" else np.save)(whole, np.zeros((2, 4, 4, 1)))
    held = bytearray(whole.getvalue())
    held[position % len(held)] ^= 0xFF
    path.write_bytes(held)
    survives(PICTURE, str(path))


@given(
    several=st.integers(1, 3),
    channels=st.booleans(),
    dtype=st.sampled_from(["u1", "f4", "f8", "i4"]),
    seed=st.integers(0, 99),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(
    tmp_path: Path, several: int, channels: bool, dtype: str, seed: int
) -> None:
    array = np.random.default_rng(seed).integers(0, 200, (several, 4, 4, 1)).astype(dtype)
    np.save(tmp_path / "x.npy", array if channels else array[..., 0])
    found = taken(PICTURE, str(tmp_path / "x.npy"))
    sound(PICTURE, found)
    assert np.array_equal(np.stack([one.arrays["image"] for one in found]), array)


@given(
    order=st.permutations(["a", "b", "c", "d"]),
    rows=st.lists(st.integers(-9, 9), min_size=4, max_size=4),
)
def test_columns_by_name(order: list[str], rows: list[int]) -> None:
    table = dict(zip("abcd", rows, strict=True))
    text = ",".join(order) + "\n" + ",".join(str(table[name]) for name in order)
    (one,) = taken(ROW, STDIN, text)
    assert one.arrays["row"].tolist() == [table["a"], table["b"], table["c"]]
