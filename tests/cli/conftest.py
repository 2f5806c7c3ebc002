"""Runs the command line in this process, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hornbook import cli

SMALL = """\
# A row in, a class out.
name: small
inputs: {row: [13]}
layers:
  - Dense: {units: 8, activation: relu}
  - Dense: {units: $classes, activation: softmax}
train: {data: wine, loss: sparse_categorical_crossentropy, metrics: [accuracy], epochs: 2}
"""


HOME = str(Path(cli.__file__).parents[2])
"""What a process must have on its path to find hornbook from any directory."""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(folder: Path) -> str:
    (folder / "small.yaml").write_text(SMALL)
    return "small.yaml"


@pytest.fixture
def hornbook(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["hornbook", *arguments])
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return run


MAIN = "from hornbook.cli import main; main()"


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command, or a script that does, in a process of its own with its output in pipes.

    ``stdout`` takes the place of a pipe; other keywords are environment variables.
    """
    monkeypatch.setenv("PYTHONPATH", HOME)

    def run(
        *arguments: str, script: str = MAIN, stdout: int = subprocess.PIPE, **settings: str
    ) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **settings},
            check=False,
        )
        return Outcome(done.returncode, done.stdout or "", done.stderr)

    return run


TRAINED = {
    "wine": """\
name: grower
inputs: {row: [13]}
layers:
  - Dense: {name: hidden, units: 8, activation: relu}
  - Dense: {name: head, units: $classes, activation: softmax}
train: {data: wine, loss: sparse_categorical_crossentropy, metrics: [accuracy], epochs: 1}
""",
    "digits": """\
name: pictures
inputs: {image: [8, 8, 1]}
layers:
  - Conv2D: {name: seen, filters: 4, kernel_size: 3, activation: relu}
  - BatchNormalization: {name: normal}
  - Flatten
  - Dropout: {rate: 0.2}
  - Dense: {name: head, units: $classes, activation: softmax}
train: {data: digits, loss: sparse_categorical_crossentropy, metrics: [accuracy], epochs: 1}
""",
    "diabetes": """\
name: progress
inputs: {row: [10]}
layers:
  - Dense: {name: hidden, units: 8, activation: relu}
  - Dense: {name: value, units: 1}
train: {data: diabetes, loss: mean_squared_error, metrics: [mean_absolute_error], epochs: 1}
""",
    "towers": """\
name: towers
inputs: {image: [4, 4, 3], table: [3]}
layers:
  - Flatten: {name: flat, inputs: image}
  - Concatenate: {name: both, inputs: [flat, table]}
  - Dense: {name: kind, units: 3, activation: softmax}
  - Dense: {name: price, units: 1, inputs: both}
outputs: [kind, price]
train:
  data: {npz: towers.npz}
  loss: {kind: sparse_categorical_crossentropy, price: mean_squared_error}
  metrics: {kind: [accuracy]}
  epochs: 1
""",
    "words": """\
name: verdict
inputs: {words: {shape: [6], dtype: int32}}
layers:
  - Embedding: {input_dim: 20, output_dim: 4}
  - LSTM: {units: 3}
  - Dense: {name: head, units: 1, activation: sigmoid}
train: {data: {npz: words.npz}, loss: binary_crossentropy, metrics: [accuracy], epochs: 1}
""",
    "table": """\
name: buyers
inputs: {row: [2]}
layers:
  - Dense: {name: head, units: $classes, activation: softmax}
train:
  data: {csv: table.csv, target: bought}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  epochs: 1
""",
}
"""Specs that are trained in a second, each with another kind of data."""


def write_data(folder: Path) -> None:
    """Write the files that some of the specs are trained on."""
    import numpy as np

    rng = np.random.default_rng(0)
    towers, words = {}, {}
    for part, count in (("train", 40), ("test", 10)):
        towers[f"x_{part}_image"] = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
        towers[f"x_{part}_table"] = rng.random((count, 3), dtype=np.float32)
        towers[f"y_{part}_kind"] = rng.integers(0, 3, count)
        towers[f"y_{part}_price"] = rng.random(count, dtype=np.float32)
        words[f"x_{part}"] = rng.integers(0, 20, (count, 6), dtype=np.int32)
        words[f"y_{part}"] = np.arange(count) % 2
    np.savez(folder / "towers.npz", **towers)
    np.savez(folder / "words.npz", **words)
    rows = (f"{i % 11},{i % 7},{'yes' if i % 2 else 'no'}" for i in range(60))
    (folder / "table.csv").write_text("a,b,bought\n" + "\n".join(rows) + "\n")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a run, trained once; whoever changes it takes a copy."""
    from functools import cache

    home = tmp_path_factory.mktemp("trained")
    write_data(home)

    @cache
    def folder_of(name: str) -> Path:
        from hornbook.compiler.needs import training_of
        from hornbook.runtime.data import load_data
        from hornbook.runtime.session import start
        from hornbook.specs.data import resolve
        from hornbook.specs.load import load

        path = home / f"{name}.yaml"
        path.write_text(TRAINED[name])
        named = training_of(load(path)).data
        assert named is not None
        data = load_data(resolve(named, home))
        run = home / f"{name}_run"
        run.mkdir()
        start(run, load(path, classes=data.classes), data)
        return run

    return folder_of
