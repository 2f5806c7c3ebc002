"""`hornbook train --init-from`: weights by name, what matches, and what is said of the rest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from .conftest import TRAINED

pytestmark = pytest.mark.keras

STILL = ["--set", "optimizer={SGD: {learning_rate: 0.0}}", "--epochs", "1"]
"""A training that moves nothing: the weights in the end are those of the beginning."""


@pytest.fixture(autouse=True)
def environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the environment as it was."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    for name in ("wine", "digits"):
        (folder / f"{name}.yaml").write_text(TRAINED[name])


def weights(run: str | Path) -> dict[str, np.ndarray]:
    from hornbook.runtime.archive import read_weights

    return read_weights(Path(run) / "weights.safetensors")


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("style", ["functional", "sequential", "subclassed"])
@pytest.mark.parametrize("form", ["run", "weights", "keras"])
def test_what_is_written_in_one_style_begins_a_run_in_another(
    hornbook, trained, form: str, style: str
) -> None:
    run = trained("wine")
    source = str(run)
    if form != "run":
        ending = {"weights": ".safetensors", "keras": ".keras"}[form]
        source = f"from{ending}"
        assert hornbook("export", str(run), "--format", form, "-o", source).code == 0
    done = hornbook("train", "wine.yaml", "--init-from", source, "--run", "new", *STILL,
                    "--style", style)  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert f"first  4 of 4 weights from `{source}`\n" in done.out
    assert same(weights("new"), weights(run))
    assert json.loads(Path("new/run.json").read_text())["initial"] == source


@pytest.mark.parametrize("style", ["functional", "subclassed"])
def test_weights_that_keras_saved_of_the_very_model(hornbook, trained, style: str) -> None:
    from hornbook.runtime.runs import open_run

    run = trained("wine")
    open_run(run).built(style).model.save_weights("own.weights.h5")
    done = hornbook("train", "wine.yaml", "--init-from", "own.weights.h5", "--run", "new", *STILL)
    assert (done.code, done.err) == (0, "")
    assert same(weights("new"), weights(run))
    Path("other.yaml").write_text(TRAINED["wine"].replace("units: 8", "units: 9"))
    done = hornbook("train", "other.yaml", "--init-from", "own.weights.h5", "--run", "never")
    assert done.code == 1
    assert "error[HB803]: cannot take the weights in `own.weights.h5`" in done.err
    assert not Path("never").exists()


def test_what_does_not_match_is_said_and_begins_as_the_seed_has_it(hornbook, trained) -> None:
    text = TRAINED["wine"].replace("name: head, ", "name: top, ")
    text = text.replace(
        "  - Dense: {name: top", "  - Dense: {name: more, units: 8}\n  - Dense: {name: top"
    )
    Path("other.yaml").write_text(text)
    run = trained("wine")
    assert hornbook("train", "other.yaml", "--run", "alone", *STILL).code == 0
    done = hornbook("train", "other.yaml", "--init-from", str(run), "--run", "new", *STILL)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    at = lines.index(f"first  2 of 6 weights from `{run}`")
    assert lines[at + 1 : at + 3] == [
        "note   only in this model: `more/kernel`, `more/bias`, `top/kernel`, `top/bias`",
        "note   only there: `head/bias`, `head/kernel`",
    ]
    old, alone, new = weights(run), weights("alone"), weights("new")
    for key, array in new.items():
        source = old if key.startswith("hidden") else alone
        assert np.array_equal(array, source[key]), key


def test_another_shape_is_left_as_it_is(hornbook, trained) -> None:
    run = trained("wine")
    Path("wide.yaml").write_text(TRAINED["wine"].replace("units: $classes", "units: 5"))
    done = hornbook("train", "wide.yaml", "--init-from", str(run), "--no-run", *STILL)
    assert done.code == 0
    assert "[HB501]" in done.err  # 5 units for 3 classes
    assert (
        "note   of another shape: `head/kernel` [8, 5] and there [8, 3], "
        "`head/bias` [5] and there [3]\n"
    ) in done.out
    done = hornbook("train", "wide.yaml", "--init-from", str(run), "--no-run", *STILL,
                    "--format", "json")  # fmt: skip
    (first,) = (one for one in map(json.loads, done.out.splitlines()) if one["event"] == "first")
    assert first == {
        "event": "first",
        "source": str(run),
        "loaded": ["hidden/kernel", "hidden/bias"],
        "missing": [],
        "misfit": ["head/kernel", "head/bias"],
        "unexpected": [],
    }


def test_nothing_in_common_is_an_error_and_leaves_no_run(hornbook, trained) -> None:
    run = trained("wine")
    Path("other.yaml").write_text(TRAINED["digits"].replace("name: head, ", ""))
    done = hornbook("train", "other.yaml", "--init-from", str(run), "--run", "never")
    assert (done.code, done.out) == (1, "")
    lines = done.err.splitlines()
    assert lines[0] == f"error[HB925]: no weight of `{run}` has a place in `pictures`"
    assert lines[1].startswith("  = note: only in this model: `seen/kernel`, `seen/bias`")
    assert (
        lines[2]
        == "  = note: only there: `head/bias`, `head/kernel`, `hidden/bias`, `hidden/kernel`"
    )
    assert not Path("never").exists()


def test_a_run_that_began_so_is_resumed_bit_for_bit(hornbook, trained) -> None:
    source = ["--init-from", str(trained("digits"))]
    assert hornbook("train", "digits.yaml", *source, "--run", "whole", "--epochs", "2").code == 0
    assert hornbook("train", "digits.yaml", *source, "--run", "parts", "--epochs", "1").code == 0
    done = hornbook("resume", "parts", "--epochs", "2")
    assert (done.code, done.err) == (0, "")
    assert same(weights("whole"), weights("parts"))
    assert not same(weights("whole"), weights(trained("digits")))
    results = [
        json.loads(Path(run, "result.json").read_text())["test"] for run in ("whole", "parts")
    ]
    assert results[0] == results[1]


def test_a_run_that_began_so_is_resumed_from_before_its_first_step(
    hornbook, trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = ["--init-from", str(trained("digits"))]
    assert hornbook("train", "digits.yaml", *source, "--run", "whole").code == 0

    from hornbook.cli.progress import View

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(View, "epoch_began", stop)
        assert hornbook("train", "digits.yaml", *source, "--run", "cut").code == 130
    assert hornbook("resume", "cut").code == 0
    assert same(weights("whole"), weights("cut"))


@pytest.mark.parametrize(
    ("path", "content", "code", "says"),
    [
        ("nowhere", None, 2, "`nowhere` does not exist"),
        ("own.pkl", b"", 2, "a file that ends in .safetensors, .keras, .weights.h5"),
        ("bad.safetensors", b"\xff" * 64, 1, "error[HB901]: `bad.safetensors` holds no weights"),
        ("bad.keras", b"PK", 1, "error[HB801]"),
        ("bad.weights.h5", b"\x89HDF", 1, "error[HB803]"),
        (".", None, 1, "error[HB901]: `.` is no run"),
    ],
)
def test_what_holds_no_weights(
    hornbook, path: str, content: bytes | None, code: int, says: str
) -> None:
    if content is not None:
        Path(path).write_bytes(content)
    done = hornbook("train", "wine.yaml", "--init-from", path)
    assert (done.code, done.out) == (code, "")
    assert says in " ".join(done.err.replace("│", " ").split())
    assert not Path("runs").exists()


def test_a_run_that_has_not_ended(hornbook, trained, folder: Path) -> None:
    shutil.copytree(trained("wine"), folder / "copy")
    (folder / "copy/weights.safetensors").unlink()
    done = hornbook("train", "wine.yaml", "--init-from", "copy")
    assert done.code == 1
    assert "error[HB901]: `copy` has not ended yet\n" in done.err
