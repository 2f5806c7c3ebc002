"""`hornbook export`: what it writes can be run, and what cannot is not kept."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.keras

ENDINGS = {"keras": ".keras", "savedmodel": "", "onnx": ".onnx", "litert": ".tflite"}
NEEDS = {"onnx": ("onnx", "tf2onnx", "onnxruntime"), "litert": ("ai_edge_litert",)}


@pytest.fixture(autouse=True)
def environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the environment as it was."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")


def need(form: str) -> None:
    for module in NEEDS.get(form, ()):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


@pytest.mark.parametrize("form", ENDINGS)
@pytest.mark.parametrize(
    ("run", "style"),
    [
        ("digits", "functional"),
        ("digits", "sequential"),
        ("digits", "subclassed"),
        ("towers", "functional"),
        ("towers", "subclassed"),
        ("words", "functional"),
    ],
)
def test_every_format_of_every_style(hornbook, trained, form: str, run: str, style: str) -> None:
    need(form)
    target = Path(f"out{ENDINGS[form]}")
    done = hornbook(
        "export", str(trained(run)), "--format", form, "--style", style, "-o", str(target)
    )
    if (form, style) == ("keras", "subclassed"):
        assert done.code == 1
        assert done.err.startswith("error[HB922]: a `.keras` file of a Subclassed model")
        assert list(Path().iterdir()) == []
        return
    assert done.code == 0, done.err
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines() if line)
    assert lines["model"].endswith(f", {style}")
    assert "outputs differ by up to " in lines["checked"]
    assert 1e-4 <= float(lines["checked"].split()[-1]) < 1e-3
    assert lines["wrote"].startswith(f"{target}: ")
    assert list(Path().iterdir()) == [target]  # and no temporary folder


def test_a_keras_file_gives_the_outputs_of_the_run(hornbook, trained) -> None:
    import keras

    from hornbook.runtime.runs import open_run

    run = trained("digits")
    assert hornbook("export", str(run), "--format", "keras").code == 0
    model = keras.saving.load_model("pictures.keras")
    x = np.random.default_rng(0).random((5, 8, 8, 1), dtype=np.float32)
    expected = open_run(run).built("subclassed").model(x, training=False)
    assert np.array_equal(np.asarray(model(x, training=False)), np.asarray(expected))


def test_with_scaling_raw_values_go_in(hornbook, trained) -> None:
    import keras

    from hornbook.runtime.runs import open_run

    run = trained("wine")
    done = hornbook("export", str(run), "--format", "keras", "--with-scaling", "-o", "raw.keras")
    assert done.code == 0, done.err
    assert "takes    row (None, 13) float32: raw values, as they are in the data" in done.out
    assert done.err == ""
    recorded = open_run(run).info.scaling
    x = np.random.default_rng(0).random((5, 13), dtype=np.float32) * 100
    offset, scale = (np.asarray(recorded[key], np.float32) for key in ("offset", "scale"))
    found = keras.saving.load_model("raw.keras")(x)
    expected = open_run(run).built().model((x - offset) / scale)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), atol=1e-6)


def test_without_it_says_what_goes_in(hornbook, trained) -> None:
    for run, told in (
        ("wine", "row (None, 13) float32: values scaled as in training, which are raw values each "
                 "less its mean, divided by its deviation"),
        ("digits", "image (None, 8, 8, 1) float32: values scaled as in training, which are raw "
                   "values divided by 16"),
        ("words", "words (None, 6) int32: raw values, as they are in the data"),
    ):  # fmt: skip
        done = hornbook("export", str(trained(run)), "--format", "keras", "-o", f"{run}.keras")
        assert f"takes    {told}\n" in done.out
        assert done.err == (
            "" if run == "words" else "`--with-scaling` makes one that takes raw values\n"
        )


def test_weights_fit_the_model_in_every_style(hornbook, trained) -> None:
    from hornbook.runtime.archive import read_weights, weights_of
    from hornbook.runtime.runs import open_run

    run = trained("digits")
    done = hornbook("export", str(run), "--format", "weights", "-o", "own.safetensors")
    assert (done.code, done.err) == (0, "")
    assert "every number is the same" in done.out
    found = read_weights(Path("own.safetensors"))
    for style in ("sequential", "functional", "subclassed"):
        expected = weights_of(open_run(run).built(style))
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[key], array) for key, array in expected.items())


def test_what_differs_is_not_kept(hornbook, trained, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from hornbook.runtime import export

    real = export.FORMATS["keras"]

    def off_by(gap: float) -> export.Format:
        def load(path: Path) -> export.Runner:
            run = export._load_keras(path)
            return lambda inputs: np.asarray(run(inputs)) + np.float32(gap)

        return replace(real, load=load)

    run = str(trained("digits"))
    for gap in (0.5, float("nan"), float("inf")):
        monkeypatch.setattr(export, "FORMATS", {"keras": off_by(gap)})
        done = hornbook("export", run, "--format", "keras", "-o", "wrong.keras")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("error[HB923]: as `keras` the model gives other outputs")
        assert list(Path().iterdir()) == []


def test_what_a_format_cannot_hold_is_said_in_a_line(hornbook, trained, monkeypatch) -> None:
    import keras

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("failed to legalize\nop FlexErf, op FlexLookup")

    monkeypatch.setattr(keras.Model, "save", fail)
    done = hornbook("export", str(trained("digits")), "--format", "keras", "-o", "no.keras")
    assert done.code == 1
    assert done.err.startswith(
        "error[HB922]: the format `keras` cannot hold this model: LiteRT has no `Erf`, `Lookup`\n"
    )
    assert list(Path().iterdir()) == []


def test_a_missing_package_is_named(hornbook, trained, monkeypatch: pytest.MonkeyPatch) -> None:
    from hornbook.runtime import export

    monkeypatch.setattr(export, "find_spec", lambda name: None if "onnx" in name else object())
    done = hornbook("export", str(trained("digits")), "--format", "onnx")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "error[HB921]: the format `onnx` needs `onnx`, `tf2onnx` and `onnxruntime`, "
        "which are not installed\n"
        "  = help: `pip install 'hornbook[export]'` brings what exports need\n"
    )


def test_nothing_is_overwritten_unasked(hornbook, trained) -> None:
    run = str(trained("digits"))
    Path("old.keras").write_text("old")
    done = hornbook("export", run, "--format", "keras", "-o", "old.keras")
    assert (done.code, Path("old.keras").read_text()) == (1, "old")
    assert "error[HB703]: `old.keras` exists already\n" in done.err
    assert hornbook("export", run, "--format", "keras", "-o", "old.keras", "--force").code == 0
    assert Path("old.keras").read_bytes().startswith(b"PK")

    Path("mine").mkdir()
    Path("mine/notes").write_text("mine")
    done = hornbook("export", run, "--format", "savedmodel", "-o", "mine", "--force")
    assert done.code == 1
    assert "a folder that holds no SavedModel" in done.err
    assert Path("mine/notes").read_text() == "mine"

    for force in ([], ["--force"]):
        done = hornbook("export", run, "--format", "savedmodel", "-o", "saved", *force)
        assert done.code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["mine", "old.keras", "saved"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "keras", "-o", "model.onnx"], "does not end in `.keras`"),
        (["--format", "keras", "-o", "nowhere/model.keras"], "its folder does not exist"),
        (["--format", "weights", "--with-scaling"], "weights scale nothing"),
        (["--format", "pickle"], "'pickle' is not one of"),
        ([], "Missing option '--format'"),
    ],
)
def test_wrong_usage(hornbook, trained, arguments: list[str], says: str) -> None:
    done = hornbook("export", str(trained("digits")), *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in " ".join(done.err.replace("│", " ").split())


def test_what_is_no_run(hornbook, folder: Path) -> None:
    done = hornbook("export", str(folder), "--format", "keras")
    assert done.code == 1
    assert "error[HB901]: " in done.err


def test_what_runtimes_lack_is_named() -> None:
    from hornbook.runtime.export import reason

    said = '[ONNXRuntimeError] : 10 : INVALID_GRAPH : Load model from /a/new.onnx failed:' \
        'This is an invalid model. In Node, ("m/Gelu/Erfc", Erfc, "", -1) : ("m/x": tensor(float),)'  # fmt: skip
    assert reason(RuntimeError(said)) == "ONNX has no `Erfc`"
    assert reason(RuntimeError("op FlexErf, FlexErf")) == "LiteRT has no `Erf`"
    assert reason(ValueError("\n first \n second")) == "first"
    assert reason(KeyError()) == "KeyError"


def test_an_exact_gelu_has_no_place_in_onnx_and_is_said_to(tmp_path: Path) -> None:
    need("onnx")
    from hornbook.compiler.driver import analyse
    from hornbook.runtime.build import build_typed
    from hornbook.runtime.export import export
    from hornbook.specs.diagnostics import SpecError
    from hornbook.specs.load import load
    from hornbook.specs.yaml import read_text

    text = "name: m\ninputs: {x: [3]}\nlayers:\n  - Dense: {units: 2, activation: gelu}\n"
    typed = analyse(load(read_text(text, "m.yaml")))
    built = build_typed(typed, "functional", seed=0)
    try:
        done = export(built, typed, "onnx", tmp_path / "m.onnx")
    except SpecError as error:  # as long as tf2onnx lacks it
        (one,) = error.diagnostics
        assert one.code == "HB922"
        assert one.message.endswith("ONNX has no `Erfc`")
        assert list(tmp_path.iterdir()) == []
    else:
        assert done.difference <= done.allowed
