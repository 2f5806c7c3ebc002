"""The page of a run: whole, true, harmless, and readable in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.keras

PICTURES = """\
name: pictures
inputs: {image: [8, 8, 1]}
layers: [Flatten, Dense: {units: $classes, activation: softmax}]
train: {data: digits, loss: sparse_categorical_crossentropy, metrics: [accuracy], epochs: 2, validation: 0.1}
"""
NUMBERS = """\
name: numbers
inputs: {row: [10]}
layers: [Dense: {units: 1}]
train: {data: diabetes, loss: mean_squared_error, epochs: 2}
"""
EVIL = "<script>alert('x')</script>"
WORDS = f"""\
name: words
inputs: {{row: [2]}}
layers: [Dense: {{units: 2, activation: softmax}}]
train:
  data: {{csv: table.csv, target: "{EVIL}"}}
  loss: sparse_categorical_crossentropy
  epochs: 1
"""
YES = """\
name: answers
inputs: {row: [30]}
layers: [Dense: {units: 1, activation: sigmoid}]
train: {data: breast_cancer, loss: binary_crossentropy, epochs: 1}
"""


def trained(folder: Path, text: str, **more: Any) -> Path:
    """Train a spec in a folder of its own, and return that of the run."""
    from hornbook.runtime.data import load_data
    from hornbook.runtime.session import start
    from hornbook.specs.data import resolve
    from hornbook.specs.load import load

    folder.mkdir(exist_ok=True)
    path = folder / "spec.yaml"
    path.write_text(text)
    named = load(str(path)).model.train.data
    data = load_data(resolve(named, folder))
    run = folder / "run"
    run.mkdir()
    start(run, load(str(path), classes=data.classes), data, **more)
    return run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("pictures") / "of", PICTURES)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose data tries to bring a script along."""
    folder = tmp_path_factory.mktemp("words") / "of"
    folder.mkdir()
    rows = [f"{n % 7},{n % 5},{EVIL if n % 2 else 'no & yes'}" for n in range(40)]
    (folder / "table.csv").write_text(f'a,b,"{EVIL}"\n' + "\n".join(rows) + "\n")
    return trained(folder, WORDS)


def text_of(run: Path) -> str:
    return (run / "report.html").read_text(encoding="utf-8")


class Reader(HTMLParser):
    """Holds a page to closing what it opens, and notes what it would load."""

    VOID = frozenset({"meta", "img", "input", "br", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href")
        ]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(run: Path) -> Reader:
    reader = Reader()
    reader.feed(text_of(run))
    assert reader.open == []
    return reader


def test_the_page_is_whole_and_loads_nothing(pictures: Path, words: Path) -> None:
    for run in (pictures, words):
        found = read(run)
        assert not {"script", "link", "iframe", "object"} & found.tags
        assert all(link.startswith(("#", "data:image/png;base64,")) for link in found.links)
        assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
        assert len(set(found.ids)) == len(found.ids)
        assert "url(" not in text_of(run)
        assert "@import" not in text_of(run)


def test_what_it_tells(pictures: Path) -> None:
    text = text_of(pictures)
    result = json.loads((pictures / "result.json").read_text())
    assert f"<b>{result['test']['accuracy']:.4g}</b><span>test accuracy</span>" in text
    assert "Functional, trained" in text
    assert text.count('class="panel"') == 2 + 3
    plain = re.sub(r"<[^>]+>", "", text)
    assert "model = keras.Sequential(" in plain or "return keras.Sequential(" in plain
    assert "class Pictures(keras.Model)" in plain
    assert "Not made yet." in text
    assert json.loads((pictures / "run.json").read_text())["fingerprint"] in text


def test_drawn_anew_it_is_the_same(pictures: Path) -> None:
    from hornbook.cli.report import tested
    from hornbook.runtime.report import page
    from hornbook.runtime.runs import open_run

    run = open_run(pictures)
    assert page(run, run.built(), tested(run)) == text_of(pictures)


def test_the_predictions_are_those_that_were_tested(pictures: Path) -> None:
    from hornbook.cli.report import tested
    from hornbook.compiler.driver import analyse
    from hornbook.compiler.needs import training_of
    from hornbook.runtime.report.results import outcomes
    from hornbook.runtime.runs import open_run

    run = open_run(pictures)
    spec, test = run.spec(), tested(run)
    assert test is not None
    (one,) = outcomes(training_of(spec), analyse(spec), run.built(), test, run.info.class_names)
    counts = np.array(one.confusion)
    accuracy = json.loads((pictures / "result.json").read_text())["test"]["accuracy"]
    assert counts.sum() == one.examples == 359
    assert one.wrong == 359 - np.trace(counts) == round(359 * (1 - accuracy))
    assert (counts.sum(1) == np.bincount(test.y, minlength=10)).all()
    assert [row.examples for row in one.classes] == counts.sum(1).tolist()
    shares = [mistake.share for mistake in one.mistakes]
    assert shares == sorted(shares)
    for mistake in one.mistakes:
        assert mistake.true == str(test.y[mistake.index]) != mistake.found
        assert counts[int(mistake.true), int(mistake.found)]
    times = [times for _, _, times in one.pairs]
    assert times == sorted(times, reverse=True)


def test_pictures_are_the_examples(pictures: Path) -> None:
    import base64
    import io

    from PIL import Image

    from hornbook.runtime.data import load_data

    text = text_of(pictures)
    found = re.search(r'<img src="data:image/png;base64,([^"]+)" alt="test example (\d+)">', text)
    assert found is not None
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))))
    true = load_data("digits").x_test[int(found[2]), ..., 0]
    assert (image == np.round(true / 16 * 255)).all()


def test_nothing_of_the_data_is_taken_for_markup(words: Path) -> None:
    text = text_of(words)
    assert "<script" not in text.lower()
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in text
    assert "no &amp; yes" in text


def test_charts_name_their_places() -> None:
    """Many epochs are thinned, not cut; a scatter has numbers on both axes."""
    from hornbook.runtime.report.charts import curves, scatter

    (curve,) = curves({"loss": [1 / epoch for epoch in range(1, 31)]})
    assert "…" not in curve.svg
    assert ">29<" in curve.svg
    drawn = scatter([10.0, 20.0, 30.0], [11.0, 19.0, 33.0], "y", 0)
    along = drawn.split('class="axis x')[1].split('class="axis y')[0]
    assert any(f">{number}<" in along for number in (10, 15, 20))


def test_numbers_are_scattered(tmp_path: Path) -> None:
    run = trained(tmp_path / "of", NUMBERS)
    assert 'aria-label="dense: predicted over true"' in text_of(run)
    read(run)


def test_yes_or_no(tmp_path: Path) -> None:
    run = trained(tmp_path / "of", YES)
    text = text_of(run)
    assert 'class="confusion"' in text
    assert "malignant" in text
    assert "share of what is true" in text


def test_a_run_that_has_not_ended_has_a_page_too(
    hornbook_report, pictures: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(pictures, tmp_path / "run"))
    (run / "result.json").unlink()
    hornbook_report(str(run))
    assert "not ended" in text_of(run)
    assert 'id="predictions"' not in text_of(run)
    read(run)


@pytest.fixture
def hornbook_report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the verb."""
    import sys

    from hornbook import cli

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["hornbook", "report", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        assert not ended.value.code, captured.err
        return captured.err

    return run


def test_a_page_elsewhere_and_data_that_is_gone(
    hornbook_report, words: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(words, tmp_path / "run"))
    target = tmp_path / "page.html"
    said = hornbook_report(str(run), "-o", str(target))
    assert said == f"wrote {target}\n"
    assert "taken for" in target.read_text() or "are wrong" in target.read_text()
    edited = (run / "resolved.yaml").read_text().replace("table.csv", "gone.csv")
    (run / "resolved.yaml").write_text(edited)
    said = hornbook_report(str(run))
    assert "says nothing of single predictions" in said
    assert 'id="predictions"' not in text_of(run)


def test_the_certificate(hornbook_report, words: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(words, tmp_path / "run"))
    hornbook_report(str(run), "--verify")
    assert "all are equal" in text_of(run)
    assert json.loads((run / "certificate.json").read_text())["passed"]
    read(run)


# In a browser


CONTRAST = """
() => {
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const over = (top, under) => {
    const a = top[3] === undefined ? 1 : top[3];
    return [0, 1, 2].map(i => a * top[i] + (1 - a) * under[i]);
  };
  const ground = element => {
    const layers = [];
    for (let one = element; one; one = one.parentElement)
      layers.push(parts(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const light = color => {
    const [r, g, b] = color.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.getClientRects().length) continue;
    const under = ground(element);
    const [a, b] = [light(over(parts(getComputedStyle(element).color), under)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([element.tagName, element.className, element.textContent.slice(0, 20), ratio]);
  }
  return poor;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    program = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if program is None:
        pytest.skip("no Chromium")
    with playwright.sync_playwright() as engine:
        found = engine.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_in_a_browser(browser: Any, pictures: Path, scheme: str, width: int) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    address = (pictures / "report.html").as_uri()
    page.goto(address)
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    source = page.locator("#source .panel:visible")
    assert "def build_model" in source.inner_text()
    page.get_by_text("Subclassed", exact=True).click()
    assert "class Pictures(keras.Model)" in source.inner_text()
    page.locator("#source input:checked").press("ArrowLeft")
    assert "def build_model" in source.inner_text()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is (scheme == "light")
    assert page.locator("figure svg").first.bounding_box()["width"] > 200
    context.close()


def test_a_script_in_the_data_does_not_run(browser: Any, words: Path) -> None:
    page = browser.new_page()
    opened: list[Any] = []
    page.on("dialog", lambda dialog: (opened.append(dialog), dialog.dismiss()))
    page.goto((words / "report.html").as_uri())
    assert EVIL in page.locator("#predictions").inner_text()
    assert opened == []
    page.close()


def test_the_legend_of_one_curve_is_within_its_chart() -> None:
    import re

    from hornbook.runtime.report.charts import HEIGHT, curves

    (one,) = curves({"loss": [2.0, 1.0]})
    moved = re.search(r'<g transform="translate\([0-9.]+, ([0-9.]+)\)" class="legends"', one.svg)
    assert moved is not None
    assert float(moved[1]) + 20 <= HEIGHT
