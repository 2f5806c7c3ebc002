"""The certificate: passes for every shipped spec, and fails when anything differs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hornbook.runtime import verify as module
from hornbook.runtime.verify import compare, verify
from hornbook.specs.load import load, zoo
from hornbook.specs.yaml import read_text
from specimens import LARGE, small

pytestmark = pytest.mark.keras


# The large ones are built and run in test_build.py; training them takes minutes.
@pytest.mark.parametrize("name", [name for name in zoo() if name not in LARGE])
def test_every_shipped_spec_is_certified(name: str) -> None:
    certificate = verify(small(name), steps=3)
    assert certificate.passed, [check for check in certificate.checks if not check.equal]
    what = {check.what for check in certificate.checks}
    assert {
        "layer names",
        "parameters",
        "output shapes",
        "initial weights",
        "outputs",
        "gradients",
        "training",
    } <= what
    runs = [check for check in certificate.checks if check.what == "training"]
    assert len(runs) == 2 * len(certificate.styles) - 1
    json.dumps(certificate.record())


HARD = """
name: hard
inputs: {x: [6, 6, 2]}
layers:
  - RandomFlip
  - Conv2D: {name: a, filters: 4, kernel_size: 3, padding: same, kernel_regularizer: l2}
  - BatchNormalization: {name: b}
  - Conv2D: {name: p, filters: 4, kernel_size: 3, padding: same, inputs: b, kernel_regularizer: l2}
  - Conv2D: {name: q, filters: 4, kernel_size: 1, inputs: b, kernel_regularizer: {L1: {l1: 0.01}}}
  - SpatialDropout2D: {name: r, rate: 0.3, inputs: b}
  - Add: {name: s, inputs: [q, p, r, b]}
  - Reshape: {target_shape: [36, 4]}
  - MultiHeadAttention: {name: m, num_heads: 2, key_dim: 3, dropout: 0.1}
  - GlobalAveragePooling1D
  - Dense: {name: d, units: 4}
  - Dense: {name: one, units: 3, activation: softmax, inputs: d}
  - call: {layer: d, inputs: d, name: again}
  - Dense: {name: two, units: 1, inputs: again}
outputs: [two, one]
train:
  loss: {one: sparse_categorical_crossentropy, two: mean_squared_error}
  metrics: {one: [accuracy]}
  optimizer: {Adam: {learning_rate: 0.01, global_clipnorm: 0.5}}
  seed: 3
"""


def test_a_hard_graph_is_certified() -> None:
    certificate = verify(load(read_text(HARD)))
    assert certificate.passed, [check for check in certificate.checks if not check.equal]


def test_without_training_settings() -> None:
    certificate = verify(
        load(read_text("name: net\ninputs: {x: [null, 3]}\nlayers:\n  - LSTM: {units: 2}\n"))
    )
    assert certificate.passed


def test_a_difference_is_found(monkeypatch) -> None:
    spec = load(
        read_text(
            "name: net\ninputs: {x: [3]}\nlayers:\n  - Dense: {units: 2}\n  - Dense: {units: 2}\n"
        )
    )
    honest = module.build_typed

    def dishonest(typed, style, *, seed):
        return honest(typed, style, seed=seed + (style == "subclassed"))

    monkeypatch.setattr(module, "build_typed", dishonest)
    certificate = verify(spec)
    assert not certificate.passed
    bad = [(check.what, check.subject) for check in certificate.checks if not check.equal]
    assert ("initial weights", "subclassed") in bad
    assert ("training", "subclassed by tape") in bad
    assert all(subject.startswith("subclassed") for _, subject in bad)


def test_compare_tells_bits_apart() -> None:
    zero, minus = {"w": np.zeros(2, "float32")}, {"w": -np.zeros(2, "float32")}
    assert compare("x", "a", "b", zero, zero).equal
    assert not compare("x", "a", "b", zero, minus).equal
    assert not compare("x", "a", "b", zero, {"v": zero["w"]}).equal
    assert not compare("x", "a", "b", zero, {"w": zero["w"].astype("float64")}).equal
    assert "at most 1" in compare("x", "a", "b", zero, {"w": np.ones(2, "float32")}).detail
