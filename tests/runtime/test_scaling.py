"""Scaling as a run records it: read back, applied as in training, and undone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.compiler.driver import analyse
from hornbook.compiler.graph import TypedGraph
from hornbook.runtime.batches import Batches
from hornbook.runtime.data import Scaling
from hornbook.runtime.runs import _scaling as recorded
from hornbook.runtime.scaling import apply, raw, scales, told
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text

pytestmark = pytest.mark.keras

BYTES = {"offset": 0.0, "scale": 255.0}


def model(*inputs: str) -> TypedGraph:
    named = ", ".join(inputs)
    layers = "".join(f"  - Flatten: {{inputs: {one.split(':')[0]}}}\n" for one in inputs)
    outputs = ", ".join(["flatten", *(f"flatten_{i}" for i in range(1, len(inputs)))])
    text = f"name: m\ninputs: {{{named}}}\nlayers:\n{layers}outputs: [{outputs}]\n"
    return analyse(load(read_text(text, "m.yaml")))


def read(typed: TypedGraph, found: Any) -> dict[str, str]:
    return {name: told(one) for name, one in scales(typed, json.loads(json.dumps(found))).items()}


def test_one_record_for_one_input_and_one_each_for_several() -> None:
    one, several = model("image: [3]"), model("image: [3]", "table: [2]")
    assert read(one, BYTES) == {"image": "divided by 255"}
    assert read(one, None) == {"image": "as they are"}
    assert read(one, {"image": BYTES}) == {"image": "divided by 255"}
    assert read(one, {"x": BYTES}) == {"image": "divided by 255"}  # one array feeds one input
    assert read(several, {"image": BYTES, "table": None}) == {
        "image": "divided by 255",
        "table": "as they are",
    }


def test_an_input_may_be_called_scale() -> None:
    typed = model("offset: [3]", "scale: [2]")
    assert read(typed, {"offset": BYTES, "scale": None}) == {
        "offset": "divided by 255",
        "scale": "as they are",
    }


def test_word_numbers_stay_what_they_are() -> None:
    assert read(model("words: {shape: [3], dtype: int32}"), BYTES) == {"words": "as they are"}


def test_in_words() -> None:
    assert told(Scaling(2.0, 4.0)) == "less 2, divided by 4"
    assert told(Scaling(np.zeros(3), np.full(3, 2.0))) == (
        "each less its mean, divided by its deviation"
    )


NUMBERS = st.floats(-1000, 1000, width=32)


@settings(max_examples=25)
@given(
    values=st.lists(NUMBERS, min_size=3, max_size=3),
    offsets=st.lists(NUMBERS, min_size=3, max_size=3),
    sizes=st.lists(st.floats(0.125, 1000, width=32), min_size=3, max_size=3),
)
def test_a_record_scales_to_the_bit_as_the_scaling_did(
    values: list[float], offsets: list[float], sizes: list[float]
) -> None:
    scaling = Scaling(np.array(offsets, np.float32), np.array(sizes, np.float32))
    (again,) = scales(model("row: [3]"), json.loads(json.dumps(recorded(scaling)))).values()
    array = np.array([values], np.float32)
    batches = (Batches(array, None, 1, scaling=one) for one in (scaling, again))
    (seen,), (then,) = (one.batch(one.feed(0), 0) for one in batches)
    assert seen.numpy().tobytes() == then.numpy().tobytes()
    np.testing.assert_allclose(apply(array, again), seen.numpy(), rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(raw(apply(array, again), again), array, rtol=1e-4, atol=1e-3)
