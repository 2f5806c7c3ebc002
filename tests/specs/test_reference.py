"""The language reference: made from the classes, complete, and true in its examples."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from hornbook.compiler.driver import advise, analyse
from hornbook.specs.codes import CODES
from hornbook.specs.data import FACTS
from hornbook.specs.layers import FAMILIES
from hornbook.specs.load import load
from hornbook.specs.registries import REGISTRIES
from hornbook.specs.yaml import read_text

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
DIGITS = """\
inputs:
  image: [8, 8, 1]
layers:
  - Flatten
  - Dense: {units: 10, activation: softmax}
"""
HOUSES = """\
inputs:
  house: [3]
layers:
  - Dense: {units: 1}
"""


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """Import docs/generate.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_would_be_written(generate: ModuleType) -> None:
    assert generate.filled(PAGE) == PAGE, "run `python docs/generate.py`, and read what changed"


def test_check_tells_a_change(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "reference.md"
    page.write_text(PAGE.replace("| `units` |", "| `unit` |"), encoding="utf-8")
    monkeypatch.setattr(generate, "REFERENCE", page)
    assert generate.main(["--check"]) == 1
    assert "| `unit` |" in page.read_text(encoding="utf-8")
    assert generate.main([]) == 0
    assert page.read_text(encoding="utf-8") == PAGE
    assert generate.main(["--check"]) == 0


def test_every_kind_of_thing_has_its_block(generate: ModuleType) -> None:
    blocks = {" ".join(filter(None, found)) for found in generate.BLOCK.findall(PAGE)}
    families = {f"family {name}" for name in FAMILIES}
    registries = {f"registry {kind}" for kind in REGISTRIES if kind not in ("entry", "layer")}
    classes = {f"fields {name}" for name in generate.CLASSES}
    assert blocks == families | registries | classes | {
        "contents",
        "data",
        "functions",
        "limits",
        "refused",
        "zoo digits",
    }


def test_every_name_stands_in_it() -> None:
    for name in REGISTRIES["layer"].items:
        assert f"**{name}**" in PAGE
    for registry in REGISTRIES.values():
        if registry.kind != "layer":
            for name in registry.spellings():
                assert f"`{name}`" in PAGE or f"**{name}**" in PAGE, (registry.kind, name)
        for name in registry.refused:
            assert f"| `{name}` |" in PAGE
    for name in FACTS:
        assert f"| `{name}` |" in PAGE


def test_every_argument_is_described() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    for row in rows:
        cells = re.split(r" \| ", row.strip("| "))
        assert all(cell.strip() for cell in cells) or "|  |" in row, row
    assert "PydanticUndefined" not in PAGE
    assert "a value" not in re.findall(r"\| `\w+` \| ([^|]+) \|", PAGE)


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_has_no_mistake(text: str) -> None:
    if text.startswith("train:"):
        text = (HOUSES if "csv:" in text else DIGITS) + text
    if "name: " not in text.split("inputs:")[0]:
        text = f"name: example\n{text}"
    spec = load(read_text(text, "example.yaml"))
    assert advise(spec, analyse(spec)) == []


def test_every_link_leads_somewhere(generate: ModuleType) -> None:
    headings = re.findall(r"^#+ (.+)$", generate.FENCE.sub("", PAGE), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in headings}
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (DOCS / target).exists(), target
    assert set(re.findall(r"HB\d{3}", PAGE)) <= set(CODES)
