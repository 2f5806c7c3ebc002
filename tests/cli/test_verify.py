"""`hornbook verify`: the certificate for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.keras


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the environment as it was."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")


def test_certificates(hornbook, small) -> None:
    done = hornbook("verify", small, "--steps", "2")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        "small: functional, sequential, subclassed; fit, tape; seed 0, 4 steps\n"
    )
    assert "DIFFERS" not in done.out
    assert "bit for bit" in done.out
    assert "1 spec agrees in its styles and in both loops, bit for bit\n" in done.out
    assert "keras 3." in done.out
    (found,) = json.loads(
        hornbook("verify", small, "--steps", "1", "--seed", "3", "--format", "json").out
    )
    assert found["passed"] is True
    assert found["seed"] == 3
    assert {check["what"] for check in found["checks"]} >= {"outputs", "gradients", "training"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_difference_is_found_and_told(
    hornbook, small, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    from hornbook.runtime import verify as module

    checks = (
        module.Check("outputs", "sequential", "functional", True, "40 numbers, bit for bit"),
        module.Check(
            "gradients",
            "sequential",
            "functional",
            False,
            "`dense/kernel 0` differs by at most 0.1",
        ),
    )
    wrong = module.Certificate(
        "small", 0, 8, ("functional", "sequential"), (), checks, {"keras": "3"}
    )
    monkeypatch.setattr(module, "verify", lambda *_, **__: wrong)
    done = hornbook("verify", small, "--format", form)
    assert done.code == 1
    assert "error[HB704]: `small`: 1 of 2 comparisons differ\n" in done.err
    assert "gradients of sequential, against functional: `dense/kernel 0` differs" in done.err
    if form == "json":
        assert json.loads(done.out)[0]["passed"] is False
    else:
        assert "DIFFERS" in done.out
        assert "agree" not in done.out


def test_specs_that_demand_one_thing_are_proved_together(apart, small, folder) -> None:
    (folder / "other.yaml").write_text(Path(small).read_text().replace("units: 8", "units: 9"))
    for number, onednn in enumerate(("true", "false")):
        one = ("--steps", "1", "--format", "json", "--set", f"train.onednn={onednn}")
        done = apart("verify", small, "other.yaml", *one)
        assert done.code == 0, done.err
        told = [one["environment"]["oneDNN"] for one in json.loads(done.out)]
        assert told == [("on", "off")[number]] * 2


def test_a_broken_spec_is_told_before_tensorflow_starts(hornbook) -> None:
    done = hornbook("verify", "mnits")
    assert (done.code, done.out) == (1, "")
    assert "HB107" in done.err
