"""Two models compared: what differs, what does not, and which weights carry over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.compiler.diff import Change, Difference, Parameters, Renamed, Rewired, Side, diff
from hornbook.compiler.infer import infer
from hornbook.compiler.lower import lower
from hornbook.specs.load import Spec, load, zoo
from hornbook.specs.overrides import Override
from hornbook.specs.write import write_spec
from hornbook.specs.yaml import read_text
from specimens import frozen, graphs, specs

HEAD = "name: net\ninputs: {x: [4]}\nlayers:\n"


def side(spec: Spec) -> Side:
    return Side(infer(lower(spec), spec.document), spec.model.train)


def read(text: str) -> Side:
    return side(load(read_text(text, "net.yaml")))


def chain(*items: str | int) -> str:
    """Write a spec of items; a number is a Dense layer of so many units."""
    lines = (one if isinstance(one, str) else f"Dense: {{units: {one}}}" for one in items)
    return HEAD + "".join(f"  - {line}\n" for line in lines)


def compare(before: str, after: str) -> Difference:
    return diff(read(before), read(after))


def told(found: Difference) -> dict[str, Any]:
    """Return what a difference says of layers, in short."""
    said: dict[str, Any] = {
        "+": [one.name for one in found.added],
        "-": [one.name for one in found.removed],
        "~": {
            one.name: {change.what: (change.before, change.after) for change in one.changes}
            for one in found.changed
        },
        "=": {one.before: one.after for one in found.renamed},
        ">": {one.name: (one.before, one.after) for one in found.rewired},
    }
    return {mark: one for mark, one in said.items() if one}


def carried(found: Difference) -> dict[str, str]:
    return {one.before: one.after for one in found.carried}


# What is equal


@pytest.mark.parametrize("name", zoo())
def test_a_spec_equals_itself(name: str) -> None:
    one = side(load(name))
    found = diff(one, one)
    assert found.equal
    assert found.dropped == found.fresh == ()
    assert {one.layer.name for one in one.typed.nodes if one.weights} == set(carried(found))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dense: {units: 3}", "Dense: {units: 3, activation: null, use_bias: true}"),
        ("Dense: {units: 3}", "Dense: {units: 3, kernel_initializer: GlorotUniform}"),
        (
            "Dense: {units: 3, kernel_regularizer: l2}",
            "Dense: {units: 3, kernel_regularizer: {L2: {l2: 0.01}}}",
        ),
        ("Dense: {units: 3}", "Dense: {units: 3, inputs: x, name: dense}"),
        ("Dropout: {rate: 1e-1}", "Dropout: {rate: 0.1, seed: null}"),
    ],
)
def test_two_spellings_of_one_layer_are_equal(one: str, other: str) -> None:
    assert compare(chain(one), chain(other)).equal


def test_sizes_may_be_one_number_or_one_for_each_axis() -> None:
    image = "name: n\ninputs: {x: [8, 8, 1]}\nlayers:\n  - "
    one = image + "Conv2D: {filters: 2, kernel_size: 3, strides: [1, 1]}\n"
    assert compare(one, one.replace("size: 3, strides: [1, 1]", "size: [3, 3]")).equal
    assert not compare(one, one.replace("size: 3", "size: [3, 2]")).equal


def test_blocks_and_variables_are_how_it_is_written() -> None:
    text = """\
name: net
variables: {width: 4}
inputs: {x: [4]}
blocks: {pair: {layers: [Dense: {units: $width}, ReLU]}}
layers: [pair: {repeat: 2}]
"""
    flat = chain(
        "Dense: {units: 4, name: pair_1_dense}",
        "ReLU: {name: pair_1_re_lu}",
        "Dense: {units: 4, name: pair_2_dense}",
        "ReLU: {name: pair_2_re_lu}",
    )
    assert compare(text, flat).equal


@settings(max_examples=60)
@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_count(data: dict[str, Any], random: Any) -> None:
    one = read(write_spec(frozen(data)))
    random.shuffle(data["layers"])
    assert diff(one, read(write_spec(frozen(data)))).equal


# What differs


def test_a_changed_argument() -> None:
    found = compare(chain(8, 3), chain("Dense: {units: 8, activation: relu}", 3))
    assert told(found) == {"~": {"dense": {"activation": (None, "relu")}}}
    assert carried(found) == {"dense": "dense", "dense_1": "dense_1"}
    assert not found.equal


def test_other_shapes_do_not_carry_over() -> None:
    found = compare(chain(8, 3), chain(9, 3))
    assert told(found) == {"~": {"dense": {"units": (8, 9)}}}
    assert [(one.name, one.reason, one.source) for one in found.fresh] == [
        ("dense", "shape", "dense"),
        ("dense_1", "shape", "dense_1"),
    ]
    assert [one.shape for one in found.fresh[0].before] == [(4, 8), (8,)]
    assert [one.shape for one in found.fresh[0].after] == [(4, 9), (9,)]
    assert found.dropped == ("dense", "dense_1")
    assert found.before == Parameters(67, 67)
    assert found.after == Parameters(75, 75)


def test_one_more_layer_does_not_rename_the_others_away() -> None:
    found = compare(chain(4, 4, 3), chain(5, 4, 4, 3))
    assert told(found) == {
        "+": ["dense"],
        "=": {"dense": "dense_1", "dense_1": "dense_2", "dense_2": "dense_3"},
        ">": {"dense_1": (("x",), ("dense",))},
    }
    assert carried(found) == {"dense_1": "dense_2", "dense_2": "dense_3"}


def test_a_layer_in_between() -> None:
    found = compare(chain(8, 3), chain(8, "Dropout: {rate: 0.5}", 3))
    assert told(found) == {"+": ["dropout"], ">": {"dense_1": (("dense",), ("dropout",))}}
    assert dict(found.added[0].arguments) == {"rate": 0.5}
    back = compare(chain(8, "Dropout: {rate: 0.5}", 3), chain(8, 3))
    assert told(back) == {"-": ["dropout"], ">": {"dense_1": (("dropout",), ("dense",))}}


def test_a_change_at_both_ends_leaves_the_middle() -> None:
    found = compare(chain(8, 7, 6, 3), chain(9, 7, 6, 2))
    assert told(found) == {"~": {"dense": {"units": (8, 9)}, "dense_3": {"units": (3, 2)}}}
    assert carried(found) == {"dense_2": "dense_2"}


def test_a_renamed_layer() -> None:
    found = compare(
        chain(8, "Dense: {units: 3, name: old}"), chain(8, "Dense: {units: 3, name: new}")
    )
    assert found.renamed == (Renamed("old", "new", "Dense"),)
    assert told(found) == {"=": {"old": "new"}}
    assert carried(found) == {"dense": "dense", "old": "new"}
    assert found.outputs is None


def test_a_chain_of_renamed_layers() -> None:
    names = "abcdef"
    one, other = (
        chain(*(f"Dense: {{units: 4, name: {letter}{tail}}}" for letter in names))
        for tail in ("", "2")
    )
    assert told(compare(one, other)) == {"=": {letter: f"{letter}2" for letter in names}}


def test_another_argument_and_another_name_are_another_layer() -> None:
    found = compare(chain("Dense: {units: 3, name: a}"), chain("Dense: {units: 2, name: b}"))
    assert told(found) == {"+": ["b"], "-": ["a"]}


TWINS = """\
name: twins
inputs: {x: [4]}
layers:
  - Dense: {units: 4, name: a, inputs: x}
  - Dense: {units: 4, name: b, inputs: x}
  - Add: {inputs: [a, b]}
"""


def test_twins_of_new_names_are_told_apart_by_what_takes_them() -> None:
    renamed = TWINS.replace("name: a", "name: c").replace("name: b", "name: d")
    found = compare(TWINS, renamed.replace("[a, b]", "[c, d]"))
    assert told(found) == {"=": {"a": "c", "b": "d"}}
    swapped = compare(TWINS, renamed.replace("[a, b]", "[d, c]"))
    assert told(swapped) == {"=": {"a": "d", "b": "c"}}


def test_twins_that_cannot_be_told_apart_are_not_taken_for_each_other() -> None:
    text = TWINS.replace("[a, b]", "[a, b, a, b]")
    other = text.replace("name: a", "name: c").replace("name: b", "name: d")
    found = compare(text, other.replace("Add: {inputs: [a, b, a, b]}", "Average: {inputs: [c, d]}"))
    assert carried(found) == {}
    assert {one.reason for one in found.fresh} == {"new"}


def test_wiring() -> None:
    found = compare(TWINS, TWINS.replace("[a, b]", "[b, a]"))
    assert found.rewired == (Rewired("add", ("a", "b"), ("b", "a")),)
    assert told(found) == {">": {"add": (("a", "b"), ("b", "a"))}}


def test_another_class_of_the_same_name() -> None:
    found = compare(
        chain("Dense: {units: 3, name: a}"), chain("EinsumDense: {name: a, equation: 'ab,bc->ac', "
        "output_shape: 3, bias_axes: c}")
    )  # fmt: skip
    assert told(found)["~"]["a"]["class"] == ("Dense", "EinsumDense")
    assert [one.reason for one in found.fresh] == ["class"]


def test_another_layer_inside_a_wrapper() -> None:
    text = "name: n\ninputs: {x: [5, 4]}\nlayers:\n  - RNN: {cell: {SimpleRNNCell: {units: 3}}}\n"
    other = text.replace("SimpleRNNCell: {units: 3}", "GRUCell: {units: 3}")
    found = compare(text, other)
    assert told(found)["~"]["rnn"]["cell"] == (
        {"SimpleRNNCell": {"units": 3}},
        {"GRUCell": {"units": 3}},
    )
    assert [one.reason for one in found.fresh] == ["class"]


SHARED = """\
name: shared
inputs: {x: [4], y: [4]}
layers:
  - Dense: {units: 4, name: tower, inputs: x}
  - call: {layer: tower, inputs: y}
  - Add: {inputs: [tower, tower_call]}
"""


def test_further_calls() -> None:
    assert compare(SHARED, SHARED.replace("tower", "other")).renamed == (
        Renamed("tower", "other", "Dense"),
        Renamed("tower_call", "other_call", "call of other"),
    )
    own = SHARED.replace("call: {layer: tower,", "Dense: {units: 4, name: tower_call,")
    found = compare(SHARED, own)
    assert told(found)["+"] == told(found)["-"] == ["tower_call"]
    assert found.removed[0].kind == "call of tower"
    assert [one.name for one in found.fresh] == ["tower_call"]


def test_arguments_of_calls() -> None:
    found = compare(
        chain("Dropout: {rate: 0.5}", 3), chain("Dropout: {rate: 0.5, call: {training: true}}", 3)
    )
    assert told(found) == {"~": {"dropout": {"call.training": (None, True)}}}


def test_states_and_outputs() -> None:
    text = """\
name: states
inputs: {x: [5, 4]}
layers:
  - LSTM: {units: 3, return_state: true, return_sequences: true}
  - LSTM: {units: 3, call: {initial_state: [lstm.1, lstm.2]}}
outputs: [lstm_1, lstm.2]
"""
    assert compare(
        text, text.replace("outputs: [lstm_1, lstm.2]", "outputs: [lstm_1.0, lstm.2]")
    ).equal
    found = compare(text, text.replace("[lstm.1, lstm.2]", "[lstm.2, lstm.1]"))
    assert found.rewired[0].after == (
        "lstm", "initial_state: lstm.2", "initial_state: lstm.1"
    )  # fmt: skip
    found = compare(text, text.replace("[lstm_1, lstm.2]", "[lstm_1, lstm.1]"))
    assert found.outputs == Change("outputs", ["lstm_1", "lstm.2"], ["lstm_1", "lstm.1"])


def test_functions_and_their_numbers() -> None:
    one = chain(4, "ops.multiply: {inputs: [dense, 2.0]}")
    found = compare(one, one.replace("2.0", "3.0"))
    assert told(found) == {">": {"multiply": (("dense", "2.0"), ("dense", "3.0"))}}


def test_inputs() -> None:
    text = chain("Dense: {units: 3, inputs: x}")
    renamed = compare(text, text.replace("x: [4]", "row: [4]").replace("inputs: x", "inputs: row"))
    assert told(renamed) == {"=": {"x": "row"}}
    assert renamed.inputs == ()
    found = compare(text, text.replace("[4]", "[5]"))
    assert found.inputs == (Change("x", "(None, 4) float32", "(None, 5) float32"),)
    more = SHARED.replace("y: [4]}", "z: [4], y: [4]}").replace("_call]", "_call, z]")
    assert compare(SHARED, more).inputs == (Change("z", None, "(None, 4) float32"),)
    assert compare(more, SHARED).inputs == (Change("z", "(None, 4) float32", None),)


def test_training_settings() -> None:
    train = "train: {loss: mse, optimizer: {Adam: {learning_rate: 0.1}}, epochs: 3}\n"
    one = chain(3) + train
    found = compare(one, one.replace("0.1", "0.2").replace("3}\n", "4}\n", 2))
    changes = {one.what: (one.before, one.after) for one in found.training}
    assert changes["optimizer"] == (
        {"Adam": {"learning_rate": 0.1}},
        {"Adam": {"learning_rate": 0.2}},
    )
    assert changes["epochs"] == (3, 4)
    assert compare(chain(3), one).training[0].before is None
    unsaid = Side(read(chain(3)).typed, trained=False)
    assert diff(unsaid, read(one)).equal


def test_the_name_of_the_model() -> None:
    found = compare(chain(3), chain(3).replace("name: net", "name: other"))
    assert found.name == Change("name", "net", "other")
    assert not found.equal


def test_a_record_is_json() -> None:
    found = compare(chain(8, 3), chain(8, "Dropout: {rate: 0.5}", 4))
    record = json.loads(json.dumps(found.record()))
    assert record["equal"] is False
    assert record["added"] == [{"name": "dropout", "kind": "Dropout", "arguments": {"rate": 0.5}}]
    assert record["carried"][0]["weights"][0] == {
        "name": "kernel",
        "shape": [4, 8],
        "trainable": True,
    }
    assert record["before"] == {"trainable": 67, "total": 67}


def test_a_large_architecture_with_another_head() -> None:
    small = [Override("inputs.image=[32, 32, 3]")]
    one = side(load("resnet50", overrides=small))
    spec = load("resnet50", overrides=small)
    last = spec.model.layers[-1].name
    path = f"layers.{len(spec.unbound.data['layers']) - 1}.Dense"
    other = side(load("resnet50", overrides=[*small, Override(f"{path}.units=7")]))
    found = diff(one, other)
    assert told(found) == {"~": {last: {"units": (1000, 7)}}}
    assert found.dropped == (last,)
    assert len(found.carried) == 106


BLOCKS = """\
name: net
inputs: {x: [4]}
blocks: {part: {layers: [Dense: {units: 4}, ReLU]}}
layers:
  - Dense: {units: 4}
  - part
  - Dense: {units: 4}
"""


def test_names_that_blocks_give_count_no_more_than_those_of_keras() -> None:
    named = BLOCKS.replace("Dense: {units: 4}\n  - part", "Dense: {units: 4, name: stem}\n  - part")
    assert told(compare(BLOCKS, named)) == {"=": {"dense": "stem", "dense_1": "dense"}}
    found = compare(
        BLOCKS, BLOCKS.replace("  - part\n", "  - Dropout: {rate: 0.5}\n  - part\n  - part\n")
    )
    assert told(found)["+"] == ["dropout", "part_dense", "part_re_lu"]
    assert carried(found) == {
        "dense": "dense", "part_dense": "part_1_dense", "dense_1": "dense_1"
    }  # fmt: skip


# What holds for all


def swapped(found: Difference) -> dict[str, Any]:
    """Return what the difference in the other direction has to say."""
    return {
        "+": {one.name for one in found.removed},
        "-": {one.name for one in found.added},
        "=": {one.after: one.before for one in found.renamed},
        "carried": {one.after: one.before for one in found.carried},
    }


@settings(max_examples=60)
@given(graphs(), graphs())
def test_the_other_direction_says_the_reverse(one: Any, other: Any) -> None:
    first, second = read(write_spec(frozen(one))), read(write_spec(frozen(other)))
    there, back = diff(first, second), diff(second, first)
    assert there.equal == back.equal
    assert swapped(there) == {
        "+": {one.name for one in back.added},
        "-": {one.name for one in back.removed},
        "=": {one.before: one.after for one in back.renamed},
        "carried": carried(back),
    }
    for found, new in ((there, second), (back, first)):
        weighty = {one.layer.name for one in new.typed.nodes if one.weights}
        assert {one.after for one in found.carried} | {one.name for one in found.fresh} == weighty


@settings(max_examples=60)
@given(specs(most=5), st.data())
def test_renaming_layers_is_all_that_renaming_does(data: Any, draw: Any) -> None:
    one = read(write_spec(frozen(data)))
    names = sorted({layer.name for layer in one.typed.graph.layers})
    name = draw.draw(st.sampled_from(names))
    renamed = json.loads(json.dumps(data).replace(f'"{name}"', '"renamed"'))
    found = diff(one, read(write_spec(frozen(renamed))))
    assert not found.equal
    assert not found.changed
    assert found.added == found.removed == () or len(found.added) == len(found.removed) == 1
    assert {before for before in carried(found) if before != name} >= {
        other.layer.name for other in one.typed.nodes if other.weights and other.layer.name != name
    }


def test_pure() -> None:
    folder = Path(__file__).parents[2] / "compiler"
    for name in ("diff.py", "matching.py"):
        text = (folder / name).read_text(encoding="utf-8")
        assert not any(f"import {one}" in text for one in ("keras", "numpy", "tensorflow"))
