"""Outputs put into words: what the numbers of a head are depends on its loss and its activation."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hornbook.compiler.driver import analyse
from hornbook.compiler.needs import training_of
from hornbook.runtime.predict import saying
from hornbook.runtime.train import heads
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text

pytestmark = pytest.mark.keras

NAMES = ("ant", "bee", "cat")


def said(
    loss: str,
    array: list[Any] | np.ndarray,
    activation: str = "linear",
    names: tuple[str, ...] = (),
) -> dict[str, Any]:
    found = np.asarray(array, np.float32)
    text = (
        f"name: m\ninputs: {{row: {[*found.shape[:-1], 4]}}}\nlayers:\n"
        f"  - Dense: {{units: {found.shape[-1]}, activation: {activation}}}\n"
        f"train: {{data: {{npz: x.npz}}, loss: {loss}}}\n"
    )
    spec = load(read_text(text, "m.yaml"))
    (head,) = heads(training_of(spec), analyse(spec))
    one: dict[str, Any] = json.loads(json.dumps(saying(head, found, names, 2), allow_nan=False))
    return one


SPARSE = "sparse_categorical_crossentropy"
LOGITS = "{SparseCategoricalCrossentropy: {from_logits: true}}"


def test_classes() -> None:
    assert said(SPARSE, [0.125, 0.5, 0.375], "softmax", NAMES) == {
        "label": 1, "class": "bee", "probability": 0.5,
        "top": [{"label": 1, "class": "bee", "probability": 0.5},
                {"label": 2, "class": "cat", "probability": 0.375}],
    }  # fmt: skip
    assert "class" not in said(SPARSE, [0.5, 0.5], "softmax", NAMES)  # there are other classes
    assert said(LOGITS, [0.0, 0.0, np.log(2)])["probability"] == pytest.approx(0.5)
    assert said("categorical_hinge", [3.0, -1.0, 2.0])["top"] == [
        {"label": 0, "score": 3.0}, {"label": 2, "score": 2.0}]  # fmt: skip


def test_yes_or_no() -> None:
    assert said("binary_crossentropy", [0.25], "sigmoid", ("no", "yes")) == {
        "label": 0, "class": "no", "probability": 0.75,
        "top": [{"label": 0, "class": "no", "probability": 0.75},
                {"label": 1, "class": "yes", "probability": 0.25}],
    }  # fmt: skip
    logits = "{BinaryCrossentropy: {from_logits: true}}"
    assert said(logits, [np.log(3)])["probability"] == pytest.approx(0.75)
    assert said("hinge", [-0.5]) == {"label": 0, "score": -0.5}


def test_marks() -> None:
    assert said("binary_crossentropy", [0.25, 0.75], "sigmoid") == {
        "labels": [0, 1], "probabilities": [0.25, 0.75]}  # fmt: skip
    assert said("hinge", [-0.25, 0.75]) == {"labels": [0, 1], "scores": [-0.25, 0.75]}


def test_a_class_for_each_place() -> None:
    assert said(SPARSE, [[0.5, 0.25], [0.25, 0.5], [0.5, 0.25]], "softmax") == {"labels": [0, 1, 0]}


def test_numbers_as_short_as_32_bits_can_be_told() -> None:
    assert said("mse", [0.1]) == {"value": 0.1}
    assert said("mse", [0.1, 2.0]) == {"value": [0.1, 2.0]}
    assert said("mse", [np.nan, np.inf]) == {"value": [None, None]}


@given(numbers=arrays(np.float32, 3, elements=st.floats(-200, 200, width=32)))
@example(numbers=np.array([-1.1754944e-38, 0, 0], np.float32))  # the shares are equal
def test_logits_become_shares(numbers: np.ndarray) -> None:
    found = said(LOGITS, numbers)
    assert found["label"] == int(np.argmax(numbers))
    assert 1 / 3 - 1e-6 <= found["probability"] <= 1
