"""Emitted source and its order, by known answers: each of these once caught what no other test caught."""

from __future__ import annotations

import ast
import itertools
import re

import pytest

from hornbook.compiler.driver import analyse, compile_spec
from hornbook.compiler.python import Constant, flat
from hornbook.compiler.schedule import Step, schedule
from hornbook.specs.load import Spec, load
from hornbook.specs.yaml import read_text

STYLES = ("functional", "subclassed")


def spec(text: str) -> Spec:
    return load(read_text(f"name: net\n{text}"))


def source(text: str, style: str) -> str:
    return compile_spec(spec(text), style).text


@pytest.mark.parametrize(("style", "x"), [("functional", "x_input"), ("subclassed", "inputs")])
@pytest.mark.parametrize(
    ("operands", "written"),
    [("[1, x]", "(1, {})"), ("[x, 1]", "({}, 1)"), ("[x, 2.5]", "({}, 2.5)")],
)
def test_operands_keep_their_order(style: str, x: str, operands: str, written: str) -> None:
    text = source(f"inputs: {{x: [4]}}\nlayers:\n  - ops.subtract: {{inputs: {operands}}}", style)
    assert f"ops.subtract{written.format(x)}" in text


@pytest.mark.parametrize("style", STYLES)
def test_inputs_keep_their_order(style: str) -> None:
    text = source(
        "inputs: {a: [4], b: [4]}\nlayers:\n  - Subtract: {inputs: [b, a]}",
        style,
    )
    written = "([b, a])" if style == "functional" else '([inputs["b"], inputs["a"]])'
    assert written in text


CALLED = """
inputs:
  x: [5, 3]
  state: [4]
  mask: {shape: [5], dtype: bool}
layers:
  - GRU: {name: reader, units: 4, inputs: x, call: {mask: mask, initial_state: state}}
  - Dropout: {name: drop, rate: 0.5, call: {training: false}}
"""


def test_arguments_of_a_call_are_written() -> None:
    text = source(CALLED, "subclassed")
    assert 'mask=inputs["mask"]' in text
    assert 'initial_state=[inputs["state"]]' in text
    assert "self.drop(x, training=False)" in text


@pytest.mark.parametrize("style", STYLES)
def test_a_frozen_layer_is_written_so(style: str) -> None:
    text = source(
        "inputs: {x: [4]}\nlayers:\n  - Dense: {units: 2, trainable: false}\n  - Dense: {units: 3}",
        style,
    )
    assert "layers.Dense(2, trainable=False)" in text
    assert "layers.Dense(3)" in text


@pytest.mark.parametrize("style", STYLES)
def test_the_output_of_a_node_that_is_meant_is_taken(style: str) -> None:
    text = source(
        "inputs: {x: [5, 3]}\nlayers:\n  - LSTM: {name: reader, units: 4, return_state: true}\n"
        "  - Dense: {name: head, units: 2, inputs: reader.2}",
        style,
    )
    assert "[2])" in text


def test_of_equally_deep_layers_the_one_that_is_met_first_comes_first() -> None:
    steps = {
        "in": Step("in", ()),
        "a": Step("a", ("in",)),
        "b": Step("b", ("in",)),
        "add": Step("add", ("b", "a")),
    }
    plan = schedule(steps, ["add"])
    assert plan.layers == plan.nodes == ("b", "a", "add")


def test_outputs_are_gone_through_by_their_names() -> None:
    graph = analyse(
        spec(
            "inputs: {x: [4]}\nlayers:\n  - Dense: {name: b, units: 2}\n"
            "  - Dense: {name: a, units: 3, inputs: x}\noutputs: [b, a]"
        )
    ).graph
    assert [layer.name for layer in graph.layers] == ["a", "b"]
    assert [value.name for value in graph.outputs] == ["b", "a"]


def test_layers_are_made_in_one_order_and_called_in_another() -> None:
    text = source(
        "inputs: {x: [4]}\nlayers:\n  - Dense: {name: a, units: 4}\n"
        "  - Dense: {name: b, units: 4, inputs: x}\noutputs: [a, b]",
        "subclassed",
    )
    assert re.findall(r"self\.(\w+) = ", text) == ["a", "b"]
    assert re.findall(r"= self\.(\w+)\(", text) == ["b", "a"]
    assert re.search(r"return \{\"a\": a, \"b\": b\}", text)


TURNED = """
inputs: {x: [4], y: [4]}
blocks:
  pair:
    inputs: [left, right]
    layers:
      - Dense: {name: a, units: 4, inputs: left}
      - Dense: {name: b, units: 4, inputs: right}
    outputs: [a, b]
layers:
  - pair: {name: p, inputs: [x, y]}
  - Dense: {name: behind_a, units: 4, inputs: p}
  - Add: {name: first, inputs: [p.1, behind_a]}
  - pair: {name: q, inputs: [first, first]}
  - Dense: {name: behind_b, units: 4, inputs: q.1}
  - Add: {name: second, inputs: [q, behind_b]}
"""


def test_a_block_whose_uses_run_in_different_orders_is_written_out() -> None:
    graph = analyse(spec(TURNED)).graph
    names = [layer.name for layer in graph.layers]
    assert names == ["p_a", "p_b", "behind_a", "first", "q_b", "q_a", "behind_b", "second"]
    for style in STYLES:
        text = source(TURNED, style)
        assert re.findall(r'layers\..*name="(\w+)"\)', text) == names


def test_a_shared_layer_stands_where_its_deepest_call_does() -> None:
    steps = {
        "in": Step("in", ()),
        "short": Step("shared", ("in",)),
        "long": Step("shared", ("in",)),
        "long_1": Step("one", ("long",)),
        "long_2": Step("two", ("long_1",)),
        "add": Step("add", ("short", "long_2")),
    }
    plan = schedule(steps, ["add"])
    assert plan.layers == ("shared", "one", "two", "add")
    assert plan.nodes == ("short", "long", "long_1", "long_2", "add")


def test_every_mix_of_quotes_and_backslashes_is_one_literal() -> None:
    for length in range(5):
        for letters in itertools.product("'\"\\\na", repeat=length):
            word = "".join(letters)
            assert ast.literal_eval(flat(Constant(word))) == word
