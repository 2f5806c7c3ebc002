"""A picture as the text of Graphviz."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from .folding import ancestors
from .labels import arguments_of
from .model import CLOSED, GIVEN, RETURNED, Box, Picture
from .vector import COLORS

STEP: Final = "  "
SHAPES: Final = {GIVEN: "ellipse", RETURNED: "ellipse", CLOSED: "box3d"}


def dot(picture: Picture) -> str:
    """Return a directed graph with a subgraph a block, to be laid out by `dot`."""
    lines = [
        f"digraph {_quoted(picture.name)} {{",
        f'{STEP}graph [rankdir=TB, compound=true, fontname="Helvetica", fontsize=11];',
        f'{STEP}node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica", fontsize=11];',
        f'{STEP}edge [color="#7b8592", arrowsize=0.7, fontname="Helvetica", fontsize=9];',
        *_inside(picture),
    ]
    for arrow in picture.arrows:
        tail, head = picture.boxes[arrow.tail].key, picture.boxes[arrow.head].key
        label = f' [label="{arrow.port}"]' if arrow.port else ""
        lines.append(f"{STEP}{_quoted(tail)} -> {_quoted(head)}{label};")
    return "\n".join([*lines, "}", ""])


def _inside(picture: Picture) -> Iterator[str]:
    """Yield the boxes, those of a block in its subgraph."""
    boxes: dict[int | None, list[Box]] = defaultdict(list)
    for box in picture.boxes:
        boxes[box.cluster].append(box)
    inner: dict[int | None, list[int]] = defaultdict(list)
    for number, cluster in enumerate(picture.clusters):
        inner[cluster.parent].append(number)
    depths = [len(line) for line in ancestors(picture)]
    yield from (_node(box, STEP) for box in boxes[None])
    waiting = [(number, False) for number in reversed(inner[None])]
    while waiting:
        number, done = waiting.pop()
        margin = STEP * depths[number]
        if done:
            yield f"{margin}}}"
            continue
        cluster = picture.clusters[number]
        title = _text([cluster.heading, cluster.label])
        yield f"{margin}subgraph cluster_{number} {{"
        yield f'{margin}{STEP}graph [label="{title}", labeljust=l, style=rounded, color="#b9c0ca"];'
        yield from (_node(box, margin + STEP) for box in boxes[number])
        waiting.append((number, True))
        waiting += [(one, False) for one in reversed(inner[number])]


def _node(box: Box, margin: str) -> str:
    label = _text(
        [
            box.heading,
            box.label,
            *arguments_of(box),
            "  ".join(filter(None, (box.shape, box.weights))),
        ]
    )
    settings = [f'label="{label}"', f'color="{COLORS[box.family][0]}"']
    if box.family in SHAPES:
        settings.append(f"shape={SHAPES[box.family]}")
    return f"{margin}{_quoted(box.key)} [{', '.join(settings)}];"


def _text(lines: list[str]) -> str:
    return "\\n".join(_escaped(line) for line in lines if line)


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    plain = "".join(one if one.isprintable() else " " for one in text)
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
