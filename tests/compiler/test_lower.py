"""Wiring: defaults, references, shared layers, and what may not stand."""

from __future__ import annotations

import pytest

from hornbook.compiler.driver import analyse
from hornbook.compiler.infer import MAX_PARAMS, count
from hornbook.compiler.lower import lower
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load
from hornbook.specs.overrides import Override
from hornbook.specs.yaml import read_text


def graph(layers: str, inputs: str = "{x: [4]}", more: str = ""):
    return lower(load(read_text(f"name: net\ninputs: {inputs}\nlayers:\n{layers}\n{more}")))


def codes(layers: str, inputs: str = "{x: [4]}", more: str = "") -> list[str]:
    with pytest.raises(SpecError) as caught:
        analyse(load(read_text(f"name: net\ninputs: {inputs}\nlayers:\n{layers}\n{more}")))
    return [one.code for one in caught.value.diagnostics]


def test_a_layer_takes_the_one_above() -> None:
    found = graph("  - Dense: {units: 2}\n  - Dense: {units: 3}")
    assert [(node.name, [v.name for v in node.inputs]) for node in found.nodes] == [
        ("dense", ["x"]),
        ("dense_1", ["dense"]),
    ]
    assert [value.name for value in found.outputs] == ["dense_1"]


def test_a_reference_may_point_down() -> None:
    found = graph(
        "  - Dense: {name: b, units: 2, inputs: a}\n  - Dense: {name: a, units: 3, inputs: x}",
        more="outputs: b",
    )
    assert [node.name for node in found.nodes] == ["a", "b"]


def test_a_layer_applied_twice_is_one_layer_and_two_nodes() -> None:
    found = analyse(
        load(
            read_text(
                "name: net\ninputs: {x: [4], y: [4]}\nlayers:\n  - Dense: {name: a, units: 4, inputs: x}\n"
                "  - call: {layer: a, inputs: y}\n  - Add: {inputs: [a, a_call]}\n"
            )
        )
    )
    assert [layer.name for layer in found.graph.layers] == ["a", "add"]
    assert [node.name for node in found.graph.nodes] == ["a", "a_call", "add"]
    assert count(found) == (20, 20)


def test_a_second_call_with_another_width_is_refused() -> None:
    layers = (
        "  - Dense: {name: a, units: 4, inputs: x}\n"
        "  - call: {layer: a, inputs: y}\n"
        "  - Add: {inputs: [a, a_call]}"
    )
    assert codes(layers, "{x: [4], y: [5]}") == ["HB404"]


@pytest.mark.parametrize(
    ("layers", "inputs", "more", "expected"),
    [
        ("  - Dense: {units: 2, name: a, inputs: a}", "{x: [4]}", "", ["HB302"]),
        ("  - Dense: {units: 2, inputs: nope}", "{x: [4]}", "", ["HB301"]),
        ("  - Dense: {units: 2}\n  - Dense: {units: 2, inputs: x}", "{x: [4]}", "", ["HB303"]),
        ("  - Dense: {units: 2}", "{x: [4], y: [2]}", "", ["HB305"]),
        ("  - Dense: {units: 2, inputs: x}", "{x: [4], y: [2]}", "", ["HB304"]),
        ("  - Dense: {units: 2, inputs: []}", "{x: [4]}", "", ["HB305"]),
        ("  - Add", "{x: [4]}", "", ["HB306"]),
        ("  - Dense: {units: 2, inputs: [x, x]}", "{x: [4]}", "", ["HB306"]),
        ("  - Dense: {units: 2}", "{x: [4]}", "outputs: x", ["HB307"]),
        ("  - Dense: {units: 2}", "{x: [4]}", "outputs: nope", ["HB307"]),
        ("  - Dense: {units: 2, name: a}", "{x: [4]}", "outputs: [a, a]", ["HB307"]),
        ("  - Dense: {units: 2}", "{x: [4]}", "outputs: []", ["HB307"]),
        ("  - Dense: {units: 2, name: class}", "{x: [4]}", "", ["HB210"]),
        ("  - Dense: {units: 2, name: X}", "{x: [4]}", "", ["HB211"]),
        ("  - Dense: {units: 2, name: a}\n  - call: {layer: b}", "{x: [4]}", "", ["HB301"]),
        ("  - call: {layer: x}", "{x: [4]}", "", ["HB301"]),
    ],
)
def test_refused(layers: str, inputs: str, more: str, expected: list[str]) -> None:
    assert codes(layers, inputs, more) == expected


def test_a_cycle_is_told_with_its_path() -> None:
    with pytest.raises(SpecError) as caught:
        graph(
            "  - Add: {name: a, inputs: [x, c]}\n  - Dense: {name: b, units: 4}\n  - Dense: {name: c, units: 4}\n"
            "  - Dense: {name: d, units: 4}"
        )
    (one,) = caught.value.diagnostics
    assert one.message == "a cycle: `a` -> `b` -> `c` -> `a`"


def test_all_mistakes_of_a_stage_come_together() -> None:
    assert codes(
        "  - Dense: {units: 2, inputs: p}\n  - Dense: {units: 2, inputs: q}", more="outputs: r"
    ) == [
        "HB301",
        "HB301",
        "HB307",
    ]


def test_the_budget_is_exact() -> None:
    spec = load(read_text("name: n\ninputs: {x: [100000]}\nlayers:\n  - Dense: {units: 100000}\n"))
    with pytest.raises(SpecError) as caught:
        analyse(spec)
    assert "10,000,100,000 parameters" in caught.value.diagnostics[0].message
    small = load(read_text("name: n\ninputs: {x: [3]}\nlayers:\n  - Dense: {units: 2}\n"))
    analyse(small, max_params=8)
    with pytest.raises(SpecError):
        analyse(small, max_params=7)
    assert MAX_PARAMS > 10**8


def test_overrides_replace_values_and_own_their_mistakes() -> None:
    spec = load(
        "mnist",
        overrides=[
            Override("epochs=2"),
            Override("layers.3.units=64"),
            Override("train.loop=tape"),
        ],
    )
    assert spec.model.train.epochs == 2
    assert spec.model.train.loop == "tape"
    assert spec.model.layers[3].units == 64
    for text, code in [
        ("epochs=0", "HB203"),
        ("epochs=two", "HB204"),
        ("epoch=2", "HB201"),
        ("layers.9.units=2", "HB201"),
        ("layers.x.units=2", "HB201"),
        ("epochs", "HB206"),
        ("name.deeper=1", "HB201"),
        ("epochs=[1", "HB101"),
    ]:
        with pytest.raises(SpecError) as caught:
            load("mnist", overrides=[Override(text)])
        assert [one.code for one in caught.value.diagnostics] == [code], text
        assert "--set" in str(caught.value)


def test_ten_thousand_layers_need_no_recursion() -> None:
    layers = "\n".join("  - Dense: {units: 2}" for _ in range(10_000))
    typed = analyse(load(read_text(f"name: deep\ninputs: {{x: [2]}}\nlayers:\n{layers}\n")))
    assert count(typed) == (60_000, 60_000)
