"""The verb that draws."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from hornbook.compiler.drawing.pixels import has_font


@pytest.mark.usefixtures("folder")
def test_without_a_file_it_prints_mermaid(hornbook, small: str) -> None:
    done = hornbook("graph", small)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("flowchart TB\n")
    assert "Dense<br/>units=8, activation=relu<br/>(None, 8) · 112 params" in done.out


@pytest.mark.parametrize(
    ("form", "start"), [("svg", "<?xml "), ("dot", 'digraph "small" {'), ("mermaid", "flowchart")]
)
def test_format_says_what_is_printed(hornbook, small: str, form: str, start: str) -> None:
    done = hornbook("graph", small, "--format", form)
    assert done.out.startswith(start)
    assert done.out.endswith("\n")
    assert not done.out.endswith("\n\n")


STARTS = {
    ".svg": b"<?xml ",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".dot": b"digraph ",
    ".gv": b"digraph ",
    ".mmd": b"flowchart ",
    ".SVG": b"<?xml ",
}


@pytest.mark.parametrize("suffix", STARTS)
def test_the_end_of_a_name_says_the_format(hornbook, small: str, suffix: str) -> None:
    if suffix == ".png" and not has_font():
        pytest.skip("this machine has no font to draw with")
    done = hornbook("graph", small, "-o", f"drawn{suffix}")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith(f"wrote drawn{suffix}")
    assert Path(f"drawn{suffix}").read_bytes().startswith(STARTS[suffix])


def test_any_name_does_where_the_format_is_said(hornbook, small: str) -> None:
    assert hornbook("graph", small, "-o", "drawn.txt", "--format", "dot").code == 0
    assert Path("drawn.txt").read_text().startswith("digraph ")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("-o", "drawn.jpg"), "`drawn.jpg` ends with none of .svg"),
        (("-o", "drawn"), "--format says what else"),
        (("-o", "drawn.svg", "--format", "png"), "would be taken for svg, not for png"),
        (("--format", "png"), "name a file by -o"),
        (("--format", "jpg"), "'jpg' is not one of"),
        (("--depth", "2", "--collapse"), "--collapse is --depth 0"),
        (("--depth", "-1"), "greater than or equal to 0"),
        (("-o", "nowhere/drawn.svg"), "cannot write `nowhere/drawn.svg`"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_before_anything_is_written(
    hornbook, small: str, arguments: tuple[str, ...], word: str
) -> None:
    done = hornbook("graph", small, *arguments)
    assert (done.code, done.out) == (2, "")
    assert word in " ".join(done.err.replace("│", " ").split())
    assert [path.name for path in Path().iterdir()] == [small]


def test_a_file_is_not_overwritten_unless_forced(hornbook, small: str) -> None:
    Path("drawn.svg").write_text("mine")
    done = hornbook("graph", small, "-o", "drawn.svg")
    assert done.code == 1
    assert "HB703" in done.err
    assert Path("drawn.svg").read_text() == "mine"
    assert hornbook("graph", small, "-o", "drawn.svg", "--force").code == 0
    ET.parse("drawn.svg")


def test_a_mistake_is_shown_in_its_place(hornbook, folder: Path) -> None:
    (folder / "bad.yaml").write_text("name: bad\ninputs: {x: [3]}\nlayers:\n  - Dens: {units: 2}\n")
    done = hornbook("graph", "bad.yaml", "-o", "bad.svg")
    assert done.code == 1
    assert "bad.yaml:4:5" in done.err
    assert not Path("bad.svg").exists()


def test_settings_and_data_change_the_picture(hornbook, small: str) -> None:
    done = hornbook(
        "graph",
        small,
        "--set",
        "layers.0.Dense.units=5",
        "--data",
        "breast_cancer",
        "--set",
        "inputs.row=[30]",
    )
    assert "units=5" in done.out
    assert "units=2, activation=softmax" in done.out


def test_blocks_are_closed_by_depth(hornbook, folder: Path) -> None:
    whole, one, none = (
        hornbook("graph", "resnet50", *arguments).out.count("subgraph")
        for arguments in ((), ("--depth", "1"), ("--collapse",))
    )
    assert whole > one > none == 0
    assert hornbook("graph", "resnet50", "--unroll").out.count("subgraph") > whole
    assert (
        hornbook("graph", "resnet50", "--depth", "0").out
        == hornbook("graph", "resnet50", "--collapse").out
    )


def test_a_picture_too_large_for_pixels_is_refused(
    hornbook, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hornbook.compiler.drawing.pixels.SIDE", 100)
    done = hornbook("graph", small, "-o", "drawn.png")
    assert done.code == 2
    assert "too large for pixels" in " ".join(done.err.split())
    assert not Path("drawn.png").exists()


def test_a_machine_without_fonts_is_told_so(
    hornbook, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
    monkeypatch.setattr("hornbook.compiler.drawing.pixels.PROBE", blind)
    done = hornbook("graph", small, "-o", "drawn.png")
    assert done.code == 2
    assert "no font" in done.err
    assert not Path("drawn.png").exists()
