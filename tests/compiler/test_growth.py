"""The cost of compiling grows with the layers alone: counted in calls, which no busy machine changes."""

from __future__ import annotations

from collections.abc import Callable
from cProfile import Profile

import pytest
from large import GRAPHS, MISTAKES, Form, chain, unknown_layers

from hornbook.cli.show import record, rows
from hornbook.compiler.driver import advise, analyse, emit, styles_of
from hornbook.specs.diagnostics import Diagnostic, SpecError
from hornbook.specs.load import load
from hornbook.specs.render import RENDERERS
from hornbook.specs.vocabulary import MANY
from hornbook.specs.yaml import read_text

SLACK = 1.12
"""What is looked up among more may cost so much more for each."""


def compiled(text: str) -> tuple[Diagnostic, ...]:
    """Take a spec through all that needs no Keras; return what is wrong with it."""
    try:
        spec = load(read_text(text, "large.yaml"))
        typed = analyse(spec)
    except SpecError as error:
        return error.diagnostics
    record(typed, rows(typed, 1), 1)
    for style in styles_of(typed):
        emit(typed, style)
    return tuple(advise(spec, typed))


def told(text: str) -> None:
    found = compiled(text)
    assert found
    for render in RENDERERS.values():
        render(found)


def fine(text: str) -> None:
    assert not compiled(text)


def work(run: Callable[[str], None], text: str) -> int:
    """Count the calls, of functions in Python and in C, that a run makes."""
    profile = Profile()
    profile.runcall(run, text)
    return sum(one.callcount for one in profile.getstats())


@pytest.mark.parametrize("form", GRAPHS.values(), ids=GRAPHS)
def test_the_cost_of_compiling_is_linear(form: Form) -> None:
    fine(chain(10))  # what is done once a process
    fine(form(10))
    assert work(fine, form(2000)) < 4 * SLACK * work(fine, form(500))


@pytest.mark.parametrize("form", MISTAKES.values(), ids=MISTAKES)
def test_the_cost_of_diagnostics_is_linear(form: Form) -> None:
    told(unknown_layers(10))
    told(form(10))
    # Among few names each is tried, so growth shows above them.
    few = 2 * MANY + 200
    assert work(told, form(2 * few)) < 2 * SLACK * work(told, form(few))
