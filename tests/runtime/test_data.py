"""Data sets by name and from files: what is read, and what is refused in a sentence."""

from __future__ import annotations

import csv
import io
import os
import warnings
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from archives import locked
from hornbook.runtime.data import DataSet, bundled, fit_to, load_data, scan_labels, split
from hornbook.runtime.data.bundled import FILES, file_of, from_file, loaded
from hornbook.runtime.data.dataset import standardised
from hornbook.specs.data import FACTS, CsvData, ImagesData, NpzData
from hornbook.specs.diagnostics import SpecError

BUNDLED = [name for name, about in FACTS.items() if about.source == "bundled"]


def codes(call, *arguments, **named) -> list[str]:
    with pytest.raises(SpecError) as caught:
        call(*arguments, **named)
    assert str(caught.value)
    return [one.code for one in caught.value.diagnostics]


@pytest.mark.parametrize("name", BUNDLED)
def test_what_is_known_of_a_bundled_set_is_true(name: str) -> None:
    data, about = load_data(name), FACTS[name]
    assert data.x_train.shape[1:] == data.x_test.shape[1:] == about.shape
    assert data.classes == about.classes
    if about.classes:
        assert (
            set(np.unique(data.y_train)) == set(np.unique(data.y_test)) == set(range(about.classes))
        )
        assert len(data.class_names) == about.classes
        assert data.y_train.dtype == np.int64
    else:
        assert data.y_train.dtype == np.float32
    training, test = data.examples
    assert abs(test / (training + test) - 0.2) < 0.02
    assert load_data(name).fingerprint == data.fingerprint


@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_what_scikit_learn_loads_from_it(name: str, tmp_path) -> None:
    path, wanted = file_of(name), loaded(name)
    assert path is not None
    found = from_file(path)
    assert found is not None
    np.testing.assert_array_equal(found.x, wanted.x)
    np.testing.assert_array_equal(found.y, wanted.y)
    assert found.names == wanted.names
    for number, damaged in enumerate((b"", path.read_bytes()[:-40], b"x" + path.read_bytes())):
        copy = tmp_path / f"{number}{path.name}"
        copy.write_bytes(damaged)
        assert from_file(copy) is None


def test_a_set_whose_file_is_not_where_it_was_is_loaded_by_scikit_learn(monkeypatch) -> None:
    known = load_data("iris").fingerprint
    for found in (None, "nowhere"):
        monkeypatch.setattr(bundled, "file_of", lambda _, found=found: found and Path(found))
        assert load_data("iris").fingerprint == known


def test_digits_stay_bytes_and_are_scaled_by_sixteen() -> None:
    data = load_data("digits")
    assert data.x_train.dtype == np.uint8
    assert data.scaling.scale == data.x_train.max() == 16
    assert sum(data.examples) == 1797


def test_the_fingerprint_sees_every_array() -> None:
    x, y = np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1])
    base = DataSet("a", x, y, x, y, 2).fingerprint
    other = x.copy()
    other[0, 0] = 1
    assert base == DataSet("b", x, y, x, y, 2).fingerprint
    changed = [
        DataSet("a", other, y, x, y, 2),
        DataSet("a", x, 1 - y, x, y, 2),
        DataSet("a", x, y, other, y, 2),
        DataSet("a", x, y, x, 1 - y, 2),
        DataSet("a", x.astype("f8"), y, x, y, 2),
    ]
    assert len({base, *(one.fingerprint for one in changed)}) == 6


@given(st.integers(2, 200), st.floats(0.05, 0.5), st.integers(0, 2**31), st.integers(1, 4))
def test_a_split_is_a_stratified_partition(
    examples: int, fraction: float, seed: int, classes: int
) -> None:
    labels = np.arange(examples) % classes
    train, test = split(examples, fraction, seed, labels)
    assert sorted([*train, *test]) == list(range(examples))
    assert len(test) >= 1
    again = split(examples, fraction, seed, labels)
    assert np.array_equal(test, again[1])
    for label in range(classes):
        share = (labels[test] == label).sum()
        assert abs(share - (labels == label).sum() * fraction) <= 1.5


@given(st.lists(st.integers(0, 6), min_size=2, max_size=60), st.floats(0.05, 0.5))
def test_no_class_is_held_out_whole(labels: list[int], fraction: float) -> None:
    classes = np.array(labels)
    train, test = split(len(classes), fraction, 0, classes)
    tiny = len(set(labels)) == len(labels)  # then nothing could be held out otherwise
    assert tiny or set(classes[train]) == set(labels)
    assert len(test) >= 1


def test_tiny_classes_do_not_take_from_large_ones() -> None:
    labels = np.array([*range(50), *[50] * 20])
    _, test = split(len(labels), 0.2, 0, labels)
    assert len(test) <= 5


@pytest.mark.parametrize(
    ("y", "form"),
    [
        (np.array([0, 2, 1]), "integer"),
        (np.array([True, False]), "integer"),
        (np.eye(3), "one_hot"),
        (np.eye(3, dtype=bool), "one_hot"),
        (np.array([[1, 1, 0], [0, 1, 0]]), "integer"),
        (np.array([[0.5, 0.5]]), "values"),
        (np.array([0.0, 1.5]), "values"),
        (np.array([[1.0], [1.0]]), "values"),
    ],
)
def test_the_form_of_labels(y: np.ndarray, form: str) -> None:
    x = np.zeros((len(y), 2), np.float32)
    assert DataSet("a", x, y, x, y, None).label_form == form
    assert DataSet("a", x, {"b": y}, x, {"b": y}, None).label_form == {"b": form}


def test_standardising_leaves_constant_columns_finite() -> None:
    x = np.array([[1.0, 5.0], [3.0, 5.0]], np.float32)
    scaling = standardised(x)
    assert np.array_equal((x - scaling.offset) / scaling.scale, [[-1, 0], [1, 0]])


def saved(path, **arrays) -> NpzData:
    np.savez(path, **arrays)
    return NpzData(npz=str(path))


def four(x, y) -> dict:
    return {"x_train": x, "y_train": y, "x_test": x, "y_test": y}


IMAGES = np.arange(4 * 6 * 6, dtype=np.uint8).reshape(4, 6, 6)


def test_npz(tmp_path) -> None:
    data = load_data(saved(tmp_path / "a.npz", **four(IMAGES, np.array([[0], [1], [2], [1]]))))
    assert data.x_train.dtype == np.uint8
    assert data.scaling.scale == 255
    assert data.y_train.shape == (4,)
    assert data.classes == 3
    fitted = fit_to(data, {"image": (6, 6, 1)})
    assert fitted.x_train.shape == (4, 6, 6, 1)
    assert codes(fit_to, data, {"image": (5, 6, 1)}) == ["HB504"]
    assert codes(fit_to, data, {"a": (6, 6), "b": (6, 6)}) == ["HB504"]


def test_npz_without_a_test_part(tmp_path) -> None:
    x = np.arange(100, dtype=np.float32).reshape(50, 2)
    data = load_data(saved(tmp_path / "a.npz", x_train=x, y_train=np.arange(50) % 2))
    assert data.examples == (45, 5)
    assert "held out" in data.notes[0]
    assert data.scaling is None
    both = np.concatenate([data.x_train, data.x_test])
    assert sorted(both[:, 0]) == sorted(x[:, 0])


def test_npz_of_several_inputs_and_outputs(tmp_path) -> None:
    arrays = {
        f"{part}_{name}": value
        for split_ in ("train", "test")
        for part, name, value in [
            (f"x_{split_}", "image", IMAGES),
            (f"x_{split_}", "table", np.ones((4, 3), np.float32)),
            (f"y_{split_}", "kind", np.arange(4)),
        ]
    }
    data = load_data(saved(tmp_path / "a.npz", **arrays))
    assert set(data.x_train) == {"image", "table"}
    assert data.scaling["image"].scale == 255
    assert data.scaling["table"] is None
    fitted = fit_to(data, {"table": (3,), "image": (6, 6, 1)})
    assert fitted.x_train["image"].shape == (4, 6, 6, 1)
    assert codes(fit_to, data, {"tabel": (3,), "image": (6, 6)}) == ["HB504"]


Y = np.arange(4)


@pytest.mark.parametrize(
    ("arrays", "code"),
    [
        ({"x_train": IMAGES}, "HB602"),
        ({"images": IMAGES, "labels": Y}, "HB602"),
        ({"x_train": IMAGES, "y_train": Y[:3]}, "HB602"),
        ({"x_train": IMAGES, "y_train": Y, "x_test": IMAGES}, "HB602"),
        ({"x_train": IMAGES[:0], "y_train": Y[:0]}, "HB602"),
        ({"x_train": IMAGES[:1], "y_train": Y[:1]}, "HB602"),
        ({"x_train": np.array(3), "y_train": Y}, "HB602"),
        ({"x_train": np.full((4, 2), np.nan), "y_train": Y}, "HB602"),
        ({"x_train": np.array([["a"], ["b"]]), "y_train": Y[:2]}, "HB602"),
        ({"x_train": np.array([{}, {}], dtype=object), "y_train": Y[:2]}, "HB601"),
    ],
)
def test_npz_refused(tmp_path, arrays, code: str) -> None:
    assert codes(load_data, saved(tmp_path / "a.npz", **arrays)) == [code]


def test_files_that_are_none(tmp_path) -> None:
    (tmp_path / "text.npz").write_text("x_train = 1")
    (tmp_path / "dir.npz").mkdir()
    for name in ("text.npz", "dir.npz", "none.npz"):
        assert codes(load_data, NpzData(npz=str(tmp_path / name))) == ["HB601"]


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch) -> None:
    from hornbook.runtime.data import npz

    data = saved(tmp_path / "a.npz", **four(IMAGES, Y))
    monkeypatch.setattr(npz, "MAX_BYTES", 100)
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was opened"))
    assert codes(load_data, data) == ["HB601"]


def archive() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **four(IMAGES, Y))
    return buffer.getvalue()


WHOLE = archive()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_refused_or_read(tmp_path_factory, data) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    path.write_bytes(bytes(content[:cut]))
    try:
        found = load_data(NpzData(npz=str(path)))
    except SpecError as error:
        assert error.diagnostics[0].code in ("HB601", "HB602")
    else:
        assert all(found.examples)  # damage to a name can turn a part into one that is missing


def test_an_archive_with_a_password_is_refused(tmp_path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(locked(WHOLE))
    with pytest.raises(SpecError, match=r"`x_train` of .* has a password"):
        load_data(NpzData(npz=str(path)))


def test_a_pickle_in_an_archive_is_not_run(tmp_path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x_train.npy", b"\x80\x04cos\nsystem\n(S'touch /tmp/hornbook_was_here'\ntR.")
    assert codes(load_data, NpzData(npz=str(path))) == ["HB601"]


def pictures(root, sizes=((5, 4),), classes=("cat", "dog"), count=6) -> None:
    for name in classes:
        (root / name).mkdir(parents=True)
        for index in range(count):
            height, width = sizes[index % len(sizes)]
            Image.new("RGB", (width, height), (index, 2, 3)).save(root / name / f"{index}.png")


def test_folders_of_pictures(tmp_path) -> None:
    pictures(tmp_path)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "cat" / ".DS_Store").write_text("x")
    data = load_data(ImagesData(images=str(tmp_path)))
    assert data.class_names == ("cat", "dog")
    assert data.x_train.shape[1:] == (5, 4, 3)
    assert data.x_train.dtype == np.uint8
    assert sum(data.examples) == 12
    gray = load_data(ImagesData(images=str(tmp_path), size=(3, 2), color="grayscale"))
    assert gray.x_train.shape[1:] == (3, 2, 1)


def test_folders_of_pictures_with_a_test_part(tmp_path) -> None:
    pictures(tmp_path / "train")
    pictures(tmp_path / "test", count=2)
    assert load_data(ImagesData(images=str(tmp_path))).examples == (12, 4)


def test_pictures_refused(tmp_path) -> None:
    assert codes(load_data, ImagesData(images=str(tmp_path / "none"))) == ["HB601"]
    assert codes(load_data, ImagesData(images=str(tmp_path))) == ["HB602"]
    pictures(tmp_path / "sizes", sizes=((5, 4), (6, 4)))
    assert codes(load_data, ImagesData(images=str(tmp_path / "sizes"))) == ["HB602"]
    assert load_data(ImagesData(images=str(tmp_path / "sizes"), size=(4, 4))).examples
    pictures(tmp_path / "broken")
    (tmp_path / "broken" / "cat" / "0.png").write_bytes(b"\x89PNG\r\n")
    assert codes(load_data, ImagesData(images=str(tmp_path / "broken"))) == ["HB601"]
    (tmp_path / "empty" / "a").mkdir(parents=True)
    (tmp_path / "empty" / "b").mkdir()
    assert codes(load_data, ImagesData(images=str(tmp_path / "empty"))) == ["HB602"]


def table(path, text: str, **settings_) -> CsvData:
    path.write_text(text, encoding="utf-8")
    return CsvData(csv=str(path), target="t", **settings_)


def test_csv(tmp_path) -> None:
    rows = "".join(f"{i},{i % 3},{'red' if i % 2 else 'blue'}\n" for i in range(40))
    data = load_data(table(tmp_path / "a.csv", "a,b,t\n" + rows))
    assert data.class_names == ("blue", "red")
    assert data.examples == (32, 8)
    scaled = (data.x_train - data.scaling.offset) / data.scaling.scale
    assert np.allclose(scaled.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(scaled.std(axis=0), 1, atol=1e-5)
    only = load_data(table(tmp_path / "a.csv", "a,b,t\n" + rows, features=("b",)))
    assert only.x_train.shape[1:] == (1,)


def test_csv_targets(tmp_path) -> None:
    def target(words, **settings_):
        text = "a,t\n" + "".join(f"{i},{word}\n" for i, word in enumerate(words))
        return load_data(table(tmp_path / "a.csv", text, **settings_))

    assert target(["10", "9", "10", "9", "9", "10"]).class_names == ("9", "10")
    assert target(["1.5", "2.5", "3", "4", "5", "6"]).classes is None
    assert target(["1", "2", "3", "4", "5", "6"], task="regression").y_train.dtype == np.float32


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "HB602", None),
        ("a,t\n", "HB602", None),
        ("a,b\n1,2\n3,4\n", "HB602", None),
        ("t\n1\n2\n", "HB602", None),
        ("a,a,t\n1,2,3\n1,2,4\n", "HB602", (1, 1)),
        ("a,t\n1,x\n2\n", "HB602", (3, 1)),
        ("a,b,t\n1,2,x\n1,oops,y\n", "HB602", (3, 3)),
        ("a,b,t\n1,,x\n1,2,y\n", "HB602", (2, 3)),
        ("a,b,t\n1,nan,x\n1,2,y\n", "HB602", (2, 3)),
        ("a,t\n1,\n2,x\n", "HB602", (2, 3)),
        ("a,t\n1,x\n2,x\n", "HB602", None),
        ('a,t\n1,"x\n2,y\n', "HB601", None),
    ],
)
def test_csv_refused(tmp_path, text: str, code: str, place) -> None:
    with pytest.raises(SpecError) as caught:
        load_data(table(tmp_path / "a.csv", text))
    (one,) = caught.value.diagnostics
    assert one.code == code
    if place is not None:
        assert (one.span.line, one.span.column) == place


def test_csv_that_is_no_text(tmp_path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,t\n\xff\xfe,1\n")
    assert codes(load_data, CsvData(csv=str(tmp_path / "a.csv"), target="t")) == ["HB601"]
    assert codes(load_data, CsvData(csv=str(tmp_path / "none.csv"), target="t")) == ["HB601"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("a,1.5\n\"'; \t-é", max_size=12), max_size=8).map("\n".join))
def test_any_table_is_read_or_refused(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text("a,t\n" + text, encoding="utf-8")
    try:
        found = load_data(CsvData(csv=str(path), target="t"))
    except SpecError as error:
        assert str(error)
    else:
        assert np.isfinite(found.x_train).all()


def test_stated_classes_are_held_against_the_data(tmp_path) -> None:
    saved(tmp_path / "a.npz", **four(IMAGES, Y))
    path = str(tmp_path / "a.npz")
    assert load_data(NpzData(npz=path, classes=10)).classes == 4
    assert codes(load_data, NpzData(npz=path, classes=3)) == ["HB602"]


def scanned(y, form: str, width: int | None = 10):
    return scan_labels(np.asarray(y), form=form, width=width, output="head", name="data")


def test_labels_that_fit() -> None:
    assert scanned([0, 9, 3], "integer").dtype == np.int64
    assert scanned([0.0, 9.0], "integer").dtype == np.int64
    assert scanned([0, 1], "binary", 1).shape == (2, 1)
    assert scanned([0.5, 2.5], "values", 1).shape == (2, 1)
    assert scanned(np.eye(10), "one_hot").shape == (10, 10)


@pytest.mark.parametrize(
    ("y", "form", "width", "code", "words"),
    [
        (
            [0, 99, 10],
            "integer",
            10,
            "HB603",
            "2 of 3 labels of `data` lie outside: they run from 0 to 99",
        ),
        ([0, -1], "integer", 10, "HB603", "of example 1"),
        ([0.5, 1.0], "integer", 10, "HB603", "whole numbers"),
        ([0.0, np.nan], "values", 1, "HB603", "not a finite number"),
        (np.eye(10), "integer", 10, "HB502", "one-hot"),
        ([0, 1], "one_hot", 10, "HB502", "integers"),
        ([[0], [1]], "one_hot", 10, "HB502", "integers"),
        (np.eye(4), "one_hot", 10, "HB603", "4 classes"),
        ([0, 2], "binary", 1, "HB603", "tells 0 from 1"),
        (np.ones((3, 2)), "values", 1, "HB603", "[2]"),
    ],
)
def test_labels_that_do_not_fit(y, form: str, width: int, code: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        scanned(y, form, width)
    (one,) = caught.value.diagnostics
    assert one.code == code
    assert words in one.message


@given(st.lists(st.integers(-3, 15), min_size=1, max_size=20), st.integers(2, 12))
def test_labels_pass_just_where_every_one_has_a_unit(labels: list[int], width: int) -> None:
    try:
        scanned(labels, "integer", width)
        passed = True
    except SpecError:
        passed = False
    assert passed == all(0 <= label < width for label in labels)


@pytest.mark.keras
def test_sets_that_keras_downloads(monkeypatch) -> None:
    import keras

    def images(*_):
        x = np.zeros((6, 28, 28), np.uint8)
        return (x, np.arange(6)), (x, np.arange(6))

    monkeypatch.setattr(keras.datasets.mnist, "load_data", images)
    assert load_data("mnist").x_train.shape == (6, 28, 28, 1)

    def reviews(num_words):
        assert num_words == 10_000
        return (np.array([[1, 2], list(range(300))], dtype=object), [0, 1]), (
            np.array([[], [5]], dtype=object),
            [1, 0],
        )

    monkeypatch.setattr(keras.datasets.imdb, "load_data", reviews)
    data = load_data("imdb")
    assert data.x_train.shape == (2, 200)
    assert list(data.x_train[0, -3:]) == [0, 1, 2]
    assert data.x_train[1, 0] == 100
    assert data.x_test[0].sum() == 0

    def offline():
        raise Exception("URL fetch failure on https://example.invalid/cifar: None -- no network")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", offline)
    with pytest.raises(SpecError) as caught:
        load_data("cifar10")
    (one,) = caught.value.diagnostics
    assert one.code == "HB604"
    assert "--data" in one.help


# Files that are damaged, hostile or made otherwise than they should be


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (four(IMAGES, Y) | {"x_test": IMAGES / 255}, "bytes are divided by 255"),
        ({"x_train_a": IMAGES, "y_train": Y, "x_test": IMAGES, "y_test": Y}, "`x_train_a` to train"),
        ({"x_train_a": IMAGES, "y_train": Y, "x_test_b": IMAGES, "y_test": Y}, "`x_test_b` to test"),
        (four(IMAGES, Y) | {"x_test": IMAGES[..., None]}, "differ in form"),
        (four(IMAGES, Y) | {"y_test": np.eye(4)}, "differ in form"),
        ({"x_train": np.ones((4, 0)), "y_train": Y}, "is empty"),
        ({"x_train": IMAGES, "y_train": np.ones((4, 0))}, "is empty"),
        ({"x_train": np.full((4, 2), 1e300), "y_train": Y}, "runs from 1e+300"),
        ({"x_train": IMAGES, "y_train": np.array([0, 1, 2, 2**63], np.uint64)}, "runs from 0"),
        ({"x_train": IMAGES, "y_train": Y, "class_names": np.array(["a"])}, "names 1 classes"),
        ({"x_train": IMAGES, "y_train": Y, "class_names": np.arange(4)}, "expected one text"),
        ({"x_train_": IMAGES, "y_train": Y}, "has no `x_train`"),
    ],
)  # fmt: skip
def test_npz_whose_parts_do_not_fit(tmp_path, arrays, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_data(saved(tmp_path / "a.npz", **arrays))
    (one,) = caught.value.diagnostics
    assert one.code == "HB602"
    assert words in one.message


def test_one_scale_for_both_parts_makes_their_dtypes_irrelevant(tmp_path) -> None:
    path = saved(tmp_path / "a.npz", **(four(IMAGES, Y) | {"x_test": IMAGES / 1.0})).npz
    assert load_data(NpzData(npz=path, scale=255.0)).scaling.scale == 255
    assert load_data(NpzData(npz=path, scale="none")).scaling is None


def test_arrays_come_in_dtypes_that_the_framework_knows(tmp_path) -> None:
    narrowed = dict.fromkeys((">f4", np.float64, ">f8", np.longdouble), np.float32)
    for dtype, native in ({np.float16: np.float16} | narrowed).items():
        x = np.array([[1.5], [-2.0], [3.0], [4.0]]).astype(dtype)
        data = load_data(saved(tmp_path / "a.npz", **four(x, Y)))
        assert data.x_train.dtype == native
        assert data.x_train.dtype.isnative
        assert data.x_train.tolist() == [[1.5], [-2.0], [3.0], [4.0]]


def test_floats_that_count_from_zero_tell_how_many_classes_there_are(tmp_path) -> None:
    def classes(y) -> int | None:
        return load_data(saved(tmp_path / "a.npz", **four(IMAGES, np.array(y)))).classes

    assert classes([0.0, 1.0, 2.0, 1.0]) == 3
    assert classes([0.0, 1.0, 2.5, 1.0]) is None
    assert classes([0.0, 1.0, 200.0, 1.0]) is None


def test_more_classes_may_have_names_than_occur(tmp_path) -> None:
    names = np.array(["a", "b", "c", "d", "e"])
    data = load_data(saved(tmp_path / "a.npz", **four(IMAGES, Y), class_names=names))
    assert (data.classes, data.class_names) == (5, tuple("abcde"))
    of_bytes = saved(tmp_path / "a.npz", **four(IMAGES, Y), class_names=names.astype("S"))
    assert load_data(of_bytes).class_names == tuple("abcde")
    one_hot = saved(tmp_path / "a.npz", **four(IMAGES, np.eye(4)), class_names=names)
    assert codes(load_data, one_hot) == ["HB602"]


def test_what_a_file_holds_besides_is_not_read(tmp_path) -> None:
    others = {"notes": np.array([{}], dtype=object)}
    assert load_data(saved(tmp_path / "a.npz", **four(IMAGES, Y), **others)).classes == 4


def test_a_refusal_inside_an_archive_stays_one_sentence(tmp_path, monkeypatch) -> None:
    from hornbook.runtime.data import npz

    data = saved(tmp_path / "a.npz", **four(IMAGES, Y))
    monkeypatch.setattr(npz, "MAX_BYTES", 100)
    with pytest.raises(SpecError) as caught:
        load_data(data)
    message = caught.value.diagnostics[0].message
    assert message.endswith("at most 100 are read")
    assert "error[" not in message


def member(shape: str, content: bytes = b"", descr: str = "<f4") -> bytes:
    """Write an array whose header says what its content does not hold."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


@pytest.mark.parametrize(
    "shape", ["(10**15,)", "(1000000000000000,)", "(-5,)", "(1099511627776, 1099511627776)", "(1000000000000, 0)",
              "(3,", "'a'", "(" * 2000 + ")" * 2000]
)  # fmt: skip
def test_a_header_that_lies(tmp_path, shape: str) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x_train.npy", member(shape, b"abcd"))
        file.writestr("y_train.npy", member("(4,)", bytes(32), "<i8"))
    with pytest.raises(SpecError) as caught:
        load_data(NpzData(npz=str(path)))
    assert len(caught.value.diagnostics[0].message) < 500


@pytest.mark.parametrize("path", ["a\0b", "a" * 5000, "", "nowhere/a"])
def test_paths_that_cannot_be_opened(path: str) -> None:
    forms = (
        NpzData.model_construct(npz=path, scale=None, classes=None),
        CsvData.model_construct(csv=path, target="t", features=None, task=None, classes=None),
    )
    for form in forms:
        assert codes(load_data, form) == ["HB601"]
    if path:
        assert codes(load_data, ImagesData(images=path)) == ["HB601"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path) -> None:
    pictures(tmp_path / "pictures")
    for pipe in (tmp_path / "pipe", tmp_path / "pictures" / "cat" / "9.png"):
        os.mkfifo(pipe)
    assert codes(load_data, NpzData(npz=str(tmp_path / "pipe"))) == ["HB601"]
    assert codes(load_data, CsvData(csv=str(tmp_path / "pipe"), target="t")) == ["HB601"]
    assert codes(load_data, ImagesData(images=str(tmp_path / "pictures"))) == ["HB601"]


def test_a_column_of_one_value_does_not_explode_on_another() -> None:
    x = np.full((11, 1), 0.1, np.float32)
    scaling = standardised(x)
    assert abs((np.float32(0.2) - scaling.offset) / scaling.scale) < 1


# Tables


def test_whole_numbers_are_classes_or_numbers_and_a_note_says_which(tmp_path) -> None:
    def target(words, **settings_):
        text = "a,t\n" + "".join(f"{i},{word}\n" for i, word in enumerate(words))
        return load_data(table(tmp_path / "a.csv", text, **settings_))

    few = target([3, 8, 3, 8, 8, 3])
    assert few.class_names == ("3", "8")
    assert "taken as classes" in few.notes[1]
    assert len(target([0, 1, 1, 0, 2, 0]).notes) == 1
    prices = [100_000 + 5_000 * i for i in range(40)]
    many = target(prices)
    assert many.classes is None
    assert sorted([*many.y_train, *many.y_test]) == prices
    assert "taken as numbers" in many.notes[1]
    assert target(prices, task="classification").classes == 40
    assert target(prices, classes=40).classes == 40


def test_a_number_is_one_class_however_it_is_written(tmp_path) -> None:
    text = "a,t\n" + "".join(f"{i},{word}\n" for i, word in enumerate(["1", "1.0", "02", "2e0"]))
    assert load_data(table(tmp_path / "a.csv", text)).class_names == ("1", "2")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a,t\n1,nan\n2,1\n3,2\n", (2, 3, 2, 6), "`nan`, which is no number"),
        ("a,t\n1,1\n2,1e39\n3,2.5\n", (3, 3, 3, 7), "`1e39`, which is too large"),
        ("a,t\n1e39,x\n2,y\n3,x\n", (2, 1, 2, 5), "`1e39`, which is too large"),
        ('a,b,t\n"1",oops,x\n3,4,y\n', (2, 5, 2, 9), "`oops`"),
        ('a,b,t\n1,"o""o",x\n3,4,y\n', (2, 3, 2, 9), '`o"o`'),
        ('a,t,b\n1,"x\ny",2\n3,z,oops\n', (4, 5, 4, 9), "`oops`"),
        ("a,b,t\n1,2,x\n\n\n3,oops,y\n", (5, 3, 5, 7), "`oops`"),
        ("a,b,t\r\n1,oops,x\r\n3,4,y\r\n", (2, 3, 2, 7), "`oops`"),
        (",b,t\n0,1,x\n1,2,y\n", (1, 1, 1, 1), "has no name"),
    ],
)
def test_a_cell_is_found_behind_quotes_and_line_breaks(tmp_path, text: str, place, words) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    with pytest.raises(SpecError) as caught:
        load_data(CsvData(csv=str(path), target="t"))
    (one,) = caught.value.diagnostics
    assert (one.span.line, one.span.column, one.span.end_line, one.span.end_column) == place
    assert words in one.message


def test_a_column_of_words_says_how_many(tmp_path) -> None:
    with pytest.raises(SpecError) as caught:
        load_data(table(tmp_path / "a.csv", "a,b,t\n1,red,x\n2,7,y\n3,blue,x\n"))
    (one,) = caught.value.diagnostics
    assert "2 of 3 rows" in one.notes[0].message


CELLS = st.text('a1,"\n \té', max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_the_place_of_a_cell_is_where_it_stands(tmp_path_factory, rows, ending: str) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator=ending)
        writer.writerow(["t", "s", "a"])
        writer.writerows([*((*row, "1") for row in rows), ("x", "y", "wrong"), ("x", "y", "2")])
    with pytest.raises(SpecError) as caught:
        load_data(CsvData(csv=str(path), target="t", features=("a",)))
    span = caught.value.diagnostics[0].span
    with path.open(newline="", encoding="utf-8") as file:
        line = list(file)[span.line - 1]
    assert line[span.column - 1 : span.end_column - 1] == "wrong"


# Pictures


def test_pictures_of_more_than_eight_bits_are_not_cut_off(tmp_path) -> None:
    pictures(tmp_path)
    Image.fromarray((np.arange(20).reshape(5, 4) * 3000).astype(np.uint16)).save(
        tmp_path / "cat" / "0.png"
    )
    assert codes(load_data, ImagesData(images=str(tmp_path))) == ["HB602"]


def test_a_training_part_alone_and_classes_called_like_parts(tmp_path) -> None:
    pictures(tmp_path / "a" / "train")
    alone = load_data(ImagesData(images=str(tmp_path / "a")))
    assert (alone.class_names, sum(alone.examples)) == (("cat", "dog"), 12)
    pictures(tmp_path / "b", classes=("test", "train"))
    assert load_data(ImagesData(images=str(tmp_path / "b"))).class_names == ("test", "train")


def test_test_pictures_of_other_classes(tmp_path) -> None:
    pictures(tmp_path / "train")
    pictures(tmp_path / "test", classes=("cat",))
    assert codes(load_data, ImagesData(images=str(tmp_path))) == ["HB602"]
    pictures(tmp_path / "test", classes=("dog", "eel"))
    assert codes(load_data, ImagesData(images=str(tmp_path))) == ["HB602"]


def test_pictures_beyond_the_budget_are_refused_before_memory_is_taken(
    tmp_path, monkeypatch
) -> None:
    pictures(tmp_path)
    monkeypatch.setattr(Image.Image, "resize", lambda *_, **__: pytest.fail("it was resized"))
    huge = ImagesData(images=str(tmp_path), size=(200_000, 200_000))
    assert codes(load_data, huge) == ["HB601"]


def test_a_picture_that_unpacks_to_too_much(tmp_path, monkeypatch) -> None:
    pictures(tmp_path)
    for limit in (5, 15):  # Pillow refuses more than twice the limit, and warns of less
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert codes(load_data, ImagesData(images=str(tmp_path))) == ["HB601"]


FORMATS = ("png", "jpg", "gif", "bmp", "tiff", "webp", "ppm")


def encoded(suffix: str) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(noise).save(buffer, {"jpg": "jpeg"}.get(suffix, suffix))
    return buffer.getvalue()


WHOLE_PICTURES = {suffix: encoded(suffix) for suffix in FORMATS}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(FORMATS), st.data())
def test_a_damaged_picture_is_refused_or_read(tmp_path_factory, suffix: str, data) -> None:
    content = bytearray(WHOLE_PICTURES[suffix])
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, min(len(content), 100) - 1) | st.integers(0, len(content) - 1))  # fmt: skip
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    root = tmp_path_factory.mktemp("pictures")
    pictures(root, sizes=((16, 16),), count=1)
    (root / "cat" / f"1.{suffix}").write_bytes(bytes(content[:cut]))
    with mock.patch.object(Image, "MAX_IMAGE_PIXELS", 10_000), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = load_data(ImagesData(images=str(root)))
        except SpecError as error:
            assert error.diagnostics[0].code in ("HB601", "HB602")
        else:
            assert sum(found.examples) == 3


# Labels against the head


@pytest.mark.parametrize(
    ("y", "form", "shape", "code"),
    [
        (np.zeros((4, 5), int), "integer", (10,), "HB603"),
        (np.zeros((4, 5, 3)), "values", (7, 3), "HB603"),
        (np.zeros((4, 0)), "integer", None, "HB603"),
        (np.zeros(0), "integer", None, "HB603"),
        (np.array(["a", "b"]), "integer", None, "HB603"),
        (np.array([1e300]), "values", None, "HB603"),
        (np.array([2**63], np.uint64), "integer", None, "HB603"),
        (np.array([[9.0, 1.0]]), "one_hot", None, "HB603"),
        (np.array([[1, 0], [1, 1]]), "one_hot", None, "HB502"),
    ],
)
def test_labels_of_a_wrong_kind_or_shape(y, form: str, shape, code: str) -> None:
    width = shape[-1] if shape else y.shape[-1] if form == "one_hot" else 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert codes(
            scan_labels, y, form=form, width=width, output="head", name="data", shape=shape
        ) == [code]


def test_labels_of_the_shape_of_the_head() -> None:
    def shape(y, form: str, head) -> tuple[int, ...]:
        found = scan_labels(y, form=form, width=head[-1], output="h", name="d", shape=head)
        return found.shape

    assert shape(np.zeros((4, 5), int), "integer", (5, 10)) == (4, 5)
    assert shape(np.zeros((4, 5), int), "integer", (None, 10)) == (4, 5)
    assert shape(np.zeros((4, 1), int), "integer", (10,)) == (4,)
    assert shape(np.zeros((4, 5, 3)), "values", (5, 3)) == (4, 5, 3)
    assert shape(np.zeros(4), "values", (1,)) == (4, 1)
    assert shape(np.full((4, 2), 0.5), "one_hot", (2,)) == (4, 2)


def test_the_message_names_the_label_itself() -> None:
    with pytest.raises(SpecError) as caught:
        scanned([0.0, 1e18], "integer")
    assert "they run from 0 to 1e+18" in caught.value.diagnostics[0].message
