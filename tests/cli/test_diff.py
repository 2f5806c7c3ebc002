"""`hornbook diff`: what differs, in text and as JSON; exit codes as `diff` has them."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "diff.md"
RECORDED = Path(__file__).parents[1] / "recorded"
WATCHED = """
import atexit, sys
from hornbook.cli import main
HEAVY = ("tensorflow", "keras", "numpy", "h5py")
atexit.register(lambda: print([name for name in HEAVY if name in sys.modules], file=sys.stderr))
main()
"""


@pytest.fixture
def other(folder: Path, small: str) -> str:
    text = (folder / small).read_text()
    text = text.replace("units: 8", "units: 8, name: body").replace("epochs: 2", "epochs: 5")
    (folder / "other.yaml").write_text(
        text.replace("  - Dense: {units: $", "  - Dropout: {rate: 0.5}\n  - Dense: {units: $")
    )
    return "other.yaml"


def test_what_a_person_reads(hornbook, small, other) -> None:
    done = hornbook("diff", small, other)
    assert (done.code, done.err) == (1, "")
    assert (
        done.out
        == """\
small.yaml -> other.yaml

layers
  + dropout  Dropout {rate: 0.5}
  ~ body     Dense renamed, before `dense`
  ~ dense    Dense renamed, before `dense_1`
  ~ dense    takes dropout, before dense

training
  ~ epochs  2 -> 5

parameters
    trainable  139
    total      139

weights
    2 of 2 layers can take their weights from A
      dense -> body, dense_1 -> dense
"""
    )


def test_what_does_not_carry_over(hornbook, folder, small) -> None:
    text = (folder / small).read_text()
    (folder / "wide.yaml").write_text(text.replace("units: 8", "units: 9"))
    out = hornbook("diff", small, "wide.yaml").out
    assert "  ~ dense  units: 8 -> 9\n" in out
    assert "    total      139 -> 156 (+17)\n" in out
    assert "  + dense    other shapes: kernel (13, 8) -> (13, 9), bias (8,) -> (9,)\n" in out
    assert "go nowhere" not in out
    (folder / "less.yaml").write_text(text.replace("  - Dense: {units: 8, activation: relu}\n", ""))
    assert "  - dense  weights of A that go nowhere\n" in hornbook("diff", small, "less.yaml").out


def test_equal_models(hornbook, small) -> None:
    done = hornbook("diff", small, small)
    assert (done.code, done.err) == (0, "")
    assert done.out == "`small.yaml` and `small.yaml` are the same model: 139 parameters\n"


def test_json(hornbook, small, other) -> None:
    done = hornbook("diff", small, other, "--format", "json")
    found = json.loads(done.out)
    assert done.code == 1
    assert (found["before"], found["after"]) == (
        {"trainable": 139, "total": 139},
        {"trainable": 139, "total": 139},
    )
    assert found["a"] == "small.yaml"
    assert found["training"] == [{"what": "epochs", "before": 2, "after": 5}]
    same = hornbook("diff", small, small, "--format", "json")
    assert (same.code, json.loads(same.out)["equal"]) == (0, True)


def test_a_keras_model(hornbook, folder) -> None:
    with zipfile.ZipFile(folder / "towers.keras", "w") as archive:
        archive.write(RECORDED / "towers.json", "config.json")
    shutil.copy(RECORDED / "towers.json", folder / "towers.json")
    (folder / "towers.yaml").write_text(hornbook("import", "towers.keras").out)
    assert hornbook("diff", "towers.yaml", "towers.keras").code == 0
    assert hornbook("diff", "towers.json", "towers.yaml").code == 0
    assert hornbook("diff", "towers.keras", "mnist").code == 1
    changed = (folder / "towers.yaml").read_text() + (
        "train: {loss: {far: mse, near: mse}, epochs: 3}\n"
    )
    (folder / "trained.yaml").write_text(changed)
    assert hornbook("diff", "towers.keras", "trained.yaml").code == 0


def test_mistakes_stay_what_they_are(hornbook, folder, small) -> None:
    assert hornbook("diff", small).code == 2
    assert hornbook("diff", small, small, "-o", "new.keras").code == 2
    assert hornbook("diff", small, small, "--style", "sequential").code == 2
    assert hornbook("diff", small, small, "--transfer", "w.keras").code == 2
    assert hornbook("diff", small, small, "--transfer", "w.npz", "-o", "new.keras").code == 2
    assert hornbook("diff", small, small, "--transfer", "w.keras", "-o", "new.h5").code == 2
    assert "error[HB107]" in hornbook("diff", small, "mnits").err
    shutil.copy(__file__, folder / "model.keras")
    assert "error[HB801]" in hornbook("diff", small, "model.keras").err


def test_an_output_that_exists(hornbook, folder, small) -> None:
    (folder / "new.keras").write_text("mine")
    done = hornbook("diff", small, small, "--transfer", "w.keras", "-o", "new.keras")
    assert (done.code, done.out) == (1, "")
    assert "error[HB703]: `new.keras` exists already" in done.err
    assert (folder / "new.keras").read_text() == "mine"
    there = ("--transfer", "w.keras", "-o", "none/new.keras")
    assert hornbook("diff", small, small, *there).code == 2


def test_keras_is_not_imported(apart, small, other) -> None:
    done = apart("diff", small, other, script=WATCHED)
    assert done.code == 1
    assert done.err.splitlines()[-1] == "[]"


def test_a_number_of_classes_that_only_the_data_tells(hornbook, folder, small) -> None:
    (folder / "own.yaml").write_text(
        (folder / small).read_text().replace("data: wine", "data: {npz: own.npz}")
    )
    assert "warning[HB508]" in hornbook("diff", small, "own.yaml").err
    done = hornbook("diff", small, "own.yaml", "--transfer", "w.keras", "-o", "new.keras")
    assert "error[HB508]" in done.err
    assert done.code == 1


def test_the_page_shows_what_is_true(hornbook, folder) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (spec,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    shown = re.findall(r"```console\n\$ hornbook (.*?)\n(.*?)```", page, re.DOTALL)
    (folder / "wider.yaml").write_text(spec)
    commands = [command.split() for command, _ in shown]
    assert [command[0] for command in commands] == ["diff", "diff", "show"]
    assert hornbook(*commands[0]).out == shown[0][1]
    assert hornbook(*commands[2]).out == shown[2][1]


@pytest.mark.keras
def test_weights_go_from_one_file_to_another(apart, hornbook, folder) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (spec,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (folder / "wider.yaml").write_text(spec)
    build = (
        "from hornbook.runtime.build import build; from hornbook.specs.load import load\n"
        "build(load('digits')).save('digits.keras')\n"
    )
    assert apart(script=build).code == 0
    _, (command, shown), _ = re.findall(r"```console\n\$ hornbook (.*?)\n(.*?)```", page, re.DOTALL)
    done = apart(*command.split())
    assert (done.code, done.out + done.err) == (0, shown)
    again = hornbook("diff", "wider.yaml", "wider.keras")
    assert (again.code, again.err) == (0, "")
    refused = apart(*command.split())
    assert refused.code == 1
    assert "error[HB703]" in refused.err
    found = apart(*command.split(), "--force", "--format", "json")
    assert json.loads(found.out)["written"] == "wider.keras"
