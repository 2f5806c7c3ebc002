"""A training goes on exactly where it was: after a kill, and after any call that fails."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hornbook.runtime import durable

pytestmark = pytest.mark.keras

DRIVER = Path(__file__).with_name("drive.py")
STEP = int(os.environ.get("HORNBOOK_FAILURES", "11"))
"""One in so many calls fails; 1 lets each of them fail in its turn."""
CALLS = 95
"""At least as many as the training below makes."""
SPEC = """\
name: small
inputs: {row: [13]}
layers:
  - Dense: {units: 4, activation: relu}
  - BatchNormalization
  - Dropout: {rate: 0.3}
  - Dense: {units: 3, activation: softmax}
train: {data: wine, loss: sparse_categorical_crossentropy, metrics: [accuracy], epochs: 2, seed: 1}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a fork of a process that holds TensorFlow")
def test_killed_trainings_end_as_if_they_had_not_been() -> None:
    """A sample of what the driver does; it is a process of its own, for this one may have threads."""
    done = subprocess.run(
        [sys.executable, str(DRIVER), "--points", "6", "--seed", "5"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\| all \| \| 6 \| [0-6] \| 6 \| 6 \|$", done.stdout, re.MULTILINE)


@contextmanager
def failing(number: int) -> Iterator[list[str]]:
    """Let the write, sync or rename of a number fail, a write half-way."""
    made: list[str] = []
    half: list[int] = []

    def call(name: str, real: Any, *arguments: Any) -> Any:
        made.append(name)
        if len(made) == number and name == "write" and len(arguments[1]) > 1:
            half.append(real(arguments[0], arguments[1][: len(arguments[1]) // 2]))
            return half[-1]  # a disk that gets full takes what it can, and refuses the rest
        if len(made) == number + len(half):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    def due(saver: Saver) -> bool:  # states are written in turn, so that each call has its number
        if saver.pending is not None:
            saver.pending.result()
        return is_due(saver)

    from hornbook.runtime.saver import Saver

    is_due = Saver._due
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Saver, "_due", due)
        for name in ("write", "sync", "rename"):
            real = getattr(durable, name)
            patch.setattr(durable, name, lambda *arguments, n=name, r=real: call(n, r, *arguments))
        yield made


def train(folder: Path) -> list[str]:
    """Train in a folder, or go on there; return the codes of what was said."""
    from hornbook.runtime.data import load_data
    from hornbook.runtime.saver import Every
    from hornbook.runtime.session import Manner, resume, start
    from hornbook.specs.diagnostics import SpecError
    from hornbook.specs.load import load
    from hornbook.specs.yaml import read_text

    said: list[str] = []
    manner = Manner(Every(None, 3), log_every=2, warn=lambda one: said.append(one.code))
    try:
        if (folder / "run.json").is_file():
            resume(folder, manner=manner)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            start(folder, load(read_text(SPEC, "small.yaml")), load_data("wine"), manner=manner)
    except SpecError as error:
        said += [one.code for one in error.diagnostics]
    except OSError:
        said.append("not begun")
    return said


def remains(folder: Path) -> dict[str, Any]:
    """Return what a training leaves behind, without what tells the time."""
    last = max((folder / "checkpoints").iterdir())
    about = json.loads((last / "state.json").read_text())
    result = json.loads((folder / "result.json").read_text())
    return {
        "files": sorted(path.name for path in folder.iterdir()),
        "states": sorted(path.name for path in (folder / "checkpoints").iterdir())[-1:],
        "weights": (folder / "weights.safetensors").read_bytes(),
        "metrics": (folder / "metrics.jsonl").read_bytes(),
        "last weights": (last / "weights.safetensors").read_bytes(),
        "last state": (last / "state.safetensors").read_bytes(),
        "about": about | {"seconds": len(about["seconds"])},
        "result": (result["test"], result["epochs"]),
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is left of a training in which nothing fails."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with failing(0) as made:
        assert train(folder) == []
    assert CALLS - 20 < len(made) <= CALLS
    return remains(folder)


@pytest.mark.parametrize("number", range(STEP, CALLS + 1, STEP))
def test_a_training_recovers_from_any_call_that_fails(
    whole: dict[str, Any], tmp_path: Path, number: int
) -> None:
    folder = tmp_path / "run"
    with failing(number) as made:
        said = train(folder)
    assert set(said) <= {"HB903", "not begun"}
    if "not begun" in said:
        assert not (folder / "checkpoints").exists()
    elif len(made) > number and said == []:
        assert remains(folder) == whole  # a line that was held, or a state that need not go yet
    again = train(folder)
    assert again == []
    assert remains(folder) == whole
