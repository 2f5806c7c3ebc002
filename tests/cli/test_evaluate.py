"""`hornbook evaluate`: the numbers that the training ended with, in every style, and those of other data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.keras


@pytest.fixture(autouse=True)
def environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the environment as it was."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")


def measured(hornbook, *arguments: str) -> dict[str, object]:
    done = hornbook("evaluate", *arguments, "--format", "json")
    assert (done.code, done.err) == (0, "")
    found: dict[str, object] = json.loads(done.out)
    return found


@pytest.mark.parametrize("run", ["wine", "digits", "diabetes", "towers", "words", "table"])
def test_every_style_gives_what_the_training_ended_with(hornbook, trained, run: str) -> None:
    folder = trained(run)
    expected = json.loads((folder / "result.json").read_text())["test"]
    styles = ("functional", "subclassed") if run == "towers" else (
        "functional", "sequential", "subclassed")  # fmt: skip
    for style in styles:
        found = measured(hornbook, str(folder), "--style", style)
        assert (found["style"], found["equal"], found["found"]) == (style, True, expected)
        assert found["recorded"] == expected


def test_what_is_seen(hornbook, trained) -> None:
    run = trained("wine")
    done = hornbook("evaluate", str(run))
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:3] == [f"model  {run}, functional", "data   wine: 36 test examples", ""]
    assert lines[3].split() == ["now", "then"]
    assert [line.split()[0] for line in lines[5:7]] == ["loss", "accuracy"]
    assert all(line.split()[1] == line.split()[2] for line in lines[5:7])
    assert lines[-1] == "the same, bit for bit, as when the training ended"


def test_numbers_that_differ_are_said_to(hornbook, trained, folder: Path) -> None:
    run = folder / "copy"
    shutil.copytree(trained("wine"), run)
    result = json.loads((run / "result.json").read_text())
    result["test"]["loss"] += 1e-7
    (run / "result.json").write_text(json.dumps(result))
    assert measured(hornbook, str(run))["equal"] is False
    assert "not what it was when the training ended" in hornbook("evaluate", str(run)).out
    (run / "result.json").write_text("{")
    assert measured(hornbook, str(run))["recorded"] is None


def test_the_parts_of_the_data(hornbook, trained) -> None:
    run = str(trained("digits"))
    counts = {}
    for part in ("test", "train", "all"):
        found = measured(hornbook, run, "--part", part)
        counts[part] = found["examples"]
        assert (found["recorded"] is None) == (part != "test")
    assert counts == {"test": 359, "train": 1438, "all": 1797}


def test_data_that_has_changed_is_measured_with_a_note(hornbook, trained, folder: Path) -> None:
    run = folder / "copy"
    shutil.copytree(trained("words"), run)
    about = json.loads((run / "run.json").read_text())
    about["fingerprint"] = "0" * 64
    (run / "run.json").write_text(json.dumps(about))
    found = measured(hornbook, str(run))
    assert found["recorded"] is None
    (note,) = found["notes"]
    assert note.endswith("is not what the run was trained on: its fingerprint differs")


def test_a_table_is_scaled_by_the_rows_of_the_training(hornbook, trained, folder: Path) -> None:
    """A table of its own would be standardised by its own rows."""
    run = trained("table")
    rows = [f"{i % 11},{i % 7},{'yes' if i % 2 else 'no'}" for i in range(60)]
    (folder / "same.csv").write_text("a,b,bought\n" + "\n".join(rows))
    whole = measured(hornbook, str(run), "--part", "all")
    assert (
        measured(hornbook, str(run), "--data", "same.csv", "--part", "all")["found"]
        == whole["found"]
    )

    few = [row for index, row in enumerate(rows) if index % 6 == 1]
    (folder / "few.csv").write_text("a,b,bought\n" + "\n".join([*few, "10,6,no"]))
    found = measured(hornbook, str(run), "--data", "few.csv", "--part", "all")["found"]

    from hornbook.runtime.runs import open_run

    opened = open_run(run)
    offset, scale = (np.asarray(opened.info.scaling[key]) for key in ("offset", "scale"))
    x = np.array([[float(cell) for cell in row.split(",")[:2]] for row in [*few, "10,6,no"]])
    y = np.array([opened.info.class_names.index(row.split(",")[2]) for row in [*few, "10,6,no"]])
    given = np.asarray(opened.built().model(((x - offset) / scale).astype(np.float32)))
    assert found["loss"] == pytest.approx(-np.log(given[np.arange(len(y)), y]).mean(), rel=1e-5)


def test_classes_are_counted_as_in_training(hornbook, trained, folder: Path) -> None:
    """A table in which `no` never occurs would count `yes` from 0."""
    run = trained("table")
    (folder / "own.csv").write_text(
        "a,b,bought\n" + "\n".join(f"{i % 5},{i % 3},{'yes' if i else 'maybe'}" for i in range(9))
    )
    done = hornbook("evaluate", str(run), "--data", "own.csv", "--part", "all")
    assert (done.code, done.out) == (1, "")
    assert (
        "error[HB603]: `own.csv` has the class `maybe`, which the training did not know" in done.err
    )
    assert "it knows `no`, `yes`" in done.err

    from hornbook.runtime.data import DataSet
    from hornbook.runtime.evaluation import relabelled
    from hornbook.runtime.runs import open_run

    info = open_run(trained("digits")).info
    y = np.array([0, 1, 2, 1])
    x = np.zeros((4, 1))
    data = DataSet("own", x, y, x, y, 3, ("2", "7", "9"))
    assert relabelled(y, data, info).tolist() == [2, 7, 9, 7]
    marked = relabelled(np.eye(3)[y], data, info)
    assert marked.argmax(axis=1).tolist() == [2, 7, 9, 7]
    assert marked.shape == (4, 10)


def test_other_arrays(hornbook, trained, folder: Path) -> None:
    x = np.zeros((8, 8, 8), np.float32)
    np.savez("own.npz", x_train=x, y_train=np.arange(8), x_test=x[:3], y_test=np.arange(3))
    found = measured(hornbook, str(trained("digits")), "--data", "own.npz")
    assert (found["examples"], found["recorded"], found["notes"]) == (3, None, [])
    np.savez("bytes.npz", x_train=x.astype(np.uint8), y_train=np.arange(8))
    found = measured(hornbook, str(trained("digits")), "--data", "bytes.npz")
    assert found["notes"] == [
        "the file has no test part: a tenth of its examples, 1, is held out",
        "raw values are uint8, and scaled as in training: divided by 16",
    ]


@pytest.mark.parametrize(
    ("run", "data", "code"),
    [
        ("digits", "iris", "HB504"),
        ("digits", "nowhere.npz", "HB601"),
        ("digits", "digitz", "HB205"),
        ("towers", "digits", "HB504"),
        ("wine", "table.csv", "HB202"),
    ],
)
def test_data_that_cannot_be_measured(hornbook, trained, run: str, data: str, code: str) -> None:
    done = hornbook("evaluate", str(trained(run)), "--data", data)
    assert (done.code, done.out) == (1, "")
    assert f"error[{code}]" in done.err


def test_a_folder_that_is_no_run_and_a_target_without_data(hornbook, trained, folder: Path) -> None:
    done = hornbook("evaluate", str(folder))
    assert (done.code, done.out) == (1, "")
    assert "error[HB901]" in done.err
    assert hornbook("evaluate", str(trained("table")), "--target", "a").code == 2


def test_a_run_that_has_not_ended(hornbook, trained, folder: Path) -> None:
    run = folder / "copy"
    shutil.copytree(trained("wine"), run)
    (run / "weights.safetensors").unlink()
    done = hornbook("evaluate", str(run))
    assert (done.code, done.out) == (1, "")
    assert "error[HB901]: `" in done.err
    assert "has not ended yet" in done.err
