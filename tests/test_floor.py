"""The least time of a step: below every schedule, and reached where a schedule is perfect."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.floor import Step, floor, longest

CORES = 2


@st.composite
def steps(draw: st.DrawFn) -> tuple[dict[str, float], dict[str, float], Step]:
    """Draw operations, each with its seconds on one core and on two, which wait for some before them."""
    names = [f"op{number}" for number in range(draw(st.integers(1, 12)))]
    alone = {name: draw(st.floats(0.1, 9.0)) for name in names}
    shared = {name: alone[name] * draw(st.floats(0.5, 1.5)) for name in names}
    waits = {
        name: draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else []
        for place, name in enumerate(names)
    }
    return alone, shared, Step(alone, waits)


@given(steps(), st.data())
def test_no_schedule_is_shorter(
    drawn: tuple[dict[str, float], dict[str, float], Step], data: st.DataObject
) -> None:
    alone, shared, step = drawn
    done: dict[str, float] = {}
    free = [0.0] * CORES
    heapq.heapify(free)
    for name in alone:  # in an order that keeps to what waits for what, one core or both for each
        ready = max((done[one] for one in step.waits[name]), default=0.0)
        if data.draw(st.booleans()):
            done[name] = max(ready, heapq.heappop(free)) + alone[name]
            heapq.heappush(free, done[name])
        else:
            done[name] = max(ready, *free) + shared[name]
            free = [done[name]] * CORES
    found = floor(alone, shared, step, CORES)
    assert found.both >= max(found.chain, found.work)
    assert max(done.values()) >= found.both * (1 - 1e-9)


def test_two_chains_on_two_cores_reach_it() -> None:
    waits = {"a": [], "b": [], "c": ["a"], "d": ["b"]}
    seconds = dict.fromkeys(waits, 1.0)
    found = floor(seconds, seconds, Step(seconds, waits), CORES)
    assert (found.chain, found.work, found.both) == pytest.approx((2.0, 2.0, 2.0))


def test_what_shortens_the_chain_costs_work() -> None:
    """Two cores give `a` a tenth more speed; of the rest there is so much that it does not pay."""
    alone = {"a": 10.0, "b": 10.0}
    shared = {"a": 9.0, "b": 9.0}
    found = floor(alone, shared, Step(alone, {"a": [], "b": []}), CORES)
    assert found.chain == pytest.approx(9.0)
    assert found.work == pytest.approx(10.0)
    assert found.both == pytest.approx(10.0)


def test_the_longest_chain_is_found_whatever_the_order_of_names() -> None:
    waits = {"end": ["middle", "other"], "middle": ["start"], "other": [], "start": []}
    seconds = {"middle": 2.0, "other": 1.5, "end": 1.0}  # what was not seen takes no time
    assert longest(seconds, waits) == ["start", "middle", "end"]
