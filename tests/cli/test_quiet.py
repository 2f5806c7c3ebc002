"""What TensorFlow says of itself is held back; what goes wrong is not."""

from __future__ import annotations

import pytest

from hornbook.cli.quiet import overlaid
from hornbook.compiler.tuning import UNTUNED, Tuning

HELD = """
import os, sys
from hornbook.cli.quiet import held_back
{body}
print("after", file=sys.stderr)
"""


def test_chatter_is_held_back_and_stderr_is_restored(apart) -> None:
    body = "with held_back():\n    os.write(2, b'chatter')\n    print('more', file=sys.stderr)"
    assert apart(script=HELD.format(body=body)).err == "after\n"


def test_a_failure_shows_what_was_said(apart) -> None:
    body = (
        "try:\n    with held_back():\n        os.write(2, b'reason ')\n        raise ImportError\n"
        "except ImportError: pass"
    )
    assert apart(script=HELD.format(body=body)).err == "reason after\n"


def test_a_crash_is_not_silent(apart) -> None:
    done = apart(script=HELD.format(body="with held_back():\n    os.abort()"))
    assert done.code != 0
    assert "Fatal Python error: Aborted" in done.err


@pytest.mark.keras
def test_who_asks_sees_all_of_it(apart) -> None:
    script = "from hornbook.cli.quiet import start_runtime; start_runtime()"
    assert "TensorFlow" in apart(script=script, TF_CPP_MIN_LOG_LEVEL="0").err


HIDDEN = """
import sys
sys.modules.pop("wave", None)
import json
from hornbook.cli.quiet import hidden
with hidden(["wave", "json"]):
    import json
    try:
        import wave
    except ImportError:
        print("not there")
import wave
print(wave.__name__, json.__name__)
"""


def test_what_is_hidden_can_be_imported_later(apart) -> None:
    assert apart(script=HIDDEN).out == "not there\nwave json\n"


STARTED = """
import gc, sys
from hornbook.cli.quiet import IDLE, start_runtime
start_runtime()
print(gc.isenabled(), gc.get_freeze_count() > 100_000, sorted(set(IDLE) & set(sys.modules)))
before = gc.get_freeze_count()
start_runtime()
print(gc.get_freeze_count() == before)
from hornbook.runtime import train
from hornbook.runtime.data import load_data
load_data("digits")
print(sorted(set(IDLE) & set(sys.modules)))
"""


@pytest.mark.keras
def test_what_no_verb_uses_is_not_imported(apart) -> None:
    assert apart(script=STARTED).out == "True True []\nTrue\n[]\n"


@pytest.mark.parametrize(("text", "threads"), [(None, 3), ("", 3), (" ", 3), ("7", None)])
def test_an_empty_variable_chooses_nothing(
    text: str | None, threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", text)
    found = overlaid(UNTUNED, Tuning(intra_op=3))
    assert found.intra_op == threads  # None leaves it to the variable
