"""Charts as SVG that takes its colours from the page around it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from markupsafe import Markup

COLORS: Final = {
    "#0a0b01": "var(--ink)",
    "#0a0b02": "var(--faint)",
    "#0a0b03": "var(--line)",
    "#0a0b04": "var(--one)",
    "#0a0b05": "var(--two)",
    "#0a0b06": "var(--page)",
}
"""pygal reckons with colours, so it is given numbers; the page's variables take their place."""
INK, FAINT, LINE, ONE, TWO, PAGE = COLORS
SCRIPT: Final = re.compile(r"<script.*?</script>|<script[^>]*/>", re.DOTALL)
LEGEND: Final = re.compile(r' id="activate-serie-\d+"')
"""Of use to pygal's script alone, and not the only one of its name on a page."""
WIDTH: Final = 520
HEIGHT: Final = 300
TALL: Final = 380
MOST_DOTS: Final = 40
LABELS: Final = 8
SCATTERED: Final = 2000
HUGE: Final = 1e100
"""More than a loss of 32 bits can be; a chart of such numbers has no room for its own axis."""


@final
@dataclass(frozen=True)
class Curve:
    """A metric over the epochs: in training, and on what was held out where there was any."""

    name: str
    training: tuple[float, ...]
    validation: tuple[float, ...]
    svg: Markup


def curves(history: Mapping[str, Sequence[float]]) -> Iterator[Curve]:
    """Yield a chart for each metric of a run, the loss first."""
    names = [name for name in history if not name.startswith("val_")]
    for number, name in enumerate(sorted(names, key=lambda name: name != "loss")):
        training, validation = history[name], history.get(f"val_{name}", ())
        epochs = len(training)
        chart = _chart("Line", f"curve-{number}", show_dots=epochs <= MOST_DOTS)
        chart.x_labels = [str(epoch) for epoch in range(1, epochs + 1)]
        chart.x_labels_major = chart.x_labels[:: max(1, -(-epochs // LABELS))]
        chart.add("training", _finite(training))
        if validation:
            chart.add("validation", _finite(validation))
        else:
            chart.legend_at_bottom_columns = 1  # in two, there is no room left for a row of one
        yield Curve(name, tuple(training), tuple(validation), _svg(chart, f"{name} by epoch"))


def scatter(true: Sequence[float], found: Sequence[float], name: str, number: int) -> Markup:
    """Return a chart of what was predicted over what was true; equal ones lie on the line."""
    apart = max(1, -(-len(true) // SCATTERED))
    points = list(zip(true, found, strict=True))[::apart]
    low, high = (of(one for pair in points for one in pair) for of in (min, max))
    chart = _chart(
        "XY",
        f"scatter-{number}",
        stroke=False,
        dots_size=2,
        height=TALL,
        margin_bottom=24,  # pygal leaves no room for a legend below a title
        show_minor_x_labels=True,
    )
    chart.x_title, chart.y_title = "true", "predicted"
    chart.add("examples", points)
    chart.add("equal", [(low, low), (high, high)], stroke=True, show_dots=False)
    return _svg(chart, f"{name}: predicted over true")


def _chart(kind: str, name: str, **options: Any) -> Any:
    import pygal
    from pygal.style import Style

    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground=INK,
        foreground_strong=INK,
        foreground_subtle=FAINT,
        guide_stroke_color=LINE,
        major_guide_stroke_color=LINE,
        value_background=PAGE,
        colors=(ONE, TWO),
        font_family="inherit",
        label_font_size=12,
        major_label_font_size=12,
        legend_font_size=13,
        title_font_size=14,
        tooltip_font_size=13,
        opacity="1",
        stroke_opacity="1",
        stroke_width="2",
    )
    chart = getattr(pygal, kind)(
        **{
            "style": style,
            "width": WIDTH,
            "height": HEIGHT,
            "js": [],
            "disable_xml_declaration": True,
            "legend_at_bottom": True,
            "legend_at_bottom_columns": 2,
            "legend_box_size": 10,
            "show_minor_x_labels": False,
            "truncate_label": -1,
            "truncate_legend": -1,
            "margin": 8,
            **options,
        }
    )
    chart.uuid = name  # drawn anew, a chart is the same
    return chart


def _svg(chart: Any, title: str) -> Markup:
    text = LEGEND.sub("", SCRIPT.sub("", chart.render(is_unicode=True)))
    for number, variable in COLORS.items():
        text = text.replace(number, variable)
    return Markup(
        text.replace("<svg ", Markup('<svg role="img" aria-label="{}" ').format(title), 1)
    )


def _finite(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) and abs(value) < HUGE else None for value in values]
