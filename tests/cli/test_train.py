"""`hornbook train`: what is seen of it, and how it ends when it cannot go on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.keras


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the environment as it was."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")


def test_a_whole_training(hornbook, small) -> None:
    done = hornbook("train", small)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    (run,) = Path("runs").iterdir()
    assert re.fullmatch(r"small-\d{8}-\d{6}", run.name)
    assert re.fullmatch(r"by     oneDNN (on|off), intra_op threads \d+", lines.pop(2))
    assert lines[:4] == [
        "model  small: 139 parameters, functional, seed 0",
        "loop   fit: 2 epochs in batches of 32",
        f"run    {run}",
        "data   wine: 142 examples to train on, 36 to test",
    ]
    assert lines[5].split() == ["epoch", "time", "loss", "accuracy"]
    assert [line.split()[0] for line in lines[6:8]] == ["1/2", "2/2"]
    assert re.fullmatch(r"trained 2 epochs in [\d.]+s", lines[9])
    assert any("⠉" in line or "⠒" in line or "⠤" in line for line in lines)
    assert re.fullmatch(r"test loss \d\.\d{4}", lines[-2])
    assert re.fullmatch(r"test accuracy [01]\.\d{4}", lines[-1])
    assert "\x1b" not in done.out


def test_quiet_prints_the_result_alone_in_every_style_and_loop(hornbook, small) -> None:
    results = {
        hornbook("train", small, "--quiet", "--style", style, "--loop", loop).out
        for style, loop in [("functional", "fit"), ("sequential", "tape"), ("subclassed", "tape")]
    }
    (result,) = results
    assert [line.split()[:2] for line in result.splitlines()] == [
        ["test", "loss"],
        ["test", "accuracy"],
    ]


def test_values_from_the_command_line(hornbook, small) -> None:
    done = hornbook(
        "train",
        small,
        "--epochs",
        "1",
        "--batch-size",
        "50",
        "--seed",
        "7",
        "--set",
        "validation=0.5",
    )
    assert "seed 7" in done.out
    assert "1 epoch in batches of 50" in done.out
    assert "71 examples to train on, 71 to validate, 36 to test" in done.out
    assert "•" not in done.out  # one epoch makes no curve


def own(folder: Path, classes: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 13)).astype(np.float32)
    y = np.arange(40) % classes
    np.savez(folder / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)


def test_the_spec_follows_the_data(hornbook, small, folder: Path) -> None:
    """13 inputs, 8 and n units: 112 + 9 n parameters."""
    for classes in (2, 10, 17):
        own(folder, classes)
        done = hornbook("train", small, "--data", "own.npz", "--epochs", "1")
        assert (done.code, done.err) == (0, "")
        assert f"small: {112 + 9 * classes} parameters" in done.out


def test_a_net_that_the_data_alone_can_complete_is_not_refused_before(
    hornbook, small, folder: Path
) -> None:
    own(folder, 3)
    text = Path(small).read_text().replace("data: wine", "data: {npz: own.npz}")
    hidden = "  - Dense: {units: $classes * 2}\n  - Reshape: {target_shape: [3, 2]}\n  - Flatten\n"
    first = "  - Dense: {units: 8, activation: relu}\n"
    assert first in text
    Path(small).write_text(text.replace(first, hidden))
    done = hornbook("train", small, "--no-run", "--epochs", "1")
    assert (done.code, done.err) == (0, "")


def test_a_path_in_a_spec_starts_at_its_folder(
    hornbook, small, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "own.yaml").write_text(
        Path(small).read_text().replace("data: wine", "data: {npz: own.npz}")
    )
    own(inner, 4)
    assert hornbook("train", "inner/own.yaml", "--epochs", "1").code == 0
    own(folder, 5)
    monkeypatch.chdir(inner)
    done = hornbook("train", "own.yaml", "--epochs", "1", "--data", "../own.npz")
    assert f"{112 + 9 * 5} parameters" in done.out


def test_a_table(hornbook, small, folder: Path) -> None:
    rows = "\n".join(f"{i},{i % 7},{'yes' if i % 2 else 'no'}" for i in range(60))
    (folder / "table.csv").write_text("a,b,bought\n" + rows)
    (folder / "table.yaml").write_text(Path(small).read_text().replace("[13]", "[2]"))
    done = hornbook(
        "train", "table.yaml", "--data", "table.csv", "--target", "bought", "--epochs", "1"
    )
    assert done.code == 0
    assert "note   a fifth of the rows is held out to test: 12" in done.out
    assert hornbook("train", "table.yaml", "--data", "table.csv").code == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--style", "sequential", "--set", "layers.1.Dense.inputs=row"], "HB303"),
        (["--data", "nowhere.npz"], "HB601"),
        (["--data", "wines"], "HB205"),
        (["--max-params", "10"], "HB407"),
    ],
)
def test_what_cannot_be_trained_says_so_and_nothing_else(
    hornbook, small, arguments: list[str], code: str
) -> None:
    done = hornbook("train", small, *arguments)
    assert (done.code, done.out) == (1, "")
    assert f"error[{code}]" in done.err


def test_a_spec_without_settings_cannot_be_trained(hornbook, folder: Path) -> None:
    (folder / "bare.yaml").write_text("name: bare\ninputs: {row: [3]}\nlayers: [Flatten]\n")
    done = hornbook("train", "bare.yaml")
    assert (done.code, done.out) == (1, "")
    assert "error[HB507]: training needs settings" in done.err


def test_findings_without_data_come_before_tensorflow(apart, small) -> None:
    script = (
        "import atexit, sys\n"
        "from hornbook.cli import main\n"
        "atexit.register(lambda: print('tensorflow' in sys.modules))\n"
        "main()"
    )
    for arguments in (["--max-params", "10"], ["--data", "nowhere.npz"]):
        done = apart("train", small, *arguments, script=script)
        assert (done.code, done.out) == (1, "False\n")


def test_no_network_is_a_diagnostic(
    hornbook, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    import keras

    def fail(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure on https://example.org")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    done = hornbook("train", "mnist")
    assert (done.code, done.out) == (1, "")
    assert "error[HB604]" in done.err
    assert "--data" in done.err


def test_a_loss_that_is_not_finite(hornbook, small) -> None:
    done = hornbook(
        "train",
        small,
        "--set",
        "optimizer={SGD: {learning_rate: 1e30}}",
        "--set",
        "loss=mean_squared_error",
        "--set",
        "layers.1.Dense={units: 1}",
        "--set",
        "metrics=[]",
        "--data",
        "diabetes",
        "--set",
        "inputs.row=[10]",
    )
    assert done.code == 1
    assert "error[HB701]: the loss became" in done.err
    assert "likely cause: " in done.err
    assert "test" not in done.out.splitlines()[-1]


INTERRUPTING = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from hornbook.cli import main
from hornbook.cli.progress import View
View.epoch_ended = lambda *_: signal.raise_signal(signal.SIGINT)
main()
"""


def test_an_interruption_is_one_line_and_tensorflow_says_nothing(
    apart, small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    done = apart("train", small, "--no-run", script=INTERRUPTING)
    assert done.code == 130
    assert done.err == "interrupted in epoch 1 of 2; nothing was saved\n"
    assert not Path("runs").exists()


def test_an_interruption_writes_a_state_and_says_how_to_go_on(apart, small) -> None:
    whole = apart("train", small, "--quiet", "--run", "whole")
    done = apart("train", small, "--run", "cut", script=INTERRUPTING)
    assert done.code == 130
    assert done.err.splitlines() == [
        "ending after this step; once more ends it at once",
        "interrupted in epoch 1 of 2; go on with",
        "  hornbook resume cut",
    ]
    again = apart("resume", "cut", "--quiet")  # a process that has other threads would warn of it
    assert (again.code, again.err, again.out) == (0, "", whole.out)
    for name in ("weights.safetensors", "metrics.jsonl"):
        assert Path("cut", name).read_bytes() == Path("whole", name).read_bytes()
