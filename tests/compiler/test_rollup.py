"""Repetitions of flat specs rolled up into blocks, and what that must leave as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.compiler.importing import rollup
from hornbook.compiler.importing.rollup import names_of, roll_up, rolled_up, same
from hornbook.specs.load import load
from hornbook.specs.write import write_spec
from hornbook.specs.yaml import read_text
from specimens import frozen, graphs, specs


def rolled(text: str) -> Any:
    return roll_up(read_text(text).data)


CHAIN = (
    "name: chain\ninputs: {image: [32, 32, 3]}\nlayers:\n"
    + "".join(
        f"  - Conv2D: {{filters: {8 if k < 5 else 16}, kernel_size: 3, "
        f"strides: {1 if k < 5 else 2}, padding: same, name: stage_{k}_conv}}\n"
        f"  - BatchNormalization: {{name: stage_{k}_bn}}\n  - ReLU: {{name: stage_{k}_relu}}\n"
        for k in range(1, 6)
    )
    + "  - Flatten\n"
)


def test_a_chain_becomes_a_block_with_parameters_and_a_repetition() -> None:
    found = rolled(CHAIN)
    assert list(found["blocks"]) == ["stage"]
    block = found["blocks"]["stage"]
    assert block["parameters"] == ({"filters": 8}, {"strides": 1})
    assert [next(iter(item.values()))["name"] for item in block["layers"]] == ["conv", "bn", "relu"]
    assert found["layers"] == (
        {"stage": {"repeat": 4, "name": "stage_{$index}"}},
        {"stage": {"filters": 16, "strides": 2, "name": "stage_5"}},
        "Flatten",
    )


def test_names_are_kept() -> None:
    data = read_text(CHAIN).data
    assert names_of(roll_up(data)) == names_of(data)
    assert names_of(data)[3] == "stage_2_conv"


def test_multiples_are_computed() -> None:
    units = ((8, 32), (16, 64), (8, 32), (4, 16), (8, 32))
    layers = "".join(
        f"  - Dense: {{units: {a}, name: b{k}_in}}\n  - Dense: {{units: {b}, name: b{k}_out}}\n"
        f"  - LayerNormalization: {{name: b{k}_norm}}\n"
        for k, (a, b) in enumerate(units)
    )
    found = rolled(f"name: a\ninputs: {{x: [4]}}\nlayers:\n{layers}")
    (block,) = found["blocks"].values()
    assert block["layers"][1] == {"Dense": {"units": "$units * 4", "name": "out"}}


def test_a_shortcut_is_the_input_of_the_block() -> None:
    layers = "".join(
        f"  - Dense: {{units: 4, name: r{k}_a}}\n  - Dense: {{units: 4, name: r{k}_b}}\n"
        f"  - Add: {{name: r{k}_sum, inputs: [r{k}_b, {'x' if not k else f'r{k - 1}_sum'}]}}\n"
        for k in range(4)
    )
    found = rolled(f"name: a\ninputs: {{x: [4]}}\nlayers:\n{layers}")
    (block,) = found["blocks"].values()
    assert block["layers"][2] == {"Add": {"name": "sum", "inputs": ("b", "input")}}
    assert found["layers"] == ({"r": {"repeat": 4, "name": "r{$index - 1}"}},)


def test_what_does_not_repeat_stays() -> None:
    text = "name: a\ninputs: {x: [4]}\nlayers: [Dense: {units: 3}, ReLU, Dense: {units: 2}]"
    assert "blocks" not in rolled(text)


def test_a_value_that_is_taken_from_the_middle_keeps_its_part_open() -> None:
    layers = "".join(
        f"  - Dense: {{units: 4, name: r{k}_a}}\n  - ReLU: {{name: r{k}_b}}\n" for k in range(5)
    )
    text = (
        f"name: a\ninputs: {{x: [4]}}\nlayers:\n{layers}"
        "  - Add: {inputs: [r4_b, r2_a], name: sum}\n"
    )
    found = roll_up(read_text(text).data)
    assert same(read_text(text).data, found)


@settings(max_examples=150, deadline=None)
@given(st.one_of(specs(), graphs()))
def test_any_spec_stands_for_the_same(spec: dict[str, Any]) -> None:
    data = read_text(json.dumps(spec)).data
    found = roll_up(data)
    assert same(data, found)
    assert (
        load(read_text(write_spec(found))).model.inputs
        == load(read_text(json.dumps(spec))).model.inputs
    )


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(2, 5), st.booleans())
def test_repeated_specs_are_rolled_up(data: st.DataObject, times: int, named: bool) -> None:
    widths = data.draw(st.lists(st.sampled_from([4, 8]), min_size=times, max_size=times))
    kinds = data.draw(
        st.lists(
            st.sampled_from(["Dense", "ReLU", "Dropout", "LayerNormalization"]),
            min_size=3,
            max_size=6,
        ).filter(lambda drawn: "Dense" in drawn)
    )
    layers: list[Any] = []
    for turn, width in enumerate(widths):
        for place, kind in enumerate(kinds):
            arguments: dict[str, Any] = {"Dense": {"units": width}, "Dropout": {"rate": 0.5}}.get(
                kind, {}
            )
            name = {"name": f"part_{turn}_item{place}"} if named else {}
            layers.append({kind: {**arguments, **name}} if arguments or name else kind)
    spec = frozen({"name": "a", "inputs": {"x": [4]}, "layers": layers})
    found = roll_up(spec)
    assert same(spec, found)
    if len(kinds) * times - len(kinds) - times > 8:
        assert "blocks" in found


def test_a_difference_is_seen() -> None:
    data = read_text(CHAIN).data
    found = roll_up(data)
    found["layers"] = [*found["layers"][:-1], {"Flatten": {}}, "ReLU"]
    assert not same(data, found)
    other = roll_up(data)
    other["layers"] = list(other["layers"])
    other["layers"][1] = {"stage": {"filters": 17, "strides": 2, "name": "stage_5"}}
    assert not same(data, other)


@pytest.mark.parametrize("times", [200])
def test_many_layers_take_no_time(times: int) -> None:
    layers = tuple(
        item
        for turn in range(times)
        for item in (
            {"Dense": {"units": 4 + turn % 3, "name": f"unit{turn}_dense"}},
            {"ReLU": {"name": f"unit{turn}_relu"}},
            {"Dropout": {"rate": 0.5, "name": f"unit{turn}_drop"}},
        )
    )
    found = roll_up({"name": "a", "inputs": {"x": (4,)}, "layers": layers})
    assert len(found["layers"]) <= times


def numbered(name: str, times: int) -> dict[str, Any]:
    layers = tuple({"Dense": {"units": 4, "name": f"{name}{turn}"}} for turn in range(times))
    return {"name": "a", "inputs": {"x": (4,)}, "layers": layers}


def looked_at(data: dict[str, Any]) -> int:
    roller = rollup._Roller(data)
    roller.roll()
    return roller.effort


@pytest.mark.parametrize("name", ["d", "layer_", "dense_"])
def test_looking_for_repetitions_grows_no_faster_than_the_model(name: str) -> None:
    few, many = (looked_at(numbered(name, times)) for times in (200, 1000))
    assert 0 < many < 7 * few


def test_a_thousand_numbered_layers_are_read_as_they_are() -> None:
    data = numbered("d", 1000)
    assert roll_up(data) == data


def test_what_would_take_too_long_is_left_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("ReLU", "Softmax", "Flatten")
    words = (kinds[turn // 12 >> turn % 6 & 1] for turn in range(600))
    data = {"name": "a", "inputs": {"x": (4,)}, "layers": tuple(words)}
    found, whole = rolled_up(data)
    assert whole
    assert len(found["blocks"]) > 3
    monkeypatch.setattr(rollup, "EFFORT", looked_at(data) // 3)
    some, whole = rolled_up(data)
    assert not whole
    assert 0 < len(some["blocks"]) < len(found["blocks"])
    assert same(data, some)
