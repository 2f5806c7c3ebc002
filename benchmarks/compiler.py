"""How the time of each stage grows with the layers of a spec, as a table and as a plot.

    python benchmarks/compiler.py [--rounds 3] [--plot docs/performance-compiler.svg]

Figures are processor time a layer, against the same stage at 1,000 layers: 1.0 all along is a cost that is
linear in the layers. Python's collector of cycles is off, as in the commands that only compile. The range is over
the rounds. The last table takes specs of every form.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pygal
from pygal.style import Style

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from large import GRAPHS, MISTAKES, chain, residual  # type: ignore[import-not-found]

from hornbook.compiler.driver import STYLES, advise, emit, styles_of
from hornbook.compiler.graph import Graph, TypedGraph
from hornbook.compiler.infer import infer
from hornbook.compiler.lower import lower
from hornbook.compiler.training import check_training
from hornbook.specs.diagnostics import SpecError
from hornbook.specs.load import Spec, load
from hornbook.specs.render import render_text
from hornbook.specs.yaml import read_text

SIZES = (100, 200, 500, 1000, 2000, 5000, 10_000)
BASE = 1000
Timed = dict[str, float]
T = TypeVar("T")


def timed(found: Timed, stage: str, run: Callable[[], T]) -> T:
    start = time.process_time()
    result = run()
    found[stage] = time.process_time() - start
    return result


def inferred(spec: Spec, graph: Graph) -> TypedGraph:
    typed = infer(graph, spec.document)
    check_training(spec, typed)
    advise(spec, typed)
    return typed


def stages(text: str) -> Timed:
    """Time each stage of one compilation, or the telling of what is wrong."""
    found: Timed = {}
    gc.collect()
    try:
        document = timed(found, "read YAML", lambda: read_text(text, "large.yaml"))
        spec = timed(found, "validate", lambda: load(document))
        graph = timed(found, "lower and schedule", lambda: lower(spec))
        typed = timed(found, "infer and check", lambda: inferred(spec, graph))
    except SpecError as error:
        mistakes = error.diagnostics
        timed(found, "tell", lambda: render_text(mistakes))
        return found
    able = styles_of(typed)
    for style in STYLES:
        if style in able:
            timed(found, f"emit {style}", partial(emit, typed, style))
    return found


def growth(form: Callable[[int], str], rounds: int) -> dict[str, dict[int, list[float]]]:
    """Return, by stage and size, the time a layer in each round against that of 1,000 layers."""
    found: dict[str, dict[int, list[float]]] = {}
    for _ in range(rounds):
        each = {size: stages(form(size)) for size in SIZES}
        for stage, base in each[BASE].items():
            for size in SIZES:
                ratio = (each[size][stage] / size) / (base / BASE)
                found.setdefault(stage, {}).setdefault(size, []).append(ratio)
    return found


def table(found: dict[str, dict[int, list[float]]]) -> Iterator[str]:
    yield "| stage | " + " | ".join(f"{size:,}" for size in SIZES) + " |"
    yield "|---|" + "---|" * len(SIZES)
    for stage, ratios in found.items():
        cells = (
            f"{statistics.median(ratios[size]):.2f} ({min(ratios[size]):.2f} to {max(ratios[size]):.2f})"
            for size in SIZES
        )
        yield f"| {stage} | " + " | ".join(cells) + " |"


def plot(found: dict[str, dict[int, list[float]]], path: str) -> None:
    chart = pygal.XY(
        title="Time a layer, against that at 1,000 layers",
        x_title="layers of the spec",
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        truncate_legend=-1,
        width=900,
        height=560,
        margin_bottom=40,
        range=(0, 2),
        y_labels=[0, 0.5, 1, 1.5, 2],
        x_labels=[0, 1000, 2000, 5000, 10_000],
        js=[],
        no_prefix=True,
        style=Style(background="white", plot_background="white", title_font_size=17),
    )
    for stage, ratios in found.items():
        chart.add(stage, [(size, statistics.median(ratios[size])) for size in SIZES])
    Path(path).write_bytes(chart.render())


def forms(rounds: int) -> Iterator[str]:
    yield "| form of the spec | time a layer at 10,000 against 1,000 | range |"
    yield "|---|---|---|"
    for name, form in (GRAPHS | MISTAKES).items():
        ratios = []
        for _ in range(rounds):
            small, large = (sum(stages(form(size)).values()) for size in (BASE, SIZES[-1]))
            ratios.append(large / small / (SIZES[-1] / BASE))
        yield f"| {name} | {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--plot", metavar="FILE", help="write the plot of the chain as SVG")
    chosen = options.parse_args()
    gc.disable()  # as the commands that compile do
    stages(chain(100))
    found = growth(chain, chosen.rounds)
    print("A chain of `Dense`, time a layer:\n", *table(found), "", sep="\n")
    print("A deep residual net:\n", *table(growth(residual, chosen.rounds)), "", sep="\n")
    if chosen.plot:
        plot(found, chosen.plot)
    print(*forms(chosen.rounds), sep="\n")


if __name__ == "__main__":
    main()
