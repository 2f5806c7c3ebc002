"""Learning curves, drawn with characters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

HEIGHT: Final = 11
PANEL: Final = 44
TICKS: Final = 6
DOTS: Final = 18
TRAINING: Final = "blue"
VALIDATION: Final = "orange"
LEGEND: Final = "line: training   •: validation"

Curves = Mapping[str, Sequence[float]]


def draw(history: Curves, *, width: int, color: bool) -> str:
    """Return the curves of a run of two epochs or more: the loss, and beside it the first metric.

    ``width`` is that of the screen; without ``color`` the text holds no control characters.
    """
    import plotext

    names = panels(history)
    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    each = min(PANEL, width // len(names))
    if len(names) > 1:
        figure.subplots(1, len(names))
        figure.plot_size(each * len(names), HEIGHT)
    for position, name in enumerate(names, 1):
        panel = figure.subplot(1, position) if len(names) > 1 else figure
        panel.plot_size(each, HEIGHT)
        _panel(plotext, panel, name, history)
    text = str(figure.build().string(colorless=not color))
    lines = [line.rstrip() for line in text.rstrip("\n").split("\n")]
    if any(f"val_{name}" in history for name in names):
        lines.append(LEGEND.center(each * len(names)).rstrip())
    return "\n".join(lines)


def panels(history: Curves) -> list[str]:
    """Choose what is drawn: the loss, and the first metric that was measured."""
    others = (name for name in history if "loss" not in name and name != "learning_rate")
    metrics = [name for name in others if not name.startswith("val_")]
    return ["loss", *metrics[:1]]


def _panel(plotext: Any, panel: Any, name: str, history: Curves) -> None:
    train, validation = history[name], history.get(f"val_{name}", ())
    panel.theme("colorless")
    _signal(plotext, panel, list(enumerate(train, 1)), "braille", TRAINING)
    apart = max(1, -(-len(validation) // DOTS))
    dots = list(enumerate(validation, 1))[::-apart]  # the last epoch has one
    _signal(plotext, panel, dots, "•", VALIDATION)
    panel.title(name)
    panel.legend(False)
    ticks = range(1, len(train) + 1)[:: max(1, -(-len(train) // TICKS))]
    panel.ruler("x").ticks(list(ticks), [str(epoch) for epoch in ticks])


def _signal(
    plotext: Any, panel: Any, points: Sequence[tuple[int, float]], symbol: str, color: str
) -> None:
    """Draw what is finite: plotext ends the process where a number is not."""
    finite = [(epoch, value) for epoch, value in points if math.isfinite(value)]
    if finite:
        epochs, values = map(list, zip(*finite, strict=True))
        drawn = panel.signal(epochs, values, marker=plotext.marker(symbol, plotext.pixel(color)))
        panel.draw(drawn.lines() if symbol == "braille" else drawn)
