"""hornbook's loops, on the model that it builds of the net's spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hornbook.compiler.driver import analyse
from hornbook.runtime.batches import Batches
from hornbook.runtime.build import build_typed
from hornbook.runtime.data.dataset import BYTES
from hornbook.runtime.fit import fit
from hornbook.runtime.objects import compile_model
from hornbook.runtime.tape import tape
from hornbook.runtime.threads import use_threads

from ..gate import Gate, Job
from .turns import Turns

LOOPS: Mapping[str, Callable[..., Any]] = {"fit": fit, "tape": tape}


def train(job: Job, gate: Gate) -> None:
    loop, style, *settings = job.variant
    net = job.work.net
    spec = net.spec(settings)
    train = spec.model.train
    assert train is not None
    use_threads(spec)
    typed = analyse(spec)
    model = build_typed(typed, style, seed=0).model
    compile_model(model, train, typed)
    batches = Batches(
        x=job.examples.x,
        y=job.examples.y,
        batch_size=job.work.batch,
        seed=0,
        scaling=None if net.words else BYTES,
    )
    LOOPS[loop](model, batches, job.rounds, callbacks=[Turns(gate)])
