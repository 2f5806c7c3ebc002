"""A spec with its variables and blocks put in place compiles to the graph that it did before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from hornbook.compiler.graph import TypedGraph
from hornbook.compiler.infer import infer
from hornbook.compiler.lower import lower
from hornbook.specs.diagnostics import Span
from hornbook.specs.load import Spec, load, zoo
from hornbook.specs.overrides import Override
from hornbook.specs.resolve import resolved
from hornbook.specs.write import write_spec
from hornbook.specs.yaml import read_text
from specimens import frozen, graphs, specs

NOWHERE = Span("", 1, 1, 1, 1)


def typed(spec: Spec) -> TypedGraph:
    return infer(lower(spec), spec.document)


def placeless(found: TypedGraph) -> Any:
    """Return a typed graph without the places in the text that it came from."""
    graph = found.graph
    return (
        graph.name,
        [replace(one, span=NOWHERE) for one in graph.inputs],
        [bare(one) for one in graph.layers],
        [replace(one, span=NOWHERE, path=()) for one in graph.nodes],
        graph.outputs,
        [(one.node.name, one.types, one.weights, one.flops) for one in found.nodes],
    )


def bare(layer: Any) -> Any:
    """Return a layer without what its item says of name and wiring, which the graph knows."""
    spec = layer.spec.model_copy(update={"name": None, "inputs": None})
    return layer.name, layer.named, type(spec), spec.__dict__


def agree(spec: Spec) -> dict[str, Any]:
    """Write a spec resolved, read it back, and compare."""
    data = resolved(spec)
    assert not {"variables", "blocks"} & data.keys()
    text = write_spec(data)
    assert "$" not in text
    again = load(read_text(text, "again.yaml"))
    assert placeless(typed(again)) == placeless(typed(spec))
    assert again.model.train == spec.model.train
    assert resolved(again) == again.document.data
    return data


@pytest.mark.parametrize("name", zoo())
def test_shipped_specs(name: str) -> None:
    agree(load(name))


@settings(max_examples=40)
@given(graphs())
def test_graphs(data: dict[str, Any]) -> None:
    spec = load(read_text(write_spec(frozen(data)), "drawn.yaml"))
    assert [one.popitem()[1].get("name") for one in agree(spec)["layers"]] == [
        item.name for item in spec.model.layers
    ]


@settings(max_examples=30)
@given(specs())
def test_layers_of_all_kinds(data: dict[str, Any]) -> None:
    agree(load(read_text(write_spec(frozen(data)), "drawn.yaml")))


TEXT = """\
name: net
variables: {width: 4}
inputs: {x: [6]}
blocks:
  pair:
    parameters: [units, {act: relu}]
    layers:
      - Dense: {units: $units, activation: $act}
      - Dense: {units: $units * 2, name: up}
layers:
  - Dense: {units: $width, inputs: x}
  - pair: {units: $width, repeat: 2}
  - pair: {units: 3, name: last}
  - Add: {inputs: [pair_2_up, pair_1_up]}
  - Concatenate: {inputs: [add, last]}
  - Dense: {units: $classes, inputs: concatenate}
train: {data: wine, loss: sparse_categorical_crossentropy, epochs: $width // 2}
"""


def test_what_it_looks_like() -> None:
    spec = load(read_text(TEXT.replace("pair_2_up, pair_1_up", "pair_2, pair_1"), "net.yaml"))
    assert write_spec(agree(spec)) == (
        """\
name: net
inputs:
  x: [6]
layers:
  - Dense: {units: 4}
  - Dense: {units: 4, activation: relu, name: pair_1_dense}
  - Dense: {units: 8, name: pair_1_up}
  - Dense: {units: 4, activation: relu, name: pair_2_dense}
  - Dense: {units: 8, name: pair_2_up}
  - Dense: {units: 3, activation: relu, name: last_dense}
  - Dense: {units: 6, name: last_up}
  - Add: {inputs: [pair_2_up, pair_1_up]}
  - Concatenate: {inputs: [add, last_up]}
  - Dense: {units: 3}
train:
  data: wine
  loss: sparse_categorical_crossentropy
  epochs: 2
"""
    )


def test_overrides_and_other_data_are_put_in_place() -> None:
    from hornbook.specs.data import CsvData

    overrides = [Override("width=7"), Override("epochs=9"), Override("layers.0.Dense.name=first")]
    text = TEXT.replace("pair_2_up, pair_1_up", "pair_2, pair_1")
    data = CsvData(csv="rows.csv", target="kind", classes=5)
    found = agree(load(read_text(text, "net.yaml"), overrides=overrides, data=data))
    assert found["layers"][0] == {"Dense": {"units": 7, "name": "first"}}
    assert found["layers"][-1] == {"Dense": {"units": 5}}
    assert found["train"]["epochs"] == 9
    assert found["train"]["data"] == {"csv": "rows.csv", "target": "kind", "classes": 5}


def test_a_name_that_is_in_the_way_of_another_stays() -> None:
    text = """\
name: net
inputs: {x: [6]}
blocks:
  dense:
    layers:
      - Dense: {units: 6, name: x}
layers:
  - dense
  - Dense: {units: 6}
  - Dense: {units: 6}
"""
    found = agree(load(read_text(text, "net.yaml")))
    assert [one["Dense"].get("name") for one in found["layers"]] == [
        "dense_x",
        "dense_1",
        "dense_2",
    ]
