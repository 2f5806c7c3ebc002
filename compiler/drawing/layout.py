"""Places for the boxes of a picture, from top to bottom, and ways for its arrows.

The inside of a cluster is laid out as a small picture of its own, and stands in the larger one as a box
of that size: so nothing leaves its cluster, and clusters do not overlap. Each value that goes into a
cluster or out of it passes its frame at one gate. In every such level

1. the rank of a thing is the length of the longest way to it;
2. a value that goes on for several ranks is a trunk through the ranks between, with a slot in each;
3. sweeps up and down sort each rank by the median of what its things are joined to;
4. sweeps give each thing the place nearest to what it is joined to that keeps the order;
5. trunks are made straight as far as their neighbours let them.

Arrows bend only between two ranks, so they run through no box. Should there be too many slots, the
longest ways go round on the right instead, and all stays near-linear in the number of layers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from .folding import ancestors, way
from .model import Picture
from .ranks import Level, Link, Plan, Thing, arranged

Point: TypeAlias = tuple[float, float]
Port: TypeAlias = tuple[int, int]
"""A value: the box that makes it, and which of its outputs it is."""

MARGIN: Final = 16.0
SIDE: Final = 12.0
"""Room between the frame of a cluster and what stands in it."""


@final
@dataclass(frozen=True, slots=True)
class Size:
    """How much room something needs."""

    width: float
    height: float


@final
@dataclass(frozen=True, slots=True)
class Rect:
    """A place on the page."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is: a place a box, a place a cluster, a way an arrow.

    A way is a list of points that goes down. Between two that are not above each other it bends within
    the height that they span.
    """

    width: float
    height: float
    boxes: tuple[Rect, ...]
    clusters: tuple[Rect, ...]
    ways: tuple[tuple[Point, ...], ...]


def layout(picture: Picture, sizes: Sequence[Size], heads: Sequence[Size]) -> Layout:
    """Find places.

    Args:
        picture: what to draw, untangled.
        sizes: the size of each box.
        heads: the size of what stands on the frame of each cluster.
    """
    return _Layout(picture, sizes, heads).run()


_Key: TypeAlias = "tuple[str, object]"
"""A thing of one level: a box or a cluster by its position, a gate by its value."""


class _Layout:
    def __init__(self, picture: Picture, sizes: Sequence[Size], heads: Sequence[Size]) -> None:
        self.picture = picture
        self.sizes = sizes
        self.heads = heads
        self.lines = ancestors(picture)
        self.members: dict[int | None, list[_Key]] = defaultdict(list)
        for place, box in enumerate(picture.boxes):
            self.members[box.cluster].append(("box", place))
        for number, cluster in enumerate(picture.clusters):
            self.members[cluster.parent].append(("cluster", number))
        self.plans: dict[int | None, Plan] = {}
        self.keys: dict[int | None, list[_Key]] = {}
        self.gates: dict[int, tuple[dict[Port, float], dict[Port, float]]] = {}
        self.extents: dict[int | None, Size] = {}
        self.shifts: dict[int | None, Point] = {}
        self.ways: dict[int | None, dict[tuple[Port, _Key], tuple[Point, ...]]] = {}

    def run(self) -> Layout:
        legs = self.legs()
        for number in reversed(range(len(self.picture.clusters))):
            self.level(number, legs[number])
        self.level(None, legs[None])
        origins: dict[int | None, Point] = {None: (MARGIN, MARGIN)}
        boxes: list[Rect] = [Rect(0, 0, 0, 0)] * len(self.picture.boxes)
        clusters: list[Rect] = [Rect(0, 0, 0, 0)] * len(self.picture.clusters)
        for number in (None, *range(len(self.picture.clusters))):
            left, top = self.origin(origins[number], number)
            for key, thing in zip(self.keys[number], self.plans[number].places, strict=True):
                kind, place = key
                rect = Rect(left + thing.x, top + thing.y, thing.width, thing.height)
                if kind == "box" and isinstance(place, int):
                    boxes[place] = rect
                elif kind == "cluster" and isinstance(place, int):
                    clusters[place] = rect
                    origins[place] = (rect.x, rect.y)
        whole = self.extents[None]
        return Layout(
            whole.width + 2 * MARGIN,
            whole.height + 2 * MARGIN,
            tuple(boxes),
            tuple(clusters),
            tuple(self.joined(place, origins) for place in range(len(self.picture.arrows))),
        )

    def origin(self, corner: Point, number: int | None) -> Point:
        """Return where the inside of a cluster begins whose corner is known."""
        shift = self.shifts[number]
        return corner[0] + shift[0], corner[1] + shift[1]

    # Which part of an arrow runs in which level

    def steps(self, place: int) -> list[tuple[int | None, _Key, _Key]]:
        """Return the levels that an arrow runs through, and what it joins in each."""
        arrow = self.picture.arrows[place]
        port = (arrow.tail, arrow.port)
        boxes = self.picture.boxes
        up = way(self.lines, boxes[arrow.tail])
        down = way(self.lines, boxes[arrow.head])
        common = 0
        while common < min(len(up), len(down)) and up[common] == down[common]:
            common += 1
        tails: list[_Key] = [
            ("box", arrow.tail),
            *(("cluster", one) for one in reversed(up[common:])),
        ]
        heads: list[_Key] = [*(("cluster", one) for one in down[common:]), ("box", arrow.head)]
        found: list[tuple[int | None, _Key, _Key]] = [
            (number, tail, ("out", port))
            for number, tail in zip(reversed(up[common:]), tails, strict=False)
        ]
        found.append((up[common - 1] if common else None, tails[-1], heads[0]))
        found += [
            (number, ("in", port), head)
            for number, head in zip(down[common:], heads[1:], strict=True)
        ]
        return found

    def legs(self) -> dict[int | None, dict[tuple[Port, _Key], _Key]]:
        """Return for each level what it joins: where a value comes from, by the value and its end."""
        found: dict[int | None, dict[tuple[Port, _Key], _Key]] = defaultdict(dict)
        for place, arrow in enumerate(self.picture.arrows):
            for number, tail, head in self.steps(place):
                found[number][((arrow.tail, arrow.port), head)] = tail
        return found

    # One level

    def level(self, number: int | None, legs: Mapping[tuple[Port, _Key], _Key]) -> None:
        keys: list[_Key] = [
            *(
                ("in", port)
                for port in dict.fromkeys(p for (p, _), t in legs.items() if t[0] == "in")
            ),
            *self.members[number],
            *(("out", port) for port in dict.fromkeys(p for p, head in legs if head[0] == "out")),
        ]
        places = {key: place for place, key in enumerate(keys)}
        links = [
            Link(
                places[tail],
                places[head],
                self.gate(tail, port, out=True),
                self.gate(head, port, out=False),
                port,
            )
            for (port, head), tail in legs.items()
        ]
        things = [Thing(*self.extent(key), kind=key[0]) for key in keys]
        head = 0.0 if number is None else self.heads[number].height
        plan = arranged(Level(tuple(things), tuple(links), head))
        self.plans[number], self.keys[number] = plan, keys
        self.ways[number] = dict(zip(legs, plan.ways, strict=True))
        if number is None:
            self.shifts[number], self.extents[number] = (0.0, 0.0), Size(plan.width, plan.height)
            return
        gates = [
            (key, thing.x)
            for key, thing in zip(keys, plan.places, strict=True)
            if key[0] in ("in", "out")
        ]
        first = min((x for key, x in gates if key[0] == "in"), default=plan.width)
        side = SIDE + max(0.0, self.heads[number].width - SIDE - first)
        self.shifts[number] = (side, 0.0)
        self.extents[number] = Size(plan.width + 2 * side, plan.height)
        passes: tuple[dict[Port, float], dict[Port, float]] = ({}, {})
        for (kind, port), x in gates:
            if isinstance(port, tuple):
                passes[kind == "out"][port] = x + side
        self.gates[number] = passes

    def extent(self, key: _Key) -> tuple[float, float]:
        kind, place = key
        if kind == "box" and isinstance(place, int):
            return self.sizes[place].width, self.sizes[place].height
        if kind == "cluster" and isinstance(place, int):
            return self.extents[place].width, self.extents[place].height
        return 0.0, 0.0

    def gate(self, key: _Key, port: Port, *, out: bool) -> float:
        """Return where a value leaves or enters something, from its left edge."""
        kind, place = key
        if kind == "cluster" and isinstance(place, int):
            return self.gates[place][out][port]
        return self.extent(key)[0] / 2

    # Ways

    def joined(self, place: int, origins: Mapping[int | None, Point]) -> tuple[Point, ...]:
        """Return the way of an arrow, through all its levels."""
        arrow = self.picture.arrows[place]
        points: list[Point] = []
        for number, _, head in self.steps(place):
            left, top = self.origin(origins[number], number)
            for x, y in self.ways[number][((arrow.tail, arrow.port), head)]:
                point = (left + x, top + y)
                if not points or point != points[-1]:
                    points.append(point)
        return tuple(_plain(points))


def _plain(points: Sequence[Point]) -> list[Point]:
    """Leave out the points in the middle of vertical lines."""
    return [
        point
        for at, point in enumerate(points)
        if at in (0, len(points) - 1) or not points[at - 1][0] == point[0] == points[at + 1][0]
    ]
