"""Calculations of a spec against Python's own, on drawn formulas and on drawn nonsense."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hornbook.specs.arithmetic import (
    LARGEST,
    MAX_DEPTH,
    MAX_LENGTH,
    ArithmeticMistake,
    Binary,
    Formula,
    Literal,
    Name,
    Negative,
    bind,
    evaluate,
    is_formula,
    names,
    parse,
    show,
    substitute,
)

VALUES: dict[str, int | float] = {"a": 7, "b": -3, "c": 0, "width": 2.5, "n1": 10**6, "big": 2**52}
"""What the names of drawn formulas stand for."""

NUMBERS = st.one_of(
    st.integers(0, 20).map(str),
    st.sampled_from(["0.5", "2.5", "1.", ".25", "1e3", "2E-2", "3.5e+1", "0.0", "1000000"]),
)
ATOMS = NUMBERS | st.sampled_from(sorted(VALUES)).map(lambda name: f"${name}")
SIGNS = st.sampled_from(["+", "-", "*", "/", "//", "%"])
SPACE = st.sampled_from(["", " ", "  "])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=2, max_size=4).map(", ".join)
    return st.one_of(
        st.tuples(inner, SPACE, SIGNS, SPACE, inner).map("".join),
        inner.map(lambda text: f"({text})"),
        st.tuples(st.sampled_from(["-", "+", "- "]), inner).map("".join),
        st.tuples(st.sampled_from(["min", "max"]), several).map(lambda two: f"{two[0]}({two[1]})"),
        inner.map(lambda text: f"round({text})"),
        st.tuples(inner, st.integers(-3, 3)).map(lambda two: f"round({two[0]}, {two[1]})"),
    )


FORMULAS = st.recursive(ATOMS, _larger, max_leaves=12).filter(lambda text: len(text) <= 300)


def by_python(text: str, values: Mapping[str, Any]) -> tuple[Any, bool]:
    """Return what Python makes of a formula, or its exception, and whether any part is too large."""
    tree = ast.parse("(" + text.replace("$", "v_").replace("\v", " ") + ")", mode="eval")
    scope = {f"v_{name}": value for name, value in values.items()}
    scope |= {"min": lambda *given: min(given), "max": lambda *given: max(given), "round": round}
    large = False
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and not (isinstance(node, ast.Name) and node.id in FUNCTIONS):
            try:
                found = eval(compile(ast.Expression(node), "<formula>", "eval"), dict(scope))
            except (ArithmeticError, TypeError, ValueError):
                continue
            large = large or not -LARGEST <= found <= LARGEST
    try:
        return eval(compile(tree, "<formula>", "eval"), dict(scope)), large
    except (ArithmeticError, TypeError, ValueError) as error:
        return error, large


FUNCTIONS = ("min", "max", "round")


def ours(text: str, values: Mapping[str, Any] = VALUES) -> Any:
    return evaluate(parse(text), values)


def same(one: Any, other: Any) -> bool:
    """Tell whether two numbers are one, of one type."""
    return repr(one) == repr(other)


def value_or_mistake(formula: Formula, values: Mapping[str, Any]) -> Any:
    try:
        return evaluate(formula, values)
    except ArithmeticMistake:
        return "mistake"


@settings(max_examples=1500, deadline=None)
@given(FORMULAS)
@example("-$a // 2")
@example("-$a % 3")
@example("2 - -$b * 3 // -2")
@example("$a - 1 - 1")
@example("$a / 2 / 2 * 3 % 5")
@example("round(2.5) + round(-$width) + round(12345, -2)")
@example("- - -$a")
@example("$a % -$b - (1 - (2 - 3))")
def test_values_are_those_of_python(text: str) -> None:
    expected, large = by_python(text, VALUES)
    try:
        found = ours(text)
    except ArithmeticMistake as mistake:
        assert isinstance(expected, Exception) or large, mistake.message
        return
    assert not large
    assert same(found, expected)


@settings(max_examples=600, deadline=None)
@given(FORMULAS)
def test_what_is_shown_reads_as_the_same_formula(text: str) -> None:
    formula = parse(text)
    shown = show(formula)
    assert parse(shown) == formula
    assert same(value_or_mistake(parse(shown), VALUES), value_or_mistake(formula, VALUES))


@settings(max_examples=600, deadline=None)
@given(FORMULAS)
def test_no_pair_of_parentheses_shown_can_be_left_out(text: str) -> None:
    formula = parse(text)
    shown = show(formula)
    for start, sign in enumerate(shown):
        if sign != "(" or shown[max(0, start - 1) : start].isalpha():
            continue
        end = _closing(shown, start)
        without = f"{shown[:start]} {shown[start + 1 : end]} {shown[end + 1 :]}"
        lone = re.fullmatch(r"-[^-+*/%(),]*", shown[start + 1 : end]) is not None
        # A minus keeps its parentheses for the reader, though two signs may stand together.
        assert lone or shown[start + 1] == "-" or parse(without) != formula


def _closing(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise AssertionError(text)


@settings(max_examples=600, deadline=None)
@given(FORMULAS, st.sets(st.sampled_from(sorted(VALUES))))
def test_binding_keeps_the_value(text: str, bound: set[str]) -> None:
    formula = parse(text)
    now = {name: value for name, value in VALUES.items() if name in bound}
    later = {name: value for name, value in VALUES.items() if name not in bound}
    expected = value_or_mistake(formula, VALUES)
    try:
        found = bind(formula, now)
    except ArithmeticMistake:
        assert expected == "mistake"
        return
    assert names(found) <= names(formula)
    if names(formula) <= bound:
        assert isinstance(found, Literal)
    assert same(value_or_mistake(found, later), expected)
    # What is bound is written into source, where it must read as the same.
    assert same(value_or_mistake(parse(show(found)), later), expected)


@settings(max_examples=600, deadline=None)
@given(FORMULAS, FORMULAS, st.sampled_from(sorted(VALUES)))
def test_substituting_keeps_the_value(text: str, other: str, name: str) -> None:
    formula, put = parse(text), parse(other)
    value = value_or_mistake(put, VALUES)
    assume(value != "mistake")
    found = substitute(formula, {name: put})
    assert same(value_or_mistake(found, VALUES), value_or_mistake(formula, {**VALUES, name: value}))
    assert names(found) == (
        (names(formula) - {name}) | names(put) if name in names(formula) else names(formula)
    )


NONSENSE = st.text(alphabet="$ab01.()+-*/%, eE_minroudax\n\t[]{}:'\"\\²٣é\u00a0", max_size=40)
TORN = st.tuples(FORMULAS, st.integers(0, 300), NONSENSE.map(lambda text: text[:2])).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
)


@settings(max_examples=1500, deadline=None)
@given(NONSENSE | TORN | st.text(max_size=30))
@example("$")
@example("")
@example(" ")
@example("1 2")
@example("min")
@example("min()")
@example("round(1, 2, 3)")
@example("($a")
@example("$a)")
@example("$a **2")
@example("abs($a)")
@example("٣ * $a")
@example("$a.real")
@example("1e999 - $a")
def test_a_text_is_a_formula_or_a_mistake(text: str) -> None:
    try:
        formula = parse(text)
    except ArithmeticMistake as mistake:
        assert mistake.message
        return
    values = {**VALUES, **dict.fromkeys(names(formula) - set(VALUES), 2)}
    found = value_or_mistake(formula, values)
    assert found == "mistake" or isinstance(found, int | float)
    assume(not re.search(r"(?<![\d.])0\d", text))  # Python asks back about leading zeros.
    expected, _ = by_python(text, values)
    assert found == "mistake" or same(found, expected)


ODD: dict[str, Any] = {"word": "relu", "flag": True, "none": None, "sizes": (1, 2)}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_number_stands_alone_only(name: str) -> None:
    assert ours(f"${name}", ODD) == ODD[name]
    for text in (f"${name} + 1", f"-${name}", f"max(1, ${name})", f"round(1.5, ${name})"):
        with pytest.raises(ArithmeticMistake, match=r"no number to calculate with|whole number"):
            ours(text, ODD)


HUGE: dict[str, Any] = {"whole": 10**400, "broken": 1e300, "least": -(10**400)}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("form", ["{} / 3", "{} * 1.5", "-{}", "round({})", "min(1, {})", "1 % {}"])
def test_values_too_large_are_mistakes(name: str, form: str) -> None:
    with pytest.raises(ArithmeticMistake, match="larger than any size"):
        ours(form.format(f"${name}"), HUGE)


MESSAGES = [
    ("1 / $c", "`1 / $c` divides by zero"),
    ("$a % $c", "divides by zero"),
    ("$a // (1 - 1)", "`$a // (1 - 1)` divides by zero"),
    ("$q + 1", "unknown name `$q`"),
    ("$a +", "ends where a number should stand"),
    ("$a 1", "`1` stands where"),
    ("$a * * 2", "`*` stands where a number should"),
    ("$a ! 2", "`!` has no meaning"),
    ("width * 2", "`width` is no function"),
    ("round(1, 2, 3)", "`round` takes 1 to 2 numbers, not 3"),
    ("(1 + $a", "needs a `)` before the end"),
    ("min(1, $a", "needs a `)` before the end"),
    ("min 1", "needs a `(` before `1`"),
    ("round($a, 0.5)", "whole number of places"),
    ("round($a, -1000000000)", "whole number of places, 20 at most"),
    ("1e999", "`1e999` is larger than any size"),
    (f"$a + {'9' * 400}", "is larger than any size"),
    ("$big * 4", "`$big * 4` is larger than any size"),
]


@pytest.mark.parametrize(("text", "part"), MESSAGES, ids=[text[:20] for text, _ in MESSAGES])
def test_messages(text: str, part: str) -> None:
    with pytest.raises(ArithmeticMistake) as caught:
        ours(text)
    assert part in caught.value.message


def test_the_name_that_is_unknown_is_told() -> None:
    with pytest.raises(ArithmeticMistake) as caught:
        ours("1 + $nothing")
    assert caught.value.name == "nothing"


def test_length_is_limited() -> None:
    most = "1+" * (MAX_LENGTH // 2 - 1) + "11"
    assert len(most) == MAX_LENGTH
    assert ours(most) == MAX_LENGTH // 2 - 1 + 11
    with pytest.raises(ArithmeticMistake, match="at most 500 characters"):
        parse(most + "1")


@pytest.mark.parametrize(("left", "right"), [("(", ")"), ("-", ""), ("min(", ")"), ("+", "")])
def test_depth_is_limited(left: str, right: str) -> None:
    levels = MAX_DEPTH - 1
    assert abs(ours(left * levels + "1" + right * levels)) == 1
    with pytest.raises(ArithmeticMistake, match="at most 50 levels deep"):
        parse(left * MAX_DEPTH + "1" + right * MAX_DEPTH)


def test_a_long_chain_can_be_bound_and_shown() -> None:
    formula = parse("$a" + "-1" * ((MAX_LENGTH - 2) // 2))
    assert evaluate(formula, {"a": 250}) == 250 - (MAX_LENGTH - 2) // 2
    assert parse(show(formula).replace(" ", "")) == formula
    assert bind(formula, {"a": 0}) == Literal(-((MAX_LENGTH - 2) // 2))
    assert substitute(formula, {"a": Literal(1)}) == parse("1" + "-1" * ((MAX_LENGTH - 2) // 2))


def grown(text: str, turns: int) -> Formula:
    """Put a formula in place of its own name, again and again."""
    formula = parse(text)
    for _ in range(turns):
        formula = substitute(parse(text), {"a": formula})
    return formula


@pytest.mark.parametrize(("text", "turns"), [("$a + $a", 8), ("-$a", 248), ("min($a)", 248)])
def test_growth_by_names_comes_to_an_end(text: str, turns: int) -> None:
    formula = grown(text, turns - 1)
    assert names(bind(formula, {"b": 1})) == {"a"}
    assert evaluate(formula, {"a": 1}) in (2**turns, -1, 1)
    assert len(show(formula)) < 5_000
    with pytest.raises(ArithmeticMistake, match="becomes too large"):
        grown(text, 1_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a", True),
        ("  $a * 2", True),
        ("(1 + $a)", True),
        ("-$a", True),
        ("max($a, 1)", True),
        ("2 * $a", True),
        ("relu", False),
        ("12", False),
        ("price in $", False),
        ("maximum($a)", False),
        ("{$a}", False),
    ],
)
def test_which_texts_are_computed(text: str, expected: bool) -> None:
    assert is_formula(text) is expected


def test_what_is_shown_has_the_names_given() -> None:
    formula = Binary("*", Binary("+", Name("a"), Negative(Name("b"))), Literal(-2))
    assert show(formula) == "($a + (-$b)) * (-2)"
    assert show(formula, {"a": "width", "b": "self.b"}) == "(width + (-self.b)) * (-2)"
