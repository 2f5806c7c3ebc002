"""The verb that proves that the styles and the loops agree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..specs.diagnostics import Diagnostic, Note
from . import options, output
from .output import interruptible, plural, report, say

if TYPE_CHECKING:
    from rich.table import Table

    from ..compiler.tuning import Tuning
    from ..runtime.verify import Certificate, Check
    from ..specs.load import Spec


def verify(
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SPEC", help="Paths, or names of shipped specs. Default: all of these."
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option(metavar="N", min=1, help="Steps of an epoch; two epochs are run.")
    ] = 4,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Seed. Default: the spec's.")
    ] = None,
    form: Annotated[
        options.Format, typer.Option("--format", help="For people, or for programs.")
    ] = options.Format.text,
    max_params: options.MaxParams = None,
    settings: options.Settings = None,
) -> None:
    """Prove that all styles and both loops agree.

    Names, shapes, weights, outputs, gradients and everything that training leaves behind are compared, bit
    for bit, on random examples. Exit code 1 on any difference.
    """
    from ..specs.load import zoo
    from .quiet import start_runtime

    loaded = [options.load(name, settings) for name in specs or zoo()]
    with interruptible(lambda: "interrupted; nothing more was proved"):
        start_runtime(*common(loaded, options.max_params(max_params)))
        from ..runtime.verify import verify

        found = []
        for spec in loaded:
            found.append(verify(spec, steps=steps, seed=seed, max_params=max_params))
            if form is options.Format.text:
                _print(found[-1])
    if form is options.Format.json:
        say(json.dumps([one.record() for one in found], indent=2))
    differing = [finding(one) for one in found if not one.passed]
    if differing:
        report(differing)
        raise typer.Exit(1)
    if form is options.Format.text:
        agree = (
            "agrees in its styles and in both loops"
            if len(found) == 1
            else "agree in all their styles and in both loops"
        )
        seen = ", ".join(f"{name} {value}" for name, value in found[0].environment.items())
        say(f"{plural(len(found), 'spec')} {agree}, bit for bit\n({seen})")


def common(specs: Sequence[Spec], budget: int) -> tuple[Tuning, Tuning]:
    """Return what specs demand of TensorFlow, and what would help all of them alike.

    They are proved in one process. One that demands something else than the first is refused there: HB705.
    """
    from ..compiler.driver import analyse
    from ..compiler.tuning import UNTUNED, demanded
    from .quiet import wished

    trained = [(one, one.model.train) for one in specs if one.model.train]
    wishes = {wished(analyse(one, max_params=budget), train) for one, train in trained}
    demand = demanded(trained[0][1]) if trained else UNTUNED
    return demand, wishes.pop() if len(wishes) == 1 else UNTUNED


def finding(certificate: Certificate) -> Diagnostic:
    """Sum up what differs in a certificate: HB704."""
    wrong = [check for check in certificate.checks if not check.equal]
    message = f"`{certificate.spec}`: {len(wrong)} of {plural(len(certificate.checks), 'comparison')} differ"
    notes = (
        f"{check.what} of {check.subject}, against {check.against}: {check.detail}"
        for check in wrong
    )
    return Diagnostic("HB704", message, notes=tuple(map(Note, notes)))


def _print(certificate: Certificate) -> None:
    seen = f"seed {certificate.seed}, {plural(certificate.steps, 'step')}"
    say(f"{certificate.spec}: {', '.join(certificate.styles)}; fit, tape; {seen}")
    for style in certificate.left_out:
        say(f"{style} cannot express this graph")
    say()
    output.show(table(certificate.checks))
    say()


def table(checks: Sequence[Check]) -> Table:
    """Lay a certificate out for people."""
    from rich.text import Text

    view = output.table("what", "of", "against", "result", "detail")
    for check in checks:
        mark = Text("equal", style="green") if check.equal else Text("DIFFERS", style="bold red")
        view.add_row(
            check.what,
            check.subject,
            check.against,
            mark,
            "" if check.detail == "equal" else check.detail,
        )
    return view
