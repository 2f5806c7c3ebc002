"""hornbook's loops, on the model that it builds of the net's spec."""

from __future__ import annotations

from hornbook.cli.quiet import start_for
from hornbook.compiler.driver import analyse

from ..gate import Gate, Job


def train(job: Job, gate: Gate) -> None:
    loop, style, *settings = job.variant
    spec = job.work.spec(settings)
    train = spec.model.train
    assert train is not None
    typed = analyse(spec)
    start_for(typed, train)  # as the command does, which comes before TensorFlow is imported
    from hornbook.runtime.batches import Batches
    from hornbook.runtime.build import build_typed
    from hornbook.runtime.data.dataset import BYTES
    from hornbook.runtime.loops import LOOPS
    from hornbook.runtime.objects import compile_model

    from .turns import Turns

    model = build_typed(typed, style, seed=0).model
    compile_model(model, train, typed)
    batches = Batches(
        x=job.examples.x,
        y=job.examples.y,
        batch_size=job.work.batch,
        seed=0,
        scaling=None if job.work.net.words else BYTES,
    )
    LOOPS[loop](model, batches, job.rounds, callbacks=[Turns(gate)])
