"""The verb that writes the page of a run anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..specs.diagnostics import SpecError
from . import options
from .output import interruptible, remark, unused, writing
from .output import report as tell

if TYPE_CHECKING:
    from ..runtime.batches import Batches
    from ..runtime.runs import Run


def report(
    run: options.RunArgument,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Prove first that styles and loops agree, and show it."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: report.html of the run."),
    ] = None,
    force: options.Force = False,
) -> None:
    """Write the page that shows a run.

    It shows curves, mistakes, architecture, sources and the certificate. `hornbook train` writes it when
    a run has ended; this writes it anew, or for one that has not.
    """
    from .quiet import start_runtime

    if output is not None:
        unused(output, force=force)
    with interruptible(lambda: "interrupted; nothing was written"), writing(output or run):
        from ..runtime.runs import open_run

        opened = open_run(run)
        start_runtime(opened.info.tuning)
        from ..runtime.durable import replace_file
        from ..runtime.report import page, write_report
        from ..runtime.report.page import CERTIFICATE

        if verify:
            from ..runtime.verify import verify as prove

            record = json.dumps(prove(opened.spec()).record(), indent=1)
            replace_file(opened.folder / CERTIFICATE, record.encode())
        built, test = (opened.built(), tested(opened)) if opened.result() else (None, None)
        if output is None:
            output = write_report(opened, built, test)
        else:
            replace_file(output, page(opened, built, test).encode())
    remark(f"wrote {output}")


def tested(run: Run) -> Batches | None:
    """Return the test examples of a run; None, with a word, where its data is not there any more."""
    from ..compiler.driver import analyse
    from ..compiler.needs import training_of
    from ..runtime.data import load_data
    from ..runtime.train import place_of_data, prepare

    spec = run.spec()
    named = training_of(spec).data
    assert named is not None
    try:
        data = load_data(named, span=place_of_data(spec))
    except SpecError as error:
        tell([*error.diagnostics])
        remark("so the page says nothing of single predictions")
        return None
    if data.fingerprint != run.info.fingerprint:
        remark(f"`{data.name}` has changed since; the page says nothing of single predictions")
        return None
    return prepare(spec, analyse(spec), data).test
