"""What TensorFlow settles once for a process: its threads, and whether it computes by oneDNN."""

from __future__ import annotations

import os
import platform

import tensorflow as tf
from tensorflow.python.util import _pywrap_util_port  # nothing public tells of oneDNN

from ..compiler.tuning import ONEDNN, THREADS, X86, Tuning, processors, threads_of
from ..specs.diagnostics import Diagnostic, SpecError
from ..specs.load import Spec


def settled() -> Tuning:
    """Return how this process computes.

    The number of operations beside each other is None where nobody has chosen it; it decides no bit.
    """
    pools = tf.config.threading
    return Tuning(
        bool(_pywrap_util_port.IsMklEnabled()),
        pools.get_intra_op_parallelism_threads() or _from_environment("intra_op") or processors(),
        pools.get_inter_op_parallelism_threads() or _from_environment("inter_op"),
    )


def _from_environment(name: str) -> int | None:
    """Return the threads that TensorFlow finds in the environment; it takes what is no number above 0 for none."""
    text = os.environ.get(THREADS[name], "").strip()
    return int(text) if text.isdecimal() and int(text) > 0 else None


def use_threads(tuning: Tuning) -> None:
    """Compute with some numbers of threads.

    Raises:
        RuntimeError: where TensorFlow has started already, with others.
    """
    pools = tf.config.threading
    if tuning.intra_op is not None:
        pools.set_intra_op_parallelism_threads(tuning.intra_op)
    if tuning.inter_op is not None:
        pools.set_inter_op_parallelism_threads(tuning.inter_op)


def settle(spec: Spec) -> None:
    """Let TensorFlow compute as a spec itself demands; what it leaves to `auto` stays as it is.

    Raises:
        SpecError: HB705 where TensorFlow has started already, and computes otherwise.
    """
    train = spec.model.train
    if train is None:
        return
    asked = threads_of(train)
    try:
        use_threads(Tuning(None, **asked))
    except RuntimeError:
        now = settled()
        # It may run with those numbers already, as with one thread for each processor.
        others = [name for name, number in asked.items() if getattr(now, name) != number]
        for name in others[:1]:
            found = getattr(now, name) or "a number of its own"
            message = f"`{name}: {asked[name]}` comes too late: TensorFlow runs with {found} in this process"
            help = "train in a process of its own, as `hornbook train` does"
            raise _late(spec, ("train", "threads", name), message, help) from None
    wanted = train.onednn
    if isinstance(wanted, bool) and wanted != settled().onednn:
        message = (
            f"`onednn: {str(wanted).lower()}` comes too late: TensorFlow was imported with"
            f"{'out' if wanted else ''} oneDNN in this process"
        )
        help = f"set {ONEDNN}={int(wanted)} before TensorFlow is imported, as `hornbook train` does"
        if wanted and platform.machine() not in X86:
            help = "leave it out: TensorFlow brings oneDNN for x86 alone"
        raise _late(spec, ("train", "onednn"), message, help)


def _late(spec: Spec, path: tuple[str, ...], message: str, help: str) -> SpecError:
    place = spec.document.span(path) if path in spec.document.places else None
    return SpecError([Diagnostic("HB705", message, place, (), help)])
