"""A picture as SVG that stands for itself, in a file or in a page.

Nothing in it has an id, and its styles reach nothing but it, so that any number of drawings can stand in
one page. Colours follow the reader's choice of light or dark. A page sets its own by the variables
``--hornbook-ink``, ``--hornbook-conv`` and so on, one for each name in ``COLORS``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final
from xml.sax.saxutils import escape, quoteattr

from .folding import ancestors
from .labels import LEADING, PAD, STYLES, Line, frame_of, head_of, lines_of, size_of, told
from .layout import Layout, Point, Rect, layout
from .model import CLOSED, GIVEN, RETURNED, Picture

ROOT: Final = "hornbook-graph"
DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
SANS: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, 'DejaVu Sans', sans-serif"
MONO: Final = (
    "ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace"
)

COLORS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "page": ("#ffffff", "#14171c"),
        "ink": ("#1d232b", "#e6e9ee"),
        "faint": ("#57606c", "#a3adba"),
        "line": ("#7b8592", "#8b95a3"),
        "frame": ("#b9c0ca", "#444c58"),
        "ground": ("#f4f6f8", "#1c2027"),
        "activation": ("#c06a00", "#f0a040"),
        "attention": ("#b0308f", "#ee7fd0"),
        "block": ("#3d4b5e", "#aab8cc"),
        "conv": ("#1f66c8", "#6aa8ff"),
        "data": ("#74603f", "#cdb48a"),
        "dense": ("#6a45c4", "#b095ff"),
        "input": ("#17803d", "#56cf80"),
        "merge": ("#c22a55", "#ff7c9c"),
        "norm": ("#6b7685", "#9aa7b8"),
        "op": ("#55606e", "#b4bfcc"),
        "output": ("#17803d", "#56cf80"),
        "pool": ("#0d8078", "#45c9bd"),
        "recurrent": ("#4c7a10", "#a2d45e"),
        "shape": ("#8a6d00", "#d9bc4a"),
    }
)
"""Every colour, in light and in dark."""

THEMES: Final = ("light", "dark")
FAMILIES: Final = tuple(sorted(set(COLORS) - {"page", "ink", "faint", "line", "frame", "ground"}))
ROUND: Final[Mapping[str, int]] = MappingProxyType({GIVEN: 18, RETURNED: 18, CLOSED: 3})
CORNER: Final = 5
TIP: Final = 6.0
"""The length of an arrowhead."""


@final
@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawing: its text, and its size in pixels of a screen."""

    text: str
    width: int
    height: int


def draw(picture: Picture, *, declaration: bool = False, theme: str | None = None) -> Drawn:
    """Draw a picture; ``theme`` fixes the colours for a reader that knows no style sheets of its own."""
    words = [lines_of(box) for box in picture.boxes]
    heads = [frame_of(one) for one in picture.clusters]
    places = layout(picture, [size_of(one) for one in words], [head_of(one) for one in heads])
    width, height = round(places.width), round(places.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{ROOT}" role="img" '
        f'aria-label={_quoted(aria(picture))} width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        f"<title>{_plain(picture.name)}</title>",
        f"<style>{stylesheet(theme)}</style>",
        f'<rect class="hb-page" width="{width}" height="{height}"/>',
        *_frames(picture, places, heads),
        *_arrows(picture, places),
        *_boxes(picture, places, words),
        "</svg>",
    ]
    text = "\n".join(lines) + "\n"
    return Drawn((DECLARATION if declaration else "") + text, width, height)


def aria(picture: Picture) -> str:
    """Say in a sentence what is to be seen."""
    layers = sum(box.family not in (GIVEN, RETURNED) for box in picture.boxes)
    things = f"{layers} box" if layers == 1 else f"{layers} boxes"
    return f"The architecture {picture.name}: {things} from its inputs down to its outputs"


def stylesheet(theme: str | None = None) -> str:
    """Return the styles, with colours of one theme or those that the reader prefers."""
    fixed = {} if theme is None else _chosen(theme)

    def color(name: str) -> str:
        return fixed.get(name, f"var(--hb-{name})")

    rules = (
        [] if fixed else [_variables(0), f"@media (prefers-color-scheme: dark){{{_variables(1)}}}"]
    )
    rules += [
        f".{ROOT}{{max-width:100%;height:auto}}",
        f".{ROOT} text{{font-family:{SANS};fill:{color('ink')};white-space:pre}}",
        *(
            f".{ROOT} .hb-{name}{{font-size:{style.size:g}px"
            + (f";font-family:{MONO}" if style.fixed else "")
            + (";font-weight:600" if style.bold else "")
            + "}"
            for name, style in STYLES.items()
        ),
        f".{ROOT} .hb-sizes,.{ROOT} .hb-text{{fill:{color('faint')}}}",
        f".{ROOT} .hb-page{{fill:{color('page')}}}",
        f".{ROOT} .hb-frame{{fill:{color('page')};stroke:{color('frame')}}}",
        f".{ROOT} .hb-frame.hb-odd{{fill:{color('ground')}}}",
        f".{ROOT} .hb-way{{fill:none;stroke:{color('line')};stroke-width:1.4}}",
        f".{ROOT} .hb-tip{{fill:{color('line')}}}",
        f".{ROOT} .hb-base{{fill:{color('page')}}}",
        f".{ROOT} .hb-box{{fill-opacity:.1;stroke-width:1.3}}",
        *(
            f".{ROOT} .hb-{name} .hb-box{{fill:{color(name)};stroke:{color(name)}}}"
            f".{ROOT} .hb-{name} .hb-title{{fill:{color(name)}}}"
            for name in FAMILIES
        ),
    ]
    return "\n".join(["", *rules, ""])


def _chosen(theme: str) -> dict[str, str]:
    return {name: both[THEMES.index(theme)] for name, both in COLORS.items()}


def _variables(place: int) -> str:
    inner = ";".join(
        f"--hb-{name}:var(--hornbook-{name},{both[place]})" for name, both in COLORS.items()
    )
    return f".{ROOT}{{{inner}}}"


# Parts


def _frames(picture: Picture, places: Layout, heads: Sequence[tuple[Line, ...]]) -> Iterator[str]:
    lines = ancestors(picture)
    for number, (cluster, rect) in enumerate(zip(picture.clusters, places.clusters, strict=True)):
        odd = " hb-odd" if len(lines[number]) % 2 else ""
        yield f"<g><title>{_plain(f'{cluster.heading} {cluster.label}')}</title>"
        yield _rect(rect, f"hb-frame{odd}", 8)
        yield from _text(heads[number], rect.x + PAD, rect.y + LEADING, rect.right - PAD)
        yield "</g>"


def _boxes(picture: Picture, places: Layout, words: Sequence[tuple[Line, ...]]) -> Iterator[str]:
    for box, rect, lines in zip(picture.boxes, places.boxes, words, strict=True):
        corner = ROUND.get(box.family, CORNER)
        yield f'<g class="hb-{box.family}" data-node={_quoted(box.key)}><title>{_plain(told(box))}</title>'
        yield _rect(rect, "hb-base", corner)
        yield _rect(rect, "hb-box", corner)
        yield from _text(lines, rect.x + PAD, rect.y + LEADING, rect.right - PAD)
        yield "</g>"


def _text(lines: Iterable[Line], x: float, y: float, right: float) -> Iterator[str]:
    for place, line in enumerate(lines):
        at = _number(y + place * LEADING)
        yield f'<text class="hb-{line.style}" x="{_number(x)}" y="{at}">{_plain(line.text)}</text>'
        if line.right:
            yield (
                f'<text class="hb-{line.style}" x="{_number(right)}" y="{at}" text-anchor="end">'
                f"{_plain(line.right)}</text>"
            )


def _arrows(picture: Picture, places: Layout) -> Iterator[str]:
    for arrow, points in zip(picture.arrows, places.ways, strict=True):
        tail, head = picture.boxes[arrow.tail], picture.boxes[arrow.head]
        port = f".{arrow.port}" if arrow.port else ""
        yield (
            f"<g data-from={_quoted(tail.key)} data-to={_quoted(head.key)}>"
            f"<title>{_plain(f'{tail.key}{port} → {head.key}')}</title>"
        )
        x, y = points[-1]
        yield f'<path class="hb-way" d="{path([*points[:-1], (x, y - TIP + 1)])}"/>'
        left, high, far = _number(x - 4), _number(y - TIP - 1), _number(x + 4)
        yield f'<path class="hb-tip" d="M{left} {high}L{_number(x)} {_number(y)}L{far} {high}Z"/>'
        yield "</g>"


def path(points: Sequence[Point]) -> str:
    """Return the path of a way: lines down, and between them bends that begin and end as lines down."""
    x, y = points[0]
    parts = [f"M{_number(x)} {_number(y)}"]
    for across, down in points[1:]:
        if across == x:
            parts.append(f"V{_number(down)}")
        else:
            middle = _number((y + down) / 2)
            parts.append(
                f"C{_number(x)} {middle} {_number(across)} {middle} {_number(across)} {_number(down)}"
            )
        x, y = across, down
    return "".join(parts)


def _rect(rect: Rect, style: str, corner: int) -> str:
    return (
        f'<rect class="{style}" x="{_number(rect.x)}" y="{_number(rect.y)}" '
        f'width="{_number(rect.width)}" height="{_number(rect.height)}" rx="{corner}"/>'
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _plain(text: str) -> str:
    return escape(_allowed(text))


def _quoted(text: str) -> str:
    return quoteattr(_allowed(text))


def _allowed(text: str) -> str:
    """Replace what XML cannot hold."""
    return "".join(one if one.isprintable() or one == "\n" else "�" for one in text)
