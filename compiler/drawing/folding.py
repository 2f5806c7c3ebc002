"""What makes a picture smaller: turns that are alike drawn once, blocks drawn as one box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TypeAlias

from .model import CLOSED, Arrow, Box, Cluster, Picture

Place: TypeAlias = "tuple[str, int]"
"""A box, or a cluster, by its position."""


def ancestors(picture: Picture) -> tuple[tuple[int, ...], ...]:
    """Return for each cluster the way to it from outside, itself last."""
    found: list[tuple[int, ...]] = []
    for number, one in enumerate(picture.clusters):
        found.append((*(() if one.parent is None else found[one.parent]), number))
    return tuple(found)


def way(lines: Sequence[tuple[int, ...]], box: Box) -> tuple[int, ...]:
    """Return the clusters that a box stands in, the outermost first."""
    return () if box.cluster is None else lines[box.cluster]


# Turns


def folded(picture: Picture) -> Picture:
    """Draw the turns of a repetition once where each does the same with what the one before returns."""
    return _Folder(picture).run()


class _Folder:
    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.lines = ancestors(picture)
        self.inside: dict[int, list[int]] = defaultdict(list)
        for place, box in enumerate(picture.boxes):
            for number in way(self.lines, box):
                self.inside[number].append(place)
        self.takes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.takers: dict[int, list[int]] = defaultdict(list)
        for arrow in picture.arrows:
            self.takes[arrow.head].append((arrow.tail, arrow.port))
            self.takers[arrow.tail].append(arrow.head)
        self.instead: dict[int, int] = {}
        self.turns: dict[int, Sequence[int]] = {}

    def run(self) -> Picture:
        groups: dict[tuple[int | None, int], list[int]] = defaultdict(list)
        for number, one in enumerate(self.picture.clusters):
            groups[one.group].append(number)
        for numbers in groups.values():  # the outer ones come first
            turns = [self.inside[number] for number in numbers]
            if len(turns) > 1 and turns[0] and turns[0][0] not in self.instead:
                if not self.alike(numbers, turns):
                    continue
                self.turns[numbers[0]] = numbers
                self.fold(turns)
        return self.rest()

    def alike(self, numbers: Sequence[int], turns: Sequence[Sequence[int]]) -> bool:
        """Tell whether all turns do the same, each with what the one before returns."""
        faces = [
            [self.face(place, number) for place in turn]
            for number, turn in zip(numbers, turns, strict=True)
        ]
        if any(one != faces[0] for one in faces[1:]):
            return False
        spots = [{place: spot for spot, place in enumerate(turn)} for turn in turns]
        wirings = [self.wiring(turns, spots, count) for count in range(1, len(turns))]
        return (
            wirings[0] is not None
            and all(one == wirings[0] for one in wirings)
            and all(
                self.private(turns[count], spots[count : count + 2])
                for count in range(len(turns) - 1)
            )
        )

    def face(self, place: int, number: int) -> tuple[object, ...]:
        box = self.picture.boxes[place]
        line = way(self.lines, box)
        below = line[line.index(number) + 1 :]
        return (*box.face, *(self.picture.clusters[one].title for one in below))

    def wiring(
        self, turns: Sequence[Sequence[int]], spots: Sequence[Mapping[int, int]], count: int
    ) -> list[tuple[int, int, int, int]] | None:
        """Return what a turn takes of the one before; None where it is not wired as the first."""
        carried = []
        for spot, (place, first) in enumerate(zip(turns[count], turns[0], strict=True)):
            ours, theirs = self.takes[place], self.takes[first]
            if len(ours) != len(theirs):
                return None
            for slot, ((tail, port), (model, its)) in enumerate(zip(ours, theirs, strict=True)):
                tail, model = self.behind(tail), self.behind(model)
                if model in spots[0]:
                    if port != its or spots[count].get(tail) != spots[0][model]:
                        return None
                elif tail in spots[count - 1]:
                    carried.append((spot, slot, spots[count - 1][tail], port))
                elif (tail, port) != (model, its):
                    return None
        return carried

    def private(self, turn: Sequence[int], near: Sequence[Mapping[int, int]]) -> bool:
        """Tell whether only the turn itself and the next one take what it makes."""
        return all(
            taker not in self.instead and any(taker in spots for spots in near)
            for place in turn
            for taker in self.takers[place]
        )

    def behind(self, place: int) -> int:
        while place in self.instead:
            place = self.instead[place]
        return place

    def fold(self, turns: Sequence[Sequence[int]]) -> None:
        for turn in turns[1:]:
            self.instead |= dict(zip(turn, turns[0], strict=True))
        for place, last in zip(turns[0], turns[-1], strict=True):
            self.takers[place] = [*self.takers[place], *self.takers[last]]

    def repeated(self, number: int) -> Cluster:
        """Return the cluster that stands for all turns."""
        turns = self.turns[number]
        one, last = self.picture.clusters[number], self.picture.clusters[turns[-1]]
        return replace(one, label=f"{one.label} … {last.label}", turns=len(turns))

    def rest(self) -> Picture:
        """Return what is left."""
        arrows = (
            Arrow(self.behind(one.tail), one.head, one.port)
            for one in self.picture.arrows
            if one.head not in self.instead
        )
        clusters = [
            self.repeated(number) if number in self.turns else one
            for number, one in enumerate(self.picture.clusters)
        ]
        kept = [place for place in range(len(self.picture.boxes)) if place not in self.instead]
        return _kept(replace(self.picture, clusters=tuple(clusters)), kept, arrows)


def _kept(picture: Picture, places: Iterable[int], arrows: Iterable[Arrow]) -> Picture:
    """Return a picture of some of its boxes, without the clusters that would be empty."""
    lines = ancestors(picture)
    kept = list(places)
    held = sorted({one for place in kept for one in way(lines, picture.boxes[place])})
    numbers: dict[int | None, int | None] = {None: None}
    numbers |= {number: place for place, number in enumerate(held)}
    new = {place: at for at, place in enumerate(kept)}
    found = {Arrow(new[one.tail], new[one.head], one.port): None for one in arrows}
    return Picture(
        picture.name,
        tuple(
            replace(picture.boxes[place], cluster=numbers[picture.boxes[place].cluster])
            for place in kept
        ),
        tuple(found),
        tuple(
            replace(picture.clusters[one], parent=numbers[picture.clusters[one].parent])
            for one in held
        ),
    )


# Blocks that wait for each other


def untangled(picture: Picture) -> Picture:
    """Take away the frames that no way down the page leads through.

    A block with two inputs and two outputs may take what was made of its own first output. As one box it
    would be part of a cycle. Frames around nothing go too.
    """
    picture = _kept(picture, range(len(picture.boxes)), picture.arrows)
    while knots := _knots(picture):
        picture = _opened(picture, knots)
    return picture


def _knots(picture: Picture) -> set[int]:
    """Return the clusters in cycles, of those that stand side by side."""
    lines = ancestors(picture)
    after: dict[Place, set[Place]] = defaultdict(set)
    before: dict[Place, set[Place]] = defaultdict(set)
    for arrow in picture.arrows:
        tail, head = parted(picture, lines, arrow)
        after[tail].add(head)
        before[head].add(tail)
    cyclic = _untrimmed(after, before)
    return {number for kind, number in cyclic if kind == "cluster"}


def parted(picture: Picture, lines: Sequence[tuple[int, ...]], arrow: Arrow) -> tuple[Place, Place]:
    """Return where the ways to the ends of an arrow part: two things in one cluster."""
    ends = (arrow.tail, arrow.head)
    tail, head = (
        (*(("cluster", one) for one in way(lines, picture.boxes[end])), ("box", end))
        for end in ends
    )
    shared = next(
        at for at, (one, other) in enumerate(zip(tail, head, strict=False)) if one != other
    )
    return tail[shared], head[shared]


def _untrimmed(after: Mapping[Place, set[Place]], before: Mapping[Place, set[Place]]) -> set[Place]:
    """Return what is left when all that has nothing before it, or nothing after it, is taken away."""
    left = {*after, *before}
    for forth, back in ((after, before), (before, after)):
        waiting = {one: len(back.get(one, set()) & left) for one in left}
        ready = [one for one in left if not waiting[one]]
        while ready:
            one = ready.pop()
            left.discard(one)
            for other in forth.get(one, ()):
                if other in left:
                    waiting[other] -= 1
                    if not waiting[other]:
                        ready.append(other)
    return left


def _opened(picture: Picture, gone: set[int]) -> Picture:
    """Return a picture without some frames; what stood in them stands in the next one out."""
    lines = ancestors(picture)

    def out(cluster: int | None) -> int | None:
        line = () if cluster is None else lines[cluster]
        return next((one for one in reversed(line) if one not in gone), None)

    changed = replace(
        picture,
        boxes=tuple(replace(box, cluster=out(box.cluster)) for box in picture.boxes),
        clusters=tuple(replace(one, parent=out(one.parent)) for one in picture.clusters),
    )
    return _kept(changed, range(len(picture.boxes)), picture.arrows)


# Blocks as boxes


def closed(picture: Picture, depth: int) -> Picture:
    """Draw what stands deeper than ``depth`` clusters as one box for each block."""
    lines = ancestors(picture)
    held: dict[int, list[int]] = defaultdict(list)
    for place, box in enumerate(picture.boxes):
        line = way(lines, box)
        if len(line) > depth:
            held[line[depth]].append(place)
    hidden = {place: places[0] for places in held.values() for place in places}
    returned = _returned(picture, hidden)
    ports = {value: port for values in returned.values() for port, value in enumerate(values)}
    instead = {
        places[0]: _as_box(picture, lines, number, places, returned.get(places[0], ()))
        for number, places in held.items()
    }
    arrows = (
        Arrow(
            hidden.get(one.tail, one.tail),
            hidden.get(one.head, one.head),
            ports.get((one.tail, one.port), one.port),
        )
        for one in picture.arrows
        if one.tail not in hidden or hidden[one.tail] != hidden.get(one.head)
    )
    boxes = tuple(instead.get(place, box) for place, box in enumerate(picture.boxes))
    kept = [place for place in range(len(boxes)) if hidden.get(place, place) == place]
    return _kept(replace(picture, boxes=boxes), kept, arrows)


def _returned(
    picture: Picture, hidden: Mapping[int, int]
) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return what leaves each closed block, in the order in which it is made."""
    seen: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for one in picture.arrows:
        if one.tail in hidden and hidden[one.tail] != hidden.get(one.head):
            seen[hidden[one.tail]].add((one.tail, one.port))
    return {owner: tuple(sorted(values)) for owner, values in seen.items()}


def _as_box(
    picture: Picture,
    lines: Sequence[tuple[int, ...]],
    number: int,
    places: Sequence[int],
    returned: Sequence[tuple[int, int]],
) -> Box:
    """Return one box for what stands in a cluster."""
    cluster = picture.clusters[number]
    total, layers = 0, 0
    for place in places:
        box = picture.boxes[place]
        line = way(lines, box)
        times = prod(picture.clusters[one].turns for one in line[line.index(number) :])
        total += 0 if box.shared else (box.parameters or 0) * times
        layers += times
    return Box(
        key=f"block {cluster.label} {number}",
        title=cluster.title,
        family=CLOSED,
        label=cluster.label,
        arguments=(f"{layers:,} layers" if layers > 1 else "1 layer",),
        shape=", ".join(dict.fromkeys(picture.boxes[place].shape for place, _ in returned)),
        parameters=total or None,
        turns=cluster.turns,
        cluster=cluster.parent,
    )
