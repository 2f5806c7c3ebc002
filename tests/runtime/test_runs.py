"""Runs that are stopped go on as if they had not been, and what cannot go on says why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.keras

SPEC = """\
name: hard
inputs: {image: [8, 8, 1]}
layers:
  - RandomTranslation: {height_factor: 0.1, width_factor: 0.1}
  - Conv2D: {filters: 4, kernel_size: 3}
  - BatchNormalization
  - ReLU
  - Flatten
  - Dropout: {rate: 0.3}
  - Dense: {units: 10, activation: softmax}
train:
  data: digits
  epochs: 3
  batch_size: 128
  seed: 3
  validation: 0.1
  optimizer: {Adam: {use_ema: true, ema_momentum: 0.9}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  callbacks:
    - EarlyStopping: {monitor: val_loss, patience: 2, restore_best_weights: true}
    - ReduceLROnPlateau: {monitor: val_loss, patience: 1}
"""
STEPS = 11
"""In an epoch: 1,295 examples in batches of 128."""
SMALL = """\
name: small
inputs: {row: [13]}
layers:
  - Dense: {units: 4, activation: relu}
  - Dense: {units: 3, activation: softmax}
train: {data: wine, loss: sparse_categorical_crossentropy, metrics: [accuracy], epochs: 2}
"""


class StopAfter:
    """Stops a training after a number of steps, as Ctrl-C does."""

    def __init__(self, manner: Any, steps: int) -> None:
        self.manner, self.left = manner, steps

    def began(self, examples: Any, epochs: int) -> None:
        """Do nothing."""

    def epoch_began(self, epoch: int) -> None:
        """Do nothing."""

    def step_ended(self, step: int, logs: Mapping[str, float]) -> None:
        self.left -= 1
        if not self.left:
            self.manner.stop.set()

    def epoch_ended(self, epoch: int, seconds: float, logs: Mapping[str, float]) -> None:
        """Do nothing."""


def begin(text: str, folder: Path, loop: str = "fit", stop: int = 0, **more: Any) -> None:
    """Train in a folder, to the end or to a step."""
    from dataclasses import replace

    from hornbook.runtime.data import load_data
    from hornbook.runtime.saver import Every
    from hornbook.runtime.session import Manner, start
    from hornbook.specs.load import load
    from hornbook.specs.yaml import read_text

    folder.mkdir(parents=True)
    path = folder.with_suffix(".yaml")
    path.write_text(text)
    spec = load(read_text(text, str(path)))
    data = load_data(spec.model.train.data)
    spec = load(read_text(text, str(path)), classes=data.classes)
    manner = Manner(log_every=4, every=Every(None, 3))
    if not stop:
        start(folder, spec, data, loop=loop, manner=manner, **more)
        return
    manner = replace(manner, watcher=StopAfter(manner, stop))
    with pytest.raises(KeyboardInterrupt):
        start(folder, spec, data, loop=loop, manner=manner, **more)


def go_on(folder: Path, epochs: int | None = None) -> list[str]:
    """Resume, and return the codes of the warnings."""
    from hornbook.runtime.saver import Every
    from hornbook.runtime.session import Manner, resume

    found: list[str] = []
    manner = Manner(log_every=4, every=Every(None, 3), warn=lambda one: found.append(one.code))
    resume(folder, epochs=epochs, manner=manner)
    return found


def remains(folder: Path) -> dict[str, Any]:
    """Return what a run leaves behind, without what tells the time."""
    last = max((folder / "checkpoints").iterdir())
    about = json.loads((last / "state.json").read_text())
    del about["seconds"]
    files = ("weights.safetensors", "metrics.jsonl", "resolved.yaml")
    return {
        **{name: (folder / name).read_bytes() for name in files},
        **{
            name: (last / name).read_bytes()
            for name in ("weights.safetensors", "state.safetensors")
        },
        "about": about,
        "test": json.loads((folder / "result.json").read_text())["test"],
    }


@pytest.fixture(scope="module", params=["fit", "tape"])
def whole(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A run that was never stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    begin(SPEC, folder, request.param)
    return request.param, folder


@pytest.mark.parametrize("stop", [1, STEPS, STEPS + 5])
def test_a_stopped_run_ends_as_if_it_had_not_been(whole, tmp_path: Path, stop: int) -> None:
    """Dropout, augmentation, BatchNormalization, Adam with averages, and callbacks that count."""
    loop, reference = whole
    begin(SPEC, tmp_path / "run", loop, stop)
    assert not (tmp_path / "run" / "weights.safetensors").exists()
    assert go_on(tmp_path / "run") == []
    assert remains(tmp_path / "run") == remains(reference)


def test_the_loops_leave_the_same_behind(whole, tmp_path: Path) -> None:
    loop, reference = whole
    begin(SPEC, tmp_path / "run", {"fit": "tape", "tape": "fit"}[loop])
    found, expected = remains(tmp_path / "run"), remains(reference)
    assert found["about"].pop("loop") != expected["about"].pop("loop")
    assert found == expected


def test_a_run_goes_on_for_longer(tmp_path: Path) -> None:
    begin(SMALL, tmp_path / "long" / "run")
    go_on(tmp_path / "long" / "run", epochs=4)
    begin(SMALL.replace("epochs: 2", "epochs: 4"), tmp_path / "run")
    found, expected = remains(tmp_path / "long" / "run"), remains(tmp_path / "run")
    assert found == expected
    assert [
        json.loads(line)["epoch"]
        for line in found["metrics.jsonl"].splitlines()
        if b"steps" in line
    ] == [1, 2, 3, 4]


def test_every_line_is_there_once_and_in_order(whole) -> None:
    _, folder = whole
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_bytes().splitlines()]
    places = [
        (line["epoch"], line.get("step", line.get("steps")), "steps" in line) for line in lines
    ]
    assert places == sorted(places)
    steps = [step for _, step, ended in places if not ended]
    assert steps == list(range(4, 4 * len(steps) + 1, 4))
    assert [step for _, step, ended in places if ended] == [STEPS, 2 * STEPS, 3 * STEPS]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ended") / "run"
    begin(SMALL, folder)
    return folder


@pytest.fixture
def copy(ended: Path, tmp_path: Path) -> Path:
    """A run of one's own to break."""
    return Path(shutil.copytree(ended, tmp_path / "run"))


def refused(folder: Path) -> Any:
    from hornbook.specs.diagnostics import SpecError

    with pytest.raises(SpecError) as caught:
        go_on(folder)
    (one,) = caught.value.diagnostics
    return one


def newest(folder: Path) -> list[Path]:
    return sorted((folder / "checkpoints").iterdir(), reverse=True)


def edit(path: Path, change: Callable[[str], str]) -> None:
    old = path.read_text()
    new = change(old)
    assert new != old
    path.write_text(new)


def test_what_is_no_run(tmp_path: Path) -> None:
    assert refused(tmp_path).message == f"`{tmp_path}` is no run: it has no `run.json`"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "null", '{"format": 1}', '{"format": 1, "x": 2}']
)
def test_a_damaged_run(copy: Path, text: str) -> None:
    (copy / "run.json").write_text(text)
    assert refused(copy).code == "HB901"


def test_a_run_of_another_format(copy: Path) -> None:
    edit(copy / "run.json", lambda text: text.replace('"format": 1', '"format": 9'))
    assert refused(copy).message == f"`{copy}` is a run of format 9, expected 1"


def test_a_broken_checkpoint_is_passed_over(copy: Path, ended: Path) -> None:
    with open(newest(copy)[0] / "weights.safetensors", "r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    assert go_on(copy) == ["HB902"]
    assert remains(copy) == remains(ended)
    first, *older = newest(copy)
    first.joinpath("manifest.json").write_text("{")
    for one in older:
        (one / "manifest.json").unlink()
    one = refused(copy)
    assert one.code == "HB902"
    assert [note.message.split(": ")[1] for note in one.notes] == [
        "its manifest is damaged",
        *["it has no manifest that can be read"] * len(older),
    ]


def test_a_state_of_another_spec(copy: Path) -> None:
    edit(copy / "resolved.yaml", lambda text: text.replace("units: 4", "units: 5"))
    one = refused(copy)
    assert one.code == "HB905"
    assert [note.message for note in one.notes] == [
        "-  - Dense: {units: 4, activation: relu}",
        "+  - Dense: {units: 5, activation: relu}",
    ]


def test_other_data(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 13)).astype(np.float32), np.arange(40) % 3
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    begin(SMALL.replace("data: wine", f"data: {{npz: {tmp_path / 'own.npz'}}}"), tmp_path / "run")
    np.savez(tmp_path / "own.npz", x_train=x + 1, y_train=y, x_test=x, y_test=y)
    assert refused(tmp_path / "run").code == "HB904"


def test_lines_that_are_gone(copy: Path) -> None:
    edit(copy / "metrics.jsonl", lambda text: text[:-1])
    assert refused(copy).code == "HB906"


def test_lines_that_are_too_many_are_written_again(copy: Path, ended: Path) -> None:
    with open(copy / "metrics.jsonl", "a") as file:
        file.write('{"epoch": 9, "st')
    assert go_on(copy) == []
    assert remains(copy) == remains(ended)


def test_two_at_once(copy: Path) -> None:
    from hornbook.runtime.runs import open_run

    with open_run(copy).held():
        assert refused(copy).code == "HB907"
    assert go_on(copy) == []


def test_another_environment(copy: Path) -> None:
    edit(copy / "run.json", lambda text: text.replace('"python": "', '"python": "1.'))
    assert go_on(copy) == ["HB908"]


def test_a_run_without_a_state_begins_anew(copy: Path, ended: Path) -> None:
    shutil.rmtree(copy / "checkpoints")
    assert go_on(copy) == []
    assert remains(copy) == remains(ended)


def test_other_first_weights_are_kept_before_the_first_step(tmp_path: Path) -> None:
    def zero(built: Any) -> None:
        for one in built.model.weights:
            one.assign(0 * one)

    begin(SMALL, tmp_path / "whole" / "run", initial=("zeros", zero))
    begin(SMALL, tmp_path / "run", stop=1, initial=("zeros", zero))
    for folder in (tmp_path / "run" / "checkpoints").iterdir():
        if folder.name != "000000000":
            shutil.rmtree(folder)
    go_on(tmp_path / "run")
    assert remains(tmp_path / "run") == remains(tmp_path / "whole" / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    assert refused(tmp_path / "run").message.endswith("with weights from `zeros`")


def test_the_weights_fit_every_style(ended: Path) -> None:
    import keras

    from hornbook.runtime.runs import open_run

    run = open_run(ended)
    x = keras.ops.convert_to_tensor(np.random.default_rng(0).standard_normal((5, 13)), "float32")
    outputs = [
        np.asarray(run.built(style).model(x))
        for style in ("sequential", "functional", "subclassed")
    ]
    assert all((one == outputs[0]).all() for one in outputs)


def test_no_folder_is_taken_twice(tmp_path: Path) -> None:
    from hornbook.runtime.runs import new_folder

    assert len({new_folder("a", tmp_path) for _ in range(3)}) == 3


def test_a_full_disk_at_the_end_says_how_much_room_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    from hornbook.runtime import durable
    from hornbook.specs.diagnostics import SpecError

    real = durable.write
    full = False

    def write(descriptor: int, data: memoryview) -> int:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    monkeypatch.setattr(durable, "write", write)

    def fill(_: Any) -> None:
        nonlocal full
        full = True

    with pytest.raises(SpecError) as caught:
        begin(SMALL, tmp_path / "run", initial=("elsewhere", fill))
    (one,) = caught.value.diagnostics
    assert (one.code, one.severity) == ("HB903", "error")
    assert "the disk is full" in one.message
    assert not (tmp_path / "run" / "weights.safetensors").exists()


def test_a_longer_run_that_is_stopped_has_not_ended(copy: Path) -> None:
    from dataclasses import replace

    from hornbook.runtime.runs import open_run
    from hornbook.runtime.session import Manner, resume
    from hornbook.specs.diagnostics import SpecError

    manner = Manner()
    manner = replace(manner, watcher=StopAfter(manner, 2))
    with pytest.raises(KeyboardInterrupt):
        resume(copy, epochs=4, manner=manner)
    assert open_run(copy).result() is None
    with pytest.raises(SpecError, match="has not ended yet"):
        open_run(copy).built()
    go_on(copy)
    assert len(open_run(copy).history()["loss"]) == 4
    assert open_run(copy).result() is not None


@pytest.mark.parametrize("nth", range(1, 12))
def test_a_run_begins_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Whichever write is the last, the name is free for another try, or the run is there."""
    from hornbook.runtime import durable
    from hornbook.runtime.runs import free_folder, open_run, runs_in

    class Killed(BaseException):
        """Nothing is done after it."""

    left = nth

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return real(*arguments)

        return call

    for name in ("write", "sync", "rename"):
        monkeypatch.setattr(durable, name, counted(getattr(durable, name)))
    try:
        begin(SMALL, tmp_path / "runs" / "run")
    except Killed:
        monkeypatch.undo()
        if [run.folder.name for run in runs_in(tmp_path / "runs")] == ["run"]:
            assert open_run(tmp_path / "runs" / "run").spec().name == "small"
        else:
            free_folder(tmp_path / "runs" / "run")
    else:
        raise AssertionError("all was written")


def test_a_run_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hornbook.runtime.runs import open_run

    home = tmp_path / "home"
    begin(SMALL, home / "first")
    (home / "run").mkdir()
    monkeypatch.chdir(home / "run")
    from hornbook.runtime.data import load_data
    from hornbook.runtime.session import start
    from hornbook.specs.load import load

    start(Path(), load(str(home / "first" / "spec.yaml"), classes=3), load_data("wine"))
    assert open_run(Path()).result() is not None


@pytest.mark.parametrize("loop", ["fit", "tape"])
def test_a_run_whose_data_is_named_from_where_its_spec_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    from typer.testing import CliRunner

    from hornbook.cli.app import application

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 13)).astype(np.float32), np.arange(40) % 3
    home = tmp_path / "home"
    home.mkdir()
    np.savez(home / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    (home / "own.yaml").write_text(SMALL.replace("data: wine", "data: {npz: own.npz}"))
    monkeypatch.chdir(home)
    call = ["train", "own.yaml", "--run", "run", "--loop", loop, "--quiet", "--no-report"]
    assert CliRunner().invoke(application(), call).exit_code == 0
    monkeypatch.chdir(tmp_path)
    assert go_on(home / "run", epochs=3) == []
    (home / "own.npz").rename(tmp_path / "moved.npz")
    edit(home / "run" / "resolved.yaml", lambda text: text.replace("home/own.npz", "moved.npz"))
    assert go_on(home / "run", epochs=4) == []


def test_a_run_goes_on_at_the_pace_that_it_was_begun_with(tmp_path: Path) -> None:
    from hornbook.runtime.runs import open_run
    from hornbook.runtime.session import resume

    begin(SMALL, tmp_path / "whole")
    begin(SMALL, tmp_path / "run", stop=3)
    info = open_run(tmp_path / "run").info
    assert (info.every_seconds, info.every_steps, info.log_every) == (None, 3, 4)
    resume(tmp_path / "run")
    whole, run = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "run"))
    assert run == whole
    assert b'"step": 4' in run


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("style", "rough"),
        ("loop", ["fit"]),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", True),
        ("environment", "x"),
        ("environment", {"python": 3}),
        ("command", 7),
        ("scaling", {"offset": 0}),
        ("scaling", {"offset": 0, "scale": [[]]}),
        ("scaling", "x"),
        ("log_every", 0),
    ],
)
def test_a_run_about_which_something_wrong_is_written(copy: Path, key: str, value: Any) -> None:
    edit(copy / "run.json", lambda text: json.dumps({**json.loads(text), key: value}))
    one = refused(copy)
    assert (one.code, one.message) == ("HB901", f"`{copy / 'run.json'}` is damaged")


@pytest.mark.parametrize(
    "text",
    [
        '{"test": {"loss": null}, "epochs": 1, "seconds": [], "ended": ""}',
        "[]",
        "null",
        "[" * 100_000,
        '{"test": 1}',
        '{"test": {}, "epochs": 1, "seconds": ["x"]}',
    ],
    ids=["nothing", "list", "null", "deep", "number", "part"],
)
def test_a_result_that_cannot_be_read_is_none(copy: Path, text: str) -> None:
    from hornbook.runtime.runs import open_run

    (copy / "result.json").write_text(text)
    assert open_run(copy).result() is None


@pytest.mark.parametrize(
    "line",
    [
        '{"epoch": 1, "steps": 11, "loss": "x"}',
        '{"epoch": 1, "steps": 11, "loss": true}',
        '{"epoch": 1.5, "steps": 11, "loss": 1}',
        '{"epoch": null, "steps": 11, "loss": 1}',
        '{"epoch": 1, "steps": Infinity, "loss": 1}',
        '{"loss": 1}',
        "[" * 100_000,
    ],
)
def test_a_line_that_nobody_wrote(copy: Path, line: str) -> None:
    from hornbook.runtime.runs import open_run
    from hornbook.specs.diagnostics import SpecError

    (copy / "metrics.jsonl").write_text(line + "\n")
    with pytest.raises(SpecError) as caught:
        open_run(copy).history()
    assert caught.value.diagnostics[0].message == f"line 1 of `{copy / 'metrics.jsonl'}` is damaged"


def test_an_epoch_without_one_of_the_numbers(copy: Path) -> None:
    from hornbook.runtime.report.charts import curves
    from hornbook.runtime.runs import open_run

    lines = ['{"epoch": 1, "steps": 11, "loss": 1e308}', '{"epoch": 2, "steps": 22, "acc": 1}', ""]
    (copy / "metrics.jsonl").write_text("\n".join(lines))
    history = open_run(copy).history()
    np.testing.assert_equal(history, {"loss": [1e308, np.nan], "acc": [np.nan, 1.0]})
    assert [len(one.training) for one in curves(history)] == [2, 2]
