"""Models that prepare and vary images: every style and both loops agree on what is random."""

from __future__ import annotations

from typing import Any

import pytest

from hornbook.compiler.driver import STYLES, analyse
from hornbook.runtime.build import build_typed
from hornbook.runtime.verify import verify
from hornbook.specs.layers import FAMILIES
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text

pytestmark = pytest.mark.keras

UNIT = "value_range: [0, 1]"

CHAINS = {
    "prepared": f"""
  - Resizing: {{height: 7, width: 6, antialias: true}}
  - CenterCrop: {{height: 6, width: 6}}
  - AutoContrast: {{{UNIT}}}
  - ContrastLimitedAdaptiveHistogramEqualization: {{{UNIT}, tile_grid_size: [2, 2]}}
""",
    "coloured": f"""
  - RandomBrightness: {{factor: 0.5, {UNIT}}}
  - RandomColorDegeneration: {{factor: 0.5, {UNIT}}}
  - RandomColorJitter: {{{UNIT}, contrast_factor: 0.2, saturation_factor: 0.7, hue_factor: 0.1}}
  - RandomGrayscale
  - RandomHue: {{factor: 0.5, {UNIT}}}
  - RandomInvert: {{factor: 0.5, {UNIT}, seed: 1}}
  - RandomPosterization: {{factor: 4, {UNIT}}}
  - RandomSaturation: {{factor: 0.5, {UNIT}}}
  - Solarization: {{addition_factor: 0.5, threshold_factor: 0.5, {UNIT}}}
""",
    "shaped": f"""
  - RandomErasing: {{{UNIT}}}
  - RandomGaussianBlur: {{{UNIT}}}
  - RandomPerspective
  - RandomSharpness: {{factor: 1, {UNIT}}}
  - RandomShear: {{x_factor: 0.5}}
""",
    "drawn": f"""
  - RandAugment: {{{UNIT}}}
""",
}


def spec(layers: str) -> Any:
    text = f"""
name: net
inputs: {{image: [6, 6, 3]}}
layers:{layers}  - Conv2D: {{filters: 2, kernel_size: 3, activation: relu}}
  - Flatten
  - Dense: {{units: 3, activation: softmax}}
train:
  loss: sparse_categorical_crossentropy
  optimizer: adam
  seed: 1
"""
    return load(read_text(text))


def test_every_layer_stands_in_a_chain() -> None:
    text = "".join(CHAINS.values())
    assert all(f"- {name}" in text for name in FAMILIES["augmentation"])


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_is_certified(name: str) -> None:
    certificate = verify(spec(CHAINS[name]), steps=3)
    assert certificate.passed, [check for check in certificate.checks if not check.equal]


COMPOSED = """
  - RandAugment: {name: mine}
  - RandomHue: {factor: 0.5}
  - RandAugment
  - RandomShear
  - RandomColorJitter: {hue_factor: 0.5}
  - RandomContrast: {factor: 0.5}
  - RandomHue: {factor: 0.5}
  - RandAugment
"""


@pytest.mark.parametrize("style", STYLES)
def test_layers_inside_layers_take_names(style: str) -> None:
    """Keras counts the layers that a layer makes for itself among those of their classes."""
    built = build_typed(analyse(spec(COMPOSED)), style, seed=1)
    assert [layer.name for layer in built.layers.values()] == list(built.layers)
