"""The arguments and options that several verbs share, and how their texts are read."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from ..specs.load import Spec


class Style(str, Enum):
    """The styles that a spec is compiled to."""

    sequential = "sequential"
    functional = "functional"
    subclassed = "subclassed"


class Loop(str, Enum):
    """The loops that train."""

    fit = "fit"
    tape = "tape"


class Format(str, Enum):
    """For people, or for programs."""

    text = "text"
    json = "json"


SpecArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="SPEC", help="A path, or the name of a shipped spec.")
]
RunArgument: TypeAlias = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a run, as `hornbook train` names it.")
]
RunStyle: TypeAlias = Annotated[
    Style | None,
    typer.Option(
        "--style", help="The style of the Keras model. Default: the one that was trained."
    ),
]
Settings: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a value: `epochs=3`, `layers.0.Conv2D.filters=8`.",
    ),
]
MaxParams: TypeAlias = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Budget of parameters. Default: 1,000,000,000."),
]
DataOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="Data in place of the spec's: a name, an .npz or .csv file, a folder.",
    ),
]
Target: TypeAlias = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="With a .csv file: the column to predict.")
]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")]


def max_params(chosen: int | None) -> int:
    """Return the budget of parameters."""
    from ..compiler.infer import MAX_PARAMS

    return MAX_PARAMS if chosen is None else chosen


def load(
    spec: str,
    settings: list[str] | None = None,
    data: str | None = None,
    target: str | None = None,
    *,
    classes: int | None = None,
) -> Spec:
    """Read and validate a spec with what the command line says beside it.

    Raises:
        SpecError: HB1xx and HB2xx; HB601 for data that is none.
        typer.BadParameter: for a target without data.
    """
    from ..specs.data import data_from_option
    from ..specs.load import load
    from ..specs.overrides import Override

    if data is None and target is not None:
        raise typer.BadParameter(
            "it names a column of the file that --data gives", param_hint="--target"
        )
    overrides = [Override(text) for text in settings or ()]
    chosen = None if data is None else data_from_option(data, target)
    return load(spec, overrides=overrides, data=chosen, classes=classes)
