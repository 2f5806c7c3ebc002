"""`hornbook import`: a saved model to a spec, on stdout or in a new file."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from hornbook.compiler.importing import rollup

RECORDED = Path(__file__).parents[1] / "recorded"
WATCHED = """
import atexit, sys
from hornbook.cli import main
HEAVY = ("tensorflow", "keras", "numpy")
atexit.register(lambda: print([name for name in HEAVY if name in sys.modules], file=sys.stderr))
main()
"""


@pytest.fixture
def model(folder: Path) -> str:
    with zipfile.ZipFile(folder / "towers.keras", "w") as archive:
        archive.write(RECORDED / "towers.json", "config.json")
    return "towers.keras"


def test_the_spec_goes_to_stdout_and_what_was_renamed_to_stderr(hornbook, model) -> None:
    done = hornbook("import", model)
    assert done.code == 0
    assert done.out.startswith("name: towers\ninputs:\n  left: [6]\n")
    assert done.err == "renamed: `head/dense` is `near`\nrenamed: `head/subtract` is `far`\n"


def test_what_is_imported_can_be_checked_and_emitted(hornbook, model, folder: Path) -> None:
    done = hornbook("import", model, "-o", "spec.yaml")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[0] == "wrote spec.yaml: 6 items"
    assert hornbook("check", "spec.yaml").code == 0
    assert "layers.Subtract(" in hornbook("emit", "spec.yaml").out


def test_a_key_of_an_output_does_not_vanish_silently(hornbook, folder: Path) -> None:
    config = json.loads((RECORDED / "branches.json").read_text())
    kind, item = config["config"]["output_layers"]
    config["config"]["output_layers"] = {"label": kind, "the rest": item}
    (folder / "config.json").write_text(json.dumps(config))
    done = hornbook("import", "config.json")
    assert done.out.endswith("outputs: [label, get_item]\n")
    assert done.err.splitlines() == [
        "renamed: `kind` is `label`",
        "lost: the key `the rest`; the spec has `get_item` in its place",
    ]


def test_a_training_that_is_left_out_is_told(hornbook, folder: Path) -> None:
    config = json.loads((RECORDED / "branches.json").read_text())
    norm = next(one for one in config["config"]["layers"] if one["class_name"].startswith("Batch"))
    norm["inbound_nodes"][0]["kwargs"]["training"] = False
    (folder / "config.json").write_text(json.dumps(config))
    done = hornbook("import", "config.json", "-o", "spec.yaml")
    (line,) = done.err.splitlines()[1:]
    assert line.startswith("left out: `training` of the call of `batch_normalization`, which Keras")
    assert hornbook("emit", "spec.yaml", "--style", "functional").code == 0


def test_a_model_that_is_too_long_to_look_through_is_said_to_be(
    hornbook, model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "EFFORT", 0)
    done = hornbook("import", model)
    assert done.err.splitlines()[0] == (
        "the model is too long to look for all that repeats: the rest is written out"
    )


def test_a_file_is_written_once(hornbook, model, folder: Path) -> None:
    (folder / "spec.yaml").write_text("mine")
    refused = hornbook("import", model, "-o", "spec.yaml")
    assert refused.code == 1
    assert "error[HB703]: `spec.yaml` exists already" in refused.err
    assert (folder / "spec.yaml").read_text() == "mine"
    assert hornbook("import", model, "-o", "spec.yaml", "--force").code == 0
    assert (folder / "spec.yaml").read_text() == hornbook("import", model).out


def test_nothing_is_written_where_something_cannot_be_imported(hornbook, folder: Path) -> None:
    config = json.loads((RECORDED / "branches.json").read_text())
    for layer in config["config"]["layers"]:
        if layer["class_name"] in ("ReLU", "Dense"):
            layer["class_name"] = "Lambda"
    (folder / "config.json").write_text(json.dumps(config))
    done = hornbook("import", "config.json", "-o", "spec.yaml")
    assert (done.code, done.out) == (1, "")
    assert done.err.count("error[HB802]") == 2
    assert "`re_lu` (Lambda): it runs code of your own" in done.err
    assert not (folder / "spec.yaml").exists()


def test_a_file_that_is_no_model(hornbook, folder: Path) -> None:
    shutil.copy(__file__, folder / "model.keras")
    done = hornbook("import", "model.keras")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[HB801]: cannot read `model.keras` as a Keras model: ")
    assert hornbook("import").code == 2


def test_keras_is_not_imported(apart, model) -> None:
    done = apart("import", model, script=WATCHED)
    assert done.code == 0
    assert done.err.splitlines()[-1] == "[]"
