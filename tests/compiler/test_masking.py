"""Masks that reach a layer by themselves, followed without Keras."""

from __future__ import annotations

import pytest

from hornbook.compiler.driver import analyse
from hornbook.compiler.importing.masks import MERGES
from hornbook.compiler.masking import THROUGH
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
        ("Masking", "RNN: {cell: {GRUCell: {units: 5}}, return_sequences: true}", "Softmax"),
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
        ("Masking", "EinsumDense: {equation: 'bij,jk->bik', output_shape: [6, 4]}", "Softmax"),
        ("Masking", "RMSNormalization", "Softmax"),
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


PADDED = "ConvLSTM1D: {filters: 2, kernel_size: 2, padding: same, return_sequences: true}"


@pytest.mark.parametrize("wrap", ["%s", "Bidirectional: {layer: {%s}}"])
@pytest.mark.parametrize("sequences", ["true", "false"])
def test_a_mask_of_positions_over_fewer_positions(wrap: str, sequences: str) -> None:
    layer = PADDED.replace("sequences: true", f"sequences: {sequences}")
    assert found("[4, 6, 2]", "Masking", wrap % layer) == []
    layer = layer.replace("padding: same, ", "")
    assert found("[4, 6, 2]", wrap % layer) == []
    (one,) = found("[4, 6, 2]", "Masking", wrap % layer)
    assert "would lay the mask from above, (None, 4, 6), over " in one


MADE: dict[str, dict[str, object]] = {
    "Activation": {"activation": "relu"},
    "AlphaDropout": {"rate": 0.1},
    "Conv1D": {"filters": 2, "kernel_size": 1},
    "ConvLSTM1D": {"filters": 2, "kernel_size": 1, "return_sequences": True},
    "Dense": {"units": 2},
    "Dropout": {"rate": 0.1},
    "EinsumDense": {"equation": "abc,cd->abd", "output_shape": [None, 2]},
    "GRU": {"units": 2, "return_sequences": True},
    "GaussianDropout": {"rate": 0.1},
    "GaussianNoise": {"stddev": 0.1},
    "GroupNormalization": {"groups": 1},
    "LSTM": {"units": 2, "return_sequences": True},
    "MultiHeadAttention": {"num_heads": 1, "key_dim": 2},
    "Normalization": {"mean": 0.0, "variance": 1.0},
    "Permute": {"dims": [2, 1]},
    "Rescaling": {"scale": 2.0},
    "Reshape": {"target_shape": [3, 6]},
    "SimpleRNN": {"units": 2, "return_sequences": True},
    "SpatialDropout1D": {"rate": 0.1},
}
APART = ("Masking", "Attention", "AdditiveAttention", "Concatenate", *MERGES)
"""They make masks, or take several."""


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:.*mask attached to it")
def test_keras_hands_on_the_same_masks() -> None:
    """Asked are the layers that take such an input by few arguments; all that hand masks on are among them."""
    import keras

    from hornbook.specs.base import registry

    layers = keras.layers
    wrapped = {
        "Bidirectional": lambda: layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        "RNN": lambda: layers.RNN(layers.GRUCell(2), return_sequences=True),
        "SpectralNormalization": lambda: layers.SpectralNormalization(layers.Dense(2)),
        "TimeDistributed": lambda: layers.TimeDistributed(layers.Dense(2)),
    }
    asked = {}
    for name in sorted(set(registry("layer").items) - set(APART)):
        x = layers.Masking()(keras.Input((4, 6, 2) if name.startswith("ConvLSTM") else (6, 3)))
        try:
            layer = (
                wrapped[name]() if name in wrapped else getattr(layers, name)(**MADE.get(name, {}))
            )
            y = layer(x, x) if name == "MultiHeadAttention" else layer(x)
        except (TypeError, ValueError, AttributeError):  # it needs more, or takes no such input
            continue
        asked[name] = getattr(y, "_keras_mask", None) is not None
    assert {name for name, carried in asked.items() if carried} == THROUGH - {
        "ConvLSTM2D",
        "ConvLSTM3D",
    }
    assert len(asked) > 50
