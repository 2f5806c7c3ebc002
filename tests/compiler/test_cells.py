"""Cells and wrappers on their way from a spec to source, without Keras."""

from __future__ import annotations

import pytest

from hornbook.compiler.driver import analyse, emit
from hornbook.compiler.emit.common import trains_differently
from hornbook.compiler.graph import TensorType, Weight
from hornbook.compiler.naming import implied
from hornbook.compiler.shapes import infer
from hornbook.specs.base import LayerSpec, registry
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text

HEAD = "name: net\ninputs:\n  x: [5, 3]\nlayers:\n"


def source(*layers: str, style: str = "functional") -> str:
    text = HEAD + "".join(f"  - {layer}\n" for layer in layers)
    return emit(analyse(load(read_text(text))), style).text


def item(name: str, **arguments: object) -> LayerSpec:
    made = registry("layer").read({name: arguments})
    assert isinstance(made, LayerSpec)
    return made


UNITS = {"units": 4}
LEAKY = {"LeakyReLU": {}}


def test_cells_in_source() -> None:
    text = source(
        "RNN: {cell: {LSTMCell: {units: 4, dropout: 0.5}}, return_sequences: true}", "Flatten"
    )
    assert "layers.RNN(layers.LSTMCell(4, dropout=0.5), return_sequences=True)" in text
    text = source("RNN: {cell: [{GRUCell: {units: 4}}, {LSTMCell: {units: 2, trainable: false}}]}")
    assert "[layers.GRUCell(4), layers.LSTMCell(2, trainable=False)]" in text
    text = source(
        "RNN: {cell: {StackedRNNCells: {cells: [{GRUCell: {units: 4}}, {GRUCell: {units: 2}}]}}}"
    )
    assert "layers.StackedRNNCells([layers.GRUCell(4), layers.GRUCell(2)])" in text


def test_what_a_cell_names_is_imported() -> None:
    text = source(
        "RNN: {cell: [{GRUCell: {units: 4, kernel_regularizer: {L2: {l2: 0.5}}}}, {GRUCell: {units: 2}}]}"
    )
    assert "from keras import layers, regularizers" in text


def test_wrappers_in_source() -> None:
    text = source("Bidirectional: {layer: {RNN: {cell: {GRUCell: {units: 4}}}}}")
    assert "layers.Bidirectional(layers.RNN(layers.GRUCell(4)))" in text
    text = source("SpectralNormalization: {layer: {Dense: {units: 2}}}", style="sequential")
    assert "layers.SpectralNormalization(layers.Dense(2))" in text


def test_attention_of_a_list_in_source() -> None:
    text = source("Dense: {units: 3, name: other}", "Attention: {inputs: [x, other]}")
    assert "layers.Attention()([" in text or "attention([x, " in text


def test_a_query_alone_is_no_chain() -> None:
    with pytest.raises(SpecError, match="as query and as value"):
        source(
            "GroupQueryAttention: {head_dim: 2, num_query_heads: 2, num_key_value_heads: 1}",
            style="sequential",
        )


@pytest.mark.parametrize(
    ("layer", "stems"),
    [
        (item("RNN", cell={"GRUCell": UNITS}), ["gru_cell"]),
        (
            item("RNN", cell=({"GRUCell": UNITS}, {"LSTMCell": UNITS})),
            ["gru_cell", "lstm_cell", "stacked_rnn_cells"],
        ),
        (
            item("RNN", cell={"StackedRNNCells": {"cells": ({"GRUCell": UNITS},) * 2}}),
            ["gru_cell", "gru_cell", "stacked_rnn_cells"],
        ),
        (
            item("RNN", cell={"GRUCell": UNITS | {"activation": LEAKY}}),
            ["leaky_re_lu", "gru_cell"],
        ),
        (item("Dense", units=4, activation=LEAKY), ["leaky_re_lu"]),
        (item("Bidirectional", layer={"RNN": {"cell": {"GRUCell": UNITS}}}), ["gru_cell", "rnn"]),
        (
            item("TimeDistributed", layer={"SpectralNormalization": {"layer": {"Dense": UNITS}}}),
            ["dense", "spectral_normalization"],
        ),
    ],
)
def test_names_that_keras_counts(layer: LayerSpec, stems: list[str]) -> None:
    assert list(implied(layer)) == stems


def test_a_layer_behind_an_activation_of_its_class_is_named() -> None:
    """Keras would call it `leaky_re_lu_1`: the activation has taken the name."""
    text = source("Dense: {units: 3, activation: {LeakyReLU: {}}}", "LeakyReLU")
    assert 'layers.LeakyReLU(name="leaky_re_lu")' in text


def test_dropout_of_a_cell_is_heard_of() -> None:
    assert trains_differently(item("RNN", cell={"GRUCell": UNITS | {"dropout": 0.5}}))
    assert trains_differently(
        item("RNN", cell=({"GRUCell": UNITS}, {"GRUCell": UNITS | {"recurrent_dropout": 0.5}}))
    )
    assert not trains_differently(item("RNN", cell={"GRUCell": UNITS}))
    assert trains_differently(item("SpectralNormalization", layer={"Dense": UNITS}))


def test_weights_of_a_stack_by_hand() -> None:
    cells = ({"GRUCell": {"units": 2}}, {"LSTMCell": {"units": 4, "trainable": False}})
    found = infer(item("RNN", cell=cells, return_sequences=True), (TensorType((None, 5, 3)),))
    assert found.output == TensorType((None, 5, 4))
    assert found.weights == (
        Weight("kernel", (3, 6)),
        Weight("recurrent_kernel", (2, 6)),
        Weight("bias", (2, 6)),
        Weight("kernel", (2, 16), trainable=False),
        Weight("recurrent_kernel", (4, 16), trainable=False),
        Weight("bias", (16,), trainable=False),
    )
    gru = infer(item("GRU", units=2), (TensorType((None, 5, 3)),)).flops
    lstm = infer(item("LSTM", units=4), (TensorType((None, 5, 2)),)).flops
    assert gru is not None
    assert lstm is not None
    assert found.flops == gru + lstm


def test_states_follow_the_output() -> None:
    given = (TensorType((None, 5, 3)),)
    one, two = TensorType((None, 2)), TensorType((None, 4))
    assert infer(item("LSTM", units=2), given).states == ()
    assert infer(item("LSTM", units=2, return_state=True), given).states == (one, one)
    stack = ({"GRUCell": {"units": 2}}, {"GRUCell": {"units": 4}})
    assert infer(item("RNN", cell=stack, return_state=True), given).states == (one, two)
    wrapped = {"RNN": {"cell": stack, "return_state": True}}
    assert infer(item("Bidirectional", layer=wrapped), given).states == (one, two, one, two)


def test_convolutional_recurrence_by_hand() -> None:
    layer = item("ConvLSTM1D", filters=2, kernel_size=3, return_state=True)
    found = infer(layer, (TensorType((None, 5, 6, 4)),))
    assert found.output == TensorType((None, 4, 2))
    assert found.states == (found.output, found.output)
    assert found.weights == (
        Weight("kernel", (3, 4, 8)),
        Weight("recurrent_kernel", (3, 2, 8)),
        Weight("bias", (8,)),
    )
    products, biases, state = 2 * 3 * (4 + 2) * 8 * 4, 8 * 4, 13 * 8
    assert found.flops == 5 * (products + biases + state)
