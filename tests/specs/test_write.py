"""Spec data written as YAML: it reads back as it was, and looks as a person would write it."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hornbook.specs.load import zoo, zoo_text
from hornbook.specs.write import WIDTH, write_spec
from hornbook.specs.yaml import read_text

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=14) | st.sampled_from(
    ["1", "0x1f", "0o7", "1e5", ".5", "-.inf", ".nan", "null", "~", "true", "no", "...c,c->...c",
     ":, 0, 1:3", "-", "- a", "--- a", "...", "a: b", "a:b", "a #b", "#a", "$width * 4", "12:30",
     "C:\\data", "{a}", "[1]", "*x", "&x", "!x", "%x", "@x", "`x", "|", ">", "?", "? a", "'a'",
     '"', "a, b", "=", "a b ", " a", "é", "\u2028", "\x85", "\ufeff", "1_000", "+1", "a:", "a'b"]
)  # fmt: skip
KEYS = TEXTS.filter(lambda key: key != "<<")
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS | st.floats(allow_nan=False)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5).map(tuple) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
TOP = st.sampled_from(["name", "inputs", "layers", "outputs", "train", "blocks", "variables"])


def same(one: object, other: object) -> bool:
    """Compare with types, so that 1, 1.0 and true are three things."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@given(st.dictionaries(TOP | KEYS, VALUES, min_size=1, max_size=4))
@example({"layers": ({"Dense": {"units": 10}}, "Flatten", {"A": None, "B": ()}, {}, ((1,), {}))})
@example({"layers": tuple(range(300)), "a": tuple("ab" * 200), "b": (("x" * 120, {"y": 1}),)})
@example({"train": {"layers": (1,), "x": {"layers": {"a": 1}}}})
def test_what_is_written_reads_back(data: dict) -> None:
    assert same(read_text(write_spec(data)).data, data)


def test_not_a_number_is_written_as_one() -> None:
    (value,) = read_text(write_spec({"a": (math.nan,)})).data["a"]
    assert math.isnan(value)


@pytest.mark.parametrize("name", zoo())
def test_shipped_specs_read_back(name: str) -> None:
    data = read_text(zoo_text(name)).data
    assert same(read_text(write_spec(data)).data, data)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "1e-5"), (0.001, "0.001"), (1.5e20, "1.5e20"), (2.0, "2.0"), (None, "null"),
        ("relu", "relu"), ("$width * 4", "$width * 4"), ("...c,c->...c", '"...c,c->...c"'),
        (":, 0, 1:3", '":, 0, 1:3"'), ("true", '"true"'), ("no", "no"), ("12:30", "12:30"),
        ("1e5", '"1e5"'), ("a: b", '"a: b"'), ("a\nb", '"a\\nb"'), ("", '""'),
        ((), "[]"), ({}, "{}"), ((1, (2, 3)), "[1, [2, 3]]"), (False, "false"),
    ],
)  # fmt: skip
def test_one_value(value: object, text: str) -> None:
    assert write_spec({"a": value}) == f"a: {text}\n"


def test_layout() -> None:
    long = {"kernel_initializer": {"VarianceScaling": {"scale": 2.0, "mode": "fan_out"}}}
    data = {
        "outputs": ("a", "b"),
        "layers": (
            {"Conv2D": {"filters": 32, "kernel_size": 3, "activation": "relu"}},
            "Flatten",
            {"Dense": {"units": 10, **long, "name": "a_name_that_is_rather_long", "inputs": "x"}},
            {"ops.add": {"inputs": ("b", tuple(range(100, 140)))}},
        ),
        "inputs": {"image": (28, 28, 1), "tokens": {"shape": (10,), "dtype": "int32"}},
        "name": "net",
    }
    assert (
        write_spec(data)
        == """\
name: net
inputs:
  image: [28, 28, 1]
  tokens: {shape: [10], dtype: int32}
layers:
  - Conv2D: {filters: 32, kernel_size: 3, activation: relu}
  - Flatten
  - Dense:
      units: 10
      kernel_initializer: {VarianceScaling: {scale: 2.0, mode: fan_out}}
      name: a_name_that_is_rather_long
      inputs: x
  - ops.add:
      inputs:
        - b
        - [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119,
          120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139]
outputs: [a, b]
"""
    )


@given(st.lists(st.integers(0, 10**9), min_size=30, max_size=200))
def test_lines_are_no_longer_than_they_must_be(numbers: list[int]) -> None:
    text = write_spec({"layers": ({"ops.add": {"inputs": ("a", tuple(numbers))}},)})
    assert max(map(len, text.splitlines())) <= WIDTH
