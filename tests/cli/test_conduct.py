"""How the command behaves whatever the verb: exit codes, pipes, colours, and what it never imports."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from hornbook.cli import app, check

HOME = str(Path(check.__file__).parents[2])
MAIN = "from hornbook.cli import main; main()"
HEAVY = ("tensorflow", "keras", "numpy", "sklearn", "PIL", "plotext")

WATCHED = f"""
import atexit, sys
from hornbook.cli import main
atexit.register(lambda: print("imported:", [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr))
main()
"""

LIGHT = [
    ["--help"],
    ["--version"],
    ["check", "mnist", "residual", "two_towers"],
    ["show", "residual"],
    ["graph", "residual"],
    ["graph", "unet", "--collapse", "-o", "unet.svg"],
    ["emit", "digits", "--script", "--style", "subclassed"],
    ["schema"],
    ["explain"],
    ["zoo"],
    ["zoo", "mnist"],
    ["init", "mine"],
    ["train", "--help"],
    ["verify", "--help"],
    ["runs"],
]


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
@pytest.mark.usefixtures("folder")
def test_these_verbs_import_nothing_heavy(apart, arguments: list[str]) -> None:
    done = apart(*arguments, script=WATCHED)
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1] == "imported: []"


def test_a_verb_imports_no_other(apart) -> None:
    modules = sorted({f"hornbook.cli.{module}" for _, module, _ in app.VERBS})
    watched = WATCHED.replace(repr(HEAVY), repr(modules))
    assert watched != WATCHED
    done = apart("check", "mnist", script=watched)
    assert done.err.splitlines()[-1] == "imported: ['hornbook.cli.check']"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["chek"],
        ["check"],
        ["check", "mnist", "--fromat", "json"],
        ["show", "mnist", "--batch-size", "0"],
    ],
)
def test_wrong_usage(hornbook, arguments: list[str]) -> None:
    done = hornbook(*arguments)
    assert (done.code, done.out if arguments else "") == (2, "")


def test_a_defect_is_one_line_and_a_code_of_its_own(
    hornbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("odd\nthing")

    monkeypatch.delenv("HORNBOOK_TRACEBACK", raising=False)
    monkeypatch.setattr(check, "examine", fail)
    done = hornbook("check", "mnist")
    assert done.code == app.FAILED
    assert "Traceback" not in done.err
    assert done.err.startswith("hornbook failed: KeyError: ")
    assert "HORNBOOK_TRACEBACK=1" in done.err


def test_the_traceback_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("odd")

    monkeypatch.setenv("HORNBOOK_TRACEBACK", "1")
    monkeypatch.setattr(check, "examine", fail)
    monkeypatch.setattr(sys, "argv", ["hornbook", "check", "mnist"])
    with pytest.raises(KeyError):
        app.run()


def test_a_reader_that_goes_away_is_no_mistake(apart) -> None:
    for arguments in (["schema"], ["zoo"], ["show", "residual"]):
        reading, writing = os.pipe()
        os.close(reading)
        done = apart(*arguments, stdout=writing)
        os.close(writing)
        assert done.err == ""
        assert done.code in (0, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_in_a_line(apart) -> None:
    with open("/dev/full", "w") as full:
        done = apart("zoo", "mnist", stdout=full.fileno())
    assert done.code == app.FAILED
    assert done.err == "hornbook: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_poor_encoding_is_no_defect(apart, encoding: str) -> None:
    for arguments in (["show", "residual"], ["zoo"], ["check", "mnist"], ["explain"]):
        done = apart(*arguments, PYTHONIOENCODING=encoding)
        assert done.code == 0, done.err


def test_no_control_characters_reach_a_pipe(apart) -> None:
    for arguments in (
        ["show", "mnist"],
        ["zoo", "mnist"],
        ["emit", "mnist"],
        ["zoo"],
        ["check", "nowhere"],
    ):
        done = apart(*arguments, FORCE_COLOR="1")
        assert "\x1b" not in done.out + done.err


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run the command at a pseudo-terminal and return what it shows."""
    monkeypatch.setenv("PYTHONPATH", HOME)
    return functools.partial(_at_a_terminal, pytest.importorskip("pty"))


def _at_a_terminal(pty: ModuleType, *arguments: str, **settings: str) -> str:
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **settings}
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    process.wait()
    os.close(leader)
    return shown.decode()


def test_a_terminal_gets_colours_unless_it_says_no(on_a_terminal) -> None:
    for arguments in (["check", "nowhere"], ["zoo", "mnist"]):
        assert "\x1b[" in on_a_terminal(*arguments)
        assert "\x1b[" not in on_a_terminal(*arguments, NO_COLOR="1"), arguments


def test_highlighted_source_is_the_same_source(apart, on_a_terminal) -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal("emit", "mnist"))
    lines = [line.rstrip() for line in plain.replace("\r", "").splitlines()]
    assert lines == apart("emit", "mnist").out.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_an_interrupted_command_ends_with_130(apart) -> None:
    script = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job in the background ignores it
        "from hornbook.cli import check, main\n"
        "check.examine = lambda *_: signal.raise_signal(signal.SIGINT)\n"
        "main()"
    )
    done = apart("check", "mnist", script=script)
    assert done.code == 130
    assert "Traceback" not in done.err


def test_a_wrong_choice_is_told_in_plain_words(hornbook) -> None:
    done = hornbook("emit", "mnist", "--style", "sequentiall")
    assert (done.code, done.out) == (2, "")
    assert "Value error" not in done.err
    assert "Invalid value for '--style': 'sequentiall' is not one of 'sequential'" in done.err
