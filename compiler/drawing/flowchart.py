"""A picture as a Mermaid flowchart, which many places draw where they find it in Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from .folding import ancestors
from .labels import arguments_of
from .model import CLOSED, GIVEN, RETURNED, Box, Picture
from .vector import COLORS

STEP: Final = "  "
SHAPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {GIVEN: ("([", "])"), RETURNED: ("([", "])"), CLOSED: ("[[", "]]")}
)
ENTITIES: Final = MappingProxyType(
    {
        "#": "#35;", "&": "#amp;", "<": "#lt;", ">": "#gt;", '"': "#quot;", "`": "#96;", "*": "#42;",
        "\\": "#92;", "[": "#91;", "]": "#93;", "{": "#123;", "}": "#125;", ";": "#59;", "|": "#124;",
    }
)  # fmt: skip


def mermaid(picture: Picture) -> str:
    """Return a flowchart with a subgraph a block."""
    lines = ["flowchart TB", *_inside(picture)]
    for arrow in picture.arrows:
        label = f"|{arrow.port}|" if arrow.port else ""
        lines.append(f"{STEP}n{arrow.tail} -->{label} n{arrow.head}")
    families = defaultdict(list)
    for place, box in enumerate(picture.boxes):
        families[box.family].append(f"n{place}")
    for family in sorted(families):
        lines.append(f"{STEP}classDef {family}_ stroke:{COLORS[family][0]}")
        lines.append(f"{STEP}class {','.join(families[family])} {family}_")
    return "\n".join([*lines, ""])


def _inside(picture: Picture) -> Iterator[str]:
    """Yield the boxes, those of a block in its subgraph."""
    boxes: dict[int | None, list[tuple[int, Box]]] = defaultdict(list)
    for place, box in enumerate(picture.boxes):
        boxes[box.cluster].append((place, box))
    inner: dict[int | None, list[int]] = defaultdict(list)
    for number, cluster in enumerate(picture.clusters):
        inner[cluster.parent].append(number)
    depths = [len(line) for line in ancestors(picture)]
    yield from (_node(*one, STEP) for one in boxes[None])
    waiting = [(number, False) for number in reversed(inner[None])]
    while waiting:
        number, done = waiting.pop()
        margin = STEP * depths[number]
        if done:
            yield f"{margin}end"
            continue
        cluster = picture.clusters[number]
        yield f'{margin}subgraph c{number} ["{_text([f"{cluster.heading} {cluster.label}"])}"]'
        yield from (_node(*one, margin + STEP) for one in boxes[number])
        waiting.append((number, True))
        waiting += [(one, False) for one in reversed(inner[number])]


def _node(place: int, box: Box, margin: str) -> str:
    before, behind = SHAPES.get(box.family, ("[", "]"))
    sizes = " · ".join(filter(None, (box.shape, box.weights)))
    label = _text([box.heading, box.label, *arguments_of(box), sizes])
    return f'{margin}n{place}{before}"{label}"{behind}'


def _text(lines: Iterable[str]) -> str:
    return "<br/>".join(_escaped(line) for line in lines if line)


def _escaped(text: str) -> str:
    return "".join(ENTITIES.get(one, one if one.isprintable() else " ") for one in text)
