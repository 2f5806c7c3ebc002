"""What blocks, names and calculations mean, by known answers: each test once caught what no other did."""

from __future__ import annotations

from typing import Any

import pytest

from hornbook.compiler.driver import analyse, emit
from hornbook.specs import arithmetic
from hornbook.specs.load import Spec, load
from hornbook.specs.yaml import read_text


def spec(text: str) -> Spec:
    return load(read_text(f"name: net\n{text}"))


def items(text: str) -> dict[str | None, Any]:
    return {one.name: one for one in spec(text).model.layers}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * $n", 15),
        ("2 * $n + 1", 15),
        ("($n + 1) * 2", 16),
        ("$n - 2 - 1", 4),
        ("$n // 2 * 2", 6),
        ("$n - 5 // 2", 5),
        ("$n // 2", 3),
        ("$n / 2", 3.5),
        ("$n % 4 * 2", 6),
        ("-$n + 1", -6),
        ("max($n // 2, 5) - 1", 4),
    ],
)
def test_a_calculation_is_that_of_python(text: str, value: float) -> None:
    found = arithmetic.evaluate(arithmetic.parse(text), {"n": 7})
    assert found == value == eval(text.replace("$n", "7"), {"max": max})
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["$a - ($b - $c)", "$a // ($b * $c)", "$a - $b - $c", "($a + $b) * $c", "-($a + $b)"]
)
def test_a_calculation_is_written_as_it_was_read(text: str) -> None:
    assert arithmetic.show(arithmetic.parse(text)) == text


SIZED = """
inputs: {x: [4]}
variables: {width: 5}
blocks:
  wide:
    parameters: [{width: 3}, {more: $width * 2}]
    layers:
      - Dense: {name: first, units: $width}
      - Dense: {name: second, units: $more}
layers:
  - wide: {name: plain}
  - wide: {name: given, width: 7}
  - wide: {name: both, width: 7, more: 9}
  - Dense: {name: last, units: $width}
"""


def test_an_argument_comes_before_a_default_and_both_before_a_variable() -> None:
    found = {name: one.units for name, one in items(SIZED).items()}
    assert found == {
        "plain_first": 3,
        "plain_second": 6,
        "given_first": 7,
        "given_second": 14,
        "both_first": 7,
        "both_second": 9,
        "last": 5,
    }


COUNTED = """
inputs: {x: [4]}
blocks:
  step:
    layers:
      - Dense: {name: dense, units: $index * 10}
      - ReLU
layers:
  - step: {name: "turn{$index}", repeat: 3}
"""


def test_index_counts_from_1() -> None:
    found = {name: one.units for name, one in items(COUNTED).items() if name.endswith("dense")}
    assert found == {"turn1_dense": 10, "turn2_dense": 20, "turn3_dense": 30}


def test_each_turn_takes_what_the_one_before_it_made() -> None:
    typed = analyse(spec(COUNTED))
    shapes = {one.layer.name: one.weights[0].shape for one in typed.nodes if one.weights}
    assert shapes == {"turn1_dense": (4, 10), "turn2_dense": (10, 20), "turn3_dense": (20, 30)}
    assert "for index in range(1, 4):" in emit(typed, "functional").text


PAIRS = """
inputs: {x: [4], y: [4]}
blocks:
  apart:
    inputs: [left, right]
    layers:
      - Subtract: {name: less, inputs: [left, right]}
      - Add: {name: more, inputs: [left, right]}
    outputs: [less, more]
layers:
  - apart: {name: pair, inputs: [x, y]}
  - Dense: {name: first, units: 2, inputs: pair}
  - Dense: {name: second, units: 2, inputs: pair.1}
outputs: [first, second]
"""


def test_inputs_and_outputs_of_a_block_keep_their_order() -> None:
    found = items(PAIRS)
    assert found["pair_less"].inputs == ("x", "y")
    assert found["pair_more"].inputs == ("x", "y")
    assert found["first"].inputs == "pair_less"
    assert found["second"].inputs == "pair_more"


NESTED = """
inputs: {x: [4]}
blocks:
  inner:
    layers:
      - Dense: {name: dense, units: 4}
      - ReLU
  outer:
    layers:
      - inner: {name: one}
      - inner: {name: two}
layers:
  - outer: {name: a}
  - outer: {name: b}
"""


def test_names_inside_blocks_begin_with_those_of_all_blocks_around() -> None:
    assert list(items(NESTED)) == [
        f"{outer}_{inner}_{layer}"
        for outer in "ab"
        for inner in ("one", "two")
        for layer in ("dense", "re_lu")
    ]


def test_an_alias_stands_for_the_last_anchor_of_its_name_above_it() -> None:
    data = read_text("a: &n 1\nb: *n\nc: &n [2]\nd: *n\n").data
    assert data == {"a": 1, "b": 1, "c": (2,), "d": (2,)}
