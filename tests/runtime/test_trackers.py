"""Trackers follow a run in both loops, and change nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.keras

SPEC = """\
name: tracked
inputs: {row: [13]}
layers:
  - Dense: {units: 3, activation: softmax}
train: {data: wine, loss: sparse_categorical_crossentropy, metrics: [accuracy], epochs: 2}
"""


def trained(folder: Path, *trackers: str, loop: str = "fit", epochs: int = 2) -> bytes:
    """Train, and return the weights."""
    from hornbook.runtime.data import load_data
    from hornbook.runtime.session import Manner, start
    from hornbook.specs.load import load
    from hornbook.specs.yaml import read_text

    spec = load(read_text(SPEC.replace("epochs: 2", f"epochs: {epochs}"), "spec.yaml"))
    folder.mkdir()
    start(folder, spec, load_data("wine"), loop=loop, manner=Manner(trackers=trackers))
    return (folder / "weights.safetensors").read_bytes()


def test_a_tracker_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hornbook.runtime import trackers
    from hornbook.specs.diagnostics import SpecError

    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    with pytest.raises(SpecError) as caught:
        trained(tmp_path / "run", "wandb", "mlflow")
    assert [one.code for one in caught.value.diagnostics] == ["HB909", "HB909"]
    assert caught.value.diagnostics[0].help == "pip install 'hornbook[wandb]'"


def test_a_tracker_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hornbook.runtime import trackers
    from hornbook.specs.diagnostics import SpecError

    def refuse(run: Any) -> Any:
        raise RuntimeError("no such server")

    monkeypatch.setattr(trackers, "find_spec", lambda _: True)
    monkeypatch.setitem(
        trackers.TRACKERS, "wandb", trackers.Tracker("Weights & Biases", "wandb", refuse)
    )
    with pytest.raises(SpecError) as caught:
        trained(tmp_path / "run", "wandb")
    (one,) = caught.value.diagnostics
    assert one.message == f"Weights & Biases cannot follow `{tmp_path / 'run'}`: no such server"
    assert one.code == "HB910"


@pytest.mark.parametrize("loop", ["fit", "tape"])
def test_callbacks_of_others_are_told_of_every_epoch(tmp_path: Path, loop: str) -> None:
    """By the callback of TensorBoard, which Keras brings."""
    pytest.importorskip("tensorboard")
    from tensorflow.compat.v1.train import summary_iterator

    followed = trained(tmp_path / "run", "tensorboard", loop=loop)
    assert followed == trained(tmp_path / "alone", loop=loop)
    (path,) = (tmp_path / "run" / "tensorboard" / "train").iterdir()
    written = [
        (event.step, value.tag)
        for event in summary_iterator(str(path))
        for value in event.summary.value
    ]
    assert {(0, "epoch_loss"), (1, "epoch_loss"), (1, "epoch_accuracy")} <= set(written)


def test_mlflow_keeps_one_run_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    from hornbook.runtime.session import Manner, resume

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    trained(tmp_path / "run", "mlflow", epochs=1)
    resume(tmp_path / "run", epochs=2, manner=Manner(trackers=("mlflow",)))
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert [one.step for one in history] == [0, 1]


def test_weights_and_biases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    assert trained(tmp_path / "run", "wandb") == trained(tmp_path / "alone")
    assert list((tmp_path / "run" / "wandb").glob("offline-run-*"))
