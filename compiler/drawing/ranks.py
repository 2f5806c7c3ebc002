"""One level of a layout: things in ranks, each above what takes its values, and ways between them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import floor
from typing import Final, TypeAlias, final

Point: TypeAlias = tuple[float, float]

APART: Final = 26.0
"""Room between two things side by side."""

BESIDE: Final = 13.0
"""Room beside a trunk."""

LANE: Final = 9.0
GAP: Final = 30.0
"""Least room between two ranks."""

GATE: Final = 12.0
"""Least room between a frame and the first and last rank."""

SLOPE: Final = 0.12
STEEP: Final = 60.0
"""Where ways lead far aside they get more height to bend in, up to this much."""

SWEEPS: Final = 4
ROUNDS: Final = 6
SETTLING: Final = 16
WORK: Final = 40_000
"""Things and slots to move while places settle: where there are many, they settle less."""

SLOTS_A_THING: Final = 4
SLOTS_ANYWAY: Final = 400
CHAIN, BRANCH, TRUNK, SKIP = 4e6, 1e6, 8.0, 1.0
"""How much a line wants to be vertical.

Most where one thing leads to one other; less at a fork or a join. What goes past other things, while
they too go on from where it began, has to go round them.
"""


@final
@dataclass(frozen=True, slots=True)
class Thing:
    """Something to place. The kinds `in` and `out` are gates, which stand first and last."""

    width: float
    height: float
    kind: str = "box"


@final
@dataclass(frozen=True, slots=True)
class Link:
    """A value that goes from one thing to another, with where it leaves and enters them.

    Links of one tail and one value share a trunk.
    """

    tail: int
    head: int
    leaves: float
    enters: float
    value: object = None


@final
@dataclass(frozen=True, slots=True)
class Level:
    """What to arrange; ``top`` is the height to leave free under the upper edge."""

    things: tuple[Thing, ...]
    links: tuple[Link, ...]
    top: float = 0.0


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing is."""

    x: float
    y: float
    width: float
    height: float


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """The places of all things, and the way of each link."""

    width: float
    height: float
    places: tuple[Place, ...]
    ways: tuple[tuple[Point, ...], ...]
    slots: int


@final
@dataclass(frozen=True, slots=True)
class _Hop:
    """A line from one rank to the next."""

    upper: int
    lower: int
    leaves: float
    enters: float
    weight: float


def arranged(level: Level) -> Plan:
    """Arrange a level, whose links make no cycle."""
    return _Arranger(level).run()


def ranked(level: Level) -> list[int]:
    """Return the rank of each thing: one more than the highest of what leads to it.

    Raises:
        ValueError: where links make a cycle.
    """
    after: dict[int, list[int]] = defaultdict(list)
    waiting = [0] * len(level.things)
    for link in level.links:
        after[link.tail].append(link.head)
        waiting[link.head] += 1
    gates = any(one.kind == "in" for one in level.things)
    ranks = [int(gates and one.kind != "in") for one in level.things]
    ready = [place for place, count in enumerate(waiting) if not count]
    for place in ready:
        for other in after[place]:
            ranks[other] = max(ranks[other], ranks[place] + 1)
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    if len(ready) < len(level.things):
        raise ValueError("the links make a cycle")
    last = max(
        (r for r, one in zip(ranks, level.things, strict=True) if one.kind != "out"), default=0
    )
    return [
        last + 1 if one.kind == "out" else rank
        for rank, one in zip(ranks, level.things, strict=True)
    ]


class _Arranger:
    """Slots are numbered behind the things."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.ranks = ranked(level)
        self.widths = [one.width for one in level.things]
        self.count = len(level.things)
        self.leading = Counter(link.tail for link in level.links)
        self.led = Counter(link.head for link in level.links)
        self.trunks: dict[tuple[int, object], list[int]] = {}
        self.lanes: dict[int, float] = {}
        self.hops: list[_Hop] = []
        self.ways: list[list[int]] = []

    def run(self) -> Plan:
        self.route()
        self.rows: list[list[int]] = [[] for _ in range(max(self.ranks, default=-1) + 1)]
        for one, rank in enumerate(self.ranks):
            self.rows[rank].append(one)
        self.above: dict[int, list[_Hop]] = defaultdict(list)
        self.below: dict[int, list[_Hop]] = defaultdict(list)
        self.between: dict[int, list[_Hop]] = defaultdict(list)
        for hop in self.hops:
            self.above[hop.lower].append(hop)
            self.below[hop.upper].append(hop)
            self.between[self.ranks[hop.upper]].append(hop)
        self.order()
        self.place()
        self.straighten()
        return self.plan()

    # Trunks and lanes

    def route(self) -> None:
        """Give each link its slots, the short ones first; who gets none goes round."""
        ranks, links = self.ranks, self.level.links
        spans = [ranks[link.head] - ranks[link.tail] for link in links]
        budget = SLOTS_ANYWAY + SLOTS_A_THING * self.count
        self.ways = [[] for _ in links]
        round_: list[int] = []
        for place in sorted(range(len(links)), key=lambda one: (spans[one], one)):
            link = links[place]
            trunk = self.trunks.setdefault((link.tail, link.value), [])
            more = spans[place] - 1 - len(trunk)
            if more > budget:
                round_.append(place)
                continue
            budget -= max(0, more)
            while len(trunk) < spans[place] - 1:
                self.grow(trunk, link)
            slots = trunk[: spans[place] - 1]
            self.hop(slots[-1] if slots else link.tail, link.head, link)
            self.ways[place] = [link.tail, *slots, link.head]
        self.go_round(round_)

    def grow(self, trunk: list[int], link: Link) -> None:
        slot = len(self.ranks)
        self.ranks.append(self.ranks[link.tail] + len(trunk) + 1)
        self.widths.append(0.0)
        self.hop(trunk[-1] if trunk else link.tail, slot, link)
        trunk.append(slot)

    def hop(self, upper: int, lower: int, link: Link) -> None:
        direct = (upper, lower) == (link.tail, link.head)
        through = upper >= self.count and lower >= self.count
        # What nothing leads to, an input or a gate, is no branch of its own.
        if self.leading[link.tail] == 1 and (direct or self.led[link.tail]):
            alone = lower >= self.count or (direct and self.led[lower] == 1)
            weight = CHAIN if alone else BRANCH
        else:
            weight = BRANCH if direct else TRUNK if through else SKIP
        leaves = 0.0 if upper >= self.count else link.leaves
        enters = 0.0 if lower >= self.count else link.enters
        self.hops.append(_Hop(upper, lower, leaves, enters, weight))

    def go_round(self, places: Sequence[int]) -> None:
        """Give each of these links a lane of its own for the ranks that it passes."""
        free: list[int] = []
        busy: list[tuple[int, int]] = []
        used = 0
        for place in sorted(places, key=lambda one: (self.ranks[self.level.links[one].tail], one)):
            link = self.level.links[place]
            while busy and busy[0][0] <= self.ranks[link.tail]:
                heappush(free, heappop(busy)[1])
            if free:
                lane = heappop(free)
            else:
                lane, used = used, used + 1
            heappush(busy, (self.ranks[link.head], lane))
            self.lanes[place] = BESIDE + LANE * lane

    # Order

    def order(self) -> None:
        best, fewest = [list(row) for row in self.rows], self.crossings()
        for count in range(2 * SWEEPS):
            if not fewest:
                break
            self.sort(down=count % 2 == 0)
            found = self.crossings()
            if found < fewest:
                best, fewest = [list(row) for row in self.rows], found
        self.rows = best

    def sort(self, *, down: bool) -> None:
        """Sort each rank by the mean of what its things are joined to in the one before."""
        rows = self.rows if down else self.rows[::-1]
        spots: dict[int, float] = {}
        for row in rows:
            wanted = {}
            for spot, one in enumerate(row):
                hops = self.above[one] if down else self.below[one]
                ends = [self.end(spots, hop, down=down) for hop in hops]
                wanted[one] = sum(ends) / len(ends) if ends else float(spot)
            row.sort(key=wanted.__getitem__)
            spots |= {one: float(spot) for spot, one in enumerate(row)}

    def end(self, spots: dict[int, float], hop: _Hop, *, down: bool) -> float:
        """Return where the other end of a line is, in places and parts of them."""
        other, offset = (hop.upper, hop.leaves) if down else (hop.lower, hop.enters)
        width = self.widths[other]
        return spots[other] + (offset / width - 0.5 if width else 0.0)

    def crossings(self) -> int:
        spots = {one: spot for row in self.rows for spot, one in enumerate(row)}
        found = 0
        for hops in self.between.values():
            ends = sorted((spots[h.upper], h.leaves, spots[h.lower], h.enters) for h in hops)
            seen: list[tuple[int, float]] = []
            for _, _, spot, enters in ends:
                found += len(seen) - bisect_right(seen, (spot, enters))
                insort(seen, (spot, enters))
        return found

    # Places from left to right

    def place(self) -> None:
        self.x = [0.0] * len(self.ranks)
        for row in self.rows:
            at = 0.0
            for one, follower in zip(row, [*row[1:], None], strict=True):
                self.x[one] = at
                at += self.room(one, follower) if follower is not None else 0.0
        for _ in range(ROUNDS):
            self.sweep(self.rows[::-1], self.wishes_below)
            self.sweep(self.rows, self.wishes_above)
        for _ in range(max(2, min(SETTLING, WORK // max(1, len(self.x))))):
            before = list(self.x)
            for rows in (self.rows[::-1], self.rows):
                self.sweep(rows, lambda one: self.wishes_above(one) + self.wishes_below(one))
            if (
                max((abs(x - old) for x, old in zip(self.x, before, strict=True)), default=0.0)
                < 0.5
            ):
                break
        left = min(self.x, default=0.0)
        # Whole numbers, rounded one way, keep the order and the room between neighbours.
        self.x = [float(floor(x - left + 0.5)) for x in self.x]

    def room(self, one: int, follower: int) -> float:
        """Return how far apart the left edges of two neighbours are at least."""
        slots = (one >= self.count) + (follower >= self.count)
        flat = (self.widths[one] == 0.0) + (self.widths[follower] == 0.0)
        return self.widths[one] + (BESIDE if slots or flat else APART)

    def wishes_above(self, one: int) -> list[tuple[float, float]]:
        """Return where a thing would stand right under what leads to it, and how much it wants to."""
        return [
            (self.x[hop.upper] + hop.leaves - hop.enters, hop.weight) for hop in self.above[one]
        ]

    def wishes_below(self, one: int) -> list[tuple[float, float]]:
        """Return where it would stand right above what it leads to."""
        return [
            (self.x[hop.lower] + hop.enters - hop.leaves, hop.weight) for hop in self.below[one]
        ]

    def sweep(
        self, rows: Iterable[Sequence[int]], wishes: Callable[[int], list[tuple[float, float]]]
    ) -> None:
        """Move the things of each rank to where they want to be, as near as their order allows."""
        for row in rows:
            starts, at = [], 0.0
            for one, follower in zip(row, [*row[1:], None], strict=True):
                starts.append(at)
                at += self.room(one, follower) if follower is not None else 0.0
            wanted = []
            for one, start in zip(row, starts, strict=True):
                found = wishes(one)
                weight = sum(each for _, each in found)
                wanted.append(
                    (_median(found) - start, weight) if found else (self.x[one] - start, 0.01)
                )
            for one, start, shift in zip(row, starts, _rising(wanted), strict=True):
                self.x[one] = start + shift

    # Trunks as straight as may be

    def straighten(self) -> None:
        spots = {one: spot for row in self.rows for spot, one in enumerate(row)}
        for trunk in self.trunks.values():
            if not trunk:
                continue
            stretch: list[int] = []
            low, high = float("-inf"), float("inf")
            for slot in trunk:
                least, most = self.corridor(slot, spots[slot])
                if stretch and (max(low, least) > min(high, most)):
                    self.line_up(stretch, low, high)
                    stretch, low, high = [], float("-inf"), float("inf")
                stretch.append(slot)
                low, high = max(low, least), min(high, most)
            self.line_up(stretch, low, high)

    def corridor(self, slot: int, spot: int) -> tuple[float, float]:
        row = self.rows[self.ranks[slot]]
        left = self.x[row[spot - 1]] + self.room(row[spot - 1], slot) if spot else float("-inf")
        follower = row[spot + 1] if spot + 1 < len(row) else None
        right = float("inf") if follower is None else self.x[follower] - self.room(slot, follower)
        return min(left, self.x[slot]), max(right, self.x[slot])

    def line_up(self, slots: Sequence[int], low: float, high: float) -> None:
        here = sorted(self.x[slot] for slot in slots)[len(slots) // 2]
        for slot in slots:
            self.x[slot] = min(max(here, low), high)

    # Places from top to bottom

    def plan(self) -> Plan:
        heights = [
            max((self.level.things[one].height for one in row if one < self.count), default=0.0)
            for row in self.rows
        ]
        inner = max((x + width for x, width in zip(self.x, self.widths, strict=True)), default=0.0)
        far: dict[int, float] = defaultdict(float)
        for rank, hops in self.between.items():
            far[rank] = max(
                abs(self.x[h.upper] + h.leaves - self.x[h.lower] - h.enters) for h in hops
            )
        for place, lane in self.lanes.items():
            link = self.level.links[place]
            for rank, x in (
                (self.ranks[link.tail], self.x[link.tail] + link.leaves),
                (self.ranks[link.head] - 1, self.x[link.head] + link.enters),
            ):
                far[rank] = max(far[rank], inner + lane - x)
        tops, at = [], 0.0
        for rank, height in enumerate(heights):
            gated = self.gated(rank)
            if rank == 0 and not gated:
                at += self.level.top + (GATE if self.level.top else 0.0)
            tops.append(at)
            at += height
            if rank < len(heights) - 1:
                least = GATE if gated or self.gated(rank + 1) else GAP
                at += (
                    least
                    + min(STEEP, SLOPE * far[rank])
                    + (self.level.top if rank == 0 and gated else 0.0)
                )
        if self.level.top and heights and not self.gated(len(heights) - 1):
            at += GATE
        self.tops, self.bottoms = tops, [t + h for t, h in zip(tops, heights, strict=True)]
        if self.rows and self.gated(0):
            self.bottoms[0] += self.level.top
        places = tuple(
            Place(
                self.x[one],
                tops[self.ranks[one]] + (heights[self.ranks[one]] - thing.height) / 2,
                thing.width,
                thing.height,
            )
            for one, thing in enumerate(self.level.things)
        )
        ways = tuple(
            self.beside(place, places, inner)
            if place in self.lanes
            else self.through(place, places)
            for place in range(len(self.level.links))
        )
        width = max([inner, *(inner + lane for lane in self.lanes.values())])
        return Plan(width, at, places, ways, len(self.ranks) - self.count)

    def gated(self, rank: int) -> bool:
        """Tell whether a rank is one of gates."""
        return any(
            one < self.count and self.level.things[one].kind in ("in", "out")
            for one in self.rows[rank]
        )

    def through(self, place: int, places: Sequence[Place]) -> tuple[Point, ...]:
        """Return the way of a link along its trunk."""
        link = self.level.links[place]
        start, end = self.ends(link, places)
        points = [*start]
        for slot in self.ways[place][1:-1]:
            rank = self.ranks[slot]
            points += [(self.x[slot], self.tops[rank]), (self.x[slot], self.bottoms[rank])]
        return (*points, *end)

    def beside(self, place: int, places: Sequence[Place], inner: float) -> tuple[Point, ...]:
        """Return the way of a link along its lane."""
        link = self.level.links[place]
        start, end = self.ends(link, places)
        x = inner + self.lanes[place]
        first, last = self.ranks[link.tail] + 1, self.ranks[link.head] - 1
        return (*start, (x, self.tops[first]), (x, self.bottoms[last]), *end)

    def ends(self, link: Link, places: Sequence[Place]) -> tuple[list[Point], list[Point]]:
        """Return both ends of a link: at the thing, and at the edge of its rank."""
        tail, head = places[link.tail], places[link.head]
        leaves, enters = tail.x + link.leaves, head.x + link.enters
        return (
            [(leaves, tail.y + tail.height), (leaves, self.bottoms[self.ranks[link.tail]])],
            [(enters, self.tops[self.ranks[link.head]]), (enters, head.y)],
        )


def _median(wishes: Sequence[tuple[float, float]]) -> float:
    """Return the weighted median: the middle of the values from which as much pulls either way."""
    if len(wishes) == 1:
        return wishes[0][0]
    ordered = sorted(wishes)
    half = sum(weight for _, weight in ordered) / 2
    passed = 0.0
    for place, (value, weight) in enumerate(ordered):
        passed += weight
        if passed > half:
            return value
        if passed == half:
            return (value + ordered[min(place + 1, len(ordered) - 1)][0]) / 2
    return ordered[-1][0]


def _rising(wanted: Sequence[tuple[float, float]]) -> list[float]:
    """Return the numbers nearest to those wanted, by weight, that never fall."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in wanted:
        pool = (value, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            before, heavy, count = pools.pop()
            total = heavy + pool[1]
            pool = ((before * heavy + pool[0] * pool[1]) / total, total, count + pool[2])
        pools.append(pool)
    return [value for value, _, count in pools for _ in range(count)]
