"""Everything that a run's folder tells, laid out on one page."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from markupsafe import Markup

from ...compiler.driver import STYLES, analyse, emit
from ...compiler.graph import TypedGraph
from ...compiler.infer import count
from ...compiler.needs import training_of
from ...specs.diagnostics import SpecError
from ..durable import replace_file
from ..runs import REPORT, RESOLVED, SOURCE, SPEC, Run
from .charts import curves

if TYPE_CHECKING:
    from ..batches import Batches
    from ..build import Built

TITLES: Final = {"sequential": "Sequential", "functional": "Functional", "subclassed": "Subclassed"}
CERTIFICATE: Final = "certificate.json"
DRAWN: Final = 400
"""Boxes above which blocks are drawn closed."""


@final
@dataclass(frozen=True)
class Tab:
    """The source in one style, or why there is none."""

    style: str
    title: str
    code: Markup | None
    reason: str
    trained: bool


@final
@dataclass(frozen=True)
class Layer:
    """A row of the table of layers."""

    name: str
    kind: str
    shape: str
    parameters: int


def write_report(run: Run, built: Built | None = None, test: Batches | None = None) -> Path:
    """Write ``report.html`` into the folder of a run.

    Args:
        run: the run; one that has not ended has a report of what there is.
        built: its model, with the weights of the end.
        test: its test examples, in order; without them nothing is told of single predictions.

    Returns:
        The page: it loads nothing and runs nothing.

    Raises:
        OSError: where it cannot be written.
        SpecError: where the run's files are damaged.
    """
    path = run.folder / REPORT
    replace_file(path, page(run, built, test).encode())
    return path


def page(run: Run, built: Built | None = None, test: Batches | None = None) -> str:
    """Return the text of the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    spec = run.spec()
    typed, settings = analyse(spec), training_of(spec)
    results: list[Any] = []
    if built is not None and test is not None:
        from .results import outcomes

        results = list(outcomes(settings, typed, built, test, run.info.class_names))
    templates = Environment(
        loader=PackageLoader("hornbook.runtime.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    result = run.result()
    trainable, total = count(typed)
    return templates.get_template("report.html").render(
        run=run,
        info=run.info,
        command=shlex.join(run.info.command),
        result=result,
        settings=settings,
        parameters=total,
        trainable=trainable,
        curves=list(curves(run.history())) if run.history() else [],
        outcomes=results,
        drawing=drawing(typed),
        layers=list(layers(typed)),
        specs=[
            ("as written", highlighted(_text(run, SPEC), "yaml")),
            ("as trained", highlighted(_text(run, RESOLVED), "yaml")),
        ],
        tabs=list(tabs(typed, run)),
        certificate=_certificate(run),
        tokens=tokens,
    )


def drawing(typed: TypedGraph) -> Markup:
    """Return the architecture as SVG; of a large one the blocks are closed."""
    from ...compiler.drawing import svg

    depth = 0 if len(typed.nodes) > DRAWN else None
    return Markup(svg(typed, depth=depth))


def layers(typed: TypedGraph) -> Iterator[Layer]:
    """Yield a row for each call of a layer; a shared layer's parameters count at the first."""
    seen: set[str] = set()
    for one in typed.nodes:
        first = one.layer.name not in seen
        seen.add(one.layer.name)
        size = sum(weight.size for weight in one.weights) if first else 0
        yield Layer(one.node.name, type(one.layer.spec).__name__, str(one.type), size)


def tabs(typed: TypedGraph, run: Run) -> Iterator[Tab]:
    """Yield the sources in all styles; that which was trained is the file of the run."""
    for style in STYLES:
        trained = style == run.info.style
        try:
            text = _text(run, SOURCE) if trained else emit(typed, style).text
        except SpecError as error:
            yield Tab(style, TITLES[style], None, error.diagnostics[0].message, trained)
        else:
            yield Tab(style, TITLES[style], highlighted(text, "python"), "", trained)


def highlighted(text: str, language: str) -> Markup:
    """Return code with its tokens marked; what they look like is the page's."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    return Markup(highlight(text, get_lexer_by_name(language), HtmlFormatter(nowrap=True)))


def tokens(value: Any) -> str:
    """Write a number as a person reads it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _text(run: Run, name: str) -> str:
    try:
        return (run.folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"({name} cannot be read)"


def _certificate(run: Run) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(_text(run, CERTIFICATE))
    except ValueError:
        return None
    return found
