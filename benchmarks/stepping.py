"""A chunk of hornbook's steps by itself, without a training around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from hornbook.cli.quiet import start_for
from hornbook.compiler.driver import analyse

from .works import Work, examples

if TYPE_CHECKING:
    from hornbook.runtime.batches import Batches
    from hornbook.runtime.steps import Steps

STEPS: Final = 32
"""The steps of a chunk."""


def prepared(work: Work, settings: Sequence[str] = ()) -> tuple[Steps, Batches]:
    """Return the steps of a training, and the batches of a chunk; TensorFlow must not have been imported."""
    spec = work.spec(settings)
    typed = analyse(spec)
    assert spec.model.train is not None
    start_for(typed, spec.model.train)
    from hornbook.runtime.batches import Batches
    from hornbook.runtime.build import build_typed
    from hornbook.runtime.data.dataset import BYTES
    from hornbook.runtime.objects import compile_model
    from hornbook.runtime.steps import Steps

    model = build_typed(typed, "functional", seed=0).model
    compile_model(model, spec.model.train, typed)
    found = examples(work.net, work.batch * STEPS)
    batches = Batches(found.x, found.y, work.batch, scaling=None if work.net.words else BYTES)
    return Steps(model, model.train_step), batches


def stepper(work: Work) -> Callable[[], object]:
    """Return what takes a chunk of steps."""
    steps, batches = prepared(work)
    feed = batches.feed(0)
    return lambda: steps.take(batches, feed, 0, STEPS)
