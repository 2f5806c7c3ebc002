"""`hornbook emit`: source on stdout, or in a new file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest


@pytest.mark.parametrize("style", ["sequential", "functional", "subclassed"])
def test_source_goes_to_stdout_alone(hornbook, small, style: str) -> None:
    done = hornbook("emit", small, "--style", style)
    assert (done.code, done.err) == (0, "")
    assert f"as a {style.capitalize()} Keras model" in done.out
    ast.parse(done.out)


def test_shapes_and_script(hornbook, small) -> None:
    assert "# (None, 8)" in hornbook("emit", small, "--shapes").out
    fit, tape = (
        hornbook("emit", small, "--script", "--loop", loop).out for loop in ("fit", "tape")
    )
    assert "model.fit(" in fit
    assert "GradientTape" in tape
    assert "GradientTape" not in fit
    assert 'if __name__ == "__main__":' in fit


def test_loop_without_script_is_wrong_usage(hornbook, small) -> None:
    assert hornbook("emit", small, "--loop", "tape").code == 2


def test_a_file_is_written_once(hornbook, small, folder: Path) -> None:
    done = hornbook("emit", small, "-o", "model.py")
    assert (done.code, done.out) == (0, "")
    assert (
        done.err
        == f"wrote model.py: {len((folder / 'model.py').read_text().splitlines())} lines, functional\n"
    )
    (folder / "model.py").write_text("mine")
    refused = hornbook("emit", small, "-o", "model.py")
    assert refused.code == 1
    assert "error[HB703]: `model.py` exists already" in refused.err
    assert (folder / "model.py").read_text() == "mine"
    assert hornbook("emit", small, "-o", "model.py", "--force").code == 0
    assert (folder / "model.py").read_text() == hornbook("emit", small).out


def test_a_file_that_cannot_be_written_is_wrong_usage(hornbook, small) -> None:
    done = hornbook("emit", small, "-o", "nowhere/model.py")
    assert done.code == 2
    assert "cannot write `nowhere/model.py`: no such file or directory" in done.err


def test_a_style_that_cannot_express_the_graph(hornbook, folder: Path) -> None:
    (folder / "fork.yaml").write_text(
        "name: fork\ninputs: {x: [4]}\nlayers:\n  - Dense: {name: a, units: 4}\n  - Add: {inputs: [a, x]}\n"
    )
    done = hornbook("emit", "fork.yaml", "--style", "sequential")
    assert (done.code, done.out) == (1, "")
    assert "error[HB308]" in done.err


def test_a_number_that_only_data_can_tell_is_refused(hornbook, folder: Path, small) -> None:
    (folder / "own.yaml").write_text(
        Path(small).read_text().replace("data: wine", "data: {npz: own.npz}")
    )
    done = hornbook("emit", "own.yaml")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[HB508]")
    assert "stands in" not in done.err
    stated = Path("own.yaml").read_text().replace("npz: own.npz", "npz: own.npz, classes: 4")
    (folder / "stated.yaml").write_text(stated)
    assert "layers.Dense(4," in hornbook("emit", "stated.yaml").out
