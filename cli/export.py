"""The verb that writes a trained model for other programs."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..specs.diagnostics import SpecError
from . import options, output
from .output import interruptible, plural, say

if TYPE_CHECKING:
    from ..runtime.export import Exported
    from ..runtime.scaling import Scales


class ExportFormat(str, Enum):
    """The formats that a model can be written in."""

    keras = "keras"
    savedmodel = "savedmodel"
    onnx = "onnx"
    litert = "litert"
    weights = "weights"


SUFFIXES = {
    ExportFormat.keras: ".keras",
    ExportFormat.savedmodel: "",
    ExportFormat.onnx: ".onnx",
    ExportFormat.litert: ".tflite",
    ExportFormat.weights: ".safetensors",
}


def export(
    run: options.RunArgument,
    form: Annotated[ExportFormat, typer.Option("--format", help="What to write.")],
    target: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="The file or, for a SavedModel, the folder. Default: the model's name, here.",
        ),
    ] = None,
    style: Annotated[
        options.Style | None,
        typer.Option(
            help="The style of the Keras model. Default: functional, where that can express it."
        ),
    ] = None,
    with_scaling: Annotated[
        bool,
        typer.Option(
            "--with-scaling", help="Let it take raw values, and scale them as training did."
        ),
    ] = False,
    force: options.Force = False,
) -> None:
    """Write the model of a run for other programs, and check what was written.

    It is loaded by the program that it is meant for (Keras, TensorFlow, ONNX Runtime, LiteRT), and keeps its
    name only if that gives the same outputs on random examples; the largest difference is printed.
    """
    from ..compiler.driver import analyse, styles_of
    from ..runtime.runs import open_run

    if with_scaling and form is ExportFormat.weights:
        raise typer.BadParameter("weights scale nothing", param_hint="--with-scaling")
    opened = open_run(run)
    spec = opened.spec()
    path = target or Path(spec.name + (SUFFIXES[form] or "_savedmodel"))
    checked(path, form)
    chosen = style.value if style else styles_of(analyse(spec))[0]
    with interruptible(lambda: "interrupted; nothing was written"):
        done, scaling = _export(run, form.value, path, chosen, with_scaling, force)
    told(done, spec.name, chosen, scaling)


def checked(path: Path, form: ExportFormat) -> None:
    """Refuse a path that cannot be written to, or whose ending says something else than the format."""
    suffix = SUFFIXES[form]
    if suffix and not path.name.endswith(suffix):
        raise typer.BadParameter(
            f"`{path}` does not end in `{suffix}`, as files of the format `{form.value}` do",
            param_hint="--output",
        )
    if not path.absolute().parent.is_dir():
        raise typer.BadParameter(
            f"cannot write `{path}`: its folder does not exist", param_hint="--output"
        )


def _export(
    run: Path, form: str, path: Path, style: str, with_scaling: bool, force: bool
) -> tuple[Exported, Scales]:
    """Export without what the exporters say of their work."""
    from .quiet import held_back, start_runtime

    start_runtime()
    from ..compiler.driver import analyse
    from ..runtime.export import check_packages, check_path, check_style, export
    from ..runtime.runs import open_run
    from ..runtime.scaling import scales

    check_packages(form)
    check_path(path, form, force=force)
    check_style(form, style)
    opened = open_run(run)
    typed = analyse(opened.spec())
    built = opened.built(style)
    scaling = scales(typed, opened.info.scaling)
    failed: SpecError | None = None
    with held_back():
        try:
            done = export(
                built,
                typed,
                form,
                path,
                scaling=scaling,
                with_scaling=with_scaling,
                force=force,
            )
        except SpecError as error:
            failed = error
    if failed is not None:
        raise failed
    return done, scaling


def told(done: Exported, name: str, style: str, scaling: Scales) -> None:
    """Say what was written, what it takes and gives, and how well it agrees."""
    from ..runtime.scaling import told

    say(f"model    {name}, {style}")
    for one in done.inputs:
        how = told(scaling.get(one.name))
        if done.with_scaling or how == "as they are":
            say(f"takes    {one}: raw values, as they are in the data")
        else:
            say(f"takes    {one}: values scaled as in training, which are raw values {how}")
    for one in done.outputs:
        say(f"gives    {one}")
    if done.batch is not None:
        say(f"batch    {done.batch}, and no other: the format needs a known size for this model")
    if done.examples:
        say(
            f"checked  by {done.checked_by} on {plural(done.examples, 'example')}: outputs differ by up to "
            f"{done.difference:.2g}, allowed {done.allowed:.2g}"
        )
    else:
        say(f"checked  by {done.checked_by}: every number is the same")
    say(f"wrote    {done.path}: {plural(done.bytes, 'byte')}")
    if not done.with_scaling and any(told(one) != "as they are" for one in scaling.values()):
        if done.inputs:
            output.remark("`--with-scaling` makes one that takes raw values")
