"""Random specs, valid by construction, in every style: 150 here, thousands with HORNBOOK_SPECS=5000."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from hornbook.compiler.driver import analyse, styles_of
from hornbook.compiler.infer import count
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text
from specimens import specs

pytestmark = pytest.mark.keras
COUNT = int(os.environ.get("HORNBOOK_SPECS", "150"))


def agree(spec) -> None:
    from hornbook.runtime.build import build_typed
    from hornbook.runtime.samples import sample_inputs

    typed = analyse(load(read_text(json.dumps(spec))))
    inputs = sample_inputs(typed, 2, np.random.default_rng(0))
    x = inputs if len(inputs) > 1 else next(iter(inputs.values()))
    types = {one.node.name: one.type for one in typed.nodes}
    outputs = typed.outputs()
    seen = None
    for style in styles_of(typed):
        built = build_typed(typed, style, seed=7)
        model = built.model
        trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
        assert (trainable, model.count_params()) == count(typed)
        assert [layer.name for layer in built.layers.values()] == list(built.layers)
        with built.explained():
            result = model(x, training=False)
        result = result if isinstance(result, dict) else {next(iter(outputs)): result}
        for name, value in result.items():
            expected = outputs[name]
            assert len(value.shape) == expected.rank
            assert all(
                b in (None, a) for a, b in zip(value.shape[1:], expected.shape[1:], strict=True)
            )
            assert value.dtype.name == expected.dtype
        if style == "functional":
            for node in model._nodes_by_depth.values():
                for call in node:
                    if (
                        not call.is_input
                        and call.operation.name in types
                        and len(call.operation._inbound_nodes) == 1
                    ):
                        assert tuple(call.outputs[0].shape) == types[call.operation.name].shape
        found = {name: bits(np.asarray(value)) for name, value in result.items()}
        assert seen is None or found == seen
        seen = found


def bits(array: np.ndarray) -> object:
    """Return what tells an array from another; of texts an array holds the addresses alone."""
    return array.tolist() if array.dtype == object else array.tobytes()


@settings(max_examples=COUNT // 3, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs(chain=True))
def test_chains(spec) -> None:
    agree(spec)


@settings(max_examples=COUNT - COUNT // 3, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs())
def test_graphs(spec) -> None:
    agree(spec)
