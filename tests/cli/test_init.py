"""`hornbook init`: every template checks, compiles and explains itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from hornbook.cli.templates import TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_passes_check_in_every_style(hornbook, folder: Path, template: str) -> None:
    done = hornbook("init", "mine", "--template", template)
    assert (done.code, done.out) == (
        0,
        "wrote mine.yaml; it explains itself\nnext: hornbook check mine.yaml\n",
    )
    assert hornbook("check", "mine.yaml").out == "1 spec is fine\n"
    assert hornbook("emit", "mine.yaml", "--script").code == 0
    text = (folder / "mine.yaml").read_text()
    assert "\nname: mine\n" in text
    assert "NAME" not in text
    assert text.count("#") > 12


def test_the_name_is_the_templates_by_default(hornbook, folder: Path) -> None:
    assert hornbook("init").code == 0
    assert hornbook("init", "-t", "text", "-o", "other.yml").code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["image.yaml", "other.yml"]
    assert "\nname: text\n" in (folder / "other.yml").read_text()


def test_a_file_is_never_overwritten(hornbook, folder: Path) -> None:
    (folder / "mine.yaml").write_text("precious")
    done = hornbook("init", "mine")
    assert done.code == 1
    assert "error[HB703]: `mine.yaml` exists already" in done.err
    assert "--force" not in done.err
    assert (folder / "mine.yaml").read_text() == "precious"


@pytest.mark.parametrize("name", ["1st", "a-b", "../up", "class", "", "x" * 129])
def test_a_name_that_no_model_can_have(hornbook, folder: Path, name: str) -> None:
    done = hornbook("init", name)
    assert done.code == 2
    assert list(folder.iterdir()) == []


def test_list(hornbook, folder: Path) -> None:
    done = hornbook("init", "--list")
    assert [line.split()[0] for line in done.out.splitlines()] == list(TEMPLATES)
    assert list(folder.iterdir()) == []
