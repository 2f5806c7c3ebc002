"""`hornbook show`: exact numbers in a table, and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hornbook.cli.show import binary, metric, sizes

GRAPH = """\
name: graph
inputs: {left: [4], right: [4]}
layers:
  - Dense: {name: shared, units: 3, inputs: left}
  - call: {layer: shared, name: again, inputs: right}
  - Add: {inputs: [shared, again]}
  - BatchNormalization
"""


@pytest.fixture
def graph(folder: Path) -> str:
    (folder / "graph.yaml").write_text(GRAPH)
    return "graph.yaml"


def row(text: str, name: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.strip().startswith(f"{name} "))


def test_a_chain(hornbook, small) -> None:
    done = hornbook("show", small)
    assert done.code == 0
    found = row(done.out, "dense")
    assert found[:5] + found[6:] == ["dense", "Dense", "(None,", "8)", "112", "32", "B"]
    assert "takes" not in done.out
    assert "parameters  139 (556 B of weights)" in done.out


def test_wiring_and_shared_weights(hornbook, graph) -> None:
    done = hornbook("show", graph)
    assert row(done.out, "shared")[:3] == ["shared", "Dense", "left"]
    assert "shared" in row(done.out, "again")[2:]
    assert "shared, again" in done.out
    assert "parameters  27, 6 of them not trained (108 B of weights)" in done.out


def test_a_batch(hornbook, graph) -> None:
    done = hornbook("show", graph, "--batch-size", "32")
    assert "(32, 3)" in done.out
    assert "None" not in done.out
    assert "for a batch of 32" in done.out


def test_a_narrow_screen_gets_one_column_less(apart) -> None:
    wide = apart("show", "residual", COLUMNS="120").out
    narrow = apart("show", "residual", COLUMNS="80").out
    assert row(wide, "stem")[:2] == ["stem", "Conv2D"]
    assert row(narrow, "stem")[:2] == ["stem", "(Conv2D)"]
    assert max(map(len, narrow.splitlines())) <= 80
    assert "(None, 16, 16, 32)" in narrow


def test_json(hornbook, graph) -> None:
    found = json.loads(hornbook("show", graph, "--format", "json").out)
    assert found["parameters"] == {"trainable": 21, "total": 27}
    assert found["weight_bytes"] == 108
    assert [one["shared"] for one in found["layers"]] == [False, True, False, False]
    assert found["layers"][0]["weights"][0] == {
        "name": "kernel",
        "shape": [4, 3],
        "trainable": True,
    }
    assert found["flops"] == sum(one["flops"] for one in found["layers"])
    assert found["activation_bytes"] == 4 * 12
    batch = json.loads(hornbook("show", graph, "--format", "json", "--batch-size", "2").out)
    assert batch["flops"] == 2 * found["flops"]
    assert batch["layers"][0]["shape"] == [2, 3]


def test_warnings_do_not_disturb_json(hornbook, folder, small) -> None:
    (folder / "own.yaml").write_text(
        Path(small).read_text().replace("data: wine", "data: {npz: own.npz}")
    )
    done = hornbook("show", "own.yaml", "--format", "json")
    assert done.code == 0
    assert "HB508" in done.err
    json.loads(done.out)


def test_an_error_goes_to_stderr(hornbook) -> None:
    done = hornbook("show", "mnits")
    assert (done.code, done.out) == (1, "")
    assert "did you mean `mnist`?" in done.err


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "?"),
        (0, "0"),
        (999, "999"),
        (1000, "1.00 k"),
        (12_345_678, "12.3 M"),
        (10**20, "100000 P"),
    ],
)
def test_metric(count: int | None, text: str) -> None:
    assert metric(count) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (5 * 2**30, "5.00 GiB")]
)
def test_binary(count: int, text: str) -> None:
    assert binary(count) == text


def test_sizes() -> None:
    assert sizes((None,)) == "(None,)"
    assert sizes((2, None, 3)) == "(2, None, 3)"


def test_a_spec_with_all_put_in_place(hornbook, folder) -> None:
    done = hornbook("show", "resnet50", "--resolved", "--set", "inputs.image=[64, 64, 3]")
    assert done.code == 0
    assert "$" not in done.out
    assert "blocks" not in done.out
    (folder / "flat.yaml").write_text(done.out)
    flat = hornbook("show", "flat.yaml").out
    assert flat == hornbook("show", "resnet50", "--set", "inputs.image=[64, 64, 3]").out


def test_resolved_as_json(hornbook, small) -> None:
    found = json.loads(hornbook("show", small, "--resolved", "--format", "json").out)
    assert found["layers"][1] == {"Dense": {"units": 3, "activation": "softmax"}}


def test_what_cannot_be_resolved(hornbook, folder, small) -> None:
    assert hornbook("show", small, "--resolved", "--batch-size", "2").code == 2
    (folder / "own.yaml").write_text(
        Path(small).read_text().replace("data: wine", "data: {npz: own.npz}")
    )
    done = hornbook("show", "own.yaml", "--resolved")
    assert (done.code, done.out) == (1, "")
    assert "error[HB508]" in done.err


def test_an_override_of_nothing_says_what_there_is(hornbook, tmp_path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "name: net\nvariables: {width: 3}\ninputs: {x: [2]}\nlayers:\n- Dense: {units: $width}\n"
    )
    done = hornbook("show", str(spec), "--set", "widht=4")
    assert done.code == 1
    assert "the spec has no variable `widht`, and no `train` with such a key" in done.err
    assert "did you mean `width`?" in done.err


def test_a_model_of_keras_is_no_spec(hornbook, tmp_path) -> None:
    model = tmp_path / "net.keras"
    model.write_bytes(b"PK\x03\x04\xff")
    assert "`hornbook import` turns a Keras model into a spec" in hornbook("show", str(model)).err
