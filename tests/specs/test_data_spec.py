"""What may stand under ``train: data:``, what is known of it unread, and what ``--data`` names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hornbook.specs.data import (
    FACTS,
    CsvData,
    Data,
    ImagesData,
    NpzData,
    data_from_option,
    facts,
    resolve,
)
from hornbook.specs.diagnostics import Diagnostic, SpecError
from hornbook.specs.load import load

HEAD = """\
name: net
inputs:
  x: [4]
layers:
  - Dense: {units: 3, activation: softmax}
train:
  loss: sparse_categorical_crossentropy
  data: """
LINE = 8
COLUMN = len("  data: ") + 1


def read(folder: Path, data: str):
    path = folder / "net.yaml"
    path.write_text(HEAD + data + "\n", encoding="utf-8")
    return load(str(path)).model.train.data


def mistakes(call, *arguments) -> tuple[Diagnostic, ...]:
    with pytest.raises(SpecError) as caught:
        call(*arguments)
    return caught.value.diagnostics


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("iris", "iris"),
        ("{npz: a.npz}", NpzData(npz="a.npz")),
        ("{npz: a.npz, scale: none, classes: 3}", NpzData(npz="a.npz", scale="none", classes=3)),
        ("{npz: a.npz, scale: 16}", NpzData(npz="a.npz", scale=16.0)),
        (
            "{images: pics, size: [8, 9], color: grayscale}",
            ImagesData(images="pics", size=(8, 9), color="grayscale"),
        ),
        (
            "{csv: a.csv, target: t, features: [a, b], task: regression}",
            CsvData(csv="a.csv", target="t", features=("a", "b"), task="regression"),
        ),
    ],
)
def test_the_forms(tmp_path: Path, text: str, data: object) -> None:
    assert read(tmp_path, text) == data


@pytest.mark.parametrize(
    ("text", "code", "at", "words"),
    [
        ("mnits", "HB205", "mnits", "did you mean `mnist`?"),
        ("my.npz", "HB205", "my.npz", "write `data: {npz: my.npz}`"),
        ("my.csv", "HB205", "my.csv", "write `data: {csv: my.csv, target: COLUMN}`"),
        ("pics/cats", "HB205", "pics/cats", "write `data: {images: pics/cats}`"),
        ("3", "HB204", "3", "known names: `digits`"),
        ("{npzz: a}", "HB204", "{npzz: a}", "known names: `digits`"),
        ("{npz: a, size: [1, 2]}", "HB201", "size", "known here: `npz`, `classes`, `scale`"),
        ("{npz: a, csv: b}", "HB201", "csv", "known here"),
        ("{npz: a, scale: 0}", "HB203", "0", None),
        ("{npz: a, classes: 1}", "HB203", "1", None),
        ("{csv: a}", "HB202", None, "add `target: ...`"),
        ("{csv: a, target: t, features: [a, t]}", "HB207", "[a, t]", "leave `t` out"),
        ("{csv: a, target: t, features: [a, a]}", "HB207", "[a, a]", None),
        ("{csv: a, target: t, task: regression, classes: 3}", "HB207", "3", "leave out `classes`"),
        ("{images: p, size: [8]}", "HB203", "[8]", None),
        ("{images: p, color: gray}", "HB203", "gray", None),
    ],
)
def test_a_mistake_is_told_at_its_place(
    tmp_path: Path, text: str, code: str, at: str | None, words: str | None
) -> None:
    (one,) = mistakes(read, tmp_path, text)
    assert one.code == code
    assert one.span is not None
    assert one.span.line == LINE
    if at is not None:
        assert one.span.column == COLUMN + text.index(at)
    if words is not None:
        assert one.help is not None
        assert words in one.help


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(
                st.sampled_from(["npz", "images", "csv", "target", "classes", "size", "features"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_any_value_is_read_or_refused_as_data(value: object) -> None:
    facts(value)
    try:
        read_ = TypeAdapter(Data).validate_python(value)
    except ValidationError:
        return
    assert isinstance(read_, (NpzData, ImagesData, CsvData)) or read_ in FACTS


def test_what_is_known_of_named_sets() -> None:
    for name, about in FACTS.items():
        assert facts(name) is about
        assert about.name == name
        assert about.regression == (about.classes is None)
        assert about.shape is not None
    assert {name for name, about in FACTS.items() if about.source == "bundled"} == {
        "digits", "iris", "wine", "breast_cancer", "diabetes",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "shape", "classes", "regression", "labelled"),
    [
        ({"npz": "a"}, None, None, False, False),
        ({"npz": "a", "classes": 3}, None, 3, False, False),
        ({"npz": "a", "classes": True}, None, None, False, False),
        ({"npz": "a", "classes": 1}, None, None, False, False),
        ({"images": "p", "size": (8, 9)}, (8, 9, 3), None, False, False),
        (
            {"images": "p", "size": (8, 9), "color": "grayscale", "classes": 2},
            (8, 9, 1), 2, False, True,
        ),
        ({"images": "p", "size": 8}, None, None, False, False),
        ({"csv": "a", "target": "t", "task": "regression"}, None, None, True, True),
        ({"csv": "a", "target": "t", "classes": 4}, None, 4, False, True),
    ],
)  # fmt: skip
def test_what_is_known_of_files(raw, shape, classes, regression: bool, labelled: bool) -> None:
    found = facts(raw)
    assert found is not None
    assert found.source == "file"
    assert (found.shape, found.classes, found.regression, found.labelled) == (
        shape, classes, regression, labelled,
    )  # fmt: skip


def test_a_form_is_known_alike_read_and_raw() -> None:
    for data in (
        NpzData(npz="a", classes=3),
        ImagesData(images="p", size=(8, 9)),
        CsvData(csv="a", target="t", task="regression"),
    ):
        assert facts(data) == facts(data.model_dump())


@pytest.mark.parametrize("value", [None, 3, "mnits", {}, {"size": 3}, ("mnist",)])
def test_nothing_is_known_of_what_is_no_data(value: object) -> None:
    assert facts(value) is None


def test_paths_start_at_a_folder(tmp_path: Path) -> None:
    assert resolve("iris", tmp_path) == "iris"
    assert resolve(NpzData(npz="a.npz", classes=3), tmp_path) == NpzData(
        npz=str(tmp_path / "a.npz"), classes=3
    )
    assert resolve(ImagesData(images="p"), tmp_path) == ImagesData(images=str(tmp_path / "p"))
    assert resolve(CsvData(csv="/a.csv", target="t"), tmp_path) == CsvData(csv="/a.csv", target="t")


def test_the_option_names_a_set_a_file_or_a_folder(tmp_path: Path) -> None:
    assert data_from_option("iris") == "iris"
    assert data_from_option("x/A.NPZ") == NpzData(npz="x/A.NPZ")
    assert data_from_option("a.csv", "t") == CsvData(csv="a.csv", target="t")
    assert data_from_option(str(tmp_path)) == ImagesData(images=str(tmp_path))


@pytest.mark.parametrize(
    ("text", "target", "code", "words"),
    [
        ("mnits", None, "HB205", "did you mean `mnist`?"),
        ("no/such/folder", None, "HB205", "known: `digits`"),
        ("", None, "HB205", "known: `digits`"),
        ("a" * 5000, None, "HB205", "known: `digits`"),
        ("a\0b", None, "HB205", "known: `digits`"),
        ("a.csv", None, "HB202", "--target"),
        ("a.csv", "", "HB202", "--target"),
        ("iris", "species", "HB207", "--target"),
        ("a.npz", "t", "HB207", "--target"),
    ],
)
def test_the_option_refused(text: str, target: str | None, code: str, words: str) -> None:
    (one,) = mistakes(data_from_option, text, target)
    assert one.code == code
    assert one.help is not None
    assert words in one.help


def test_a_file_of_another_kind_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    (one,) = mistakes(data_from_option, str(tmp_path / "a.zip"))
    assert one.code == "HB601"
    assert "a.zip" in one.message
