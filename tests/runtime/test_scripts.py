"""Emitted training scripts, run as a user would: alone, on data of each kind, in both loops."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hornbook.compiler.driver import analyse
from hornbook.compiler.emit.script import emit_script
from hornbook.specs.load import load
from hornbook.specs.overrides import Override
from hornbook.specs.yaml import read_text

pytestmark = pytest.mark.keras

SPEC = """
name: net
inputs: {{x: {shape}}}
layers:
  - Flatten
  - Dense: {{units: 3, activation: softmax}}
train:
  data: {data}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  epochs: 2
  validation: {validation}
"""


def npz(folder: Path) -> None:
    x = np.random.default_rng(0).integers(0, 255, (60, 4, 4), dtype=np.uint8)
    np.savez(folder / "a.npz", x_train=x, y_train=np.arange(60) % 3)


def table(folder: Path) -> None:
    with open(folder / "a.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "word", "kind"])
        writer.writerows([i % 7, i / 3, "text", "xyz"[i % 3]] for i in range(60))


def pictures(folder: Path) -> None:
    for label, name in enumerate("xyz"):
        for part in ("train", "test"):
            (folder / "pets" / part / name).mkdir(parents=True)
            for index in range(6):
                color = (40 * label, index, 9)
                Image.new("RGB", (5, 5), color).save(folder / "pets" / part / name / f"{index}.png")


CASES = {
    "npz": (npz, "[4, 4]", "{npz: a.npz, classes: 3}"),
    "npz scaled": (npz, "[4, 4]", "{npz: a.npz, classes: 3, scale: 100}"),
    "csv": (table, "[2]", "{csv: a.csv, target: kind, features: [a, b], classes: 3}"),
    "images": (pictures, "[4, 4, 3]", "{images: pets, size: [4, 4], classes: 3}"),
    "iris": (lambda _: None, "[4]", "iris"),
}


SETTINGS = ["jit_compile=optimizer", "onednn=false", "threads={intra_op: 1, inter_op: 2}"]


@pytest.mark.parametrize("loop", ["fit", "tape"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_script_with_settings_is_laid_out_as_ruff_would(
    setting: str, loop: str, tmp_path
) -> None:
    text = SPEC.format(shape="[4]", data="iris", validation="test")
    spec = load(read_text(text), overrides=[Override(f"train.{setting}")])
    (tmp_path / "script.py").write_text(
        emit_script(spec, analyse(spec), "functional", loop=loop).text
    )
    for command in (["format", "--check"], ["check", "--select", "E,F,I,RUF100"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "script.py"]
        done = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", CASES)
def test_a_script_runs_alone(kind: str, tmp_path) -> None:
    make, shape, data = CASES[kind]
    make(tmp_path)
    loop = "tape" if kind in ("npz", "images") else "fit"
    validation = "0.1" if kind in ("npz", "csv") else "test"
    spec = load(read_text(SPEC.format(shape=shape, data=data, validation=validation)))
    source = emit_script(spec, analyse(spec), "functional", loop=loop)
    (tmp_path / "script.py").write_text(source.text)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("test:")
    assert "accuracy" in last
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--check", "script.py"]
    assert subprocess.run(ruff, cwd=tmp_path, check=False, capture_output=True).returncode == 0
