"""Emitted source: golden files, the rules of the house, and nothing but an allow-list of Python."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from hornbook.compiler.driver import STYLES, analyse, compile_spec, emit, styles_of
from hornbook.compiler.emit.script import emit_script
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load, zoo
from hornbook.specs.yaml import read_text
from specimens import specs, trained_zoo

NODES = {
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.FunctionDef, ast.ClassDef, ast.arguments, ast.arg,
    ast.Assign, ast.Return, ast.Expr, ast.Call, ast.keyword, ast.Name, ast.Attribute, ast.Constant, ast.List,
    ast.Tuple, ast.Dict, ast.Subscript, ast.Load, ast.Store, ast.UnaryOp, ast.USub, ast.Slice,
    # What blocks need: loops, names that count, arithmetic on parameters.
    ast.For, ast.ListComp, ast.comprehension, ast.JoinedStr, ast.FormattedValue, ast.BinOp,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
}  # fmt: skip
GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "source"
MODULES = {"keras", "layers", "ops", "initializers", "regularizers", "constraints"}


def text_spec(text: str):
    return load(read_text(text))


def check_ast(text: str, layers: set[str]) -> None:
    """Hold a module to the node types, imports and call targets that emitters may use."""
    tree = ast.parse(text)
    local = {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    # A layer that is constructed before it is called stands in a variable.
    local |= {
        ast.unparse(n.targets[0])
        for n in ast.walk(tree)
        if isinstance(n, ast.Assign) and ast.unparse(n.value).startswith("layers.")
    }
    for node in ast.walk(tree):
        assert type(node) in NODES, ast.dump(node)
        if isinstance(node, ast.Import):
            assert [a.name for a in node.names] == ["keras"]
        if isinstance(node, ast.ImportFrom):
            assert node.module == "keras"
            assert {a.name for a in node.names} <= MODULES
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_") or node.attr == "__init__"
        if isinstance(node, ast.Call):
            target = node.func.func if isinstance(node.func, ast.Call) else node.func
            name = ast.unparse(target)
            head = name.split(".")[0]
            assert head in MODULES | local | layers | {
                "model",
                "self",
                "block",
                "range",
            } or name in (
                "super",
                "min",
                "max",
                "round",
                "super().__init__",
            ), name


def ruff(verb: list[str], text: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *verb, "--isolated", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", zoo())
@pytest.mark.parametrize("style", STYLES)
def test_golden_modules(name: str, style: str, golden) -> None:
    typed = analyse(load(name))
    if style not in styles_of(typed):
        with pytest.raises(SpecError) as caught:
            emit(typed, style)
        golden(GOLDEN / f"{name}_{style}.txt", str(caught.value) + "\n")
        return
    source = emit(typed, style, show_shapes=style == "functional")
    assert source == emit(analyse(load(name)), style, show_shapes=style == "functional")
    golden(GOLDEN / f"{name}_{style}.py", source.text)
    assert ruff(["format"], source.text) == source.text
    ruff(["check", "--select", "E,F,I,W,B,UP,SIM,C4,PIE,RET", "--line-length", "88"], source.text)
    attributes = {layer.name for layer in typed.graph.layers}
    check_ast(source.text, attributes)


@pytest.mark.parametrize("name", trained_zoo())
@pytest.mark.parametrize("loop", ["fit", "tape"])
def test_golden_scripts(name: str, loop: str, golden) -> None:
    spec = load(name)
    source = emit_script(spec, analyse(spec), "functional", loop=loop)
    golden(GOLDEN / f"{name}_script_{loop}.py", source.text)
    assert ruff(["format"], source.text) == source.text
    ruff(["check", "--select", "E,F,I,W,UP,SIM,C4,PIE", "--line-length", "88"], source.text)
    assert len(source.line_map) == source.text.count("\n")


@settings(max_examples=100, deadline=None)
@given(specs())
def test_any_spec_is_emitted_well(spec) -> None:
    typed = analyse(load(read_text(json.dumps(spec))))
    for style in styles_of(typed):
        source = emit(typed, style, show_shapes=True)
        check_ast(source.text, {layer.name for layer in typed.graph.layers})
        assert max(map(len, source.text.splitlines())) <= 88
        assert len(source.line_map) == source.text.count("\n")
        lines = {span.line for span in source.line_map if span}
        assert lines, "some line must lead back to the spec"


def test_the_line_map_leads_back_to_the_layer() -> None:
    spec = load("residual")
    for style in ("functional", "subclassed"):
        source = compile_spec(spec, style)
        for number, line in enumerate(source.text.splitlines(), start=1):
            if "layers.GlobalAveragePooling2D" in line:
                span = source.span_of(number)
                assert span is not None
                assert "GlobalAveragePooling2D" in spec_line(span)


def spec_line(span) -> str:
    import linecache

    return linecache.getline(span.path, span.line)


def test_sequential_says_who_forks_and_who_joins() -> None:
    with pytest.raises(SpecError) as caught:
        compile_spec(load("residual"), "sequential")
    text = str(caught.value)
    assert re.search(r"forks at `stem`", text)
    assert "joins `first`, `stem`" in text
    assert "`functional` and `subclassed`" in text


def test_names_are_written_where_the_spec_chose_them_and_where_keras_would_count_otherwise() -> (
    None
):
    spec = text_spec(
        """
name: names
inputs: {x: [4, 3]}
layers:
  - Bidirectional: {layer: {LSTM: {units: 2, return_sequences: true}}}
  - LSTM: {units: 3}
  - Dense: {name: dense_1, units: 4}
  - Dense: {units: 5}
  - Dense: {units: 6, name: head}
"""
    )
    text = compile_spec(spec, "sequential").text
    assert "layers.Bidirectional(layers.LSTM(2, return_sequences=True))," in text
    assert 'layers.LSTM(3, name="lstm")' in text
    assert 'layers.Dense(4, name="dense_1")' in text
    assert "layers.Dense(5)," in text
    assert 'layers.Dense(6, name="head")' in text


def test_hostile_names_stay_words() -> None:
    spec = text_spec(
        """
name: model
inputs: {keras: [4], layers: [4]}
layers:
  - Dense: {name: self, units: 4, inputs: keras}
  - Dense: {name: print, units: 4, inputs: layers}
  - Add: {name: fit, inputs: [self, print]}
  - Dense: {name: x, units: 2}
  - Dense: {name: inputs, units: 2, inputs: x}
  - Dense: {name: outputs, units: 2, inputs: x}
outputs: [inputs, outputs]
"""
    )
    typed = analyse(spec)
    for style in ("functional", "subclassed"):
        text = emit(typed, style).text
        check_ast(
            text,
            {"self_layer", "print_layer", "fit_layer", "x_layer", "inputs_layer", "outputs_layer"},
        )
        assert ruff(["format"], text) == text
        ruff(["check", "--select", "A,F,E"], text)


@pytest.mark.parametrize("layer", ["DepthwiseConv1D", "SeparableConv1D"])
def test_a_convolution_whose_sizes_tensorflow_forgets_is_not_in_a_subclass(layer: str) -> None:
    settings = {"kernel_size": 2, "strides": 2, "dilation_rate": 2, "padding": "same"}
    if layer == "SeparableConv1D":
        settings["filters"] = 3
    spec = {"name": "net", "inputs": {"x": [9, 2]}, "layers": [{layer: settings}, "Flatten"]}
    typed = analyse(load(read_text(json.dumps(spec))))
    assert styles_of(typed) == ("sequential", "functional")
    with pytest.raises(SpecError) as caught:
        emit(typed, "subclassed")
    assert [one.code for one in caught.value.diagnostics] == ["HB308"]
    spec["layers"][0][layer]["strides"] = 1
    assert "subclassed" in styles_of(analyse(load(read_text(json.dumps(spec)))))
