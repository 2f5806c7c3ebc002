"""The verb that compares two models, and carries weights from one to the other."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, Final, final

import typer

from . import options, output
from .output import plural, remark, report, say

if TYPE_CHECKING:
    from ..compiler.diff import Carried, Change, Difference, Fresh, Parameters, Side
    from ..compiler.graph import Weight
    from ..specs.load import Spec

DIFFERENT: Final = 1
MODELS: Final = (".keras", ".json")
SAVED: Final = (".keras", ".weights.h5")
WIDTH: Final = 100
COLORS: Final = {"+": "32", "-": "31", "~": "33"}
SUBJECT: Final = "a path, the name of a shipped spec, or a `.keras` or `config.json` file"


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help=f"The one model: {SUBJECT}.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The other model, given likewise.")],
    form: Annotated[
        options.Format, typer.Option("--format", help="For people, or for programs.")
    ] = options.Format.text,
    transfer: Annotated[
        Path | None,
        typer.Option(metavar="WEIGHTS", help="Weights of A: a `.keras` or `.weights.h5` file."),
    ] = None,
    target: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="NEW", help="With --transfer: the file of B to write."
        ),
    ] = None,
    style: Annotated[
        options.Style | None,
        typer.Option(help="With --transfer: the style of B. Default: functional."),
    ] = None,
    force: options.Force = False,
    max_params: options.MaxParams = None,
) -> None:
    """Compare two models as graphs.

    What counts is what the models are, not how they are written: layers, arguments, wiring, inputs,
    outputs, training settings, and which weights of A fit B. Exit code 0 when they are equal, 1 when they
    differ. With --transfer, NEW is B with all the weights of A that fit, and 0 says that it is written.
    """
    from ..compiler.diff import diff

    _check(transfer, target, style)
    budget = options.max_params(max_params)
    old, new = side(before, budget), side(after, budget)
    found = diff(old.side, new.side)
    if transfer is not None and target is not None:
        chosen = (style or options.Style.functional).value
        _transfer(found, old, new, transfer, target, style=chosen, force=force, form=form)
        return
    if form is options.Format.json:
        say(json.dumps({"a": before, "b": after, **found.record()}, indent=2))
    else:
        say("\n".join(text(found, before, after)))
    if not found.equal:
        raise typer.Exit(DIFFERENT)


def _check(weights: Path | None, new: Path | None, style: options.Style | None) -> None:
    """Refuse options that do nothing, or not enough, together."""
    if weights is None:
        for given, name in ((new, "--output"), (style, "--style")):
            if given is not None:
                raise typer.BadParameter("only --transfer writes a model", param_hint=name)
        return
    if new is None:
        raise typer.BadParameter("say where B goes: `-o NEW`", param_hint="--transfer")
    for path, name in ((weights, "--transfer"), (new, "--output")):
        if not path.name.endswith(SAVED):
            raise typer.BadParameter(
                f"`{path}` is no `.keras` and no `.weights.h5` file", param_hint=name
            )


# Reading


@final
@dataclass(frozen=True, slots=True)
class Model:
    """One side as it was given: a spec, or what became of a Keras model's config."""

    side: Side
    spec: Spec


def side(given: str, max_params: int) -> Model:
    """Read a spec, or a Keras model as a spec, down to its graph.

    Raises:
        SpecError: what reading and compiling find; HB801 and HB802 for a Keras model.
    """
    from ..compiler.diff import Side
    from ..compiler.driver import advise, analyse

    imported = given.lower().endswith(MODELS)
    spec = _imported(given) if imported else options.load(given)
    typed = analyse(spec, max_params=max_params)
    report(advise(spec, typed))
    return Model(Side(typed, spec.model.train, trained=not imported), spec)


def _imported(path: str) -> Spec:
    from ..compiler.importing import import_config, read_model
    from ..specs.load import load
    from ..specs.write import write_spec
    from ..specs.yaml import read_text

    found = import_config(read_model(path))
    return load(read_text(write_spec(found.data), f"{path} (as a spec)"))


# Text


def text(found: Difference, before: str, after: str) -> Iterator[str]:
    """Yield the lines that a person reads."""
    if found.equal:
        size = f"{found.after.total:,} parameters"
        yield f"`{before}` and `{after}` are the same model: {size}"
        return
    yield f"{before} -> {after}"
    for title, rows in (
        ("layers", list(_layers(found))),
        ("inputs", [_changed(one) for one in found.inputs]),
        ("outputs", [_changed(found.outputs)] if found.outputs else []),
        ("training", [_changed(one) for one in found.training]),
    ):
        if rows:
            yield from ("", title, *_table(rows))
    yield from ("", "parameters", *_parameters(found.before, found.after))
    if found.carried or found.fresh or found.dropped:
        yield from ("", "weights", *_weights(found))


Row = tuple[str, str, str]
"""A mark, the name of a layer, and what is to be said of it."""


def _layers(found: Difference) -> Iterator[Row]:
    if found.name:
        yield "~", "(model)", f"named `{found.name.after}`, before `{found.name.before}`"
    for mark, entries in (("-", found.removed), ("+", found.added)):
        for entry in entries:
            given = f" {_value(entry.arguments)}" if entry.arguments else ""
            yield mark, entry.name, entry.kind + given
    for one in found.renamed:
        yield "~", one.after, f"{one.kind} renamed, before `{one.before}`"
    for layer in found.changed:
        for change in layer.changes:
            yield "~", layer.name, f"{change.what}: {_both(change)}"
    for wired in found.rewired:
        yield "~", wired.name, f"takes {', '.join(wired.after)}, before {', '.join(wired.before)}"


def _changed(change: Change) -> Row:
    if change.after is None:
        return "-", change.what, _value(change.before)
    if change.before is None:
        return "+", change.what, _value(change.after)
    return "~", change.what, _both(change)


def _both(change: Change) -> str:
    return f"{_value(change.before)} -> {_value(change.after)}"


def _value(value: Any) -> str:
    from ..specs.render import printable
    from ..specs.write import flow

    return printable(value if isinstance(value, str) else flow(value))


def _table(rows: Sequence[Row]) -> Iterator[str]:
    """Lay rows out in columns, coloured where a person looks."""
    width = max(len(name) for _, name, _ in rows)
    color = output.colored(sys.stdout)
    for mark, name, said in rows:
        line = f"  {mark} {name.ljust(width)}  {said}"
        yield f"\x1b[{COLORS[mark]}m{line}\x1b[0m" if color else line


def _parameters(before: Parameters, after: Parameters) -> Iterator[str]:
    for name, old, new in (
        ("trainable", before.trainable, after.trainable),
        ("total", before.total, after.total),
    ):
        change = f"{old:,}" if old == new else f"{old:,} -> {new:,} ({new - old:+,})"
        yield f"    {name.ljust(9)}  {change}"


def _weights(found: Difference) -> Iterator[str]:
    """Say what carries over: in a list those of the same name, and one by one the others."""
    layers = len(found.carried) + len(found.fresh)
    yield f"    {len(found.carried)} of {plural(layers, 'layer')} can take their weights from A"
    names = [_pair(one) for one in found.carried]
    if names:
        yield from wrap(", ".join(names), WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    known = {one.source for one in found.fresh}
    rows = [("+", one.name, why(one)) for one in found.fresh]
    rows += [
        ("-", name, "weights of A that go nowhere") for name in found.dropped if name not in known
    ]
    if rows:
        yield from _table(rows)


def _pair(one: Carried) -> str:
    return one.after if one.before == one.after else f"{one.before} -> {one.after}"


def why(one: Fresh) -> str:
    """Say why a layer begins with new weights."""
    if one.reason == "new":
        return f"a new layer: {_shapes(one.after)}"
    if one.reason == "class":
        return f"`{one.source}` is made of another class"
    old = {weight.name: weight for weight in one.before}
    if [weight.name for weight in one.before] != [weight.name for weight in one.after]:
        return f"other weights: {_shapes(one.before)} -> {_shapes(one.after)}"
    return "other shapes: " + ", ".join(
        f"{weight.name} {old[weight.name].shape} -> {weight.shape}"
        for weight in one.after
        if weight.shape != old[weight.name].shape
    )


def _shapes(weights: Sequence[Weight]) -> str:
    return ", ".join(f"{weight.name} {weight.shape}" for weight in weights)


# Weights


def _transfer(
    found: Difference,
    old: Model,
    new: Model,
    weights: Path,
    target: Path,
    *,
    style: str,
    force: bool,
    form: options.Format,
) -> None:
    """Write B with the weights of A that fit, and say of each layer where its weights come from."""
    from .emit import refuse_assumed
    from .quiet import start_runtime

    output.unused(target, force=force)
    refuse_assumed(new.spec)
    refuse_assumed(old.spec)
    with output.interruptible(lambda: "interrupted; nothing was written"):
        start_runtime()
        from ..runtime.transfer import transfer

        transfer(found, old.side.typed, new.spec, new.side.typed, weights, target, style=style)
    if form is options.Format.json:
        say(json.dumps({"written": str(target), **found.record()}, indent=2))
        return
    rows = [("~", one.after, _origin(one)) for one in found.carried]
    rows += [("+", one.name, f"newly initialised, {why(one)}") for one in found.fresh]
    say("\n".join(_table(rows)) if rows else "no layer has weights")
    layers = plural(len(found.carried) + len(found.fresh), "layer")
    remark(f"wrote {target}: {len(found.carried)} of {layers} with weights of {weights}")


def _origin(one: Carried) -> str:
    of = "" if one.before == one.after else f" of `{one.before}`"
    return f"carried over{of}: {_shapes(one.weights)}"
