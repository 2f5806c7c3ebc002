"""Half precision, XLA and threads: what they do to a training, and what they leave as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from hornbook.compiler.driver import analyse
from hornbook.compiler.tuning import Tuning
from hornbook.runtime.build import build, build_typed
from hornbook.runtime.data import load_data
from hornbook.runtime.objects import compile_model
from hornbook.runtime.process import settle, settled
from hornbook.runtime.runs import named_folder, open_run
from hornbook.runtime.session import resume, start
from hornbook.runtime.train import Trained, train
from hornbook.runtime.verify import verify
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import Spec, load
from hornbook.specs.overrides import Override
from hornbook.specs.yaml import read_text

pytestmark = pytest.mark.keras

NET = """
name: net
inputs: {row: [13]}
layers:
  - Dense: {units: 8, activation: relu}
  - BatchNormalization
  - Dropout: {rate: 0.2}
  - Dense: {units: 3, activation: softmax}
train:
  data: wine
  optimizer: {Adam: {learning_rate: 0.01}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  epochs: 3
  batch_size: 40
  validation: 0.2
"""
DENSE = "\n".join(
    line for line in NET.splitlines() if "BatchNorm" not in line and "Dropout" not in line
)
CONV = """
name: conv
inputs: {image: [8, 8, 1]}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
  - MaxPooling2D
  - LayerNormalization
  - Flatten
  - Dense: {units: 10, activation: softmax}
train: {data: digits, loss: sparse_categorical_crossentropy, metrics: [accuracy]}
"""
MIXED = ("mixed_bfloat16", "mixed_float16")


def read(*overrides: str, text: str = NET) -> Spec:
    return load(read_text(text), overrides=[Override(f"train.{one}") for one in overrides])


def bits(trained: Trained) -> dict[str, bytes]:
    model = trained.model
    return {
        f"{kind} {number}": np.asarray(one).tobytes()
        for kind, part in (("model", model.variables), ("optimizer", model.optimizer.variables))
        for number, one in enumerate(part)
    }


@pytest.mark.parametrize("precision", MIXED)
@pytest.mark.parametrize("text", [NET, CONV], ids=["dense", "conv"])
def test_styles_and_loops_agree_in_half_precision(precision: str, text: str) -> None:
    certificate = verify(read(f"precision={precision}", text=text))
    assert [one for one in certificate.checks if not one.equal] == []


@pytest.mark.parametrize("precision", MIXED)
def test_a_policy_is_that_of_the_model_alone(precision: str) -> None:
    before = keras.config.dtype_policy()
    model = build(read(f"precision={precision}"))
    assert keras.config.dtype_policy() == before
    half = precision.removeprefix("mixed_")
    assert [layer.compute_dtype for layer in model.layers[1:]] == [half, half, half, "float32"]
    assert {weight.dtype for weight in model.weights} == {"float32"}
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert build(read()).layers[-1].compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("loop", ["fit", "tape"])
@pytest.mark.parametrize("precision", MIXED)
def test_a_run_in_half_precision_goes_on_bit_for_bit(
    precision: str, loop: str, tmp_path: Path
) -> None:
    data = load_data("wine")
    whole = start(
        named_folder(tmp_path / "whole"), read(f"precision={precision}"), data, loop=loop
    )[1]
    start(
        named_folder(tmp_path / "part"), read(f"precision={precision}", "epochs=1"), data, loop=loop
    )
    told = resume(tmp_path / "part", epochs=3, data=data)[1]
    assert bits(told) == bits(whole)
    assert told.test == whole.test
    kept = json.loads((tmp_path / "whole" / "run.json").read_text())["environment"]
    assert (kept["precision"], kept["XLA"]) == (precision, "off")


def test_a_model_in_half_precision_can_be_exported(tmp_path: Path) -> None:
    from hornbook.runtime.export import export

    typed = analyse(read("precision=mixed_bfloat16"))
    built = build_typed(typed, "functional", seed=0)
    made = export(built, typed, "savedmodel", tmp_path / "net")
    assert made.difference <= made.allowed == 0.03


def test_half_precision_and_xla_change_bits_and_hardly_the_figures() -> None:
    data = load_data("wine")
    plain = train(read(), data)
    for setting in ("precision=mixed_bfloat16", "precision=mixed_float16", "jit_compile=true"):
        other = train(read("validation=test", setting), data)
        same = train(read("validation=test"), data)
        assert bits(other) != bits(same)
        assert other.test["loss"] == pytest.approx(same.test["loss"], rel=0.2)
    assert plain.model.jit_compile is False


def test_both_loops_agree_under_xla_and_auto_is_told(tmp_path: Path) -> None:
    data = load_data("wine")
    found: list[Any] = []
    for loop in ("fit", "tape"):
        spec = read("jit_compile=auto", "validation=test", text=DENSE)
        run, trained = start(named_folder(tmp_path / loop), spec, data, loop=loop)
        assert trained.model.jit_compile is True
        assert run.info.environment["XLA"] == "on"
        found.append(bits(trained))
    assert found[0] == found[1]


OPTIMIZERS = [
    *("Adafactor", "Ftrl", "Lion", "Muon"),
    "{Adam: {use_ema: true, ema_overwrite_frequency: 3}}",
    "{Adam: {gradient_accumulation_steps: 2}}",
    "{AdamW: {global_clipnorm: 0.1}}",
    "{SGD: {momentum: 0.9, learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 9}}}}",
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_xla_may_compile_the_update_of_each_optimizer_alone(optimizer: str) -> None:
    data = load_data("wine")
    settings = ("validation=test", "epochs=1", f"optimizer={optimizer}")
    plain = train(read(*settings), data)
    settings += ("jit_compile=optimizer",)
    fit, tape = (train(read(*settings), data, loop=loop) for loop in ("fit", "tape"))
    assert bits(fit) == bits(tape)
    assert fit.test["loss"] == pytest.approx(plain.test["loss"], rel=1e-3)
    for one, other in zip(fit.model.variables, plain.model.variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0.01, atol=0.003)


@pytest.mark.parametrize(
    ("precision", "text"), [("float32", CONV), ("mixed_float16", NET)], ids=["float32", "float16"]
)
def test_styles_and_loops_agree_where_xla_compiles_the_optimizer(precision: str, text: str) -> None:
    certificate = verify(read(f"precision={precision}", "jit_compile=optimizer", text=text))
    assert [one for one in certificate.checks if not one.equal] == []


def test_the_optimizer_alone_is_compiled_in_graphs_and_not_elsewhere(tmp_path: Path) -> None:
    """Whoever runs a model eagerly wants to look into it."""
    data = load_data("wine")
    spec = read("jit_compile=optimizer")
    whole = start(named_folder(tmp_path / "whole"), spec, data)[1]
    assert whole.model.jit_compile is False
    start(named_folder(tmp_path / "part"), read("jit_compile=optimizer", "epochs=1"), data)
    run, told = resume(tmp_path / "part", epochs=3, data=data)
    assert run.info.environment["XLA"] == "for the optimizer"
    assert bits(told) == bits(whole)

    seen: list[bool] = []
    model = build(spec)
    assert spec.model.train is not None
    compile_model(model, spec.model.train, analyse(spec))
    model.run_eagerly = True
    inner = model.optimizer.update_step
    model.optimizer.update_step = lambda *given: (
        seen.append(tf.executing_eagerly()),
        inner(*given),
    )
    model.fit(data.x_train[:40], data.y_train[:40], verbose=0)
    assert set(seen) == {True}


def test_the_update_of_sparse_gradients_can_be_compiled() -> None:
    text = """
name: net
inputs: {word: {shape: [7], dtype: int64}}
layers:
  - Embedding: {input_dim: 50, output_dim: 4, mask_zero: true}
  - GlobalAveragePooling1D
  - Dense: {units: 2, activation: softmax}
train: {loss: sparse_categorical_crossentropy, optimizer: adam, batch_size: 4, jit_compile: optimizer}
"""
    spec = load(read_text(text))
    assert [one for one in verify(spec).checks if not one.equal] == []


def test_what_xla_refuses_is_no_traceback() -> None:
    text = """
name: net
inputs: {word: {shape: [7], dtype: int64}}
layers:
  - Embedding: {input_dim: 50, output_dim: 4, mask_zero: true}
  - LSTM: {units: 3}
  - Dense: {units: 2, activation: softmax}
train: {loss: sparse_categorical_crossentropy, optimizer: adam, batch_size: 4, jit_compile: true}
"""
    with pytest.raises(SpecError) as caught:
        verify(load(read_text(text)))
    (found,) = caught.value.diagnostics
    assert found.code == "HB510"
    assert found.message == "XLA cannot compile the training of this model"


def test_threads_that_come_too_late_are_refused() -> None:
    keras.ops.zeros(1)  # TensorFlow has started
    with pytest.raises(SpecError) as caught:
        settle(read("threads={intra_op: 77}"))
    (found,) = caught.value.diagnostics
    assert found.code == "HB705"
    assert "`intra_op: 77` comes too late" in found.message
    settle(read())
    settle(read("threads={}"))
    settle(read(f"threads={{intra_op: {settled().intra_op}}}"))  # as it runs already


def test_onednn_that_is_not_as_a_spec_demands_is_refused() -> None:
    """It is settled when TensorFlow is imported."""
    now = settled().onednn
    with pytest.raises(SpecError) as caught:
        settle(read(f"onednn={str(not now).lower()}"))
    (found,) = caught.value.diagnostics
    assert found.code == "HB705"
    assert f"`onednn: {str(not now).lower()}` comes too late" in found.message
    assert found.help is not None
    assert f"TF_ENABLE_ONEDNN_OPTS={int(not now)} " in found.help
    settle(read(f"onednn={str(now).lower()}"))
    settle(read("onednn=null"))


TUNED = """
import json, os, sys
from dataclasses import asdict
from hornbook.cli import quiet
from hornbook.specs.overrides import Override
quiet.processors = lambda: 2
quiet.platform.machine = lambda: "x86_64"
from hornbook.compiler.driver import analyse
from hornbook.specs.load import load
spec = load("cifar100", classes=100, overrides=[Override(one) for one in sys.argv[1:]])
before = os.environ.get("TF_ENABLE_ONEDNN_OPTS")
quiet.start_for(analyse(spec), spec.model.train)
from hornbook.runtime.process import settled
print(json.dumps([asdict(settled()), os.environ.get("TF_ENABLE_ONEDNN_OPTS") == before]))
"""


@pytest.mark.parametrize(
    ("variables", "settings", "expected"),
    [
        ({}, [], [True, 1]),
        ({"TF_ENABLE_ONEDNN_OPTS": "0"}, [], [False, 1]),
        ({"TF_NUM_INTRAOP_THREADS": "7"}, [], [True, 7]),
        # What a spec demands is no wish.
        ({"TF_ENABLE_ONEDNN_OPTS": "0"}, ["train.onednn=true"], [True, 1]),
        ({"TF_NUM_INTRAOP_THREADS": "7"}, ["train.threads={intra_op: 3}"], [True, 3]),
    ],
)
def test_the_command_line_tunes_tensorflow_unless_the_environment_has(
    variables: dict[str, str], settings: list[str], expected: list[Any]
) -> None:
    names = ("TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", TUNED, *settings],
        env=clean | variables | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found, as_before = json.loads(done.stdout)
    assert [found["onednn"], found["intra_op"]] == expected
    assert as_before  # what this process starts has an environment of its own


def test_a_run_goes_on_and_is_measured_as_it_was_begun(tmp_path: Path) -> None:
    """Another command line, or a Python program, may have begun it."""
    path = os.pathsep.join(filter(None, sys.path))

    def command(*arguments: str, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "hornbook.cli", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": path} | variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    (tmp_path / "net.yaml").write_text(CONV)
    begun = ("train", "net.yaml", "--epochs", "1", "--run", "run", "--set", "train.threads=null")
    command(*begun, TF_NUM_INTRAOP_THREADS="5", TF_ENABLE_ONEDNN_OPTS="1")
    kept = json.loads((tmp_path / "run" / "run.json").read_text())
    assert kept["tuning"] == {"onednn": True, "intra_op": 5, "inter_op": None}
    assert kept["environment"]["oneDNN"] == "on"
    assert kept["environment"]["threads"].startswith("5 within an operation")
    told = command("resume", "run", "--epochs", "2", TF_ENABLE_ONEDNN_OPTS="0")
    assert "oneDNN on, intra_op threads 5" in told
    assert "HB908" not in told
    assert "the same, bit for bit" in command("evaluate", "run")


@pytest.mark.parametrize(
    "damaged",
    [
        '{"intra_op": 0}',
        '{"intra_op": -5}',
        '{"inter_op": 99999999999}',
        '{"onednn": "on"}',
        '{"cores": 2}',
        "null",
    ],
)
def test_a_run_whose_threads_no_process_could_have_is_damaged(damaged: str, tmp_path: Path) -> None:
    run, _ = start(named_folder(tmp_path / "run"), read("epochs=1"), load_data("wine"))
    about = run.folder / "run.json"
    kept = json.loads(about.read_text())
    about.write_text(json.dumps(kept | {"tuning": json.loads(damaged)}))
    with pytest.raises(SpecError) as caught:
        open_run(run.folder)
    assert [one.code for one in caught.value.diagnostics] == ["HB901"]
    about.write_text(json.dumps({name: one for name, one in kept.items() if name != "tuning"}))
    assert open_run(run.folder).info.tuning == Tuning()


def test_a_run_has_the_threads_of_its_spec_and_tells_how_it_computes(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    command = [
        *(
            sys.executable,
            "-m",
            "hornbook.cli",
            "train",
            "net.yaml",
            "--run",
            "run",
            "--epochs",
            "1",
        ),
        *("--set", "train.threads={intra_op: 1, inter_op: 3}"),
        *("--set", "train.precision=mixed_bfloat16", "--set", "train.jit_compile=auto"),
    ]
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("by "))
    assert line.startswith("by     precision mixed_bfloat16, XLA off, oneDNN o")
    assert line.endswith(", intra_op threads 1, inter_op threads 3")
    assert "HB705" not in done.stderr
    kept = json.loads((tmp_path / "run" / "run.json").read_text())["environment"]
    assert kept["threads"] == "1 within an operation, 3 beside each other"
    again = subprocess.run(
        [*command[:3], "evaluate", "run"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr
