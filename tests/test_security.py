"""A spec is data: reading, checking and compiling one executes nothing that it controls."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hornbook.compiler.driver import analyse, emit, styles_of
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load
from hornbook.specs.yaml import read_text

HOSTILE = [
    "__import__('os').system('touch /tmp/hornbook_was_here')",
    "');import os;os.abort()#",
    '")\nimport os\nos.abort()\n("',
    "\\",
    "\\'",
    '"""',
    "'''",
    "{__class__}",
    "%s%n",
    "os.path:join",
    "../../etc/passwd",
    "lambda x: x",
    "\u2028import os",
    "\x00",
    "keras.src.saving",
    "$__class__",
    "name\rimport os",
]

PROGRAM = """
import sys, json
from hornbook.compiler.driver import analyse, emit, styles_of
from hornbook.compiler.emit.script import emit_script
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load, zoo
from hornbook.specs.yaml import read_text
texts = json.load(sys.stdin)
def run(text):
    try:
        spec = load(read_text(text, "<hostile>"))
        typed = analyse(spec)
        for style in styles_of(typed):
            emit(typed, style)
        if spec.model.train is not None and spec.model.train.data is not None:
            emit_script(spec, typed, "functional")
        return True
    except SpecError as error:
        str(error)
        return False
run(texts[0])
run('a: b: c')  # every lazy import of ours has happened now
seen = []
WATCHED = ("exec", "compile", "import", "open", "socket", "subprocess", "os.", "ctypes", "marshal", "pickle")
def hook(event, arguments):
    if event.startswith(WATCHED):
        seen.append((event, str(arguments)[:200]))
sys.addaudithook(hook)
accepted = [run(text) for text in texts]
found, seen = seen, []
print(json.dumps({"events": found, "accepted": sum(accepted)}))
"""


def watched(texts: list[str]) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def base() -> dict:
    return {
        "name": "net",
        "inputs": {"image": [8, 8, 1]},
        "layers": [
            {"Conv2D": {"filters": 2, "kernel_size": 3, "activation": "relu", "name": "first"}},
            "Flatten",
            {
                "Dense": {
                    "units": 10,
                    "kernel_initializer": {"HeNormal": {"seed": 1}},
                    "activation": "softmax",
                }
            },
        ],
        "train": {
            "data": {"csv": "file.csv", "target": "label", "classes": 10},
            "optimizer": {"Adam": {"learning_rate": 0.1}},
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
        },
    }


def replaced(data, path, value):
    if not path:
        return value
    key, *rest = path
    if isinstance(data, dict):
        return {k: replaced(v, rest, value) if k == key else v for k, v in data.items()}
    return [replaced(v, rest, value) if i == key else v for i, v in enumerate(data)]


def paths(data, at=()):
    yield at
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for key, part in items:
        yield from paths(part, (*at, key))


def hostile_texts() -> list[str]:
    spec = base()
    texts = [json.dumps(spec)]
    for path in paths(spec):
        texts += [json.dumps(replaced(spec, path, word)) for word in HOSTILE]
        texts += [json.dumps(replaced(spec, path, {word: {}})) for word in HOSTILE[:6]]
    texts += [
        "a: !!python/object/apply:os.system ['touch /tmp/hornbook_was_here']",
        "!!python/module:os x",
        "name: !!python/name:os.abort ''",
        "a: &a [*a]",
    ]
    return texts


def test_an_audit_hook_sees_nothing() -> None:
    found = watched(hostile_texts())
    # Pydantic builds a class's validator when it is first used; its own code is all that may load.
    assert found["events"] == []
    assert found["accepted"] >= 3


def test_the_hook_would_see() -> None:
    program = PROGRAM.replace(
        "        typed = analyse(spec)",
        "        typed = analyse(spec); import wave, colorsys; eval('1')",
    )
    program = program.replace("run(texts[0])\n", "")
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([json.dumps(base())]),
        capture_output=True,
        text=True,
        check=True,
    )
    events = {event for event, _ in json.loads(done.stdout)["events"]}
    assert {"import", "compile"} <= events


@settings(deadline=None)
@example("net", "none")
@given(st.sampled_from(["net", "first", "image"]), st.sampled_from(HOSTILE) | st.text(max_size=12))
def test_names_are_an_allow_list(where: str, word: str) -> None:
    text = json.dumps(base()).replace(json.dumps(where), json.dumps(word))
    try:
        typed = analyse(load(read_text(text)))
    except SpecError:
        return
    assert word.isidentifier()
    assert word.isascii()
    for style in styles_of(typed):
        compile(emit(typed, style).text, "<test>", "exec")


@pytest.mark.parametrize("word", HOSTILE)
def test_text_reaches_source_only_as_a_literal(word: str) -> None:
    import ast

    from hornbook.compiler.emit.script import emit_script

    spec = replaced(base(), ("train", "data", "csv"), word)
    spec = replaced(spec, ("layers", 1), {"Reshape": {"target_shape": [72]}})
    try:
        loaded = load(read_text(json.dumps(spec)))
    except SpecError:
        assert word.startswith("$") or "\x00" in word
        return
    text = emit_script(loaded, analyse(loaded), "functional").text
    constants = [n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant)]
    assert word in constants
