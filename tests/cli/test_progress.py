"""Rows, bars and curves: what is seen of a training."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from hornbook.cli.curves import draw, panels
from hornbook.cli.progress import Rows, View, counts, duration, in_order, number


def examples(steps: int, validation: int | None = None) -> Any:
    """Stand in for the examples of a training: what a view reads of them."""
    test = SimpleNamespace(examples=5)
    held = None if validation is None else SimpleNamespace(examples=validation)
    return SimpleNamespace(
        training=SimpleNamespace(examples=1234, steps_per_epoch=steps), validation=held, test=test
    )


LOGS = {"accuracy": 0.5, "loss": 1.25, "val_accuracy": 0.25, "val_loss": 2.5}


def test_rows_stand_in_columns_below_their_headings() -> None:
    rows = Rows(12, None)
    first = rows.lines(0, 0.5, LOGS)
    last = rows.lines(11, 62.0, {**LOGS, "loss": 1e-5})
    assert first == [
        "epoch      time      loss  accuracy  val_loss  val_accuracy",
        " 1/12     0.50s    1.2500    0.5000    2.5000        0.2500",
    ]
    assert last == ["12/12     1m02s  1.00e-05    0.5000    2.5000        0.2500"]


def test_many_epochs_keep_the_columns() -> None:
    rows = Rows(1000, None)
    lines = [*rows.lines(0, 1, {"loss": 1.0}), *rows.lines(999, 1, {"loss": 1.0})]
    assert len({len(line) for line in lines}) == 1


def test_a_narrow_screen_gets_words_and_numbers() -> None:
    rows = Rows(2, 40)
    assert rows.lines(0, 0.5, LOGS) == [
        "  1/2  0.50s  loss 1.2500  accuracy 0.5000  val_loss 2.5000  val_accuracy 0.2500"
    ]


def test_a_name_that_comes_later_changes_no_column() -> None:
    rows = Rows(2, None)
    rows.lines(0, 1, {"loss": 1.0})
    (line,) = rows.lines(1, 1, {"loss": 1.0, "late": 2.0})
    assert "2.0" not in line


def test_order() -> None:
    names = ["learning_rate", "val_loss", "val_mae", "mae", "loss"]
    assert in_order(dict.fromkeys(names, 0.0)) == [
        "loss",
        "mae",
        "val_loss",
        "val_mae",
        "learning_rate",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0000"),
        (0.98765, "0.9877"),
        (-0.5, "-0.5000"),
        (1e-4, "1.00e-04"),
        (2934.123, "2934.1"),
        (1e9, "1.00e+09"),
        (math.nan, "nan"),
        (math.inf, "inf"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.123, "0.12s"), (59.94, "59.9s"), (60, "1m00s"), (3599.9, "1h00m"), (7500, "2h05m")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_view_into_a_pipe_writes_a_line_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    with View() as view:
        view.began(examples(3), 2)
        for epoch in range(2):
            view.epoch_began(epoch)
            for step in range(3):
                view.step_ended(step, {"loss": 1.0})
            view.epoch_ended(epoch, 0.1, {"loss": 1.0})
    first, blank, *lines = capsys.readouterr().out.splitlines()
    assert (first, blank) == ("data   data: 1,234 examples to train on, 5 to test", "")
    assert [line.split()[0] for line in lines] == ["epoch", "1/2", "2/2"]


def test_a_quiet_view_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with View(quiet=True) as view:
        view.began(examples(1), 2)
        view.epoch_began(0)
        view.step_ended(0, {"loss": 1.0})
        view.epoch_ended(0, 0.1, {"loss": 1.0})
    assert capsys.readouterr().out == ""
    assert view.where() == "interrupted in epoch 1 of 2; nothing was saved"
    assert View().where() == "interrupted before the first epoch; nothing was saved"


def test_counts() -> None:
    assert counts(examples(1, 50)) == "1,234 examples to train on, 50 to validate, 5 to test"
    same = examples(1)
    same.validation = same.test
    assert counts(same) == "1,234 examples to train on, 5 to test and to validate"


def test_curves_fit_the_screen_and_hold_no_control_characters() -> None:
    history = {"loss": [2.0, 1.0, 0.5], "accuracy": [0.1, 0.5, 0.7], "val_loss": [2.1, 1.2, 0.9]}
    text = draw(history, width=60, color=False)
    assert max(map(len, text.splitlines())) <= 60
    assert all(character.isprintable() for character in text.replace("\n", ""))
    assert "loss" in text
    assert "accuracy" in text
    assert "•" in text
    assert "\x1b[" in draw(history, width=60, color=True)


def test_curves_of_one_another_do_not_mix() -> None:
    first = draw({"loss": [1.0, 2.0]}, width=80, color=False)
    draw({"loss": [5.0, 4.0], "mae": [3.0, 2.0], "val_mae": [3.0, 2.0]}, width=80, color=False)
    assert draw({"loss": [1.0, 2.0]}, width=80, color=False) == first


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 1.0],
        [1e-9, 1e-12],
        [1e12, 3.0],
        [0.0, math.nan],
        [math.nan, math.nan],
        [1.0, math.inf],
        list(map(float, range(500))),
    ],
)
def test_curves_of_odd_numbers(values: list[float]) -> None:
    assert "loss" in draw({"loss": values, "val_loss": values[::-1]}, width=80, color=False)


def test_panels_are_the_loss_and_the_first_metric() -> None:
    assert panels(
        {"loss": [], "kind_loss": [], "kind_accuracy": [], "val_kind_accuracy": [], "mae": []}
    ) == ["loss", "kind_accuracy"]
    assert panels({"loss": [], "val_loss": [], "learning_rate": []}) == ["loss"]


def test_a_bar_is_drawn_at_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with View() as view:
        view.began(examples(3), 1)
        view.epoch_began(0)
        view.step_ended(2, {"loss": 1.0})
        view.epoch_ended(0, 0.1, {"loss": 1.0})
    shown = capsys.readouterr().out
    assert "epoch 1/1" in shown
    assert "3/3" in shown
    assert "\x1b[" in shown
