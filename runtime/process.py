"""What TensorFlow settles once for a process: its threads, and whether it computes by oneDNN."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.util import _pywrap_util_port  # nothing public tells of oneDNN

from ..compiler.tuning import ONEDNN, Tuning, threads_of
from ..specs.diagnostics import Diagnostic, SpecError
from ..specs.load import Spec


def settled() -> Tuning:
    """Return how this process computes; threads whose number nobody has chosen are None."""
    pools = tf.config.threading
    return Tuning(
        bool(_pywrap_util_port.IsMklEnabled()),
        pools.get_intra_op_parallelism_threads() or None,
        pools.get_inter_op_parallelism_threads() or None,
    )


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
        name = next(name for name, number in asked.items() if getattr(now, name) != number)
        found = getattr(now, name) or "as many as there are processors"
        message = (
            f"`{name}: {asked[name]}` comes too late: TensorFlow runs with {found} in this process"
        )
        help = "train in a process of its own, as `hornbook train` does"
        raise _late(spec, ("train", "threads", name), message, help) from None
    if isinstance(train.onednn, bool) and train.onednn != settled().onednn:
        wanted = int(train.onednn)
        message = (
            f"`onednn: {str(bool(wanted)).lower()}` comes too late: TensorFlow was imported with"
            f"{'out' if wanted else ''} oneDNN in this process"
        )
        help = f"set {ONEDNN}={wanted} before TensorFlow is imported; `hornbook train` does"
        raise _late(spec, ("train", "onednn"), message, help)


def _late(spec: Spec, path: tuple[str, ...], message: str, help: str) -> SpecError:
    places: Any = spec.document.places
    place = spec.document.span(path) if path in places else None
    return SpecError([Diagnostic("HB705", message, place, (), help)])
