"""The packages that are installed, the order of imports between folders, and who may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("specs", "compiler", "runtime", "cli")
HEAVY = ("tensorflow", "keras", "numpy", "sklearn", "PIL", "plotext")

tomllib = pytest.importorskip("tomllib", reason="in the standard library from Python 3.11 on")


def files(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py"))


def test_every_folder_with_code_or_data_is_packaged() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {
        "hornbook." + ".".join(path.parent.relative_to(ROOT).parts)
        for folder in FOLDERS
        for path in files(folder)
    } | {"hornbook.specs.zoo", "hornbook.errors"}
    assert found == set(settings["packages"])
    for name, folder in settings["package-dir"].items():
        assert (ROOT / folder).is_dir()
        assert (ROOT / "typings" / name.replace(".", "/")).resolve() == ROOT / folder


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return what a file imports, as dotted paths from the root, and whether at the top level."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(path.relative_to(ROOT).parts[: -node.level] if node.level else [])
            found.append(
                (".".join([*base, *([node.module] if node.module else [])]), id(node) in top)
            )
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_only_those_before_it(folder: str) -> None:
    after = FOLDERS[FOLDERS.index(folder) + 1 :]
    for path in files(folder):
        for name, _ in imports(path):
            assert name.split(".")[0] not in after, f"{path} imports {name}"
            assert not name.startswith("hornbook"), (
                f"{path} imports {name}: imports between folders are relative"
            )


@pytest.mark.parametrize("folder", ["specs", "compiler"])
def test_only_the_runtime_imports_keras(folder: str) -> None:
    for path in files(folder):
        for name, _ in imports(path):
            assert name.split(".")[0] not in HEAVY, f"{path} imports {name}"


def test_the_compiler_runs_without_keras() -> None:
    program = (
        "import sys\n"
        "from hornbook.compiler.driver import analyse, emit, styles_of\n"
        "from hornbook.specs.load import load, zoo\n"
        "for name in zoo():\n"
        "    typed = analyse(load(name))\n"
        "    for style in styles_of(typed): emit(typed, style)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
