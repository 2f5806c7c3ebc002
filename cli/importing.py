"""The verb that turns a Keras model into a spec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from . import options
from .output import plural, remark, source, write

OVERRULED: Final = (
    "which Keras overrules wherever the model is told `training`, as fit, evaluate and predict do; "
    "only a bare `model(x)` obeys it"
)


def import_(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A `.keras` file, or a model's `config.json`.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a new file.")
    ] = None,
    flat: Annotated[
        bool, typer.Option("--flat", help="Write every layer out; do not make blocks.")
    ] = False,
    force: options.Force = False,
) -> None:
    """Turn a saved Keras model into a spec.

    Only the architecture is read, as data: nothing in the file is run, and Keras is not needed. The
    weights stay where they are.
    """
    from ..compiler.importing import import_config, read_model
    from ..compiler.importing.values import shown
    from ..specs.write import write_spec

    found = import_config(read_model(model), flat=flat)
    text = write_spec(found.data)
    if output is None:
        source(text, "yaml")
    else:
        write(output, text, force=force)
        layers = plural(len(found.data["layers"]), "item")
        blocks = found.data.get("blocks", ())
        also = f" and {plural(len(blocks), 'block')}" if blocks else ""
        remark(f"wrote {output}: {layers}{also}")
    if not found.whole:
        remark("the model is too long to look for all that repeats: the rest is written out")
    for line in renamed(found.renames):
        remark(line)
    for key, name in found.keys.items():
        remark(f"lost: the key `{shown(key)}`; the spec has `{name}` in its place")
    for path in found.lost:
        remark(f"left out: `training` of the call of `{shown(path)}`, {OVERRULED}")


def renamed(renames: Mapping[str, str]) -> list[str]:
    """Say of each name that could not stand in a spec what it has become."""
    return [f"renamed: `{path}` is `{name}`" if path else f"renamed: the model is `{name}`"
            for path, name in renames.items()]  # fmt: skip
