"""The verb that shows what a spec makes, layer by layer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, final

import typer

from . import options, output
from .emit import refuse_assumed
from .output import report, say, source

if TYPE_CHECKING:
    from rich.table import Table

    from ..compiler.graph import Argument, Literal, Shape, TypedGraph, TypedNode, Value
    from ..specs.load import Spec

UNITS = ("", "k", "M", "G", "T", "P")
BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def show(
    spec: options.SpecArgument,
    form: Annotated[
        options.Format, typer.Option("--format", help="For people, or for programs.")
    ] = options.Format.text,
    batch_size: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Show the sizes of a batch of N, not of one example."
        ),
    ] = None,
    resolved: Annotated[
        bool,
        typer.Option(
            "--resolved", help="The spec itself, with variables, blocks and --set put in place."
        ),
    ] = False,
    max_params: options.MaxParams = None,
    settings: options.Settings = None,
    data: options.DataOption = None,
    target: options.Target = None,
) -> None:
    """Show the layers of a spec and their sizes.

    Output shapes, parameters, floating-point operations and memory of activations, all computed exactly
    without Keras. A multiply-add counts as two operations.
    """
    from ..compiler.driver import advise, analyse

    if resolved and batch_size is not None:
        raise typer.BadParameter("a spec has no batch", param_hint="--batch-size")
    loaded = options.load(spec, settings, data, target)
    if resolved:
        refuse_assumed(loaded)
    typed = analyse(loaded, max_params=options.max_params(max_params))
    report(advise(loaded, typed))
    if resolved:
        _print_resolved(loaded, form)
        return
    table = rows(typed, batch_size)
    if form is options.Format.json:
        say(json.dumps(record(typed, table, batch_size), indent=2))
        return
    _print(loaded, typed, table, batch_size)


def _print_resolved(spec: Spec, form: options.Format) -> None:
    """Print what is left of a spec when all is put in place: YAML, or the same as JSON."""
    from ..specs.resolve import resolved
    from ..specs.write import write_spec

    data = resolved(spec)
    if form is options.Format.json:
        say(json.dumps(data, indent=2))
    else:
        source(write_spec(data), "yaml")


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One call of a layer, in numbers; None where a size is known only with the data."""

    node: TypedNode
    shape: Shape
    parameters: int
    again: bool
    flops: int | None
    memory: int | None


def rows(typed: TypedGraph, batch_size: int | None = None) -> list[Row]:
    """Return a row for each node; a layer's weights count at its first call."""
    from ..compiler.infer import activation_bytes

    batch = batch_size or 1
    seen: set[str] = set()
    found = []
    for one in typed.nodes:
        memory = activation_bytes(one)
        found.append(
            Row(
                one,
                (batch_size, *one.type.shape[1:]),
                sum(weight.size for weight in one.weights),
                one.layer.name in seen,
                None if one.flops is None else one.flops * batch,
                None if memory is None else memory * batch,
            )
        )
        seen.add(one.layer.name)
    return found


def record(typed: TypedGraph, table: Sequence[Row], batch_size: int | None) -> dict[str, Any]:
    """Return what `show` knows as JSON data."""
    from ..compiler.infer import count

    trainable, total = count(typed)
    return {
        "name": typed.graph.name,
        "batch_size": batch_size,
        "inputs": [
            {"name": one.name, "shape": [batch_size, *one.type.shape[1:]], "dtype": one.type.dtype}
            for one in typed.graph.inputs
        ],
        "layers": [_row_record(row) for row in table],
        "outputs": [str(value) for value in typed.graph.outputs],
        "parameters": {"trainable": trainable, "total": total},
        "weight_bytes": weight_bytes(typed),
        "flops": _sum(row.flops for row in table),
        "activation_bytes": _sum(row.memory for row in table),
    }


def _row_record(row: Row) -> dict[str, Any]:
    one = row.node
    return {
        "name": one.node.name,
        "layer": one.layer.name,
        "class": type(one.layer.spec).__name__,
        "inputs": [_operand(value) for value in one.node.operands],
        "shape": list(row.shape),
        "dtype": one.type.dtype,
        "parameters": row.parameters,
        "shared": row.again,
        "weights": [
            {"name": weight.name, "shape": list(weight.shape), "trainable": weight.trainable}
            for weight in one.weights
        ],
        "flops": row.flops,
        "activation_bytes": row.memory,
    }


def weight_bytes(typed: TypedGraph) -> int:
    """Return the bytes of all weights, which are float32."""
    from ..compiler.infer import count

    return 4 * count(typed)[1]


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Add; None where a part is not known."""
    known = list(numbers)
    return None if None in known else sum(number for number in known if number is not None)


def _print(spec: Spec, typed: TypedGraph, table: Sequence[Row], batch_size: int | None) -> None:
    view = _table(typed, table, batch_size, merged=False)
    if not output.fits(view):
        view = _table(typed, table, batch_size, merged=True)
    say(f"{spec.name}\n")
    output.show(view)
    say()
    _totals(typed, table, batch_size)


def _table(
    typed: TypedGraph, table: Sequence[Row], batch_size: int | None, *, merged: bool
) -> Table:
    """Lay out the rows; ``merged`` puts name and layer into one column, for a narrow screen."""
    wired = any(_wiring(typed, position) for position in range(len(table)))
    view = output.table(
        *(["layer"] if merged else ["name", "layer"]), *(["takes"] if wired else [])
    )
    view.add_column("output shape", no_wrap=True)
    for heading in ("parameters", "FLOPs", "memory"):
        view.add_column(heading, justify="right", no_wrap=True)
    for one in typed.graph.inputs:
        names = [f"{one.name} (input)"] if merged else [one.name, "(input)"]
        shape = sizes((batch_size, *one.type.shape[1:]))
        view.add_row(*names, *([""] if wired else []), shape, "", "", "")
    for position, row in enumerate(table):
        takes = [", ".join(_wiring(typed, position))] if wired else []
        weights = "shared" if row.again and row.parameters else f"{row.parameters:,}"
        cells = (sizes(row.shape), weights, metric(row.flops), binary(row.memory))
        view.add_row(*_names(row.node, merged), *takes, *cells)
    return view


def _names(one: TypedNode, merged: bool) -> tuple[str, ...]:
    """Name a row; a name that the spec did not choose says the class already."""
    name, layer = one.node.name, type(one.layer.spec).__name__
    if not merged:
        return name, layer
    implied = name == one.layer.name and not one.layer.named
    return (name if implied else f"{name} ({layer})",)


def _totals(typed: TypedGraph, table: Sequence[Row], batch_size: int | None) -> None:
    from ..compiler.infer import count

    trainable, total = count(typed)
    fixed = f", {total - trainable:,} of them not trained" if total > trainable else ""
    whose = "one example" if batch_size is None else f"a batch of {batch_size:,}"
    flops, memory = (_sum(row.flops for row in table), _sum(row.memory for row in table))
    say(f"parameters  {total:,}{fixed} ({binary(weight_bytes(typed))} of weights)")
    say(f"forward     {metric(flops)} FLOPs, {binary(memory)} of activations for {whose}")
    if len(typed.graph.outputs) > 1:
        say("outputs     " + ", ".join(str(value) for value in typed.graph.outputs))


def _wiring(typed: TypedGraph, position: int) -> tuple[str, ...]:
    """Return what a node takes, unless that is the row above it."""
    node = typed.nodes[position].node
    takes = tuple(str(_operand(one)) for one in node.operands)
    takes += tuple(f"{field}: {_argument(given)}" for field, given in node.arguments)
    above = typed.nodes[position - 1].node.name if position else typed.graph.inputs[-1].name
    return () if takes == (above,) else takes


def _operand(one: Value | Literal) -> Any:
    """Return the name of a value, or the numbers of a literal."""
    from ..compiler.graph import Value

    return str(one) if isinstance(one, Value) else one.value


def _argument(given: Argument) -> str:
    if isinstance(given, tuple):
        return "[" + ", ".join(str(one) for one in given) + "]"
    return str(given)


def sizes(shape: Shape) -> str:
    """Write a shape as Keras does."""
    inner = ", ".join(str(size) for size in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def metric(number: int | None) -> str:
    """Write a large number in three digits: 12.3 M."""
    return _scaled(number, 1000, UNITS)


def binary(number: int | None) -> str:
    """Write a number of bytes in three digits: 1.15 MiB."""
    return _scaled(number, 1024, BYTES)


def _scaled(number: int | None, base: int, units: Sequence[str]) -> str:
    if number is None:
        return "?"
    power = 0
    while number >= base ** (power + 1) and power < len(units) - 1:
        power += 1
    if not power:
        return f"{number} {units[0]}".rstrip()
    value = number / base**power
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f} {units[power]}"
