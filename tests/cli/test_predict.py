"""`hornbook predict`: what a file holds goes in as in training, and what does not fit is said to be so."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from archives import locked

pytestmark = pytest.mark.keras


@pytest.fixture(autouse=True)
def environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the environment as it was."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")


@pytest.fixture
def said(hornbook, trained) -> Callable[..., list[dict[str, Any]]]:
    """What is predicted, without a complaint."""

    def run(name: str, *arguments: str, err: str = "") -> list[dict[str, Any]]:
        done = hornbook("predict", str(trained(name)), *arguments)
        assert (done.code, done.err) == (0, err)
        return [json.loads(line) for line in done.out.splitlines()]

    return run


def test_part(name: str) -> tuple[np.ndarray, np.ndarray]:
    from hornbook.runtime.data import load_data

    data = load_data(name)
    return data.x_test, data.y_test


test_part.__test__ = False  # type: ignore[attr-defined]

DIGITS = "pictures hold values from 0 to 255, which are taken as in training: divided by 16\n"


@pytest.mark.parametrize("style", ["functional", "sequential", "subclassed"])
def test_the_share_of_right_answers_is_the_accuracy_of_the_run(said, trained, style: str) -> None:
    for name in ("wine", "digits"):
        x, y = test_part(name)
        np.save("x.npy", x)
        found = said(name, "x.npy", "--style", style)
        assert [one["index"] for one in found] == list(range(len(y)))
        right = np.mean([one["label"] == label for one, label in zip(found, y, strict=True)])
        result = json.loads((trained(name) / "result.json").read_text())["test"]
        assert right == pytest.approx(result["accuracy"], abs=1e-6)


def test_a_line(said, trained) -> None:
    x, _ = test_part("wine")
    np.save("x.npy", x[:1])
    (one,) = said("wine", "x.npy", "--top", "2")
    assert list(one) == ["input", "index", "label", "class", "probability", "top"]
    assert (one["input"], one["index"], len(one["top"])) == ("x.npy", 0, 2)
    assert one["class"] == f"class_{one['label']}"
    assert one["top"][0] == {key: one[key] for key in ("label", "class", "probability")}
    assert one["top"][0]["probability"] >= one["top"][1]["probability"]
    (every,) = said("wine", "x.npy", "--top", "9")
    assert sum(two["probability"] for two in every["top"]) == pytest.approx(1, abs=1e-6)


def test_numbers(said, trained) -> None:
    from hornbook.runtime.runs import open_run

    x, _ = test_part("diabetes")
    np.save("x.npy", x[:4])
    found = said("diabetes", "x.npy")
    assert [list(one) for one in found] == [["input", "index", "value"]] * 4
    run = open_run(trained("diabetes"))
    offset, scale = (np.asarray(run.info.scaling[key], np.float32) for key in ("offset", "scale"))
    expected = np.asarray(run.built().model((x[:4] - offset) / scale))[:, 0]
    np.testing.assert_allclose([one["value"] for one in found], expected, rtol=1e-5)


def test_yes_or_no(said) -> None:
    Path("words.jsonl").write_text("[1, 2, 3, 4, 5, 6]\n\n[0, 0, 0, 0, 0, 19]\n")
    for one in said("words", "words.jsonl"):
        assert {two["label"] for two in one["top"]} == {0, 1}
        assert sum(two["probability"] for two in one["top"]) == pytest.approx(1)
        assert one["probability"] >= 0.5


def test_several_inputs_and_outputs(said) -> None:
    rng = np.random.default_rng(0)
    image, table = rng.integers(0, 256, (2, 4, 4, 3), dtype=np.uint8), rng.random((2, 3))
    np.savez("both.npz", image=image, table=table)
    lines = [json.dumps({"image": i.tolist(), "table": t.tolist(), "more": 1}) for i, t in
             zip(image, table, strict=True)]  # fmt: skip
    Path("both.jsonl").write_text("\n".join(lines))
    arrays, text = said("towers", "both.npz"), said("towers", "both.jsonl")
    assert [one["outputs"] for one in arrays] == [one["outputs"] for one in text]
    assert list(arrays[0]["outputs"]) == ["kind", "price"]
    assert set(arrays[0]["outputs"]["kind"]) == {"label", "probability", "top"}
    assert set(arrays[0]["outputs"]["price"]) == {"value"}


def test_all_kinds_of_files_say_the_same_of_a_picture(said) -> None:
    x, _ = test_part("digits")
    picture = x[0, ..., 0]
    np.save("whole.npy", x[:1])
    np.save("one.npy", x[0])
    np.save("flat.npy", picture)
    np.save("flats.npy", x[:1, ..., 0].astype(np.float64))
    np.savez("named.npz", image=x[:1], other=np.zeros(3))
    np.savez("only.npz", anything=x[:1])
    Path("one.jsonl").write_text(json.dumps(picture.tolist()))
    Image.fromarray(picture).save("grey.png")
    Image.fromarray(np.stack([picture] * 3, -1)).save("color.png")
    names = sorted(path.name for path in Path().iterdir())
    found = said("digits", *names, err=DIGITS)
    assert [one["input"] for one in found] == names
    for one in found:
        assert [two["label"] for two in one["top"]] == [two["label"] for two in found[0]["top"]]
        assert one["probability"] == pytest.approx(found[0]["probability"], rel=1e-5)


def test_columns_are_found_by_their_names(said, trained) -> None:
    rows = [(3, 5), (10, 0), (7, 7)]
    Path("plain.csv").write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
    Path("mixed.csv").write_text(
        "bought,b,note,a\n" + "".join(f'no,{b},"x, y",{a}\n' for a, b in rows)
    )
    Path("bare.csv").write_text("\n".join(f"{a},{b}" for a, b in rows))
    Path("keys.jsonl").write_text("\n".join(json.dumps({"b": b, "a": a}) for a, b in rows))
    np.save("rows.npy", np.array(rows))
    found = [said("table", name) for name in
             ("plain.csv", "mixed.csv", "bare.csv", "keys.jsonl", "rows.npy")]  # fmt: skip
    for one in found:
        for line in one:
            line.pop("input")
    assert all(one == found[0] for one in found[1:])
    assert {line["class"] for line in found[0]} <= {"yes", "no"}


@pytest.mark.parametrize("text", ["a,b\n3,5\n", "[3, 5]\n", '\n{"a": 3, "b": 5}\n', "3,5"])
def test_stdin(said, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    Path("row.csv").write_text("3,5\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    (one,) = said("table", "-")
    (other,) = said("table", "row.csv")
    assert {**one, "input": ""} == {**other, "input": ""}
    assert one["input"] == "-"


def test_into_a_file(hornbook, trained) -> None:
    run = str(trained("table"))
    Path("rows.csv").write_text("1,2\n3,4\n")
    done = hornbook("predict", run, "rows.csv", "-o", "out.jsonl")
    assert (done.code, done.out, done.err) == (0, "", "wrote out.jsonl: 2 examples\n")
    assert Path("out.jsonl").read_text() == hornbook("predict", run, "rows.csv").out
    assert "error[HB703]" in hornbook("predict", run, "rows.csv", "-o", "out.jsonl").err
    Path("bad.csv").write_text("1,2\n3,x\n")
    done = hornbook("predict", run, "rows.csv", "bad.csv", "-o", "other.jsonl")
    assert (done.code, done.out) == (1, "")
    assert not Path("other.jsonl").exists()


def picture(name: str, shape: tuple[int, ...]) -> None:
    Image.fromarray(np.zeros(shape, np.uint8)).save(name)


def damaged_npz(name: str) -> None:
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr("row.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order'")


def locked_npz(name: str) -> None:
    np.savez(name, row=np.zeros((1, 13)))
    Path(name).write_bytes(locked(Path(name).read_bytes()))


def objects(name: str) -> None:
    np.save(name, np.array([{"a": 1}], dtype=object), allow_pickle=True)


MISTAKES: list[tuple[str, str, Callable[[str], object], str]] = [
    ("digits", "big.png", lambda p: picture(p, (28, 20)),
     "error[HB924]: `big.png` is 28 x 20, but the input `image` takes pictures of 8 x 8"),
    ("digits", "bad.png", lambda p: Path(p).write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40),
     "error[HB601]: `bad.png` cannot be read as a picture"),
    ("wine", "some.png", lambda p: picture(p, (8, 8)),
     "error[HB924]: `some.png` is a picture, but `row` takes [13], which no picture has"),
    ("towers", "some.png", lambda p: picture(p, (4, 4, 3)),
     "error[HB924]: `some.png` is one picture, but the model has the inputs `image`, `table`"),
    ("wine", "x.npy", lambda p: np.save(p, np.zeros((2, 12))),
     "error[HB924]: `x.npy` has the shape [2, 12], but an example of `row` takes [13]"),
    ("wine", "none.npy", lambda p: np.save(p, np.zeros((0, 13))),
     "error[HB924]: `none.npy` holds no example"),
    ("wine", "one.npy", lambda p: np.save(p, np.zeros(())),
     "error[HB924]: `one.npy` has the shape [], but an example of `row` takes [13]"),
    ("wine", "nan.npy", lambda p: np.save(p, np.full((1, 13), np.nan)),
     "error[HB924]: `nan.npy` holds values that are not finite, or too large for 32 bits"),
    ("wine", "large.npy", lambda p: np.save(p, np.full((1, 13), 1e300)),
     "error[HB924]: `large.npy` holds values that are not finite, or too large for 32 bits"),
    ("wine", "text.npy", lambda p: np.save(p, np.full((1, 13), "a")),
     "error[HB924]: `text.npy` holds <U1, expected numbers"),
    ("wine", "things.npy", objects,
     "error[HB601]: `things.npy` holds Python objects, which are never unpickled"),
    ("wine", "no.npy", lambda p: Path(p).write_bytes(b"nothing"), "error[HB601]: `no.npy` is no array"),
    ("words", "half.npy", lambda p: np.save(p, np.full((1, 6), 0.5)),
     "error[HB924]: `half.npy` holds values that are no int32, which `words` takes"),
    ("words", "unknown.npy", lambda p: np.save(p, np.full((1, 6), 20)),
     "error[HB924]: `embedding` knows the integers from 0 to 19, but those of `unknown.npy` run from 20 to 20"),
    ("towers", "one.npz", lambda p: np.savez(p, image=np.zeros((1, 4, 4, 3))),
     "error[HB924]: `one.npz` has no array `table`; it holds `image`"),
    ("towers", "odd.npz", lambda p: np.savez(p, image=np.zeros((2, 4, 4, 3)), table=np.zeros((1, 3))),
     "error[HB924]: `odd.npz` holds unequal numbers of examples: 2 of `image`, 1 of `table`"),
    ("wine", "zip.npz", lambda p: Path(p).write_bytes(b"PK\x03\x04" + b"\0" * 30),
     "error[HB601]: `zip.npz` is no .npz archive, or a damaged one"),
    ("wine", "cut.npz", damaged_npz, "error[HB601]: `cut.npz`, array `row`, is damaged: "),
    ("wine", "locked.npz", locked_npz, "error[HB601]: `locked.npz`, array `row`, has a password"),
    ("table", "word.csv", lambda p: Path(p).write_text("a,b\n1,2\n3,x\n"),
     "error[HB924]: cell 2 of this row is `x`, which is no number\n --> word.csv:3:1"),
    ("table", "hole.csv", lambda p: Path(p).write_text("a,b\n1,\n"),
     "error[HB924]: cell 2 of this row is empty\n --> hole.csv:2:1"),
    ("table", "short.csv", lambda p: Path(p).write_text("a,b\n1,2\n1\n"),
     "error[HB924]: this row has 1 cells, expected 2\n --> short.csv:3:1"),
    ("table", "names.csv", lambda p: Path(p).write_text("a,c\n1,2\n"),
     "error[HB924]: there is no column `b`, which the model was trained on\n --> names.csv:1:1"),
    ("table", "twice.csv", lambda p: Path(p).write_text("a,b,b\n1,2,3\n"),
     "error[HB924]: the column `b` stands twice in the header"),
    ("table", "wide.csv", lambda p: Path(p).write_text("1,2,3\n"),
     "error[HB924]: this table has 3 columns, but `row` takes [2]"),
    ("table", "empty.csv", lambda p: Path(p).write_text(""),
     "error[HB924]: `empty.csv` holds no row of numbers"),
    ("table", "latin.csv", lambda p: Path(p).write_bytes(b"a,b\n\xff,1\n"),
     "error[HB601]: `latin.csv` is not UTF-8 text"),
    ("table", "quote.csv", lambda p: Path(p).write_text('a,b\n"1"2,3\n'),
     "error[HB601]: `quote.csv` is not CSV"),
    ("digits", "some.csv", lambda p: Path(p).write_text("1,2\n"),
     "error[HB924]: `some.csv` is a table, but `image` takes [8, 8, 1]"),
    ("table", "bad.jsonl", lambda p: Path(p).write_text("[1, 2]\n[1, 2\n"),
     "error[HB924]: this line is not JSON: "),
    ("table", "deep.jsonl", lambda p: Path(p).write_text("[" * 100_000),
     "error[HB924]: this line is not JSON: "),
    ("table", "nan.jsonl", lambda p: Path(p).write_text("[1, NaN]\n"),
     "error[HB924]: this line is not JSON: NaN is no number"),
    ("table", "huge.jsonl", lambda p: Path(p).write_text("[1, 1e999]\n"), "error[HB924]: "),
    ("table", "ragged.jsonl", lambda p: Path(p).write_text("[1, [2]]\n"),
     "error[HB924]: the lists under `row` are of unequal lengths"),
    ("table", "words.jsonl", lambda p: Path(p).write_text('["1", "2"]\n'),
     "error[HB924]: `row` holds something else than numbers"),
    ("table", "keys.jsonl", lambda p: Path(p).write_text('{"rows": [1, 2]}\n'),
     "error[HB924]: this line has no `row`"),
    ("towers", "list.jsonl", lambda p: Path(p).write_text("[1, 2]\n"),
     "error[HB924]: this line is one value, but the model has the inputs `image`, `table`"),
    ("table", "none.jsonl", lambda p: Path(p).write_text("\n"),
     "error[HB924]: `none.jsonl` holds no line of JSON"),
    ("wine", "model.pkl", lambda p: Path(p).write_bytes(b""),
     "error[HB601]: `model.pkl` is of no kind that can be read as examples"),
    ("wine", "folder", lambda p: Path(p).mkdir(), "error[HB601]: `folder` is a folder, not a file"),
    ("wine", "nowhere.npy", lambda p: None, "error[HB601]: `nowhere.npy` does not exist"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("run", "path", "make", "says"), MISTAKES, ids=[f"{r}-{p}" for r, p, *_ in MISTAKES]
)
def test_what_does_not_fit(
    hornbook, trained, run: str, path: str, make: Callable[[str], object], says: str
) -> None:
    make(path)
    done = hornbook("predict", str(trained(run)), path)
    assert done.code == 1
    assert says in done.err.removeprefix(DIGITS)
    assert done.out == ""


def test_the_columns_of_a_table_that_is_gone_are_still_known(
    hornbook, trained, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained("table"), run)
    spec = (run / "resolved.yaml").read_text()
    (run / "resolved.yaml").write_text(spec.replace("table.csv", "gone.csv"))
    Path("rows.csv").write_text("b,a\n5,3\n")
    Path("bare.csv").write_text("3,5\n")
    lines = [
        json.loads(hornbook("predict", str(run), name).out) for name in ("rows.csv", "bare.csv")
    ]
    assert lines[0]["top"] == lines[1]["top"]


def test_wrong_usage(hornbook, trained, folder: Path) -> None:
    run = str(trained("wine"))
    assert hornbook("predict", run).code == 2
    assert hornbook("predict", run, "-", "-").code == 2
    assert hornbook("predict", run, "-", "--top", "0").code == 2
    Path("x.npy").write_bytes(b"")
    done = hornbook("predict", str(folder), "x.npy")
    assert (done.code, done.out) == (1, "")
    assert "error[HB901]" in done.err
