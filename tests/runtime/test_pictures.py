"""Pictures that stay on the disk train as those that are held, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hornbook.runtime.data import DataSet, load_data, pictures
from hornbook.runtime.data.pictures import Pictures
from hornbook.runtime.evaluation import evaluate_run
from hornbook.runtime.report import write_report
from hornbook.runtime.runs import named_folder
from hornbook.runtime.session import resume, start
from hornbook.runtime.train import Trained, train
from hornbook.specs.data import ImagesData
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import Spec, load
from hornbook.specs.overrides import Override
from hornbook.specs.yaml import read_text

pytestmark = pytest.mark.keras

NET = """
name: net
inputs: {image: [6, 5, 3]}
layers:
  - Conv2D: {filters: 2, kernel_size: 3}
  - BatchNormalization
  - Flatten
  - Dropout: {rate: 0.2}
  - Dense: {units: 3, activation: softmax}
train:
  data: {images: FOLDER, size: [6, 5]}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  epochs: 3
  batch_size: 4
  validation: 0.2
"""
EACH = 11


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for name in ("cat", "dog", "emu"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(EACH):
            pixels = random.integers(0, 256, (7, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number:02}.png")
    return tmp_path / "pets"


def spec(folder: Path, *overrides: str) -> Spec:
    text = NET.replace("FOLDER", str(folder))
    return load(read_text(text), overrides=[Override(f"train.{one}") for one in overrides])


def data(folder: Path, **changes: object) -> DataSet:
    return load_data(ImagesData(images=str(folder), size=(6, 5), **changes))  # type: ignore[arg-type]


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "budget", lambda: 0)


def bits(trained: Trained) -> dict[str, bytes]:
    variables = [*trained.model.variables, *trained.model.optimizer.variables]
    return {str(number): np.asarray(one).tobytes() for number, one in enumerate(variables)}


def test_only_pictures_beyond_the_budget_stay_on_the_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = 3 * EACH * 6 * 5 * 3
    monkeypatch.setattr(pictures, "budget", lambda: needed)
    held = data(folder)
    assert isinstance(held.x_train, np.ndarray)
    monkeypatch.setattr(pictures, "budget", lambda: needed - 1)
    read = data(folder)
    assert isinstance(read.x_train, Pictures)
    assert not held.notes[1:]
    assert f"held, the pictures would take {needed:,} bytes" in read.notes[-1]
    assert (read.x_train.shape, read.x_train.dtype) == (held.x_train.shape, held.x_train.dtype)
    for index in (0, 5, slice(2, 9), np.array([3, 1, 3])):
        assert (read.x_train[index] == held.x_train[index]).all()
    assert (read.x_test.held() == held.x_test).all()
    assert read.fingerprint == held.fingerprint
    assert pictures.budget.__name__ == "<lambda>"


def test_the_budget_is_a_part_of_the_memory() -> None:
    assert 0 < pictures.budget() <= pictures.MAX_BYTES


@pytest.mark.parametrize("loop", ["fit", "tape"])
@pytest.mark.parametrize("more", [(), ("validation=test", "jit_compile=true")], ids=["", "xla"])
def test_both_ways_train_alike(
    folder: Path, loop: str, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = train(spec(folder, *more), data(folder), loop=loop)
    monkeypatch.setattr(pictures, "budget", lambda: 0)
    read = train(spec(folder, *more), data(folder), loop=loop)
    assert read.history.epochs == held.history.epochs
    if more:  # XLA compiles a whole chunk of the one, and single steps of the other
        assert read.test["loss"] == pytest.approx(held.test["loss"], rel=0.02)
        return
    assert bits(read) == bits(held)
    assert (read.history, read.test) == (held.history, held.test)


@pytest.mark.parametrize("loop", ["fit", "tape"])
def test_a_run_goes_on_from_the_disk_where_it_was_in_its_epoch(
    folder: Path, tmp_path: Path, loop: str, on_disk: None
) -> None:
    from hornbook.runtime.saver import Every
    from hornbook.runtime.session import Manner

    whole = start(named_folder(tmp_path / "whole"), spec(folder), data(folder), loop=loop)[1]

    class Stops:
        def __init__(self, manner: Manner) -> None:
            self.manner, self.left = manner, 7

        def began(self, *_: object) -> None: ...
        def epoch_began(self, *_: object) -> None: ...
        def epoch_ended(self, *_: object) -> None: ...
        def step_ended(self, *_: object) -> None:
            self.left -= 1
            if not self.left:
                self.manner.stop.set()

    manner = Manner(every=Every(None, 1))
    object.__setattr__(manner, "watcher", Stops(manner))
    with pytest.raises(KeyboardInterrupt):
        start(named_folder(tmp_path / "part"), spec(folder), data(folder), loop=loop, manner=manner)
    run, told = resume(tmp_path / "part")
    assert bits(told) == bits(whole)
    assert told.history == whole.history
    found = evaluate_run(run, part="all")
    assert found.examples == 3 * EACH
    write_report(run, told.built, told.tested)
    assert "data:image/png" in (tmp_path / "part" / "report.html").read_text()
    kept = json.loads((tmp_path / "part" / "run.json").read_text())
    assert kept["fingerprint"] == data(folder).fingerprint


def test_a_picture_that_goes_bad_during_a_training_is_named(folder: Path, on_disk: None) -> None:
    found = data(folder)
    bad = found.x_train.paths[3]
    Path(bad).write_bytes(b"no picture any more")
    with pytest.raises(SpecError) as caught:
        train(spec(folder), found)
    (one,) = caught.value.diagnostics
    assert one.code == "HB601"
    assert str(bad) in one.message


def test_pictures_of_another_size_are_told_before_the_training(folder: Path, on_disk: None) -> None:
    odd = folder / "emu" / "10.png"
    Image.new("RGB", (9, 9)).save(odd)
    with pytest.raises(SpecError) as caught:
        load_data(ImagesData(images=str(folder)))
    (one,) = caught.value.diagnostics
    assert one.code == "HB602"
    assert str(odd) in one.message


def test_the_first_bad_picture_is_told_however_many_are_decoded_at_a_time(folder: Path) -> None:
    for name in ("emu/01.png", "dog/04.png", "dog/07.png"):
        (folder / name).write_bytes(b"damaged")
    for _ in range(5):
        with pytest.raises(SpecError) as caught:
            data(folder)
        assert "dog/04.png" in caught.value.diagnostics[0].message
