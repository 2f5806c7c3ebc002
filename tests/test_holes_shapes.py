"""Rules of shapes by known answers: each of these once caught a fault that no other test caught."""

from __future__ import annotations

import pytest

from hornbook.compiler.driver import analyse
from hornbook.compiler.graph import Inference, TensorType
from hornbook.compiler.shapes import infer
from hornbook.compiler.shapes.rule import RuleError
from hornbook.specs.base import NodeSpec
from hornbook.specs.choices import read_choice
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load
from hornbook.specs.registries import ENTRY
from hornbook.specs.yaml import read_text

Names = list[tuple[str, tuple[int, ...], bool]]


def rule(name: str, arguments: dict[str, object], *inputs: TensorType) -> Inference:
    item = read_choice(ENTRY, {name: arguments} if arguments else name)
    assert isinstance(item, NodeSpec), item
    return infer(item, inputs)


def floats(*sizes: int | None) -> TensorType:
    return TensorType((None, *sizes))


def whole(*sizes: int | None) -> TensorType:
    return TensorType((None, *sizes), "int32")


def weights(found: Inference) -> Names:
    return [(one.name, one.shape, one.trainable) for one in found.weights]


def test_weights_of_a_transposed_convolution() -> None:
    found = rule("Conv2DTranspose", {"filters": 8, "kernel_size": (3, 2)}, floats(4, 4, 5))
    assert weights(found) == [("kernel", (3, 2, 8, 5), True), ("bias", (8,), True)]


@pytest.mark.parametrize(("extra", "size"), [(0, 7), (1, 8)])
def test_output_padding_lengthens(extra: int, size: int) -> None:
    given = {"filters": 1, "kernel_size": 3, "strides": 2, "padding": "same"}
    found = rule("Conv1DTranspose", given | {"output_padding": extra}, floats(4, 1))
    assert found.output == floats(size, 1)


def test_weights_of_a_dense_layer() -> None:
    assert weights(rule("Dense", {"units": 4, "use_bias": False}, floats(3))) == [
        ("kernel", (3, 4), True)
    ]


def test_weights_of_a_batch_normalization() -> None:
    assert weights(rule("BatchNormalization", {}, floats(2, 3))) == [
        ("gamma", (3,), True),
        ("beta", (3,), True),
        ("moving_mean", (3,), False),
        ("moving_variance", (3,), False),
    ]


def test_forward_weights_of_a_bidirectional_layer_come_first() -> None:
    backward = {"GRU": {"units": 4, "go_backwards": True}}
    given = {"layer": {"LSTM": {"units": 4}}, "backward_layer": backward}
    found = rule("Bidirectional", given, floats(5, 3))
    assert [shape for name, shape, _ in weights(found) if name == "kernel"] == [(3, 16), (3, 12)]


def test_work_of_each_step_counts() -> None:
    found = rule("TimeDistributed", {"layer": {"Dense": {"units": 4}}}, floats(5, 3))
    assert found.flops == 5 * 4 * (2 * 3 + 1)


def test_work_of_a_dot() -> None:
    assert rule("Dot", {"axes": 1}, floats(3), floats(3)).flops == 2 * 3


@pytest.mark.parametrize("name", ["Add", "Concatenate", "Maximum", "ops.multiply"])
def test_of_two_dtypes_the_larger_remains(name: str) -> None:
    for inputs in ((whole(3), floats(3)), (floats(3), whole(3))):
        assert rule(name, {}, *inputs).output.dtype == "float32"
    assert rule(name, {}, whole(3), whole(3)).output.dtype == "int32"


def test_a_division_makes_fractions() -> None:
    assert rule("ops.divide", {}, whole(3), whole(3)).output == floats(3)
    assert rule("ops.subtract", {}, whole(3), whole(3)).output == whole(3)


@pytest.mark.parametrize("name", ["Concatenate", "ops.concatenate"])
@pytest.mark.parametrize("axis", [1, -2])
def test_values_are_joined_along_the_axis_that_is_given(name: str, axis: int) -> None:
    found = rule(name, {"axis": axis}, floats(2, 3), floats(4, 3))
    assert found.output == floats(6, 3)
    with pytest.raises(RuleError, match="axis"):
        rule(name, {"axis": axis}, floats(2, 3), floats(2, 4))


@pytest.mark.parametrize("name", ["Add", "Multiply", "ops.add", "ops.maximum"])
@pytest.mark.parametrize(
    ("one", "other", "output"),
    [
        (floats(4, 1, 3), floats(1, 5, 3), floats(4, 5, 3)),
        (floats(1, 3), floats(6, 3), floats(6, 3)),
        (floats(6, 3), floats(1, 1), floats(6, 3)),
        (floats(1, 1), floats(1, 1), floats(1, 1)),
    ],
)
def test_a_size_of_1_stretches(
    name: str, one: TensorType, other: TensorType, output: TensorType
) -> None:
    assert rule(name, {}, one, other).output == output


def test_every_piece_of_a_split_is_an_output() -> None:
    found = rule("ops.split", {"indices_or_sections": (1, 3), "axis": 1}, floats(6, 2))
    assert (found.output, *found.states) == (floats(1, 2), floats(2, 2), floats(3, 2))


SPLIT = """
name: net
inputs: {{x: [6]}}
layers:
  - ops.split: {{name: cut, indices_or_sections: [1, 3], axis: 1}}
  - Dense: {{name: dense, units: 4, inputs: cut.{}}}
"""


@pytest.mark.parametrize(("index", "features"), [(0, 1), (1, 2), (2, 3)])
def test_the_number_of_an_output_counts_from_0(index: int, features: int) -> None:
    typed = analyse(load(read_text(SPLIT.format(index))))
    assert typed.nodes[-1].weights[0].shape == (features, 4)


def test_there_is_no_output_behind_the_last() -> None:
    with pytest.raises(SpecError) as caught:
        analyse(load(read_text(SPLIT.format(3))))
    assert [one.code for one in caught.value.diagnostics] == ["HB301"]


MASKED = """
name: net
inputs:
  x: [5, 3]
  m: {{shape: [{}], dtype: {}}}
layers:
  - LSTM: {{units: 4, inputs: x, call: {{mask: m}}}}
"""


@pytest.mark.parametrize(
    ("size", "dtype", "codes"),
    [(5, "bool", []), (5, "int32", ["HB405"]), (5, "float32", ["HB405"]), (4, "bool", ["HB403"])],
)
def test_a_mask_holds_a_truth_for_each_step(size: int, dtype: str, codes: list[str]) -> None:
    spec = load(read_text(MASKED.format(size, dtype)))
    if not codes:
        analyse(spec)
        return
    with pytest.raises(SpecError) as caught:
        analyse(spec)
    assert [one.code for one in caught.value.diagnostics] == codes
