"""The order of layers and calls, held against what Keras makes of the same graph."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from hornbook.compiler.driver import analyse
from hornbook.compiler.schedule import Step, schedule
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text
from specimens import graphs


def test_a_long_chain_needs_no_recursion() -> None:
    steps = {"in": Step("in", ())} | {
        f"n{i}": Step(f"l{i}", (f"n{i - 1}" if i else "in",)) for i in range(20_000)
    }
    plan = schedule(steps, ["n19999"])
    assert plan.nodes == tuple(f"n{i}" for i in range(20_000))
    assert plan.layers == tuple(f"l{i}" for i in range(20_000))


def test_the_longer_branch_goes_first() -> None:
    steps = {
        "in": Step("in", ()),
        "short": Step("short", ("in",)),
        "long1": Step("long1", ("in",)),
        "long2": Step("long2", ("long1",)),
        "add": Step("add", ("short", "long2")),
    }
    assert schedule(steps, ["add"]).nodes == ("long1", "short", "long2", "add")


@pytest.mark.keras
@settings(max_examples=150, deadline=None)
@given(graphs())
def test_keras_orders_layers_and_calls_alike(spec) -> None:
    from hornbook.runtime.build import build_typed

    typed = analyse(load(read_text(json.dumps(spec))))
    model = build_typed(typed, "functional", seed=0).model
    found = [layer.name for layer in model.layers if type(layer).__name__ != "InputLayer"]
    assert found == [layer.name for layer in typed.graph.layers]
    calls = [
        node.operation.name
        for depth in sorted(model._nodes_by_depth, reverse=True)
        for node in model._nodes_by_depth[depth]
        if not node.is_input
    ]
    assert calls == [node.layer for node in typed.graph.nodes]
    subclass = build_typed(typed, "subclassed", seed=0).model
    assert [layer.name for layer in subclass.layers] == found
