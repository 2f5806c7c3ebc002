"""Masks that reach a layer by themselves, followed without Keras."""

from __future__ import annotations

import pytest

from hornbook.compiler.driver import analyse
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text


def found(inputs: str, *layers: str) -> list[str]:
    """Return the codes and messages that a chain of layers gives."""
    lines = "".join(f"\n  - {layer}" for layer in layers)
    try:
        analyse(
            load(read_text(f"name: masked\ninputs: {{x: {inputs}}}\nlayers:{lines}\n", "spec.yaml"))
        )
    except SpecError as error:
        return [f"{one.code} {one.message}" for one in error.diagnostics]
    return []


MASKED = "Embedding: {input_dim: 9, output_dim: 4, mask_zero: true}"
WORDS = "{shape: [6], dtype: int32}"


@pytest.mark.parametrize(
    "layers",
    [
        ("Masking", "Softmax"),
        ("Masking", "Dense: {units: 5}", "Dropout: {rate: 0.1}", "Softmax"),
        ("Masking", "LSTM: {units: 5, return_sequences: true}", "Softmax"),
        ("Masking", "Bidirectional: {layer: {GRU: {units: 5, return_sequences: true}}}", "Softmax"),
        ("Masking", "EinsumDense: {equation: 'bij,jik->bk', output_shape: [7]}", "Softmax"),
    ],
)
def test_a_softmax_under_a_mask_of_another_shape(layers: tuple[str, ...]) -> None:
    (one,) = found("[6, 3]", *layers)
    assert one.startswith("HB404 `Softmax` would lay the mask from above, (None, 6), over ")


@pytest.mark.parametrize(
    "layers",
    [
        ("Masking", "Activation: {activation: softmax}"),
        ("Masking", "Dense: {units: 5, activation: softmax}"),
        ("Masking", "LSTM: {units: 5}", "Softmax"),
        ("Masking", "Reshape: {target_shape: [3, 6]}", "Softmax"),
        ("Masking", "EinsumDense: {equation: 'bij,ji->bi', output_shape: [6]}", "Softmax"),
    ],
)
def test_a_softmax_that_no_mask_reaches_or_one_that_fits(layers: tuple[str, ...]) -> None:
    assert found("[6, 3]", *layers) == []


def test_words() -> None:
    assert found(WORDS, MASKED, "Softmax")[0].startswith("HB404")
    assert found(WORDS, MASKED.replace(", mask_zero: true", ""), "Softmax") == []


@pytest.mark.parametrize(
    "layer",
    [
        "Softmax",
        "ops.softmax",
        "Dense: {units: 2, activation: softmax}",
        "Activation: {activation: {Softmax: {axis: 1}}}",
    ],
)
def test_a_softmax_has_five_axes_at_most(layer: str) -> None:
    assert found("[2, 2, 2, 2]", layer) == []
    (one,) = found("[2, 2, 2, 2, 2]", layer)
    assert one.startswith("HB401 TensorFlow's softmax takes 5 axes at most, but receives 6: ")


def test_a_softmax_over_several_axes_is_made_of_other_things() -> None:
    assert found("[2, 2, 2, 2, 2]", "Softmax: {axis: [1, 2]}") == []
