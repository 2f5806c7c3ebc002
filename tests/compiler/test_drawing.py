"""Drawings: what they show, where it stands, and that each format is well formed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, pairwise
from math import prod
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_random_blocks import compiled, specs

from hornbook.compiler.drawing import dot, draw, mermaid, picture, png, svg
from hornbook.compiler.drawing.folding import ancestors, closed, folded, untangled, way
from hornbook.compiler.drawing.labels import frame_of, head_of, lines_of, size_of
from hornbook.compiler.drawing.layout import Layout, Rect, Size, layout
from hornbook.compiler.drawing.model import Arrow, Box, Cluster, Picture, picture_of
from hornbook.compiler.drawing.pixels import has_font
from hornbook.compiler.drawing.ranks import (
    SLOTS_A_THING,
    SLOTS_ANYWAY,
    Level,
    Link,
    Thing,
    arranged,
)
from hornbook.compiler.driver import analyse
from hornbook.compiler.graph import TypedGraph
from hornbook.compiler.infer import count
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import load, zoo
from hornbook.specs.yaml import read_text

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "drawing"
CLOSE = 1e-6

needs_font = pytest.mark.skipif(not has_font(), reason="this machine has no font to draw with")


def read(name: str) -> TypedGraph:
    return analyse(load(read_text((GOLDEN / f"{name}.yaml").read_text())))


def text(spec: str) -> TypedGraph:
    return analyse(load(read_text(spec)))


FORMATS: dict[str, Callable[[Picture], str]] = {
    "svg": lambda one: draw(one, declaration=True).text,
    "dot": dot,
    "mmd": mermaid,
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", ["skips", "towers"])
def test_golden(name: str, suffix: str, golden) -> None:
    typed = read(name)
    golden(GOLDEN / f"{name}.{suffix}", FORMATS[suffix](picture(typed)))
    golden(GOLDEN / f"{name}.closed.{suffix}", FORMATS[suffix](picture(typed, depth=0)))


# What there is to see


def titles(found: Picture) -> list[str]:
    return [box.heading for box in found.boxes]


def joined(found: Picture) -> set[tuple[str, str]]:
    return {(found.boxes[one.tail].key, found.boxes[one.head].key) for one in found.arrows}


def test_turns_that_are_alike_are_drawn_once() -> None:
    found = picture(read("skips"))
    assert [one.heading for one in found.clusters] == ["part", "residual × 3", "part"]
    assert found.clusters[1].label == "chain_1 … chain_3"
    assert titles(found).count("Add") == 1
    assert ("chain_1_sum", "dropout") in joined(found)
    assert ("stem_activation", "chain_1_sum") in joined(found)


def test_unrolled_every_turn_is_there() -> None:
    found = picture(read("skips"), unroll=True)
    assert titles(found).count("Add") == 3
    assert ("chain_2_sum", "chain_3_sum") in joined(found)


def test_a_closed_block_counts_what_is_in_it() -> None:
    found = picture(read("skips"), depth=0)
    assert titles(found) == ["Input", "part", "residual × 3", "Dropout", "Dense", "Output"]
    (box,) = (one for one in found.boxes if one.title == "residual")
    assert (box.parameters, box.arguments) == (3 * (16 * 16 + 16), ("9 layers",))
    assert not found.clusters


def test_depth_one_opens_only_the_outer_blocks() -> None:
    found = picture(read("skips"), depth=1)
    assert titles(found) == [
        "Input", "Dense", "Activation", "part", "Add", "Dropout", "Dense", "Output",
    ]  # fmt: skip
    assert [one.heading for one in found.clusters] == ["part", "residual × 3"]


def test_a_layer_says_what_was_set_and_shared_weights_count_once() -> None:
    boxes = {box.key: box for box in picture(read("towers")).boxes}
    assert boxes["encoder"].arguments == ("units=5", "return_state=true")
    assert boxes["encoder"].parameters == 4 * 5 * (4 + 5 + 1)
    assert boxes["again"].weights == "shared weights"
    assert boxes["compared_half"].arguments == ("of compared_difference, 0.5",)
    assert boxes["compared_half"].label == "half"


def test_an_arrow_knows_which_output_it_takes() -> None:
    found = picture(read("towers"))
    ports = {found.boxes[one.head].key: one.port for one in found.arrows if one.port}
    assert ports == {"memory": 2}


UNLIKE = {
    "sizes": ("repeat: 3, units: 2", "$units * $index"),
    "a way out of the middle": ("repeat: 3, units: 4", "$units"),
}


@pytest.mark.parametrize("story", UNLIKE)
def test_turns_that_differ_are_all_drawn(story: str) -> None:
    use, units = UNLIKE[story]
    more = "\n  - Add: {inputs: [b_1, b_3]}" if "middle" in story else ""
    found = picture(
        text(
            "name: m\ninputs: {x: [4]}\nblocks:\n  b:\n    parameters: [units]\n    layers:\n"
            f"      - Dense: {{name: d, units: {units}}}\n      - ReLU: {{name: r}}\n"
            f"layers:\n  - b: {{{use}}}{more}\n"
        )
    )
    assert titles(found).count("Dense") == 3


def parameters(found: Picture) -> int:
    lines = ancestors(found)
    return sum(
        (box.parameters or 0)
        * (1 if box.shared else prod(found.clusters[one].turns for one in way(lines, box)))
        for box in found.boxes
        if not box.shared
    )


@pytest.mark.parametrize("name", zoo())
def test_however_deep_nothing_is_lost(name: str) -> None:
    typed = analyse(load(name))
    for depth in (None, 0, 1, 2, 3):
        for unroll in (False, True):
            assert parameters(picture(typed, depth=depth, unroll=unroll)) == count(typed)[1]


def test_large_architectures_become_small() -> None:
    typed = analyse(load("resnet50"))
    assert len(picture(typed, unroll=True).boxes) > 170
    assert len(picture(typed).boxes) < 100
    assert len(picture(typed, depth=0).boxes) == 11


# Where it stands


def placed(found: Picture) -> Layout:
    return layout(
        found,
        [size_of(lines_of(box)) for box in found.boxes],
        [head_of(frame_of(one)) for one in found.clusters],
    )


def apart(one: Rect, other: Rect) -> bool:
    return (
        one.right <= other.x
        or other.right <= one.x
        or one.bottom <= other.y
        or other.bottom <= one.y
    )


def within(inner: Rect, outer: Rect) -> bool:
    return (
        outer.x <= inner.x + CLOSE
        and outer.y <= inner.y + CLOSE
        and inner.right <= outer.right + CLOSE
        and inner.bottom <= outer.bottom + CLOSE
    )


def enters(box: Rect, one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether the rectangle that a part of a way spans reaches into a box."""
    low, high = sorted((one[0], other[0]))
    return (
        low < box.right - CLOSE
        and high > box.x + CLOSE
        and one[1] < box.bottom - CLOSE
        and other[1] > box.y + CLOSE
    )


def stands(found: Picture, places: Layout) -> None:
    """Hold a layout against all that one may expect of it."""
    page = Rect(0, 0, places.width, places.height)
    lines = ancestors(found)
    assert all(within(one, page) for one in (*places.boxes, *places.clusters))
    for one, other in combinations(places.boxes, 2):
        assert apart(one, other)
    for box, rect in zip(found.boxes, places.boxes, strict=True):
        line = way(lines, box)
        for number, frame in enumerate(places.clusters):
            assert within(rect, frame) if number in line else apart(rect, frame)
    for one, other in combinations(range(len(found.clusters)), 2):
        first, second = places.clusters[one], places.clusters[other]
        assert within(second, first) if one in lines[other] else apart(first, second)
    heads = [head_of(frame_of(one)) for one in found.clusters]
    words = [
        Rect(frame.x, frame.y, head.width, head.height)
        for frame, head in zip(places.clusters, heads, strict=True)
    ]
    for arrow, points in zip(found.arrows, places.ways, strict=True):
        tail, head = places.boxes[arrow.tail], places.boxes[arrow.head]
        assert points[0] == pytest.approx((tail.x + tail.width / 2, tail.bottom))
        assert points[-1] == pytest.approx((head.x + head.width / 2, head.y))
        for one, other in pairwise(points):
            assert one[1] <= other[1] + CLOSE
            assert within(Rect(min(one[0], other[0]), one[1], abs(one[0] - other[0]), 0), page)
            for rect in (*places.boxes, *words):
                assert not enters(rect, one, other)


@st.composite
def pictures(draw_: st.DrawFn) -> Picture:
    """Draw boxes in frames at random, joined at random; frames may wait for each other."""
    clusters = [
        Cluster(
            draw_(st.sampled_from(["a", "block", "a long name of a block"])),
            draw_(st.sampled_from(["", "here", "a name that is longer still, and then some"])),
            draw_(st.sampled_from([None, *range(number)])),
            (None, number),
        )
        for number in range(draw_(st.integers(0, 5)))
    ]
    total = draw_(st.integers(1, 14))
    boxes = [
        Box(
            f"box{place}",
            draw_(st.sampled_from(["Add", "Conv2D", "GlobalAveragePooling2D"])),
            "dense",
            arguments=tuple(draw_(st.lists(st.just("argument=12345"), max_size=4))),
            shape=draw_(st.sampled_from(["", "(None, 3)"])),
            cluster=draw_(st.sampled_from([None, *range(len(clusters))])),
        )
        for place in range(total)
    ]
    arrows = dict.fromkeys(
        Arrow(tail, head, draw_(st.integers(0, 1)))
        for tail, head in combinations(range(total), 2)
        if draw_(st.integers(0, 4)) == 0 or (head == tail + 1 and draw_(st.booleans()))
    )
    return Picture("drawn", tuple(boxes), tuple(arrows), tuple(clusters))


DRAWN = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@DRAWN
@given(pictures())
def test_nothing_overlaps_whatever_is_drawn(found: Picture) -> None:
    found = untangled(found)
    stands(found, placed(found))


@DRAWN
@given(pictures())
def test_nothing_overlaps_where_ways_go_round(found: Picture) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hornbook.compiler.drawing.ranks.SLOTS_ANYWAY", 0)
        patch.setattr("hornbook.compiler.drawing.ranks.SLOTS_A_THING", 0)
        found = untangled(found)
        stands(found, placed(found))


@DRAWN
@given(pictures(), st.integers(0, 3))
def test_closing_keeps_what_leads_where(found: Picture, depth: int) -> None:
    whole = untangled(found)
    less = closed(whole, depth)
    stands(less, placed(less))
    lines = ancestors(whole)

    def shown(place: int) -> object:
        line = way(lines, whole.boxes[place])
        return ("cluster", line[depth]) if len(line) > depth else whole.boxes[place].key

    wanted = {
        (shown(one.tail), shown(one.head), one.tail, one.port)
        for one in whole.arrows
        if shown(one.tail) != shown(one.head)
    }
    # Two values of one block to one box are two arrows; of one box they are so too.
    assert len(less.arrows) == len(wanted)
    assert len(less.boxes) == len({shown(place) for place in range(len(whole.boxes))})


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(specs())
def test_random_blocks_fold_without_loss(spec) -> None:
    loaded = compiled(spec)
    assume(loaded is not None)
    try:
        typed = analyse(loaded)
    except SpecError:  # what was drawn leads nowhere
        assume(False)
    for unroll in (False, True):
        found = picture(typed, unroll=unroll)
        assert parameters(found) == count(typed)[1]
        assert sorted(layers(found)) == sorted(layers(picture_of(typed)))
        stands(found, placed(found))


def layers(found: Picture) -> list[str]:
    """Return the titles of all boxes, as often as they stand for something."""
    lines = ancestors(found)
    many = Counter[str]()
    for box in found.boxes:
        many[box.title] += prod(found.clusters[one].turns for one in way(lines, box))
    return list(many.elements())


@pytest.mark.parametrize("name", ["skips", "towers", "unet", "bert_tiny", "mobilenet_v2"])
def test_shipped_specs_stand(name: str) -> None:
    typed = read(name) if (GOLDEN / f"{name}.yaml").exists() else analyse(load(name))
    for depth in (None, 0, 1):
        found = picture(typed, depth=depth)
        stands(found, placed(found))


def test_a_chain_is_straight_and_its_skip_goes_round() -> None:
    found = picture(read("skips"))
    places = placed(found)
    straight = {
        (found.boxes[arrow.tail].key, found.boxes[arrow.head].key)
        for arrow, points in zip(found.arrows, places.ways, strict=True)
        if len({x for x, _ in points}) == 1
    }
    assert joined(found) - straight == {("stem_activation", "chain_1_sum")}


BRANCHES = """\
name: branches
inputs: {x: [4]}
layers:
  - Dense: {name: stem, units: 4}
  - Dense: {name: a1, units: 4, inputs: stem}
  - Dense: {name: a2, units: 4}
  - Dense: {name: a3, units: 4}
  - Dense: {name: b1, units: 4, inputs: stem}
  - Dense: {name: c1, units: 4, inputs: stem}
  - Dense: {name: c2, units: 4}
  - Concatenate: {name: end, inputs: [a3, b1, c2]}
"""


def test_branches_are_straight_and_meet_in_their_middle() -> None:
    found = picture(text(BRANCHES))
    places = placed(found)
    middle = {
        box.key: rect.x + rect.width / 2
        for box, rect in zip(found.boxes, places.boxes, strict=True)
    }
    assert middle["a1"] == middle["a2"] == middle["a3"]
    assert middle["c1"] == middle["c2"]
    assert middle["end"] == sorted(middle[one] for one in ("a1", "b1", "c1"))[1]
    assert middle["stem"] == middle["x"] == middle["end"]


def test_frames_that_wait_for_each_other_are_taken_away() -> None:
    frames = tuple(Cluster(name, "", None, (None, at)) for at, name in enumerate("ab"))
    boxes = tuple(Box(f"n{at}", "Dense", "dense", cluster=at % 2) for at in range(4))
    tangled = Picture("knot", boxes, (Arrow(0, 1), Arrow(1, 2), Arrow(2, 3)), frames)
    with pytest.raises(ValueError, match="cycle"):
        placed(tangled)
    assert not untangled(tangled).clusters
    free = replace(tangled, arrows=(Arrow(0, 1), Arrow(2, 3)))
    assert untangled(free) == free


def ladder(rungs: int) -> Level:
    """Make a chain in which each thing also leads to the one four further on, as in a ResNet."""
    links = [Link(at, at + 1, 5, 5, at) for at in range(rungs - 1)]
    links += [Link(at, at + 4, 5, 5, at) for at in range(0, rungs - 4, 4)]
    return Level(tuple(Thing(10, 10) for _ in range(rungs)), tuple(links))


def test_the_work_grows_with_the_layers() -> None:
    slots = [arranged(ladder(rungs)).slots for rungs in (400, 800, 1600)]
    assert slots[2] - slots[1] == 2 * (slots[1] - slots[0]) == 2 * 100 * 3


def test_the_longest_ways_of_a_tangle_go_round() -> None:
    total = 300
    links = [Link(at, at + 1, 5, 5, at) for at in range(total - 1)]
    links += [Link(at, total - 1 - at, 5, 5, at) for at in range(total // 2 - 1)]
    plan = arranged(Level(tuple(Thing(10, 10) for _ in range(total)), tuple(links)))
    assert 0 < plan.slots <= SLOTS_ANYWAY + SLOTS_A_THING * total
    inner = max(place.x + place.width for place in plan.places)
    assert plan.width > inner


def test_a_thousand_layers_are_placed() -> None:
    boxes = tuple(Box(f"n{at}", "Dense", "dense") for at in range(1000))
    arrows = [Arrow(at, at + 1) for at in range(999)]
    arrows += [Arrow(at, at + 3) for at in range(0, 996, 3)]
    drawn = draw(untangled(folded(Picture("deep", boxes, tuple(arrows)))))
    assert drawn.text.count("<g data-from") == len(arrows)
    assert drawn.width < 400


# Formats


def svg_of(text_: str) -> ET.Element:
    return ET.fromstring(text_)


@pytest.mark.parametrize("name", zoo())
def test_every_shipped_spec_is_well_formed_svg(name: str) -> None:
    typed = analyse(load(name))
    found = picture(typed)
    root = svg_of(svg(typed))
    space = "{http://www.w3.org/2000/svg}"
    assert (root.tag, root.get("role")) == (f"{space}svg", "img")
    assert found.name in (root.get("aria-label") or "")
    nodes = [one.get("data-node") for one in root.iter() if one.get("data-node")]
    assert nodes == [box.key for box in found.boxes]
    ways = {(one.get("data-from"), one.get("data-to")) for one in root.iter() if one.get("data-to")}
    assert ways == joined(found)
    assert not [one for one in root.iter() if "id" in one.attrib]
    assert all(one.find(f"{space}title") is not None for one in root.iter(f"{space}g"))


def test_styles_reach_only_the_drawing_and_know_light_and_dark() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", svg(read("skips")), re.DOTALL)
    assert "@media (prefers-color-scheme: dark)" in style
    rules = re.findall(r"([^{}]+)\{", style.replace("@media (prefers-color-scheme: dark){", ""))
    assert rules
    assert all(
        one.strip().startswith(".hornbook-graph") for rule in rules for one in rule.split(",")
    )
    used = set(re.findall(r'class="([^"]+)"', svg(read("towers"))))
    assert all(
        one.startswith("hb-") for names in used - {"hornbook-graph"} for one in names.split()
    )


def test_a_file_begins_with_a_declaration_and_a_page_does_not() -> None:
    typed = read("skips")
    assert svg(typed).startswith("<svg ")
    assert svg(typed, declaration=True).startswith("<?xml ")


def test_a_fixed_theme_needs_no_variables() -> None:
    drawn = draw(picture(read("skips")), theme="dark").text
    assert "var(" not in drawn
    assert "@media" not in drawn


ODD = 'a "quoted" \\ & <b>name</b> [x] {y} #1; `z` | end\\'


def odd() -> Picture:
    frame = Cluster(ODD, ODD, None, (None, 0))
    box = Box(ODD, ODD, "dense", label=ODD, arguments=(f"key={ODD}", "\x00\n"), cluster=0)
    return Picture(ODD, (box, Box("end", "end", "op")), (Arrow(0, 1),), (frame,))


def test_svg_writes_any_name() -> None:
    root = svg_of(draw(odd()).text)
    assert ODD in [one.get("data-node") for one in root.iter()]
    assert ODD in [one.text for one in root.iter()]


TOKEN = re.compile(r'\s+|"(?:[^"\\]|\\.)*"|->|[A-Za-z_][A-Za-z0-9_]*|[0-9.]+|[{}\[\]=,;]')


def tokens(text_: str) -> list[str]:
    """Split what Graphviz reads; anything that it would not read is a failure."""
    found, at = [], 0
    while at < len(text_):
        token = TOKEN.match(text_, at)
        assert token is not None, text_[at : at + 40]
        at = token.end()
        found.append(token[0])
    return [one for one in found if not one.isspace()]


def balanced(found: list[str], opening: str, closing: str) -> bool:
    depth = 0
    for one in found:
        depth += (one == opening) - (one == closing)
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("name", [*zoo(), "odd"])
def test_dot_is_well_formed(name: str) -> None:
    found = odd() if name == "odd" else picture(analyse(load(name)))
    parts = tokens(dot(found))
    assert balanced(parts, "{", "}")
    assert balanced(parts, "[", "]")
    assert parts.count("->") == len(found.arrows)
    assert parts.count("subgraph") == len(found.clusters)


def test_dot_and_mermaid_quote_any_name() -> None:
    quoted = ODD.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    assert f'  "{quoted}" -> "end";' in dot(odd()).splitlines()
    for line in mermaid(odd()).splitlines():
        inner = re.fullmatch(r'\s*(?:n\d+|subgraph c\d+ )\["(.*)"\]', line)
        assert inner is None or not set('"[]{}`|\\') & set(inner[1])
        assert '"' not in line or inner is not None


@pytest.mark.parametrize("name", ["resnet50", "two_towers"])
def test_mermaid_closes_what_it_opens(name: str) -> None:
    found = picture(analyse(load(name)))
    lines = [line.strip() for line in mermaid(found).splitlines()]
    assert lines.count("end") == sum(line.startswith("subgraph ") for line in lines)
    assert sum("-->" in line for line in lines) == len(found.arrows)


def test_the_same_spec_is_drawn_the_same() -> None:
    for write in FORMATS.values():
        assert write(picture(analyse(load("unet")))) == write(picture(analyse(load("unet"))))


@needs_font
def test_png_holds_the_whole_drawing() -> None:
    found = picture(read("skips"))
    data = png(found)
    assert png(found) == data
    drawn = draw(found)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (2 * drawn.width, 2 * drawn.height)


def test_words_have_room() -> None:
    """Courier and its like are 0.6 wide; what a box says must not leave it."""
    for box in picture(analyse(load("bert_tiny"))).boxes:
        size = size_of(lines_of(box))
        for line in lines_of(box):
            fixed = {"name": 12, "text": 11, "sizes": 11}.get(line.style)
            if fixed:
                assert 0.6 * fixed * len(line.text + line.right) <= size.width - 20


def test_sizes_are_asked_for_each_box() -> None:
    found = picture(read("skips"))
    places = layout(found, [Size(20, 10)] * len(found.boxes), [Size(5, 5)] * len(found.clusters))
    assert {(one.width, one.height) for one in places.boxes} == {(20, 10)}
