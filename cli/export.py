"""The verb that writes a trained model for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, final

import typer

from ..specs.diagnostics import SpecError
from . import options, output
from .output import interruptible, plural, say

if TYPE_CHECKING:
    from ..runtime.build import Built
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
    """Write the model of a run for other programs.

    What was written is loaded by the program that it is meant for (Keras, TensorFlow, ONNX Runtime,
    LiteRT), and is kept only if that gives the same outputs on random examples; the largest difference
    is printed.
    """
    if with_scaling and form is ExportFormat.weights:
        raise typer.BadParameter("weights scale nothing", param_hint="--with-scaling")
    if target is not None:
        checked(target, form)
    with interruptible(lambda: "interrupted; nothing was written"):
        asked = Asked(run, form, target, style, with_scaling, force)
        done, built, scaling = _export(asked)
    told(done, built, scaling)


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    run: Path
    form: ExportFormat
    target: Path | None
    style: options.Style | None
    with_scaling: bool
    force: bool


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


def _export(asked: Asked) -> tuple[Exported, Built, Scales]:
    """Export without what the exporters say of their work."""
    from ..runtime.runs import open_run
    from .quiet import held_back, start_runtime

    opened = open_run(asked.run)
    start_runtime(opened.info.tuning)
    from ..compiler.driver import analyse
    from ..runtime.export import check_packages, check_path, check_style, chosen_style, export
    from ..runtime.scaling import scales

    form = asked.form.value
    check_packages(form)
    spec = opened.spec()
    path = asked.target or Path(spec.name + (SUFFIXES[asked.form] or "_savedmodel"))
    check_path(path, form, force=asked.force)
    typed = analyse(spec)
    style = asked.style.value if asked.style else chosen_style(typed)
    check_style(form, style)
    built = opened.built(style)
    scaling = scales(typed, opened.info.scaling)
    failed: SpecError | None = None
    with output.writing(path), held_back():
        try:
            done = export(
                built,
                typed,
                form,
                path,
                scaling=scaling,
                with_scaling=asked.with_scaling,
                force=asked.force,
            )
        except SpecError as error:  # what has been held back says nothing more
            failed = error
    if failed is not None:
        raise failed
    return done, built, scaling


def told(done: Exported, built: Built, scaling: Scales) -> None:
    """Say what was written, what it takes and gives, and how well it agrees."""
    from ..runtime.scaling import told

    say(f"model    {built.graph.name}, {built.source.style}")
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
    scaled = any(told(one) != "as they are" for one in scaling.values())
    if done.inputs and scaled and not done.with_scaling:
        output.remark("`--with-scaling` makes one that takes raw values")
