"""Learning curves, drawn with characters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

HEIGHT: Final = 11
PANEL: Final = 44
TICKS: Final = 6
DOTS: Final = 18
TRAINING: Final = "blue"
VALIDATION: Final = "orange"
TINTS: Final = ("blue", "orange", "green", "red", "magenta", "cyan")
LEGEND: Final = "line: training   •: validation"

Curves = Mapping[str, Sequence[float]]


def draw(history: Curves, *, width: int, color: bool) -> str:
    """Return the curves of a run of two epochs or more: the loss, and beside it the first metric.

    ``width`` is that of the screen; without ``color`` the text holds no control characters.
    """
    names = panels(history)

    def paint(plotext: Any, panel: Any, name: str) -> int:
        train, validation = history[name], history.get(f"val_{name}", ())
        _signal(plotext, panel, list(enumerate(train, 1)), "braille", TRAINING)
        _signal(plotext, panel, _dots(validation), "•", VALIDATION)
        return len(train)

    legend = LEGEND if any(f"val_{name}" in history for name in names) else ""
    return _draw(names, paint, legend, width=width, color=color)


def overlay(runs: Mapping[str, Curves], *, width: int, color: bool) -> str:
    """Return the curves of several runs over each other, each by its letter.

    Drawn is what all of them measured, on what was held out if they held anything out.
    """
    measured = [
        name for name in next(iter(runs.values())) if all(name in one for one in runs.values())
    ]
    plain = [name for name in panels(dict.fromkeys(measured, ())) if name in measured]
    names = [f"val_{name}" if f"val_{name}" in measured else name for name in plain]

    def paint(plotext: Any, panel: Any, name: str) -> int:
        for place, (letter, curves) in enumerate(runs.items()):
            tint = TINTS[place % len(TINTS)]
            if color:
                _signal(plotext, panel, list(enumerate(curves[name], 1)), "braille", tint)
            _signal(plotext, panel, _dots(curves[name]), letter, tint)
        return max(len(curves[name]) for curves in runs.values())

    return _draw(names, paint, "", width=width, color=color) if names else ""


def _draw(
    names: Sequence[str],
    paint: Callable[[Any, Any, str], int],
    legend: str,
    *,
    width: int,
    color: bool,
) -> str:
    """Draw panels side by side; ``paint`` fills one, and returns how many epochs it shows."""
    import plotext

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
        panel.theme("colorless")
        epochs = paint(plotext, panel, name)
        panel.title(name)
        panel.legend(False)
        ticks = range(1, epochs + 1)[:: max(1, -(-epochs // TICKS))]
        panel.ruler("x").ticks(list(ticks), [str(epoch) for epoch in ticks])
    text = str(figure.build().string(colorless=not color))
    lines = [line.rstrip() for line in text.rstrip("\n").split("\n")]
    if legend:
        lines.append(legend.center(each * len(names)).rstrip())
    return "\n".join(lines)


def panels(history: Curves) -> list[str]:
    """Choose what is drawn: the loss, and the first metric that was measured."""
    others = (name for name in history if "loss" not in name and name != "learning_rate")
    metrics = [name for name in others if not name.startswith("val_")]
    return ["loss", *metrics[:1]]


def _dots(values: Sequence[float]) -> list[tuple[int, float]]:
    """Return the points that are marked: not too many, and the last epoch is one."""
    apart = max(1, -(-len(values) // DOTS))
    return list(enumerate(values, 1))[::-apart]


def _signal(
    plotext: Any, panel: Any, points: Sequence[tuple[int, float]], symbol: str, color: str
) -> None:
    """Draw what is finite: plotext ends the process where a number is not."""
    finite = [(epoch, value) for epoch, value in points if math.isfinite(value)]
    if finite:
        epochs, values = map(list, zip(*finite, strict=True))
        drawn = panel.signal(epochs, values, marker=plotext.marker(symbol, plotext.pixel(color)))
        panel.draw(drawn.lines() if symbol == "braille" else drawn)
