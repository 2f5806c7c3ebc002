"""`hornbook resume`, `runs` and `compare`: what becomes of a run, as a user sees it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec and two runs."""
    import sys

    from hornbook import cli

    from .conftest import SMALL

    home = tmp_path_factory.mktemp("trained")
    (home / "small.yaml").write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        for arguments in (
            ["--run", "runs/one"],
            [
                "--run",
                "runs/two",
                "--epochs",
                "3",
                "--set",
                "layers.0.Dense.units=6",
                "--loop=tape",
            ],
        ):
            patch.setattr(sys, "argv", ["hornbook", "train", "small.yaml", "-q", *arguments])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            assert not ended.value.code
    return home


@pytest.fixture
def home(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder to work in."""
    copy = Path(shutil.copytree(trained, tmp_path / "home"))
    monkeypatch.chdir(copy)
    return copy


def test_a_run_explains_itself(home: Path) -> None:
    run = home / "runs" / "two"
    assert sorted(path.name for path in run.iterdir() if not path.name.startswith(".")) == [
        "checkpoints",
        "metrics.jsonl",
        "model.py",
        "report.html",
        "resolved.yaml",
        "result.json",
        "run.json",
        "spec.yaml",
        "weights.safetensors",
    ]
    assert (run / "spec.yaml").read_bytes() == (home / "small.yaml").read_bytes()
    assert "units: 6" in (run / "resolved.yaml").read_text()
    compile((run / "model.py").read_text(), "model.py", "exec")
    info = json.loads((run / "run.json").read_text())
    assert info["command"][:3] == ["hornbook", "train", "small.yaml"]
    assert {"hornbook", "python", "keras", "tensorflow", "threads"} <= set(info["environment"])


def test_a_run_is_never_overwritten(hornbook, home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    done = hornbook("train", "small.yaml", "--run", "runs/one")
    assert (done.code, done.out) == (1, "")
    assert "error[HB703]: `runs/one` exists already" in done.err
    assert "hornbook resume runs/one" in done.err
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


def test_an_ended_run_says_so(hornbook, home: Path) -> None:
    result = (home / "runs" / "one" / "weights.safetensors").read_bytes()
    done = hornbook("resume", "runs/one")
    assert (done.code, done.err) == (0, "")
    assert "note   it had ended already; `--epochs N` trains it for longer" in done.out
    assert (home / "runs" / "one" / "weights.safetensors").read_bytes() == result
    longer = hornbook("resume", "runs/one", "--epochs", "3")
    assert "3/3" in longer.out
    assert "1/3" not in longer.out
    assert "trained 3 epochs" in longer.out


def test_runs_are_listed(hornbook, home: Path) -> None:
    (home / "runs" / "one" / "result.json").unlink()
    (home / "runs" / "none").mkdir()
    done = hornbook("runs")
    assert (done.code, done.err) == (0, "")
    heading, _, *rows = done.out.splitlines()
    assert re.split(r"\s{2,}", heading) == [
        "run",
        "style",
        "loop",
        "epochs",
        "state",
        "test loss",
        "test accuracy",
    ]
    assert [row.split()[:5] for row in rows] == [
        ["runs/one", "functional", "fit", "2", "stopped"],
        ["runs/two", "functional", "tape", "3", "ended"],
    ]
    listed = json.loads(hornbook("runs", "--format", "json").out)
    assert [one["run"] for one in listed] == ["runs/one", "runs/two"]
    assert listed[0]["test"] == {}
    assert set(listed[1]["test"]) == {"loss", "accuracy"}


def test_a_run_in_training_is_listed_as_such(hornbook, home: Path) -> None:
    from hornbook.runtime.runs import open_run

    with open_run(home / "runs" / "one").held():
        assert "training" in hornbook("runs").out


def test_no_runs(hornbook, folder: Path) -> None:
    done = hornbook("runs")
    assert (done.code, done.out) == (0, "")
    assert done.err == "no runs in `runs`; `hornbook train SPEC` makes one\n"
    assert hornbook("runs", "elsewhere").code == 2


@pytest.mark.usefixtures("home")
def test_runs_side_by_side(hornbook) -> None:
    done = hornbook("compare", "runs/one", "runs/two")
    assert (done.code, done.err) == (0, "")
    rows = [re.split(r"\s{2,}", line.strip()) for line in done.out.splitlines()]
    assert rows[:2] == [["A", "runs/one"], ["B", "runs/two"]]
    for row in (
        ["parameters", "139", "105"],
        ["loop", "fit", "tape"],
        ["epochs", "2", "3"],
        ["~ dense", "units: 8 -> 6"],
        ["state", "ended", "ended"],
    ):
        assert row in rows
    assert not [row for row in rows if row[0] in ("style", "keras", "seed")]
    assert "A" in done.out.split("state")[1]
    found = json.loads(hornbook("compare", "runs/one", "runs/two", "--format", "json").out)
    assert [len(one["history"]["loss"]) for one in found] == [2, 3]
    assert found[0]["settings"]["loop"] == "fit"


@pytest.mark.usefixtures("home")
def test_what_cannot_be_compared(hornbook) -> None:
    assert hornbook("compare", "runs/one").code == 2
    done = hornbook("compare", "runs/one", "runs")
    assert done.code == 1
    assert "error[HB901]: `runs` is no run" in done.err


@pytest.mark.usefixtures("home")
def test_a_damaged_line_is_a_diagnostic(hornbook, home: Path) -> None:
    path = home / "runs" / "one" / "metrics.jsonl"
    path.write_text("nonsense\n" + path.read_text())
    done = hornbook("compare", "runs/one", "runs/two")
    assert done.code == 1
    assert f"error[HB906]: line 1 of `{Path('runs/one/metrics.jsonl')}` is damaged" in done.err
    assert "?" in hornbook("runs").out


@pytest.mark.parametrize("given", ["0", "-3", "1.5", "x", "5m", "0s"])
def test_an_interval_that_is_none(hornbook, small: str, given: str) -> None:
    assert hornbook("train", small, "--every", given).code == 2
    assert not Path("runs").exists()


def test_nothing_is_kept_where_nothing_is_to_be(hornbook, small: str) -> None:
    assert hornbook("train", small, "--no-run", "-q").code == 0
    assert not Path("runs").exists()
    assert hornbook("train", small, "--no-run", "--every", "5").code == 2


def test_lines_for_programs(hornbook, small: str) -> None:
    done = hornbook("train", small, "--format", "json", "--run", "run")
    assert (done.code, done.err) == (0, "")
    model, run, data, *epochs, result = map(json.loads, done.out.splitlines())
    assert (model["event"], model["parameters"], model["epochs"]) == ("model", 139, 2)
    assert run == {"event": "run", "run": "run", "steps": 0, "ended": False}
    assert (data["training"], data["validation"], data["test"]) == (142, 0, 36)
    assert [(one["event"], one["epoch"], list(one["metrics"])) for one in epochs] == [
        ("epoch", 1, ["loss", "accuracy"]),
        ("epoch", 2, ["loss", "accuracy"]),
    ]
    kept = json.loads(Path("run", "result.json").read_text())
    assert (result["event"], result["test"]) == ("result", kept["test"])
    again = hornbook("resume", "run", "--format", "json", "--quiet")
    (last,) = map(json.loads, again.out.splitlines())
    assert last["test"] == result["test"]


@pytest.fixture
def shut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be locked, made or renamed, as on a disk that is only read."""
    import errno

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    monkeypatch.setattr("hornbook.runtime.durable.os.replace", refuse)
    monkeypatch.setattr("hornbook.runtime.runs.write_folder", refuse)


def test_what_cannot_be_written_is_told_in_a_line(hornbook, small, request) -> None:
    assert hornbook("train", small, "--run", "one", "--quiet", "--no-report").code == 0
    request.getfixturevalue("shut")
    for arguments in (["resume", "one"], ["report", "one"], ["train", small, "--run", "two"]):
        done = hornbook(*arguments)
        assert done.code == 2, done.err
        assert "cannot write `" in done.err
        assert "read-only file system" in done.err
    (row,) = json.loads(hornbook("runs", ".", "--format", "json").out)
    assert row["state"] == "ended"


def test_nothing_is_left_of_a_file_that_the_disk_has_no_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    import typer

    from hornbook.cli import output

    class Full:
        def __init__(self, path: Path, _: str) -> None:
            path.touch(exist_ok=False)

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def write(self, _: bytes) -> None:
            """Do nothing."""

    monkeypatch.setattr(output, "open", Full, raising=False)
    with pytest.raises(typer.BadParameter, match="no space left"):
        output.write(tmp_path / "x.svg", "text", force=False)
    assert list(tmp_path.iterdir()) == []
