"""Cells, convolutional recurrence, attention and wrappers: what their classes accept and refuse."""

from __future__ import annotations

from typing import Any

import pytest

from families import CELLS
from hornbook.specs.base import Fault, Item, registry
from hornbook.specs.choices import read_choice
from hornbook.specs.layers import cells
from hornbook.specs.layers.recurrent import RNN, cells_of
from hornbook.specs.schema import schema

GRU: dict[str, Any] = {"GRUCell": {"units": 2}}
LSTM: dict[str, Any] = {"LSTMCell": {"units": 3}}
STACK: dict[str, Any] = {"StackedRNNCells": {"cells": (GRU, LSTM)}}


def rnn(cell: Any, **more: Any) -> RNN:
    made = registry("layer").read({"RNN": {"cell": cell, **more}})
    assert isinstance(made, RNN)
    return made


def refused(kind: str, name: str, arguments: dict[str, Any] | None) -> Fault:
    found = read_choice(registry(kind), name if arguments is None else {name: arguments})
    assert isinstance(found, tuple), f"{name} {arguments} is accepted"
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        (GRU, ["GRUCell"]),
        ((GRU, LSTM), ["GRUCell", "LSTMCell"]),
        (STACK, ["GRUCell", "LSTMCell"]),
        ((GRU, STACK), ["GRUCell", "StackedRNNCells"]),
    ],
)
def test_one_cell_or_several(cell: Any, names: list[str]) -> None:
    assert [type(one).__name__ for one in cells_of(rnn(cell))] == names


def test_a_cell_has_the_arguments_of_its_layer() -> None:
    """What a cell does in one step, the layer of its name does in all."""
    for cell, name in zip(cells.SINGLE, ("SimpleRNN", "LSTM", "GRU"), strict=True):
        layer = registry("layer").items[name].model_fields
        for field, info in cell.model_fields.items():
            assert field in layer, (name, field)
            assert info.get_default() == layer[field].get_default(), (name, field)


def test_return_state_of_cells_with_one_state() -> None:
    assert rnn(LSTM, return_state=True).return_state
    assert rnn((GRU, GRU), return_state=True).return_state


@pytest.mark.parametrize(
    ("name", "arguments", "code", "path", "part"),
    [
        ("RNN", {"cell": "LSTM"}, "HB205", ("cell",), "is a layer, not a cell"),
        ("RNN", {"cell": "LSTMCell"}, "HB202", ("cell",), "needs the argument `units`"),
        ("RNN", {"cell": ()}, "HB206", ("cell",), "a cell is written"),
        ("RNN", {"cell": 3}, "HB206", ("cell",), "a cell is written"),
        (
            "RNN",
            {"cell": (GRU, {"LSTMCell": {"units": 0}})},
            "HB203",
            ("cell", 1, "LSTMCell", "units"),
            "at least 1",
        ),
        ("RNN", {"cell": (GRU,)}, "HB207", ("cell",), "two or more"),
        (
            "RNN",
            {"cell": {"StackedRNNCells": {"cells": (GRU,)}}},
            "HB203",
            ("cell", "StackedRNNCells", "cells"),
            "`cells`",
        ),
        (
            "RNN",
            {"cell": (GRU, LSTM), "return_state": True},
            "HB207",
            ("return_state",),
            "cells of one state, not `LSTMCell`",
        ),
        (
            "RNN",
            {"cell": (GRU, STACK), "return_state": True},
            "HB207",
            ("return_state",),
            "not `StackedRNNCells`",
        ),
        ("RNN", {"cell": GRU, "trainable": False}, "HB207", ("trainable",), "does not freeze"),
        ("RNN", {"cell": GRU, "stateful": True}, "HB201", ("stateful",), "has no argument"),
        (
            "Bidirectional",
            {"layer": {"RNN": {"cell": GRU, "go_backwards": True}}},
            "HB207",
            ("layer",),
            "leaves none to read forwards",
        ),
        (
            "Bidirectional",
            {
                "layer": {"RNN": {"cell": GRU, "return_state": True}},
                "backward_layer": {"GRU": {"units": 2, "go_backwards": True}},
            },
            "HB207",
            ("backward_layer",),
            "`return_state` is true for `layer`, but false",
        ),
        (
            "Bidirectional",
            {"layer": {"LSTM": {"units": 2, "call": {"training": True}}}},
            "HB207",
            ("layer",),
            "is called by the wrapper",
        ),
        (
            "ConvLSTM2D",
            {"filters": 1, "kernel_size": 2, "strides": 2, "dilation_rate": (1, 2)},
            "HB207",
            ("dilation_rate",),
            "both above 1",
        ),
        (
            "ConvLSTM1D",
            {"filters": 1, "kernel_size": 2, "trainable": False},
            "HB207",
            ("trainable",),
            "does not freeze its kernels",
        ),
        (
            "ConvLSTM1D",
            {"filters": 1, "kernel_size": 2, "padding": "causal"},
            "HB203",
            ("padding",),
            "`padding`",
        ),
        ("Attention", {"score_mode": "sum"}, "HB203", ("score_mode",), "`dot` or `concat`"),
        ("AdditiveAttention", {"dropout": 1}, "HB203", ("dropout",), "below 1"),
        (
            "GroupQueryAttention",
            {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 3},
            "HB207",
            ("num_key_value_heads",),
            "do not split into 3 groups",
        ),
        (
            "SpectralNormalization",
            {"layer": {"SeparableConv2D": {"filters": 1, "kernel_size": 2}}},
            "HB207",
            ("layer",),
            "wraps a layer with one kernel, not `SeparableConv2D`",
        ),
        (
            "SpectralNormalization",
            {"layer": {"Dense": {"units": 2}}, "power_iterations": 0},
            "HB203",
            ("power_iterations",),
            "at least 1",
        ),
    ],
)
def test_mistakes(
    name: str, arguments: dict[str, Any], code: str, path: tuple[Any, ...], part: str
) -> None:
    found = refused("layer", name, arguments)
    assert found.code == code, found
    assert found.path == (name, *path), found
    assert part in found.message, found


@pytest.mark.parametrize("name", [cls.__name__ for cls in CELLS])
def test_a_cell_is_no_layer(name: str) -> None:
    for arguments in (None, {"units": 2}):
        found = refused("layer", name, arguments)
        assert found.code == "HB205"
        assert found.message == f"`{name}` is a cell, not a layer"
        assert found.help is not None
        assert "`RNN: {cell: " in found.help


def test_a_layer_is_no_cell() -> None:
    found = refused("cell", "GRU", {"units": 2})
    assert found.message == "`GRU` is a layer, not a cell"
    assert found.help == "did you mean `GRUCell`?"


def test_several_mistakes_in_a_list_are_told_at_once() -> None:
    cell = ({"GRUCell": {"unit": 2}}, "Dense", LSTM, {"LSTMCell": {"units": -1}})
    found = read_choice(registry("layer"), {"RNN": {"cell": cell}})
    assert isinstance(found, tuple)
    assert [fault.path[:3] for fault in found] == [("RNN", "cell", place) for place in (0, 1, 3)]


def test_the_schema_takes_a_cell_and_a_list() -> None:
    defs = schema()["$defs"]
    names = {arm["const"] for arm in defs["cell"]["anyOf"] if "const" in arm}
    mapped = {key for arm in defs["cell"]["anyOf"] for key in arm.get("properties", ())}
    assert names | mapped == {cls.__name__ for cls in CELLS}
    one, several = defs["layer.RNN"]["properties"]["cell"]["anyOf"]
    assert one == {"$ref": "#/$defs/cell"}
    assert several["items"] == one
    assert all("Cell" not in str(arm.get("const")) for arm in defs["entry"]["anyOf"])


def test_cells_are_items_and_not_layers() -> None:
    layers = registry("layer").items
    assert all(issubclass(cls, Item) and cls.__name__ not in layers for cls in CELLS)
