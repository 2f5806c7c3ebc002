"""The printer: its output parses to the tree it was given, and `ruff format` leaves it alone."""

from __future__ import annotations

import ast
import subprocess
import sys

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hornbook.compiler.python import (
    WIDTH,
    Assign,
    Call,
    Constant,
    Dict,
    Evaluate,
    Function,
    Items,
    Module,
    Name,
    Return,
    Subscript,
    print_module,
)
from hornbook.specs.diagnostics import Span

identifiers = st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True).filter(
    lambda word: word.isidentifier() and not __import__("keyword").iskeyword(word)
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
constants = st.builds(
    Constant,
    st.none() | st.booleans() | st.integers(0, 10**12) | st.floats(0, 1e9, allow_nan=False) | texts,
)
names = st.builds(Name, identifiers)
expressions = st.recursive(
    constants | names,
    lambda inner: st.one_of(
        st.builds(
            Call,
            names | st.builds(lambda a, b: Name(f"{a.text}.{b.text}"), names, names),
            st.lists(inner, max_size=3).map(tuple),
            st.dictionaries(identifiers, inner, max_size=3).map(lambda d: tuple(d.items())),
        ),
        st.builds(
            lambda call, x: Call(call, (x,)),
            st.builds(Call, names, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            names,
        ),
        st.builds(Items, st.lists(inner, max_size=4).map(tuple)),
        st.builds(lambda items: Items(items, "()"), st.lists(inner, max_size=3).map(tuple)),
        st.builds(Dict, st.dictionaries(texts, inner, max_size=3).map(lambda d: tuple(d.items()))),
        st.builds(Subscript, st.just(Name("inputs")), st.from_regex(r"[a-z]{1,8}", fullmatch=True)),
    ),
    max_leaves=12,
)
comments = st.none() | st.just("(None, 26, 26, 32)")
statements = st.one_of(
    st.builds(Assign, identifiers, expressions, comment=comments),
    st.builds(lambda name, value: Assign(f"self.{name}", value), identifiers, expressions),
    st.builds(Evaluate, st.builds(Call, names, st.lists(expressions, max_size=2).map(tuple))),
)


def ruff(*arguments: str, text: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr + text
    return done.stdout


@settings(max_examples=60, deadline=None, phases=set(Phase) - {Phase.shrink})
@given(st.lists(statements, min_size=10, max_size=60))
def test_ruff_format_leaves_the_output_alone(body) -> None:
    module = Module(
        "Words.", ("import keras",), (Function("build_model", (), (*body, Return(Name("x")))),)
    )
    text = print_module(module, "functional").text
    formatted = ruff("format", text=text)
    changed = [
        pair
        for pair in zip(text.splitlines(), formatted.splitlines(), strict=False)
        if pair[0] != pair[1]
    ]
    assert not changed[:3]


def value(node: ast.expr) -> object:
    """Read an expression back as plain data."""
    match node:
        case ast.Constant(found):
            return found
        case ast.Name(found):
            return ("name", found)
        case ast.Attribute(inner, found):
            return ("name", f"{value(inner)[1]}.{found}")
        case ast.Call(function, arguments, keywords):
            return (
                value(function),
                [value(a) for a in arguments],
                [(k.arg, value(k.value)) for k in keywords],
            )
        case ast.List(items):
            return ["list", *map(value, items)]
        case ast.Tuple(items):
            return ["tuple", *map(value, items)]
        case ast.Dict(keys, values):
            return {k.value: value(v) for k, v in zip(keys, values, strict=True)}
        case ast.Subscript(inner, key):
            return ("item", value(inner), value(key))
    raise AssertionError(ast.dump(node))


def meant(tree) -> object:
    match tree:
        case Constant(found):
            return found
        case Name(text):
            return ("name", text)
        case Call():
            return (
                meant(tree.function),
                [meant(a) for a in tree.arguments],
                [(k, meant(v)) for k, v in tree.keywords],
            )
        case Items(items, brackets):
            return ["list" if brackets == "[]" else "tuple", *map(meant, items)]
        case Dict(items):
            return {k: meant(v) for k, v in items}
        case Subscript(inner, key):
            return ("item", meant(inner), key)
    raise AssertionError(tree)


@given(expressions)
def test_what_is_printed_means_the_tree(tree) -> None:
    text = print_module(Module("Words.", (), (Assign("x", tree),)), "functional").text
    assign = ast.parse(text).body[-1]
    assert repr(value(assign.value)) == repr(meant(tree))


def test_layout_and_line_map() -> None:
    spans = [Span("a.yaml", n, 1, n, 2) for n in (1, 2)]
    layers = tuple(
        Call(
            Name("layers.Dense"),
            (Constant(n),),
            (("activation", Constant("relu")), ("name", Constant("y" * 40))),
            span=spans[n],
        )
        for n in range(2)
    )
    model = Call(Name("keras.Sequential"), (Items(layers),))
    source = print_module(
        Module("Words.", ("import keras",), (Function("f", (), (Return(model),)),)), "sequential"
    )
    assert source.text.splitlines()[5:12] == [
        "def f():",
        "    return keras.Sequential(",
        "        [",
        "            layers.Dense(",
        "                0,",
        '                activation="relu",',
        f'                name="{"y" * 40}",',
    ]
    assert max(map(len, source.text.splitlines())) <= WIDTH
    assert len(source.line_map) == len(source.text.splitlines())
    assert {source.span_of(line) for line in range(9, 14)} == {spans[0]}
    assert source.span_of(1) is None
    assert source.span_of(99) is None
